-- Every application up to this one, in order of their ids, has its final outcome. Ids are in order
-- of time (RFC 9562, version 7), so the alarm on what has none begins here and looks at each
-- application once: it costs intake nothing. Whoever brings old applications in again sets it back.
CREATE TABLE checked_up_to (
    only_row       boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    application_id uuid    NOT NULL
) WITH (fillfactor = 50);
INSERT INTO checked_up_to (application_id) VALUES ('00000000-0000-0000-0000-000000000000');
