-- no transaction
-- What was released is found at once, however much is held before it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS held_message_released ON held_message (held_id)
    WHERE state = 'released';
