-- What an ERO decided of an application: one for all of its attempts, never changed.
CREATE TABLE determination (
    application_id       uuid        PRIMARY KEY,
    record_id            bytea       NOT NULL, -- by which of its records
    ero                  text        NOT NULL, -- who decided
    outcome              text        NOT NULL CHECK (outcome IN ('allowed', 'rejected')),
    reasons              text[]      NOT NULL, -- words of the committed list, in its order
    identity_verified_by text        NOT NULL,
    determined_at        timestamptz NOT NULL, -- as the ERO says
    taken_at             timestamptz NOT NULL DEFAULT now()
);

-- What a previous ERO is told of somebody who moved, so that the old entry can be deleted.
CREATE TABLE notice (
    position          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notice_id         bytea       NOT NULL UNIQUE CHECK (octet_length(notice_id) = 12),
    application_id    uuid        NOT NULL UNIQUE,
    attempt           int         NOT NULL, -- by whose record it was determined
    gss_code          text        NOT NULL, -- where the person lives now
    previous_gss_code text,                 -- where they lived; null while nobody could place it
    ero               text,                 -- whose it is; null while nobody can tell
    state             text        NOT NULL CHECK (state IN ('queued', 'held', 'acknowledged')),
    reason            text        CHECK (reason IN ('authority-unknown', 'no-authority',
                                                    'unreadable', 'failure')),
    created_at        timestamptz NOT NULL DEFAULT now(),
    since             timestamptz NOT NULL DEFAULT now(), -- in this state
    offer             int         NOT NULL DEFAULT 1,
    content           text,                 -- sealed; null while it could not be written
    CHECK ((state = 'held') = (reason IS NOT NULL)),
    CHECK (state = 'held' OR (ero IS NOT NULL AND content IS NOT NULL))
) WITH (
    fillfactor = 70, -- a row is updated when it is answered
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 5000
);
-- What is not finished, and no more: its size goes by what waits, not by what was delivered.
CREATE INDEX notice_unfinished ON notice (ero, state, created_at, position)
 WHERE state <> 'acknowledged';

-- What the EROs' systems said of notices. Within one offer: a failure, a success, or the one after
-- the other.
CREATE TABLE notice_answer (
    notice_id   bytea       NOT NULL,
    offer       int         NOT NULL,
    status      text        NOT NULL CHECK (status IN ('success', 'failure')),
    ero         text        NOT NULL, -- who said it
    answered_at timestamptz NOT NULL DEFAULT now(),
    sealed_text text,                 -- message and details
    PRIMARY KEY (notice_id, offer, status)
);
