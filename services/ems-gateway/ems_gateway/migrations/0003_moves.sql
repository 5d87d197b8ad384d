-- What operators state of who answers for a GSS code: it goes before the list of authorities while
-- it lasts. A statement is ended, never removed.
CREATE TABLE responsibility (
    responsibility_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gss_code   text        NOT NULL,
    ero        text        NOT NULL,
    valid_from date        NOT NULL,
    valid_to   date,                 -- the last day; one before `valid_from` ends it unused
    stated_by  text        NOT NULL,
    stated_at  timestamptz NOT NULL DEFAULT now(),
    ended_by   text,
    ended_at   timestamptz
);

-- When each ERO's system was last given a page or a lease, to the minute.
CREATE TABLE pull (
    ero text        PRIMARY KEY,
    at  timestamptz NOT NULL
);

-- For which London days the overdue were reported: by one process, once.
CREATE TABLE overdue_report (
    day         date        PRIMARY KEY,
    reported_at timestamptz NOT NULL DEFAULT now()
);
