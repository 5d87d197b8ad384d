-- Every attempt that was taken from `applications.received`, decided or not: what its outcome
-- has to repeat, and what a later attempt of the same application is merged with.
CREATE TABLE attempt (
    application_id      uuid NOT NULL,
    attempt             int  NOT NULL,
    state               text NOT NULL CHECK (state IN ('waiting', 'decided')),
    revision            int  NOT NULL,  -- of the newest outcome; 0 while there is none
    reference           text,
    type                text NOT NULL,
    source              text NOT NULL,
    language            text NOT NULL,
    gss_code            text NOT NULL,
    previous_gss_code   text,
    address_basis       text NOT NULL,
    client_id           text NOT NULL,
    arrived_at          timestamptz NOT NULL,
    received_at         timestamptz NOT NULL,
    attempt_received_at timestamptz NOT NULL,
    nino_absence        text,
    sealed_person       text NOT NULL,
    sealed_nino         text,
    traceparent         text,
    taken_at            timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (application_id, attempt)
) WITH (
    -- Sealed texts are ciphertext of one to three kilobytes: keep them in the row, and do not
    -- try to compress what cannot be compressed.
    toast_tuple_target = 8160
);
ALTER TABLE attempt ALTER COLUMN sealed_person SET STORAGE EXTERNAL;
ALTER TABLE attempt ALTER COLUMN sealed_nino SET STORAGE EXTERNAL;

-- What was found, once for each revision; nothing of DWP's record but levels.
CREATE TABLE outcome (
    application_id uuid NOT NULL,
    attempt        int  NOT NULL,
    revision       int  NOT NULL,
    status         text NOT NULL CHECK (status IN ('pending', 'final')),
    result         text CHECK (result IN ('green', 'red', 'not-applicable')),
    first_name     text,
    middle_name    text,
    last_name      text,
    date_of_birth  text,
    nino           text,
    date_of_death  text,
    rule_version   text NOT NULL,
    decided_by     text NOT NULL,
    decided_at     timestamptz NOT NULL,
    PRIMARY KEY (application_id, attempt, revision),
    CHECK ((status = 'final') = (result IS NOT NULL))
);

-- Attempts that wait: for an answer of DWP, or for a key.
CREATE TABLE parked (
    application_id uuid NOT NULL,
    attempt        int  NOT NULL,
    reason         text NOT NULL,
    tries          int  NOT NULL DEFAULT 0,  -- since it was parked, claims that were lost included
    parked_at      timestamptz NOT NULL DEFAULT now(),
    reason_since   timestamptz NOT NULL DEFAULT now(),
    next_try_at    timestamptz NOT NULL,
    claimed_until  timestamptz,  -- what its claimer must still find there when it is done
    -- Claims in a row that ended with nothing done: something about this one may kill workers.
    lost_claims    int  NOT NULL DEFAULT 0,
    PRIMARY KEY (application_id, attempt)
) WITH (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000
);
CREATE INDEX parked_next_try ON parked (next_try_at);

-- Numbers the messages that are held from here and not from a topic.
CREATE SEQUENCE held_from_parked;

-- Whether DWP is asked at all: one row for all processes.
CREATE TABLE dwp_breaker (
    only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    is_open       boolean NOT NULL DEFAULT false,
    failures      int     NOT NULL DEFAULT 0,  -- calls that failed since the last that did not
    next_probe_at timestamptz NOT NULL DEFAULT now(),  -- while it is open
    changed_at    timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
INSERT INTO dwp_breaker DEFAULT VALUES;
