"""Accounts of helpers: signing in, locks that all processes see, and the operators' commands."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from statistics import median

import pytest
from electoral import postgres
from electoral.blind_index import BlindIndex
from electoral.group_commit import TooManyWaiting
from electoral.metrics import Metrics
from electoral.postgres import Pool, transaction
from electoral.sealing import DirectoryKeyring
from registration.__main__ import main
from registration.form.assisted import LockRule
from registration.form.passwords import Passwords, hash_password
from registration.form.signing_in import TRYING_MAX, SigningIn
from registration.postgres import assisted

pytestmark = pytest.mark.integration

PASSWORD = "three random words"
WRONG = "three other words"
HERE, THERE = "192.0.2.1", "192.0.2.2"
RULE = LockRule(5, 20, timedelta(minutes=15))
NO_RULE = LockRule(1_000, 1_000, timedelta(minutes=15))
IDLE = timedelta(minutes=60)
HASHED = hash_password(PASSWORD)


@pytest.fixture
async def two_processes(
    postgres_dsn: Callable[[str], str], keys_root: Path
) -> AsyncIterator[tuple[SigningIn, SigningIn, Pool]]:
    """Two processes of registration, as far as helpers can tell: a pool each, one database."""
    dsn = postgres_dsn("registration")
    index = BlindIndex(DirectoryKeyring(keys_root / "registration"))
    async with AsyncExitStack() as stack:
        pools = [
            await stack.enter_async_context(
                await postgres.open_pool(dsn, service="test", connections=4)
            )
            for _ in range(2)
        ]
        for name in ("sian", "owen"):
            assert await assisted.add_account(pools[0], name, HASHED)
        one, other = (SigningIn(pool, index, Metrics(), Passwords(), RULE, IDLE) for pool in pools)
        yield one, other, pools[0]


Processes = tuple[SigningIn, SigningIn, Pool]


async def test_who_signs_in_is_known_by_the_token_in_every_process(
    two_processes: Processes,
) -> None:
    one, other, pool = two_processes
    token = await one.sign_in(" Sian ", PASSWORD, HERE)
    assert token is not None
    found = await other.who(token)
    assert found is not None
    assert found.name == "sian"
    assert await other.who(f"{token}x") is None
    assert await pool.fetchval("SELECT count(*) FROM helper_attempt") == 0
    assert token.encode() not in await pool.fetchval("SELECT session_id FROM helper_session")
    await other.sign_out(token)
    assert await one.who(token) is None


async def test_five_wrong_passwords_in_two_processes_lock_the_account_for_15_minutes(
    two_processes: Processes,
) -> None:
    one, other, pool = two_processes
    for helpers in (one, other, one, other, one):
        assert await helpers.sign_in("sian", WRONG, HERE) is None
    for helpers in (one, other):
        assert await helpers.sign_in("sian", PASSWORD, HERE) is None
    assert await one.sign_in("owen", PASSWORD, HERE) is not None
    await make_older(pool, timedelta(minutes=14))
    assert await other.sign_in("sian", PASSWORD, HERE) is None
    await make_older(pool, timedelta(minutes=1))
    assert await other.sign_in("sian", PASSWORD, HERE) is not None


async def test_four_wrong_passwords_lock_nobody_and_a_right_one_is_not_counted(
    two_processes: Processes,
) -> None:
    one, other, _ = two_processes
    for _ in range(4):
        assert await one.sign_in("sian", WRONG, HERE) is None
    for _ in range(3):
        assert await other.sign_in("sian", PASSWORD, HERE) is not None


async def test_a_lock_lasts_15_minutes_from_the_fifth_however_long_the_first_is_past(
    two_processes: Processes,
) -> None:
    one, _, pool = two_processes
    for _ in range(4):
        await one.sign_in("sian", WRONG, HERE)
    await make_older(pool, timedelta(minutes=14))
    await one.sign_in("sian", WRONG, HERE)
    await make_older(pool, timedelta(minutes=14))
    assert await one.sign_in("sian", PASSWORD, HERE) is None
    await make_older(pool, timedelta(minutes=1))
    assert await one.sign_in("sian", PASSWORD, HERE) is not None


async def test_guesses_at_one_moment_get_no_more_tries_than_one_by_one(
    two_processes: Processes,
) -> None:
    one, other, pool = two_processes
    guesses = [
        helpers.sign_in("sian", WRONG, f"192.0.2.{number}")
        for number in range(8)
        for helpers in (one, other)
    ]
    assert set(await asyncio.gather(*guesses)) == {None}
    counted = "SELECT count(*) FROM helper_attempt WHERE helper = 'sian'"
    assert await pool.fetchval(counted) == RULE.failures_max
    assert await one.sign_in("sian", PASSWORD, HERE) is None


async def test_an_address_that_tries_many_names_is_locked_and_another_is_not(
    two_processes: Processes,
) -> None:
    one, other, _ = two_processes
    for number in range(RULE.failures_per_address_max):
        assert await one.sign_in(f"nobody-{number}", WRONG, HERE) is None
    assert await other.sign_in("sian", PASSWORD, HERE) is None
    assert await other.sign_in("sian", PASSWORD, THERE) is not None


async def test_what_can_be_no_name_is_counted_like_a_name_that_nobody_has(
    two_processes: Processes,
) -> None:
    one, _, pool = two_processes
    for name in ("a\0", "nobody"):
        assert await one.sign_in(name, PASSWORD, HERE) is None
    noted = await pool.fetch("SELECT helper, address_hash FROM helper_attempt")
    assert len(noted) == 2
    assert noted[0] == noted[1]


async def test_a_cookie_that_is_no_text_signs_nobody_in_or_out(two_processes: Processes) -> None:
    one, _, _ = two_processes
    broken = "\udcff" * 43
    assert await one.who(broken) is None
    await one.sign_out(broken)


async def test_addresses_are_stored_as_keyed_hashes(two_processes: Processes) -> None:
    one, _, pool = two_processes
    await one.sign_in("sian", WRONG, HERE)
    row = await pool.fetchrow("SELECT * FROM helper_attempt")
    assert row is not None
    assert len(row["address_hash"]) == 32
    assert HERE not in str(dict(row))


async def test_what_was_tried_long_ago_is_forgotten(two_processes: Processes) -> None:
    one, _, pool = two_processes
    await one.sign_in("sian", WRONG, HERE)
    await make_older(pool, timedelta(minutes=31))
    await one.sign_in("owen", WRONG, HERE)
    assert [row["helper"] for row in await pool.fetch("SELECT helper FROM helper_attempt")] == [
        "owen"
    ]


async def test_a_session_ends_after_an_hour_without_a_request_and_not_before(
    two_processes: Processes,
) -> None:
    one, other, pool = two_processes
    token = await one.sign_in("sian", PASSWORD, HERE)
    assert token is not None
    for _ in range(3):
        await pool.execute("UPDATE helper_session SET expires_at = expires_at - interval '50 min'")
        assert await other.who(token) is not None
    await pool.execute("UPDATE helper_session SET expires_at = expires_at - interval '61 min'")
    assert await one.who(token) is None
    await one.sign_in("owen", WRONG, HERE)
    assert await pool.fetchval("SELECT count(*) FROM helper_session") == 0


@pytest.mark.parametrize("change", ["lock", "password"])
async def test_sessions_end_when_the_account_is_locked_or_gets_another_password(
    change: str, two_processes: Processes
) -> None:
    one, other, pool = two_processes
    token, of_owen = [await one.sign_in(name, PASSWORD, HERE) for name in ("sian", "owen")]
    assert token
    assert of_owen
    if change == "lock":
        assert await assisted.lock_account(pool, "sian")
    else:
        assert await assisted.set_password(pool, "sian", hash_password(WRONG))
    assert await other.who(token) is None
    assert await other.sign_in("sian", PASSWORD, HERE) is None
    assert await other.who(of_owen) is not None


async def test_nobody_signs_in_with_a_password_that_was_changed_while_it_was_compared(
    two_processes: Processes,
) -> None:
    _, _, pool = two_processes
    attempt = await assisted.begin_attempt(pool, "sian", bytes(32), RULE)
    assert attempt is not None
    await assisted.set_password(pool, "sian", hash_password(WRONG))
    assert await assisted.open_session(pool, attempt, bytes(32), IDLE) is None
    assert await pool.fetchval("SELECT count(*) FROM helper_session") == 0


async def test_a_sign_in_waits_for_a_change_of_its_account_and_never_the_other_way_round(
    two_processes: Processes,
) -> None:
    one, other, pool = two_processes
    await one.sign_in("sian", WRONG, HERE)
    await make_older(pool, timedelta(minutes=31))  # so that the next attempt forgets it
    async with transaction(pool) as unlocking:
        await unlocking.execute("UPDATE helper SET locked_at = NULL WHERE name = 'sian'")
        trying = asyncio.create_task(other.sign_in("sian", PASSWORD, HERE))
        await until_waiting(pool)
        await unlocking.execute("DELETE FROM helper_attempt WHERE helper = 'sian'")
    assert await trying is not None


async def test_who_gave_the_right_password_waits_for_a_change_of_the_account_too(
    two_processes: Processes,
) -> None:
    _, _, pool = two_processes
    attempt = await assisted.begin_attempt(pool, "sian", bytes(32), RULE)
    assert attempt is not None
    async with transaction(pool) as unlocking:
        await unlocking.execute("UPDATE helper SET locked_at = NULL WHERE name = 'sian'")
        opening = asyncio.create_task(assisted.open_session(pool, attempt, bytes(32), IDLE))
        await until_waiting(pool)
        await unlocking.execute("DELETE FROM helper_attempt WHERE helper = 'sian'")
    assert await opening is None  # what was tried before is forgotten, and nothing comes of it


async def until_waiting(pool: Pool) -> None:
    """Wait until somebody waits for a row."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    async with asyncio.timeout(10):
        while not await pool.fetchval(waiting):
            await asyncio.sleep(0.02)


