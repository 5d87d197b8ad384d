"""Keys: made ahead, the same for all who hold them, kept so long, then destroyed for good."""

import stat
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from electoral.destruction import Refused, check_over, destroy
from electoral.keys import DAYS_AHEAD, SEAL_PURPOSES, main, make_keys
from electoral.retention import Retention, next_time
from electoral.sealing import DestroyedKey, DirectoryKeyring
from electoral.today import LONDON

TODAY = date(2026, 11, 22)
RETENTION = Retention()


def names(root: Path, service: str) -> set[str]:
    return {path.stem for path in (root / service).glob("*.key")}


def contents(root: Path, key_id: str) -> set[bytes]:
    return {path.read_bytes() for path in root.glob(f"*/{key_id}.key")}


# -- making ---------------------------------------------------------------------------------------


def test_each_service_gets_the_keys_of_its_own_purposes_only(tmp_path: Path) -> None:
    make_keys(tmp_path, TODAY)
    assert "nino-online-2026-11-22" in names(tmp_path, "verification")
    assert "nino-council-2026-11-22" not in names(tmp_path, "registration")
    gateway = names(tmp_path, "ems-gateway")
    assert not any(name.startswith(("nino-online", "nino-index", "status")) for name in gateway)
    assert {"body-2026q4", "status-2026q4", "idempotency-permanent"} <= names(
        tmp_path, "registration"
    )


def test_all_who_hold_a_key_hold_the_same_and_no_two_keys_are_alike(tmp_path: Path) -> None:
    make_keys(tmp_path, TODAY)
    assert len(contents(tmp_path, "person-2026-11-22")) == 1
    keys = list((tmp_path / "verification").glob("*.key"))
    assert len({path.read_bytes() for path in keys}) == len(keys)


def test_keys_are_there_a_week_ahead_the_next_quarters_too(tmp_path: Path) -> None:
    make_keys(tmp_path, date(2026, 12, 28))
    registration = names(tmp_path, "registration")
    assert {"person-2027-01-05", "body-2027q1", "body-2026q4"} <= registration
    assert "person-2027-01-06" not in registration


def test_nobody_else_may_read_them_and_nothing_half_written_stays(tmp_path: Path) -> None:
    make_keys(tmp_path, TODAY)
    for path in tmp_path.glob("*/*"):
        assert path.suffix == ".key"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_key_that_is_there_is_never_made_anew(tmp_path: Path) -> None:
    assert make_keys(tmp_path, TODAY) > 0
    before = contents(tmp_path, "person-2026-11-22")
    assert make_keys(tmp_path, TODAY) == 0
    assert make_keys(tmp_path, TODAY + timedelta(days=1)) == len(
        {purpose for purposes in SEAL_PURPOSES.values() for purpose in purposes}
    )
    assert contents(tmp_path, "person-2026-11-22") == before


def test_a_service_that_lost_its_copy_gets_the_same_again(tmp_path: Path) -> None:
    make_keys(tmp_path, TODAY)
    before = contents(tmp_path, "person-2026-11-22")
    (tmp_path / "ems-gateway" / "person-2026-11-22.key").unlink()
    make_keys(tmp_path, TODAY)
    assert "person-2026-11-22" in names(tmp_path, "ems-gateway")
    assert contents(tmp_path, "person-2026-11-22") == before


def test_makers_at_the_same_time_make_one_key_for_all(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "electoral.keys", "make", "--root", str(tmp_path)]
    makers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    made = [int(maker.communicate(timeout=60)[0].split()[0]) for maker in makers]
    assert [count for count in made if count] == [max(made)]
    for key_id in names(tmp_path, "verification"):
        assert len(contents(tmp_path, key_id)) == 1


def test_a_root_that_is_a_file_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "keys").write_text("")
    assert main(["make", "--root", str(tmp_path / "keys")]) == 78
    assert capsys.readouterr().err.count("\n") == 1


# -- how long -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key_id", "last_day"),
    [
        ("nino-online-2026-11-22", date(2027, 2, 20)),
        ("nino-council-2026-11-22", date(2027, 2, 20)),
        ("person-2026-11-22", date(2027, 5, 21)),
        ("person-2024-02-29", date(2024, 8, 27)),
        ("form-session-2026-11-22", date(2026, 11, 24)),
        ("body-2026q1", date(2027, 4, 30)),
        ("status-2026q4", date(2028, 1, 31)),
        ("nino-index-2026q3", date(2027, 10, 31)),
        ("person-index-2026q2", date(2027, 7, 31)),
        ("idempotency-permanent", None),
    ],
)
def test_a_key_is_kept_until(key_id: str, last_day: date | None) -> None:
    assert RETENTION.last_day(key_id) == last_day
    if last_day is not None:
        assert not RETENTION.is_over(key_id, last_day)
        assert RETENTION.is_over(key_id, last_day + timedelta(days=1))


