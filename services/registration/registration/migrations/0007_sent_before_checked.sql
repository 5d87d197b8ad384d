-- An application that goes to its council before it is checked: the council gets it as pending. For
-- all others the time at which it was checked is the one at which it went.
-- NOT VALID: what is allowed now is more than before, so no row has to be looked at.
ALTER TABLE progress
    DROP CONSTRAINT progress_fact_check,
    ADD CONSTRAINT progress_fact_check
    CHECK (fact IN ('sent-to-your-council', 'checked', 'with-your-council', 'decided')) NOT VALID;
