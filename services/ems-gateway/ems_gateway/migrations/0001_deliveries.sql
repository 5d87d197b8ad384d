-- Drawn by an attempt that begins, for its record, or by a record that comes later.
CREATE SEQUENCE record_position;

-- What reached the gateway for an ERO: one row per revision of an attempt, never
-- changed but for being sealed again under a newer key. A column is what a statement filters,
-- joins or orders by, or what an answer needs; all else is in the event.
CREATE TABLE record (
    position            bigint      PRIMARY KEY DEFAULT nextval('record_position'),
    record_id           bytea       NOT NULL UNIQUE CHECK (octet_length(record_id) = 12),
    application_id      uuid        NOT NULL,
    attempt             int         NOT NULL,
    revision            int         NOT NULL,
    -- The record that this one takes the place of: an earlier revision, or an earlier attempt's.
    replaces            bytea,
    gss_code            text        NOT NULL, -- the attempt was accepted with
    received_at         timestamptz NOT NULL,
    attempt_received_at timestamptz NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    size                int         NOT NULL, -- bytes of the delivered item, at most
    traceparent         text        NOT NULL,
    event               text        NOT NULL, -- JSON, as verification published it, less the person
    person              text        NOT NULL  -- sealed
) WITH (
    -- Persons are ciphertext of one to three kilobytes: keep them in the row, uncompressed.
    toast_tuple_target = 8160,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 500000
);
ALTER TABLE record ALTER COLUMN person SET STORAGE EXTERNAL;

-- Where each attempt stands: in the state of its newest revision. Whoever changes anything about
-- an attempt locks its row first, in order of the key.
CREATE TABLE attempt (
    application_id    uuid   NOT NULL,
    attempt           int    NOT NULL,
    revision          int    NOT NULL, -- the newest that arrived
    position          bigint NOT NULL, -- of the newest revision's record
    state             text   NOT NULL CHECK (state IN ('new', 'queued', 'held', 'acknowledged')),
    ero               text,            -- whose it is; null while nobody can tell
    assigned_gss_code text,            -- where an operator sent it
    offer             int    NOT NULL DEFAULT 1,
    PRIMARY KEY (application_id, attempt)
) WITH (
    fillfactor = 50, -- a row is updated twice: when its record arrives and when it is answered
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 20000
);

-- What waits for an ERO's system: narrow, and only inserts, lease updates and deletes.
CREATE TABLE queue (
    position     bigint      PRIMARY KEY,
    ero          text        NOT NULL,
    order_at     timestamptz NOT NULL, -- when the attempt was received: oldest first
    gss_code     text        NOT NULL, -- where it is delivered
    size         int         NOT NULL,
    leased_until timestamptz
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 5000
);
CREATE INDEX queue_order ON queue (ero, order_at, position);

-- What no ERO's system can take now, each with its reason, until an operator or the ERO acts.
CREATE TABLE held_record (
    position bigint      PRIMARY KEY,
    ero      text,
    order_at timestamptz NOT NULL,
    gss_code text        NOT NULL,
    size     int         NOT NULL,
    reason   text        NOT NULL CHECK (reason IN ('authority-unknown', 'no-authority', 'failure')),
    since    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX held_record_order ON held_record (ero, order_at, position);
CREATE INDEX held_record_since ON held_record (reason, since);

-- What the EROs' systems said. Within one offer: a failure, a success, or the one after the other.
CREATE TABLE answer (
    position           bigint      NOT NULL,
    offer              int         NOT NULL,
    status             text        NOT NULL CHECK (status IN ('success', 'failure')),
    ero                text        NOT NULL, -- who said it
    answered_at        timestamptz NOT NULL DEFAULT now(),
    reason             text,                 -- only if it is one of ours; other text is sealed
    suggested_gss_code text,
    sealed_text        text,                 -- message, details and a reason in their own words
    PRIMARY KEY (position, offer, status)
);

-- Who sent which record to which authority. Append-only.
CREATE TABLE assignment (
    assignment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    record_id     bytea       NOT NULL,
    gss_code      text        NOT NULL,
    ero           text        NOT NULL,
    assigned_by   text        NOT NULL,
    assigned_at   timestamptz NOT NULL DEFAULT now()
);
