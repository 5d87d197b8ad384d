-- Reads down the index whatever the planner thinks. Nearly all that was written is deleted again: the
-- planner counts what is there, finds it little and reads the whole table or a bitmap of it, dead
-- rows and all, time after time. Only a scan of the index marks its dead ends, and the next passes by.
CREATE FUNCTION outbox_after(place bigint, rows_max integer)
RETURNS TABLE (seq bigint, topic text, key text, headers bytea, value bytea)
LANGUAGE sql STABLE SET enable_seqscan = off SET enable_bitmapscan = off AS $$
    SELECT o.seq, o.topic, o.key, o.headers, o.value
      FROM outbox o WHERE o.seq > place ORDER BY o.seq LIMIT rows_max
$$;
