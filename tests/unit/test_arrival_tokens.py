"""Arrival tokens and tickets: what we signed is believed, and nothing else."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from electoral.blind_index import BlindIndex
from electoral.keys import make_keys
from electoral.sealing import DirectoryKeyring
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registration.arrival import ArrivalTokens, Signer, milliseconds, moment
from registration.form.tickets import Ticket, Tickets

CAME = datetime(2026, 12, 31, 23, 50, 0, 123_000, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DAY_MAX = 24 * HOUR
PLACE = 30 * MINUTE


class Clock:
    """A clock that a test puts forward."""

    def __init__(self) -> None:
        self.now = CAME

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def a_signer(keys: Path, clock: Callable[[], datetime]) -> Signer:
    make_keys(keys, date(2026, 12, 28))  # the next quarter's too
    return Signer(BlindIndex(DirectoryKeyring(keys / "registration"), clock))


@pytest.fixture
def tokens(tmp_path: Path, clock: Clock) -> ArrivalTokens:
    return ArrivalTokens(a_signer(tmp_path, clock), DAY_MAX, clock)


@pytest.fixture
def tickets(tmp_path: Path, clock: Clock) -> Tickets:
    return Tickets(a_signer(tmp_path, clock), lambda _: PLACE, clock)


# -- tokens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("later", [timedelta(), MINUTE, DAY_MAX])
def test_a_token_says_when_its_holder_came(
    tokens: ArrivalTokens, clock: Clock, later: timedelta
) -> None:
    token = tokens.give("kiosk", CAME)
    clock.now = CAME + later
    assert tokens.came_at("kiosk", token) == CAME


def test_a_token_holds_a_time_and_nothing_else(tokens: ArrivalTokens) -> None:
    key_id, text, signature = tokens.give("kiosk", CAME).split(".")
    assert (key_id, text) == ("arrival-2026q4", str(milliseconds(CAME)))
    assert len(signature) == 43


def test_a_token_of_somebody_else_says_nothing(tokens: ArrivalTokens) -> None:
    token = tokens.give("kiosk", CAME)
    assert tokens.came_at("form", token) is None
    assert tokens.came_at("kiosk2", token) is None


def test_a_token_that_is_too_old_says_nothing(tokens: ArrivalTokens, clock: Clock) -> None:
    token = tokens.give("kiosk", CAME)
    clock.now = CAME + DAY_MAX + timedelta(milliseconds=1)
    assert tokens.came_at("kiosk", token) is None


def test_a_token_of_a_time_to_come_says_nothing(tokens: ArrivalTokens) -> None:
    token = tokens.give("kiosk", CAME + MINUTE)
    assert tokens.came_at("kiosk", token) is None


def test_a_clock_that_is_a_little_ahead_brings_nobody_here_before_now(
    tokens: ArrivalTokens,
) -> None:
    assert tokens.came_at("kiosk", tokens.give("kiosk", CAME + timedelta(seconds=2))) == CAME


def test_an_earlier_time_with_the_signature_of_another_is_refused(tokens: ArrivalTokens) -> None:
    key_id, text, signature = tokens.give("kiosk", CAME).split(".")
    earlier = str(int(text) - 60_000)
    assert tokens.came_at("kiosk", f"{key_id}.{earlier}.{signature}") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.integers(0, 200), character=st.characters(codec="utf-8"))
def test_whichever_character_is_altered_the_token_is_refused(
    tokens: ArrivalTokens, place: int, character: str
) -> None:
    token = tokens.give("kiosk", CAME)
    at = place % len(token)
    altered = token[:at] + character + token[at + 1 :]
    assert altered == token or tokens.came_at("kiosk", altered) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=300))
def test_whatever_is_sent_as_a_token_it_is_only_refused(tokens: ArrivalTokens, text: str) -> None:
    assert tokens.came_at("kiosk", text) is None


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "..",
        "arrival-2026q4..",
        "../../../etc/passwd.1.x",
        "arrival-2026q4.1795382103998." + "A" * 43,
        "arrival-1999q1.1795382103998." + "A" * 43,
        "arrival-2026q4.\udcff.\udcff",
    ],
)
def test_what_was_made_up_is_refused(tokens: ArrivalTokens, forged: str) -> None:
    assert tokens.came_at("kiosk", forged) is None


def test_a_token_under_the_same_name_of_a_key_but_another_key_is_refused(
    tokens: ArrivalTokens, tmp_path: Path, clock: Clock
) -> None:
    others = ArrivalTokens(a_signer(tmp_path / "another", clock), DAY_MAX, clock)
    assert tokens.came_at("kiosk", others.give("kiosk", CAME)) is None


def test_what_a_key_of_another_purpose_has_hashed_is_no_signature(
    tokens: ArrivalTokens, tmp_path: Path, clock: Clock
) -> None:
    index = BlindIndex(DirectoryKeyring(tmp_path / "registration"), clock)
    signer = Signer(index)
    _, text, _ = tokens.give("kiosk", CAME).split(".")
    ours = signer.sign("arrival of kiosk", text)
    assert tokens.came_at("kiosk", ours) == CAME
    hashed = index.under("status-2026q4", f"{text}\narrival of kiosk".encode())
    assert len(hashed) == 32
    assert tokens.came_at("kiosk", ours.replace("arrival-2026q4", "status-2026q4")) is None


def test_a_token_outlives_the_quarter_of_its_key_and_ends_with_the_key(
    tokens: ArrivalTokens, tmp_path: Path, clock: Clock
) -> None:
    token = tokens.give("kiosk", CAME)
    clock.now = CAME + HOUR
    assert tokens.give("kiosk", clock.now).startswith("arrival-2027q1.")
    assert tokens.came_at("kiosk", token) == CAME
    key = tmp_path / "registration" / "arrival-2026q4.key"
    key.rename(key.with_suffix(".destroyed"))
    anew = ArrivalTokens(a_signer(tmp_path, clock), DAY_MAX, clock)
    assert anew.came_at("kiosk", token) is None


def test_times_are_whole_milliseconds_and_come_back_as_they_were() -> None:
    assert moment(milliseconds(CAME)) == CAME
    assert CAME - moment(milliseconds(CAME - timedelta(microseconds=1))) == timedelta(
        milliseconds=1
    )


# -- tickets --------------------------------------------------------------------------------------


def test_a_ticket_keeps_its_place_for_as_long_as_its_holder_stays(
    tickets: Tickets, clock: Clock
) -> None:
    text = tickets.written(tickets.seen(None))
    for _ in range(20):
        clock.now += PLACE
        ticket = tickets.read(text)
        assert ticket is not None
        assert ticket.came_at == CAME
        text = tickets.written(tickets.seen(ticket))


def test_a_ticket_is_given_up_by_who_is_away_for_longer(tickets: Tickets, clock: Clock) -> None:
    text = tickets.written(tickets.seen(None))
    clock.now += PLACE + MINUTE
    assert tickets.read(text) is None


def test_a_ticket_says_that_it_was_called_and_nobody_else_can_say_so(tickets: Tickets) -> None:
    waits = tickets.written(Ticket(CAME, CAME))
    called = tickets.written(Ticket(CAME, CAME, is_called=True))
    assert [t and t.is_called for t in map(tickets.read, (waits, called))] == [False, True]
    assert tickets.read(waits.replace("waits", "called")) is None


def test_a_ticket_is_no_arrival_token_and_an_arrival_token_no_ticket(
    tickets: Tickets, tokens: ArrivalTokens
) -> None:
    assert tickets.read(tokens.give("form", CAME)) is None
    assert tokens.came_at("form", tickets.written(Ticket(CAME, CAME))) is None


def test_a_ticket_of_a_time_to_come_is_refused(tickets: Tickets) -> None:
    assert tickets.read(tickets.written(Ticket(CAME + HOUR, CAME))) is None
