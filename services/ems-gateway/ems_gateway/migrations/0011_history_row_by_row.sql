-- As before, but arrays are read row by row: as functions in FROM each was copied as a whole first.
CREATE OR REPLACE FUNCTION add_to_history(
    application_ids uuid[], numbers int[], attempts int[], kinds text[], bys text[], facts text[],
    previous bytea[], hashes bytea[], batch history_batch
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO history (application_id, number, attempt, kind, by, facts, previous, hash, at,
                         batch_id)
    SELECT unnest(application_ids), unnest(numbers), unnest(attempts), unnest(kinds), unnest(bys),
           unnest(facts), unnest(previous), unnest(hashes), batch.at, batch.batch_id;
    INSERT INTO history_batch VALUES (batch.*);
    RETURN true;
EXCEPTION WHEN unique_violation THEN
    RETURN false;
END
$$;
