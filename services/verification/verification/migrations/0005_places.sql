-- Where an attempt stands among those that wait until DWP may be asked: when it was parked, or
-- before that if it was new and found no turn. A claim does not change it.
ALTER TABLE parked ADD COLUMN place timestamptz NOT NULL DEFAULT now();
-- `tries` counts those that ended with the reason of now; to have asked nobody is none.
UPDATE parked
   SET place = least(parked_at, next_try_at),
       tries = CASE WHEN reason IN ('dwp-down', 'dwp-throttled') THEN 0 ELSE tries END;