def test_how_long_is_a_setting() -> None:
    short = Retention(nino_days=1, person_days=2, index_months=3)
    assert short.last_day("nino-online-2026-11-22") == date(2026, 11, 23)
    assert short.last_day("person-2026-11-22") == date(2026, 11, 24)
    assert short.last_day("body-2026q4") == date(2027, 3, 31)


@pytest.mark.parametrize(
    ("now", "at"),
    [
        (datetime(2026, 11, 22, 3, 59, tzinfo=UTC), datetime(2026, 11, 22, 4, tzinfo=UTC)),
        (datetime(2026, 11, 22, 4, 0, tzinfo=UTC), datetime(2026, 11, 23, 4, tzinfo=UTC)),
        (datetime(2026, 6, 7, 2, 59, tzinfo=UTC), datetime(2026, 6, 7, 3, tzinfo=UTC)),
        (datetime(2026, 6, 7, 22, 59, tzinfo=UTC), datetime(2026, 6, 8, 3, tzinfo=UTC)),
        # The clocks change in these nights.
        (datetime(2026, 3, 28, 12, 0, tzinfo=UTC), datetime(2026, 3, 29, 3, tzinfo=UTC)),
        (datetime(2026, 10, 24, 12, 0, tzinfo=UTC), datetime(2026, 10, 25, 4, tzinfo=UTC)),
    ],
)
def test_retention_works_at_four_in_london(now: datetime, at: datetime) -> None:
    assert next_time(now) == at


# -- destroying -----------------------------------------------------------------------------------


def test_a_destroyed_key_leaves_a_marker_and_not_a_byte_of_itself(tmp_path: Path) -> None:
    make_keys(tmp_path, TODAY)
    directories = [tmp_path / service for service in SEAL_PURPOSES]
    assert destroy(directories, "nino-online-2026-11-22") == 2
    assert contents(tmp_path, "nino-online-2026-11-22") == set()
    markers = [*tmp_path.glob("*/nino-online-2026-11-22.destroyed")]
    assert sorted(m.parent.name for m in markers) == ["registration", "verification"]
    assert all(marker.read_bytes() == b"" for marker in markers)
    with pytest.raises(DestroyedKey):
        DirectoryKeyring(tmp_path / "registration").key("nino-online-2026-11-22")


def test_a_destroyed_key_is_never_made_again(tmp_path: Path) -> None:
    make_keys(tmp_path, TODAY)
    destroy([tmp_path / "registration"], "person-2026-11-22")
    (tmp_path / "ems-gateway" / "person-2026-11-22.key").unlink()
    make_keys(tmp_path, TODAY)
    assert "person-2026-11-22" not in names(tmp_path, "registration")
    assert "person-2026-11-22" not in names(tmp_path, "ems-gateway")


def test_what_a_crash_left_undone_is_done_by_the_next_call(tmp_path: Path) -> None:
    make_keys(tmp_path, TODAY)
    directories = [tmp_path / service for service in SEAL_PURPOSES]
    key = directories[0] / "person-2026-11-22.key"
    marker = key.rename(key.with_suffix(".destroyed"))  # renamed, and not yet overwritten
    assert destroy(directories, "person-2026-11-22") == 2
    assert marker.read_bytes() == b""
    assert destroy(directories, "person-2026-11-22") == 0


@pytest.mark.parametrize(
    ("key_id", "why"),
    [
        ("person-2026-11-22", "kept until 2027-05-21"),
        ("idempotency-permanent", "for ever"),
        ("person-2026-13-45", "no key's id"),
        ("../../etc/passwd", "no key's id"),
        ("", "no key's id"),
    ],
)
def test_only_a_key_past_its_time_may_be_destroyed(key_id: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        check_over(key_id, RETENTION, TODAY)
    check_over("person-2026-11-22", RETENTION, date(2027, 5, 22))


# -- commands -------------------------------------------------------------------------------------


def test_keys_are_listed_with_the_day_until_which_they_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long_ago = datetime.now(LONDON).date() - timedelta(days=181 + DAYS_AHEAD)
    make_keys(tmp_path, long_ago)
    destroy([tmp_path / service for service in SEAL_PURPOSES], f"person-{long_ago}")
    assert main(["list", "--root", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"person-{long_ago}  destroyed" in lines
    assert "idempotency-permanent  kept for ever" in lines
    next_day = long_ago + timedelta(days=1)
    kept_until = next_day + timedelta(days=180)
    assert f"person-{next_day}  kept until {kept_until}, which is over" in lines
    assert main(["expired", "--root", str(tmp_path)]) == 0
    assert f"person-{next_day}" in capsys.readouterr().out.split()
    assert main(["expired", "--root", str(tmp_path), "--person-days", "999"]) == 0
    assert f"person-{next_day}" not in capsys.readouterr().out.split()
