-- What councils sent up: one row for each paper application, and for each resubmission. No personal
-- data, and no sealed ones: those are in the outbox until Kafka has them, and with verification.
CREATE TABLE paper_application (
    application_id uuid        PRIMARY KEY,
    ero            text        NOT NULL, -- who sent it
    -- Permanent keyed hash of the ERO's code and own record id: compared as long as the row lives.
    key_hash       bytea       NOT NULL UNIQUE,
    -- Keyed hash of the body under a quarter's key; after that key's end, the id alone decides.
    body_hash      bytea       NOT NULL,
    body_key_id    text        NOT NULL,
    gss_code       text        NOT NULL,
    arrived_at     timestamptz NOT NULL,
    received_at    timestamptz NOT NULL
);

-- Attempts after the first are numbered here, with the attempts before them locked.
CREATE TABLE resubmission (
    application_id      uuid        NOT NULL,
    attempt             int         NOT NULL CHECK (attempt > 1),
    ero                 text        NOT NULL,
    key_hash            bytea       NOT NULL UNIQUE, -- of the ERO's code and resubmissionId
    body_hash           bytea       NOT NULL,
    body_key_id         text        NOT NULL,
    attempt_received_at timestamptz NOT NULL,
    PRIMARY KEY (application_id, attempt)
);
