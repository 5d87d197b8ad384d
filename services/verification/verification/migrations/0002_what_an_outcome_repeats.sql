-- What is needed to decide stored levels again, and what every later revision repeats.
ALTER TABLE outcome ADD COLUMN nino_absence text;
-- Reuse of the NINO and possible duplicates, as the event states them; NULL where there are none.
ALTER TABLE outcome ADD COLUMN found jsonb;
