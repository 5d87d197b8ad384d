-- Which applications used an identity: a NINO, or a name with date of birth and postcode. It is
-- there only as a keyed hash; who has not the key can neither read nor try it. The key comes first:
-- a quarter's rows stand together, what is written now in one part of the index, and what a
-- destroyed key leaves behind in one piece.
CREATE TABLE identity_index (
    key_id text COLLATE "C" NOT NULL,
    hash   bytea NOT NULL CHECK (length(hash) = 16),
    uses   jsonb NOT NULL,  -- the latest one by one, older ones only counted
    PRIMARY KEY (key_id, hash)
) WITH (
    fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02
);
