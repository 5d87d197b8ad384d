-- Whoever was interrupted at building the index left one that refuses nothing.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_index
                WHERE indexrelid = 'application_idempotency'::regclass AND NOT indisvalid) THEN
        REINDEX INDEX application_idempotency;
    END IF;
END
$$;
ANALYZE application; -- or the planner takes half a hash for one of a few
ALTER TABLE application DROP CONSTRAINT application_client_id_idempotency_hash_key;
