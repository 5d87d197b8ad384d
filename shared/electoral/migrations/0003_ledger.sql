-- Append-only counters: each batch adds one row per bin, authority and state that it touched.
CREATE TABLE ledger_delta (
    bin             timestamptz   NOT NULL,
    gss_code        text          NOT NULL,
    state           text          NOT NULL,
    count           bigint        NOT NULL,
    digest          numeric(39)   NOT NULL,
    revision_digest numeric(39)   NOT NULL,
    at              timestamptz   NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

-- What a task has folded of them; readers add both.
CREATE TABLE ledger_total (
    bin             timestamptz   NOT NULL,
    gss_code        text          NOT NULL,
    state           text          NOT NULL,
    count           bigint        NOT NULL,
    digest          numeric(39)   NOT NULL,
    revision_digest numeric(39)   NOT NULL,
    PRIMARY KEY (bin, gss_code, state)
);
