-- What happened to each application, when, and by whom: only ever added to.
CREATE TABLE history (
    application_id uuid        NOT NULL,
    number         int         NOT NULL, -- 1, 2, 3, ... within the application
    attempt        int         NOT NULL,
    kind           text        NOT NULL,
    at             timestamptz NOT NULL, -- the transaction's
    by             text        NOT NULL, -- a credential, an operator, or the service
    facts          text        NOT NULL, -- JSON: codes, ids, levels, times; hashed as it stands here
    previous       bytea       NOT NULL, -- the hash of the entry before; zeros before the first
    hash           bytea       NOT NULL, -- over everything above and the batch
    batch_id       bigint      NOT NULL,
    PRIMARY KEY (application_id, number)
) WITH (
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 1000000
);
-- Rows lie in the order of their batches, so ranges of blocks find a batch's at next to no cost.
CREATE INDEX history_batch_rows ON history USING brin (batch_id)
    WITH (pages_per_range = 32, autosummarize = on);

-- What one transaction added: its signature shows that nothing was added, taken away or altered.
CREATE TABLE history_batch (
    batch_id  bigint      PRIMARY KEY,
    at        timestamptz NOT NULL,
    day       date        NOT NULL, -- London's
    count     int         NOT NULL,
    entries   bytea       NOT NULL, -- of each: application id, number, first half of its hash
    digest    bytea       NOT NULL, -- SHA-256 of `entries`
    signature bytea       NOT NULL  -- Ed25519, over all but `entries`
);
ALTER TABLE history_batch ALTER COLUMN entries SET STORAGE EXTERNAL; -- hashes do not compress
CREATE INDEX history_batch_day ON history_batch (day, batch_id);
CREATE SEQUENCE history_batch_number;

-- Adds a batch, or nothing of it and says false: somebody else took the next number of one of its
-- applications since its end was read, and has committed.
CREATE FUNCTION add_to_history(
    application_ids uuid[], numbers int[], attempts int[], kinds text[], bys text[], facts text[],
    previous bytea[], hashes bytea[], batch history_batch
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO history (application_id, number, attempt, kind, by, facts, previous, hash, at,
                         batch_id)
    SELECT new.*, batch.at, batch.batch_id
      FROM unnest(application_ids, numbers, attempts, kinds, bys, facts, previous, hashes) AS new;
    INSERT INTO history_batch VALUES (batch.*);
    RETURN true;
EXCEPTION WHEN unique_violation THEN
    RETURN false;
END
$$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER history_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER history_batch_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON history_batch
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Whose a record was when it arrived: a day's statement lists an ERO's records by this.
-- Empty while nobody could tell, and in records older than this column.
ALTER TABLE record ADD COLUMN ero text;
CREATE INDEX assignment_reached ON assignment (ero, assigned_at);
CREATE INDEX assignment_record ON assignment (record_id, assignment_id);
