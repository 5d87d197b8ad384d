"""Locust upon the real system: what its users sent was accepted and delivered, and it balances."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from simulated.places import UNKNOWN_AUTHORITY
from simulated.receipts import Receipt, read_receipts

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
TOTAL = 120
ARGUMENTS = (
    *("--shape", "steady", "--compress", "40", "--total", str(TOTAL)),
    *("--mistakes", "0.1", "--batch-share", "0.2", "--poll-interval", "3"),
    *("--headless", "--only-summary", "--processes", "2", "--keep"),
)


def test_what_locusts_people_send_is_accepted_and_balances(tmp_path: Path) -> None:
    told = {"PYTHONPATH": str(ROOT / "tests"), "ELECTORAL_STATE": str(tmp_path / "var")}
    done = subprocess.run(
        (sys.executable, "-m", "benchmarks.locust_run", *ARGUMENTS),
        env=os.environ | told,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert "It balances." in done.stdout
    assert f"{TOTAL} of {TOTAL} arrivals were answered" in done.stderr + done.stdout
    (book,) = tmp_path.glob(".electoral-demo-*/locust")
    receipts = [one for path in book.glob("receipts-*.jsonl") for one in read_receipts(path)[1]]
    assert_receipts(receipts)
    assert_table(done.stdout + done.stderr)
    placed = [one for one in receipts if one.accepted and one.gss_code != UNKNOWN_AUTHORITY]
    assert len(acknowledged_in(book)) == len(placed) > TOTAL / 2


def assert_receipts(receipts: list[Receipt]) -> None:
    """Each arrival has one, whichever process played it, and mistakes are what they are."""
    keys = [one.key for one in receipts]
    assert len(keys) == len(set(keys)) == TOTAL
    mistaken = [one for one in receipts if one.expected_refusal]
    assert {one.status for one in mistaken} == {422}
    assert all(one.accepted for one in receipts if not one.expected_refusal)
    people = Counter(one.number for one in receipts)
    again = sum(count - 1 for count in people.values())
    assert 0.2 < again / TOTAL < 0.55


def assert_table(told: str) -> None:
    """Locust's own table has every way, and nothing failed."""
    rows = dict(re.findall(r"^(?:GET|POST|PUT|LATE)\s+(\S.*?)\s{2,}\d+\s+(\d+)\(", told, re.M))
    for name in (
        "/v1/applications",
        "/v1/applications (mistaken)",
        "/v1/applications:batch",
        "/register-to-vote/declaration",
        "/register-to-vote/receipt",
        "/registrations",
        "/registrations/acknowledgements",
        "/registrations/leases",
        "arrivals (form)",
    ):
        assert rows.get(name) == "0", (name, rows)


def acknowledged_in(book: Path) -> set[str]:
    """The records that councils answered for, in the journals of both processes together."""
    acknowledged: set[str] = set()
    for path in book.glob("process-*/councils.jsonl"):
        for line in path.read_text().splitlines():
            acknowledged.update(json.loads(line).get("acknowledged", ()))
    return acknowledged
