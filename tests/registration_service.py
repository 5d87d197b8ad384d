"""Registration for tests: as processes of its own, or its public port alone in this process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from aiohttp.test_utils import TestClient, TestServer
from electoral import postgres
from electoral.address_lookup import AddressLookup, SyntheticAddressLookup
from electoral.authorities import Authorities
from electoral.blind_index import BlindIndex
from electoral.credentials import Credentials
from electoral.group_commit import GroupCommit
from electoral.limits import RateLimit
from electoral.metrics import Metrics
from electoral.postcodes import PostcodeIndex, build_index
from electoral.postgres import Pool
from electoral.proxies import TrustedProxies
from electoral.sealing import DirectoryKeyring, Sealer
from electoral_local.blueprint import postcode_index as cached_postcode_index
from electoral_local.ports import free_ports
from registration.arrival import ArrivalTokens, Signer
from registration.authority import AuthorityFinder
from registration.intake import Intake
from registration.partners import read_partner
from registration.routes import Api, public_app
from registration.status import StatusQuestions
from registration.submission import Committer, Submissions

TOKENS = {"form": "token-of-the-form", "helpline": "token-of-the-helpline"}
READY_SECONDS_MAX = 60.0
ARRIVAL_AGE_MAX = timedelta(hours=24)


def authorized(client: str = "form") -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[client]}"}


def write_partners(folder: Path) -> Path:
    """Write the file of two partners: the form (web) and a helpline (assisted)."""
    path = folder / "partners.json"
    sources = {"form": "web", "helpline": "assisted"}
    entries = [
        {"clientId": name, "source": sources[name], "tokenSha256": [sha256(t.encode()).hexdigest()]}
        for name, t in TOKENS.items()
    ]
    path.write_text(json.dumps(entries))
    return path


@dataclass(frozen=True, slots=True)
class Service:
    """A running process of registration."""

    url: str
    admin: str
    process: subprocess.Popen[str]

    def wait_until_ready(self) -> None:
        ends = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < ends and self.process.poll() is None:
            try:
                with urlopen(f"{self.admin}/readyz", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("registration did not become ready")

    def end(self) -> int:
        """Send SIGTERM; returns the exit status, which must come within 10 s."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


def settings_of(
    dsn: str, kafka_bootstrap: str, keys_root: Path, folder: Path, postcodes: Path
) -> dict[str, str]:
    """Return an environment in which registration runs."""
    return {
        "REGISTRATION_DATABASE_URL": dsn,
        "REGISTRATION_KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "REGISTRATION_KEYS_DIRECTORY": str(keys_root / "registration"),
        "REGISTRATION_PARTNERS_FILE": str(write_partners(folder)),
        "REGISTRATION_POSTCODE_INDEX": str(postcodes),
        "REGISTRATION_HTTP_PORT": "0",
        "REGISTRATION_ADMIN_PORT": "0",
        # The limits have tests of their own.
        "REGISTRATION_STATUS_PER_MINUTE_ADDRESS": "100000",
        "REGISTRATION_STATUS_PER_MINUTE_REFERENCE": "100000",
    }


@contextmanager
def starting(environment: Mapping[str, str], log: Path | None = None) -> Iterator[Service]:
    """Run a process until the context ends; it may not be ready yet."""
    port, admin_port = free_ports(2)
    ports = {"REGISTRATION_HTTP_PORT": str(port), "REGISTRATION_ADMIN_PORT": str(admin_port)}
    with (log or Path(os.devnull)).open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "registration", "serve"],
            env=os.environ | environment | ports,
            stdout=file,
            text=True,
        )
    try:
        yield Service(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin_port}", process)
    finally:
        process.kill()
        process.wait()


@contextmanager
def running(environment: Mapping[str, str], log: Path | None = None) -> Iterator[Service]:
    """Run a process until the context ends; ready when it is yielded."""
    with starting(environment, log) as service:
        service.wait_until_ready()
        yield service


@asynccontextmanager
async def public_port(
    pool: Pool,
    keys_root: Path,
    folder: Path,
    postcodes: Path,
    *,
    addresses: AddressLookup | None = None,
    status_per_minute: int = 100_000,
    status_per_minute_reference: int = 100_000,
    authorities: Authorities | None = None,
    proxies: TrustedProxies | None = None,
) -> AsyncIterator[TestClient[Any, Any]]:
    """Serve the public port alone in this process: its clock and its look-up can be set."""
    keyring = DirectoryKeyring(keys_root / "registration")
    sealer, index, metrics = Sealer(keyring), BlindIndex(keyring), Metrics()
    codes, listed = PostcodeIndex(postcodes), authorities or Authorities.load()
    lookup = addresses or SyntheticAddressLookup(codes)
    intake = Intake(pool, hash_body=index.under, wake=lambda: None)
    committer: Committer = GroupCommit(intake.commit)
    submissions = Submissions(
        pool=pool,
        sealer=sealer,
        index=index,
        finder=AuthorityFinder(listed, codes, lookup, 1.0),
        intake=intake,
        committer=committer,
    )
    api = Api(
        submissions=submissions,
        questions=StatusQuestions(pool, index),
        partners=Credentials(write_partners(folder), read_partner),
        authorities=listed,
        arrivals=ArrivalTokens(Signer(index), ARRIVAL_AGE_MAX),
        metrics=metrics,
        proxies=proxies or TrustedProxies(),
        per_address=RateLimit(status_per_minute, 60),
        per_reference=RateLimit(status_per_minute_reference, 60),
    )
    async with committer, TestClient(TestServer(public_app(api, metrics))) as client:
        yield client


def postcode_index(folder: Path) -> Path:
    """Return the index of all postcodes: the local stack's, or one built here in some seconds."""
    there = cached_postcode_index()
    if there.exists():
        return there
    build_index(folder / "index")
    return folder / "index"


async def count_applications(dsn: str) -> int:
    pool = await postgres.open_pool(dsn, service="test", connections=2)
    async with pool:
        count: int = await pool.fetchval("SELECT count(*) FROM application")
    return count
