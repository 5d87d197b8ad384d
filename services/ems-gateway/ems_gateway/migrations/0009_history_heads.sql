-- What was added to the history on each London day that has ended, signed, and chained to the day
-- before: whole batches, days or applications that are gone are missed without anybody's help.
CREATE TABLE history_head (
    day       date   PRIMARY KEY, -- London's; none is left out between the first and the last
    entries   bigint NOT NULL,
    digest    bytea  NOT NULL, -- SHA-256 of the batches' digests, in the order of their numbers
    previous  bytea  NOT NULL, -- SHA-256 of what is signed of the day before; zeros before the first
    signature bytea  NOT NULL  -- Ed25519, over everything above
);
CREATE TRIGGER history_head_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON history_head
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
