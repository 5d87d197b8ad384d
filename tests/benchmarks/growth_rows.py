"""What a database holds after months: rows like real ones, under ids and times of their own.

Each query makes the rows of one table from those that the services wrote for a few hundred
applications (the schema `growth`), application `n` from sample `n % samples`. What is unique is
hashed from `n`, so that it is scattered as real hashes and references are; what is sealed keeps its
length under the key id of its day. Ids are in order of time, as real ones are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

HELD_EVERY = 1_000  # of so many applications one is held by the gateway; all others are finished
ALPHABET = "123456789BCDFGHJKLMNPQRSTVWXYZ"
ENTRIES_MAX = 33  # of the history in one batch, as a few applications a second make them
PERFORMANCE_DAYS = 150


@dataclass(frozen=True)
class Grown:
    """A table and the query that makes its rows; `{own}` are the applications' own values."""

    table: str
    columns: str
    query: str
    sample: str = ""  # which rows it is made from, if they are not named after the table


FUNCTIONS = """
CREATE FUNCTION growth.moment(n bigint) RETURNS timestamptz LANGUAGE sql STABLE AS
    $$ SELECT '{begin}'::timestamptz + n * interval '{step} microseconds' $$;
CREATE FUNCTION growth.id(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT overlay(overlay(md5(n::text) placing 'a' from 17)
                      placing lpad(to_hex(({begin_us} + n * {step}) / 1000), 12, '0') || '7' from 1
                     )::uuid $$;
CREATE FUNCTION growth.hash(n bigint, what int) RETURNS bytea LANGUAGE sql IMMUTABLE AS
    $$ SELECT sha256(int8send(n) || int4send(what)) $$;
CREATE FUNCTION growth.reference(x bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT {characters} $$;
"""

# A fence: each is worked out once a row, wherever it is named.
_OWN = """
(SELECT o.*, (n * 397204094137 + 12345678901) % 590490000000000 AS x,  -- 10 digits, base 30
        to_char(local, 'YYYY-MM-DD') AS day, to_char(local, 'YYYY"q"Q') AS quarter
   FROM (SELECT n, growth.id(n) AS id, growth.moment(n) AS at,
                growth.moment(n) AT TIME ZONE 'Europe/London' AS local
           FROM generate_series(0::bigint, {last}) AS n OFFSET 0) AS o OFFSET 0) AS own
"""
_DIGEST = "mod(sum((n + 1) * 3402823669209384634633746074::numeric), 2::numeric ^ 128)"
_TOTALS = f"""
SELECT date_bin('5 minutes', at, 'epoch'), gss_code, entered, count(*)::bigint,
       {_DIGEST}::numeric(39), {_DIGEST}::numeric(39)
  FROM {{own}}, unnest(ARRAY[{{states}}]) AS entered GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_TOTAL_COLUMNS = "bin gss_code state count digest revision_digest"


def _totals(sample: str, *states: str) -> Grown:
    listed = ", ".join(f"'{state}'" for state in states)
    query = _TOTALS.format(own="{own}", states=listed)
    return Grown("ledger_total", _TOTAL_COLUMNS, query, sample)


_REGISTRATION = (
    Grown(
        "application",
        "application_id client_id idempotency_hash body_hash body_key_id reference postcode_hash"
        " postcode_key_id gss_code source type language age_years arrived_at received_at",
        """
SELECT id, client_id, growth.hash(n, 1), growth.hash(n, 2), 'body-' || quarter,
       growth.reference(x), growth.hash(n, 3), 'status-' || quarter, gss_code, source, type,
       language, age_years, at - (s.received_at - arrived_at), at FROM {own}
""",
    ),
    Grown(
        "progress",
        "application_id fact at",
        "SELECT id, fact, own.at + (s.at - s.began) FROM {own}",
    ),
    _totals("application", "accepted"),
)
_VERIFICATION = (
    Grown(
        "attempt",
        "application_id attempt state revision reference type source language gss_code"
        " previous_gss_code address_basis client_id arrived_at received_at attempt_received_at"
        " nino_absence sealed_person sealed_nino traceparent taken_at",
        """
SELECT id, attempt, state, revision, growth.reference(x), type, source, language, gss_code,
       previous_gss_code, address_basis, client_id, at - (received_at - arrived_at), at, at,
       nino_absence, 'person-' || day || substr(sealed_person, 18),
       'nino-online-' || day || substr(sealed_nino, 23),
       overlay(traceparent placing md5(n::text) from 4), at + (taken_at - s.began) FROM {own}
""",
    ),
    Grown(
        "outcome",
        "application_id attempt revision status result first_name middle_name last_name"
        " date_of_birth nino date_of_death rule_version decided_by decided_at nino_absence found",
        """
SELECT id, attempt, revision, status, result, first_name, middle_name, last_name, date_of_birth,
       nino, date_of_death, rule_version, decided_by, at + (decided_at - s.began), nino_absence,
       found FROM {own}
""",
    ),
    Grown(
        "identity_index",
        "key_id hash uses",
        """
SELECT basis || quarter, substr(growth.hash(n, length(basis)), 1, 16),
       replace(uses::text, s.application_id::text, id::text)::jsonb FROM {own}
""",
    ),
    _totals("attempt", "decided"),
)
_GATEWAY = (
    Grown(
        "record",
        "position record_id application_id attempt revision gss_code received_at"
        " attempt_received_at created_at size traceparent event person ero",
        """
