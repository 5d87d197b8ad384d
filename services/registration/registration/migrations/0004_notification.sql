-- Copies of receipts that were asked for, by e-mail or text. The address is sealed, and gone once
-- the copy was sent. The id is the key under which Notify knows it, so that one sent twice is one.
CREATE TABLE notification (
    notification_id uuid PRIMARY KEY,
    application_id  uuid NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('email', 'text')),
    language        text NOT NULL,
    sealed_to       text,
    state           text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'held')),
    -- Why the last try came to nothing; of what is held, why it was given up.
    reason          text,
    tries           integer NOT NULL DEFAULT 0,
    next_try_at     timestamptz NOT NULL DEFAULT now(),
    claimed_until   timestamptz,
    asked_at        timestamptz NOT NULL DEFAULT now(),
    finished_at     timestamptz,
    UNIQUE (application_id, kind),
    CHECK ((state = 'sent') = (sealed_to IS NULL))
);
CREATE INDEX notification_waiting ON notification (next_try_at) WHERE state = 'waiting';
CREATE INDEX notification_held ON notification (finished_at) WHERE state = 'held';
