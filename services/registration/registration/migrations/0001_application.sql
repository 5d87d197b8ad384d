-- One row per application accepted online. No personal data, and no sealed ones: those are in the
-- outbox until Kafka has them, and with verification.
CREATE TABLE application (
    application_id    uuid PRIMARY KEY,
    client_id         text  NOT NULL,
    -- Permanent keyed hash of the partner's key: it is compared as long as the row lives.
    idempotency_hash  bytea NOT NULL,
    -- Keyed hash of the canonical body under a quarter's key; after that key's end, the
    -- idempotency key alone decides.
    body_hash         bytea NOT NULL,
    body_key_id       text  NOT NULL,
    reference         text  NOT NULL UNIQUE,
    -- Keyed hash of the postcode, for the status page.
    postcode_hash     bytea NOT NULL,
    postcode_key_id   text  NOT NULL,
    gss_code          text  NOT NULL,
    source            text  NOT NULL,
    type              text  NOT NULL,
    language          text  NOT NULL,
    age_years         smallint,
    arrived_at        timestamptz NOT NULL,
    received_at       timestamptz NOT NULL,
    UNIQUE (client_id, idempotency_hash)
);

-- What has happened to an application since, each fact once with its earliest time.
CREATE TABLE progress (
    application_id uuid NOT NULL,
    fact           text NOT NULL CHECK (fact IN ('checked', 'with-your-council', 'decided')),
    at             timestamptz NOT NULL,
    PRIMARY KEY (application_id, fact)
);
