-- Events that their effect's transaction wrote and that Kafka has not confirmed yet.
CREATE TABLE outbox (
    seq      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid  NOT NULL,
    topic    text  NOT NULL,
    key      text  NOT NULL,
    headers  bytea NOT NULL,
    value    bytea NOT NULL CHECK (octet_length(value) <= 262144),
    at       timestamptz NOT NULL DEFAULT now()
) WITH (
    -- Values are ciphertext of one to three kilobytes: keep them in the row, and do not try to
    -- compress what cannot be compressed.
    toast_tuple_target = 8160,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 1000000
);
ALTER TABLE outbox ALTER COLUMN value SET STORAGE EXTERNAL;

-- One holder at a time, on the database's clock.
CREATE TABLE lease (
    name  text PRIMARY KEY,
    owner uuid NOT NULL,
    until timestamptz NOT NULL
) WITH (fillfactor = 50);
