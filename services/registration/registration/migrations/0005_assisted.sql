-- Helpers: people who apply for others with the form. Accounts are made by command and never
-- deleted, because confirmations name them; an account that is not wanted any more is locked.
CREATE TABLE helper (
    name          text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9._-]{1,39}$'),
    password_hash text NOT NULL,  -- Argon2id, with its parameters and salt
    created_at    timestamptz NOT NULL DEFAULT now(),
    locked_at     timestamptz     -- by an operator, until an operator unlocks it
);

-- Who is signed in. The cookie's token itself is stored nowhere.
CREATE TABLE helper_session (
    session_id bytea PRIMARY KEY,  -- SHA-256 of the token
    helper     text NOT NULL REFERENCES helper,
    expires_at timestamptz NOT NULL
);
CREATE INDEX helper_session_helper ON helper_session (helper);
CREATE INDEX helper_session_expires_at ON helper_session (expires_at);

-- Sign-ins that were tried: written before the password is compared, removed when it was right. So
-- whatever comes at the same moment, and whichever process dies, no wrong one goes uncounted.
CREATE TABLE helper_attempt (
    attempt_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    helper       text REFERENCES helper,  -- NULL: no such account, or one that was locked already
    address_hash bytea NOT NULL,          -- keyed hash of where it came from
    at           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX helper_attempt_helper ON helper_attempt (helper, at);
CREATE INDEX helper_attempt_address ON helper_attempt (address_hash, at);
CREATE INDEX helper_attempt_at ON helper_attempt (at);

-- That a person heard the declaration and confirmed it, as the helper said before sending. The hash
-- is that of the application's idempotency key; one that stands alone was never sent.
CREATE TABLE assisted_confirmation (
    idempotency_hash bytea PRIMARY KEY,
    helper           text NOT NULL REFERENCES helper,
    confirmed_at     timestamptz NOT NULL DEFAULT now()
);
