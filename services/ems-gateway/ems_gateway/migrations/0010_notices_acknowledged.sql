-- no transaction
-- What an ERO's system acknowledged, for one that was restored to a backup to find again.
CREATE INDEX CONCURRENTLY IF NOT EXISTS notice_acknowledged
    ON notice (ero, created_at, position) WHERE state = 'acknowledged';
