-- Notes facts; of two times of one fact the earlier stays. Nearly all are new: to insert them
-- without asking first goes down the index once a row instead of twice.
CREATE FUNCTION note_progress(application_ids uuid[], facts text[], times timestamptz[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO progress (application_id, fact, at)
    SELECT * FROM unnest(application_ids, facts, times) ORDER BY 1, 2;
EXCEPTION WHEN unique_violation THEN
    INSERT INTO progress AS known (application_id, fact, at)
    SELECT * FROM unnest(application_ids, facts, times) ORDER BY 1, 2
        ON CONFLICT (application_id, fact) DO UPDATE SET at = excluded.at
     WHERE known.at > excluded.at;
END
$$;
