-- Which offer a row of the queue is, and whose lease hid it last: what an answer may name. The
-- lease's id stays when the lease has ended: it is the newest until there is another.
ALTER TABLE queue ADD COLUMN offer int NOT NULL DEFAULT 1;
ALTER TABLE queue ADD COLUMN lease_id bytea CHECK (octet_length(lease_id) = 12);
ALTER TABLE held_record ADD COLUMN offer int NOT NULL DEFAULT 1;

-- What was leased together, so that it can be released together: found here, for an index on the
-- queue would make each lease cost more. Removed a day after its end.
CREATE TABLE record_lease (
    lease_id     bytea       PRIMARY KEY CHECK (octet_length(lease_id) = 12),
    ero          text        NOT NULL,
    leased_until timestamptz NOT NULL,
    positions    bigint[]    NOT NULL
);

-- To which ERO delivery pauses: a row for each hold, the running one without an end.
CREATE TABLE ero_hold (
    hold_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ero        text        NOT NULL,
    reason     text,                 -- a word or a ticket's number
    held_by    text        NOT NULL,
    held_at    timestamptz NOT NULL DEFAULT now(),
    resumed_by text,
    resumed_at timestamptz
);
CREATE UNIQUE INDEX ero_hold_running ON ero_hold (ero) WHERE resumed_at IS NULL;

-- What an ERO's system acknowledged in a range of time, after it was restored to a backup.
CREATE INDEX answer_acknowledged ON answer (ero, answered_at, position) WHERE status = 'success';