SELECT n + 1, substr(sha256('registration'::bytea || uuid_send(id) || int4send(attempt)
                            || int4send(revision)), 1, 12),
       id, attempt, revision, gss_code, at, at, at + (created_at - s.began), size,
       overlay(traceparent placing md5(n::text) from 4),
       replace(event, s.application_id::text, id::text), 'person-' || day || substr(person, 18),
       ero FROM {own}
""",
    ),
    Grown(
        "attempt",
        "application_id attempt revision position state ero offer",
        """
SELECT id, attempt, revision, n + 1, CASE WHEN {held} THEN 'held' ELSE state END, ero, offer
  FROM {own}
""",
    ),
    Grown(
        "held_record",
        "position ero order_at gss_code size reason since offer",
        """
SELECT n + 1, ero, at, gss_code, size, 'failure', at + interval '1 minute', 1
  FROM {own} WHERE {held}
""",
        "record",
    ),
    Grown(
        "answer",
        "position offer status ero answered_at",
        """
SELECT n + 1, s.offer, CASE WHEN {held} THEN 'failure' ELSE status END, ero,
       at + (answered_at - s.began) FROM {own}
""",
    ),
    Grown(
        "history",
        "application_id number attempt kind by facts previous hash at batch_id",
        """
SELECT id, number, attempt, kind, by, facts, growth.hash(n, number), growth.hash(n, number + 1),
       own.at + (s.at - s.began), n * {entries} / {batch} + 1 FROM {own}
""",
    ),
    Grown(
        "history_batch",
        "batch_id at day count entries digest signature",
        """
SELECT n + 1, at, local::date, {batch}, (SELECT string_agg(substr(growth.hash(n, i), 1, 4)
                                                           || growth.hash(n, i), ''::bytea)
                                           FROM generate_series(1, {batch}) AS i),
       growth.hash(n, 0), growth.hash(n, 1) || growth.hash(n, 2)
  FROM (SELECT n, growth.moment(n * {batch} / {entries}) AS at,
               growth.moment(n * {batch} / {entries}) AT TIME ZONE 'Europe/London' AS local
          FROM generate_series(0::bigint, {last} * {entries} / {batch}) AS n OFFSET 0) AS own
""",
    ),
    _totals("record", "acknowledged", "queued"),
)
GROWN: Mapping[str, tuple[Grown, ...]] = {
    "registration": _REGISTRATION,
    "verification": _VERIFICATION,
    "ems_gateway": _GATEWAY,
}

# What the rows are made from, with the time at which each sample was accepted.
SAMPLES: Mapping[str, Mapping[str, str]] = {
    "registration": {"application": "application", "progress": "progress"},
    "verification": {
        "attempt": "attempt",
        "outcome": "outcome",
        # What one application alone left, under each basis.
        "identity_index": """
(SELECT uses, (uses #>> '{latest,0,0}')::uuid AS application_id,
        regexp_replace(key_id, '[0-9]{4}q[1-4]$', '') AS basis
   FROM identity_index WHERE jsonb_array_length(uses -> 'latest') = 1)""",
    },
    "ems_gateway": {
        "record": "record",
        "attempt": "attempt",
        "answer": "(SELECT a.*, r.application_id FROM answer a JOIN record r USING (position))",
        "history": "history",
    },
}

AFTER: Mapping[str, tuple[str, ...]] = {
    "registration": (
        "UPDATE checked_up_to SET application_id = growth.id({last})",
        f"""
INSERT INTO performance_day (measure, day, key, count)
SELECT DISTINCT measure, current_date - ago, key, 100
  FROM generate_series(1, {PERFORMANCE_DAYS}) AS ago,
       (SELECT one.measure, one.key
          FROM performance_delta, unnest(measures, keys) AS one (measure, key)
        UNION SELECT measure, key FROM performance_day) AS counted
    ON CONFLICT DO NOTHING""",
    ),
    "verification": (),
    "ems_gateway": (
        "DELETE FROM queue",
        "SELECT setval('record_position', {last} + 1)",
        "SELECT setval('history_batch_number', {last} * {entries} / {batch} + 1)",
    ),
}
EMPTIED = "TRUNCATE ledger_delta"


def functions(begin: datetime, step_us: int) -> str:
    """Make the functions for applications that came every so many microseconds."""
    digits = (f"substr('{ALPHABET}', 1 + (x / {30**n} % 30)::int, 1)" for n in range(10))
    return FUNCTIONS.format(
        begin=begin.isoformat(),
        begin_us=int(begin.timestamp() * 1_000_000),
        step=step_us,
        characters=" || ".join(digits),
    )


def query_of(grown: Grown, last: int, samples: int, entries: int) -> str:
    """Write the query of a table for applications 0 to `last`."""
    sample = grown.sample or grown.table
    of_sample = f"{_OWN.format(last=last)} JOIN growth.{sample} AS s ON s.k = own.n % {samples}"
    return filled(grown.query, last, entries).replace("{own}", of_sample)


def filled(statement: str, last: int, entries: int) -> str:
    """Fill in how many there are; `entries` of the history belong to each application."""
    values = {"last": last, "entries": entries, "batch": ENTRIES_MAX}
    for name, value in values.items():
        statement = statement.replace(f"{{{name}}}", str(value))
    return statement.replace("{held}", f"n % {HELD_EVERY} = {HELD_EVERY - 1}")
