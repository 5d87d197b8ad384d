-- When the next look-up may be sent: one row for all processes, on the database's clock. New work
-- and what is parked have half of the rate each, and a line of their own.
CREATE TABLE dwp_rate (
    only_row       boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    new_free_at    timestamptz NOT NULL DEFAULT now(),
    parked_free_at timestamptz NOT NULL DEFAULT now(),
    closed_until   timestamptz NOT NULL DEFAULT now()  -- DWP asked to be left alone until then
) WITH (fillfactor = 50);
INSERT INTO dwp_rate DEFAULT VALUES;

-- When an attempt was received that no outcome was sent on for, not even a pending one.
ALTER TABLE parked ADD COLUMN unanswered_since timestamptz;
UPDATE parked p SET unanswered_since = a.attempt_received_at FROM attempt a
 WHERE a.application_id = p.application_id AND a.attempt = p.attempt AND a.revision = 0;
CREATE INDEX parked_unanswered ON parked (unanswered_since) WHERE unanswered_since IS NOT NULL;
