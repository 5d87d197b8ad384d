-- no transaction
-- Half of its hash, 128 bits of an HMAC, names an idempotency key as well as all of it, and the
-- index has a level less at millions of applications.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS application_idempotency
    ON application (client_id, substr(idempotency_hash, 1, 16));
