"""The services' ledgers, fetched from their admin ports, and the same sums made from receipts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

import aiohttp

DIGESTS = 2**128
LEDGER_TIMEOUT = aiohttp.ClientTimeout(total=10.0)  # seconds


@dataclass(frozen=True, slots=True)
class Sum:
    """How many attempts, and the digest of which: equal sums mean the same set."""

    count: int = 0
    digest: int = 0

    def plus(self, other: "Sum") -> "Sum":
        return Sum(self.count + other.count, (self.digest + other.digest) % DIGESTS)


def digest_of_attempt(application_id: str, attempt: int = 1) -> int:
    """One attempt's part of a digest: the first 16 bytes of SHA-256 over its id and number."""
    hashed = sha256(UUID(application_id).bytes + attempt.to_bytes(4, "big")).digest()
    return int.from_bytes(hashed[:16], "big")


def sums_of(attempts: Iterable[tuple[str, str]]) -> dict[str, Sum]:
    """Per GSS code, the sum of (GSS code, application id) pairs, each a first attempt."""
    sums: dict[str, Sum] = defaultdict(Sum)
    for gss_code, application_id in attempts:
        sums[gss_code] = sums[gss_code].plus(Sum(1, digest_of_attempt(application_id)))
    return dict(sums)


@dataclass(frozen=True)
class LedgerRow:
    service: str
    gss_code: str
    state: str
    sum: Sum
    revisions: int  # the digest over the newest revisions


def rows_of(ledger: Mapping[str, Any]) -> list[LedgerRow]:
    """The rows of one `/ledger` answer."""
    return [
        LedgerRow(
            service=ledger["service"],
            gss_code=row["gssCode"],
            state=row["state"],
            sum=Sum(row["count"], int(row["digest"], 16)),
            revisions=int(row["revisionDigest"], 16),
        )
        for row in ledger["rows"]
    ]


def total(rows: Iterable[LedgerRow], service: str, *states: str) -> dict[str, Sum]:
    """Per GSS code, what a service has in these states over all days given; zeroes left out."""
    sums: dict[str, Sum] = defaultdict(Sum)
    for row in rows:
        if row.service == service and row.state in states:
            sums[row.gss_code] = sums[row.gss_code].plus(row.sum)
    return without_zeroes(sums)


def revision_totals(rows: Iterable[LedgerRow], service: str, *states: str) -> dict[str, int]:
    """Per GSS code, the digest over newest revisions in these states; zeroes left out."""
    digests: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.service == service and row.state in states:
            digests[row.gss_code] = (digests[row.gss_code] + row.revisions) % DIGESTS
    return {code: digest for code, digest in digests.items() if digest}


def added(first: Mapping[str, Sum], second: Mapping[str, Sum]) -> dict[str, Sum]:
    codes = first.keys() | second.keys()
    return {code: first.get(code, Sum()).plus(second.get(code, Sum())) for code in codes}


def without_zeroes(sums: Mapping[str, Sum]) -> dict[str, Sum]:
    return {code: sum_ for code, sum_ in sums.items() if sum_ != Sum()}


async def fetch_ledgers(admin_urls: Iterable[str], days: Iterable[date]) -> list[LedgerRow]:
    """All rows of these days. Raises aiohttp.ClientError or TimeoutError if one does not answer."""
    wanted = [(url, day) for url in admin_urls for day in sorted(set(days))]
    rows: list[LedgerRow] = []
    async with aiohttp.ClientSession(timeout=LEDGER_TIMEOUT, raise_for_status=True) as session:
        for url, day in wanted:
            address = f"{url.rstrip('/')}/ledger"
            async with session.get(address, params={"day": day.isoformat()}) as answer:
                rows += rows_of(await answer.json())
    return rows
