-- What the public performance page tells: counts of events, never anything about one person. Each
-- transaction that makes something to count adds one row per 5-minute bin; nobody updates a shared
-- row, and nobody counts applications.
CREATE TABLE performance_delta (
    bin      timestamptz NOT NULL,
    -- Side by side: `measures[i]`, `keys[i]` happened `counts[i]` times.
    measures text[]      NOT NULL,
    keys     text[]      NOT NULL,
    counts   bigint[]    NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

-- What a task has folded of them; readers add both. By London day, all measures:
CREATE TABLE performance_day (
    measure text   NOT NULL,
    day     date   NOT NULL,
    key     text   NOT NULL,
    count   bigint NOT NULL,
    PRIMARY KEY (measure, day, key)
) WITH (fillfactor = 70);
-- by bin, applications by source alone.
CREATE TABLE performance_bin (
    bin    timestamptz NOT NULL,
    source text        NOT NULL,
    count  bigint      NOT NULL,
    PRIMARY KEY (bin, source)
) WITH (fillfactor = 70);

-- Paper applications that are counted: their outcomes may come again.
CREATE TABLE paper_counted (
    application_id uuid PRIMARY KEY
);

-- How much CPU time each process had used when it was asked last: what is more than that is new.
CREATE TABLE measured_process (
    url              text   PRIMARY KEY,
    started_at       double precision NOT NULL,  -- seconds since 1970; another one: it was restarted
    cpu_milliseconds bigint NOT NULL
);
-- One process measures at a time.
CREATE TABLE measuring (
    only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    claimed_until timestamptz NOT NULL DEFAULT '-infinity',
    sized_at      timestamptz                    -- until when stored bytes are counted
);
INSERT INTO measuring DEFAULT VALUES;
