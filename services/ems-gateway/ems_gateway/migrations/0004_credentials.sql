-- What the EROs' systems prove themselves with, beside the EROs' file: operators add and revoke by
-- command. A token itself is never stored. One that is revoked stays: it counts against the file,
-- too, and is never given to anybody again.
CREATE TABLE credential (
    proof      text        PRIMARY KEY,
    ero        text        NOT NULL,
    valid_to   timestamptz, -- from then on it is nobody's
    added_by   text        NOT NULL,
    added_at   timestamptz NOT NULL DEFAULT now(),
    revoked_by text,
    revoked_at timestamptz
);
CREATE INDEX credential_ero ON credential (ero, added_at);
