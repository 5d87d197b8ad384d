-- Where each consumer is. The row, not Kafka's committed offset, is the truth.
CREATE TABLE consumer_position (
    topic       text   NOT NULL,
    partition   int    NOT NULL,
    next_offset bigint NOT NULL DEFAULT 0,
    owner       uuid   NOT NULL,
    -- How many owners began here since the position last moved: after a few, something in the
    -- next batch may be killing the process, so it is taken message by message.
    starts      int    NOT NULL DEFAULT 0,
    moved_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);

-- Messages taken alone after an unknown error, counted before each try.
CREATE TABLE suspect_message (
    topic     text   NOT NULL,
    partition int    NOT NULL,
    "offset"  bigint NOT NULL,
    tries     int    NOT NULL,
    PRIMARY KEY (topic, partition, "offset")
);

-- Messages that cannot be handled, each by itself, until someone releases them.
CREATE TABLE held_message (
    held_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic          text   NOT NULL,
    partition      int    NOT NULL,
    "offset"       bigint NOT NULL,
    application_id uuid,
    attempt        int,
    revision       int,
    gss_code       text,
    accepted_at    timestamptz,
    sealed_value   text   NOT NULL,
    error_class    text   NOT NULL,
    tries          int    NOT NULL,
    state          text   NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'released')),
    claimed_until  timestamptz,
    held_at        timestamptz NOT NULL DEFAULT now(),
    UNIQUE (topic, partition, "offset")
);
CREATE INDEX held_message_attempt ON held_message (application_id, attempt);
