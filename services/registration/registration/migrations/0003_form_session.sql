-- What somebody is typing into the form, from the first answer until an hour after the last one.
-- The id is a hash of the cookie's token, so nobody who reads this table can take a session over;
-- everything typed is sealed. Rows are rewritten with every page: half of each block stays free and
-- what is sealed stays in the row, so that a rewrite touches one block and no index.
CREATE TABLE form_session (
    session_id bytea PRIMARY KEY,
    sealed     text NOT NULL,
    version    integer NOT NULL DEFAULT 1,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50, toast_tuple_target = 8160);
-- Ciphertext does not compress: do not try.
ALTER TABLE form_session ALTER COLUMN sealed SET STORAGE EXTERNAL;
