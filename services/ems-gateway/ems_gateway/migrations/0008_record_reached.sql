-- no transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS record_reached ON record (ero, created_at, position);