async def test_an_unlocked_account_starts_anew(two_processes: Processes) -> None:
    one, _, pool = two_processes
    for _ in range(RULE.failures_max):
        await one.sign_in("sian", WRONG, HERE)
    await assisted.lock_account(pool, "sian")
    assert await assisted.unlock_account(pool, "sian")
    assert await one.sign_in("sian", PASSWORD, HERE) is not None


async def test_an_unknown_and_a_locked_account_take_as_long_as_a_wrong_password(
    two_processes: Processes, keys_root: Path, metrics: Metrics
) -> None:
    _, _, pool = two_processes
    index = BlindIndex(DirectoryKeyring(keys_root / "registration"))
    helpers = SigningIn(pool, index, metrics, Passwords(), NO_RULE, IDLE)
    await assisted.lock_account(pool, "owen")
    seconds: dict[str, list[float]] = {"sian": [], "nobody": [], "owen": []}
    for name in ("sian", "nobody", "owen") * 12:
        begin = time.perf_counter()
        assert await helpers.sign_in(name, WRONG, HERE) is None
        seconds[name].append(time.perf_counter() - begin)
    wrong, *others = (median(taken) for taken in seconds.values())
    assert all(wrong / 1.6 < other < wrong * 1.6 for other in others), seconds


async def test_no_more_than_so_many_sign_in_at_once_and_the_rest_is_told_to_come_back(
    two_processes: Processes,
) -> None:
    one, other, _ = two_processes
    trying = [
        asyncio.create_task(one.sign_in(f"nobody-{number}", WRONG, HERE))
        for number in range(TRYING_MAX)
    ]
    await asyncio.sleep(0)
    with pytest.raises(TooManyWaiting):
        await one.sign_in("sian", PASSWORD, THERE)
    assert await other.sign_in("sian", PASSWORD, THERE) is not None
    await asyncio.gather(*trying)
    assert await one.sign_in("sian", PASSWORD, THERE) is not None


async def make_older(pool: Pool, by: timedelta) -> None:
    await pool.execute("UPDATE helper_attempt SET at = at - $1::interval", by)


# -- Accounts by command ---------------------------------------------------------------------------

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(
    postgres_dsn: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run a command: its exit status and all that it says."""
    tell(monkeypatch, postgres_dsn("registration"), tmp_path)

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        status = main(["helpers", *arguments])
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def tell(monkeypatch: pytest.MonkeyPatch, dsn: str, folder: Path) -> None:
    monkeypatch.setenv("REGISTRATION_DATABASE_URL", dsn)
    monkeypatch.setenv("REGISTRATION_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    for name in ("KEYS_DIRECTORY", "PARTNERS_FILE", "POSTCODE_INDEX"):
        monkeypatch.setenv(f"REGISTRATION_{name}", str(folder))


@pytest.fixture
def password_file(tmp_path: Path) -> str:
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n", encoding="utf-8")
    return str(path)


def test_an_account_is_made_listed_locked_and_unlocked(run: Run, password_file: str) -> None:
    add = ("add", "Sian", "--password-file", password_file)
    assert run(*add) == (0, "sian is a helper.\n")
    assert run(*add)[0] == 1
    assert run("lock", "sian") == (0, "sian is locked.\n")
    assert re.fullmatch(r"sian  since \S+  locked \S+\n1 helpers\.\n", run("list")[1])
    assert run("unlock", "sian") == (0, "sian is unlocked.\n")
    status, said = run("list")
    assert (status, said.splitlines()[0].split()[-1]) == (0, "open")
    assert run("password", "sian", "--password-file", password_file)[0] == 0


def test_a_password_is_asked_for_twice_and_never_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([PASSWORD, WRONG, PASSWORD, PASSWORD])
    monkeypatch.setattr("registration.assisted_commands.getpass", lambda _: next(answers))
    status, said = run("add", "sian")
    assert status == 1
    assert PASSWORD not in said
    assert run("add", "sian") == (0, "sian is a helper.\n")


@pytest.mark.parametrize(
    "arguments", [("lock", "nobody"), ("unlock", "nobody"), ("add", "Two Words"), ("add", "x")]
)
def test_what_cannot_be_done_with_an_account_is_one_sentence(
    arguments: tuple[str, str], run: Run
) -> None:
    status, said = run(*arguments)
    assert (status, len(said.splitlines())) == (1, 1)


def test_a_short_password_and_a_file_that_is_not_there_are_refused(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "short").write_text("eleven char")
    for name in ("short", "missing"):
        status, said = run("add", "sian", "--password-file", str(tmp_path / name))
        assert (status, len(said.splitlines())) == (1, 1)
    assert run("list") == (0, "0 helpers.\n")
