"""What is done about messages that nobody can read, and about errors that nobody expected."""

import re
from collections.abc import Mapping

import pytest
from electoral.consumer import BatchSize
from electoral.handling import Hold, Reaction, StopConsuming, decode, reaction_to
from electoral.kafka import KafkaError, Message
from electoral.sealing import ERROR_CLASSES, DoesNotOpen, UnknownKey
from ems_gateway import errors as gateway_errors
from verification import errors as verification_errors


class NoHeaders(dict[str, bytes]):
    """Raises what nobody expects."""

    def get(self, *_: object) -> bytes:
        raise AttributeError("planted")


def test_whatever_is_wrong_with_a_message_it_is_held_by_itself() -> None:
    assert decode(Message("t", 0, 0, None, {})) == Hold("unknown-event-type")
    assert decode(Message("t", 0, 0, b"{}", NoHeaders())) == Hold("undecodable:AttributeError")


@pytest.mark.parametrize(
    ("error", "reaction"),
    [
        (ConnectionResetError(), Reaction.RETRY),
        (KafkaError(), Reaction.RETRY),
        (UnknownKey("person-2026-11-22"), Reaction.RETRY),  # today's: nothing can be sealed
        (StopConsuming(), Reaction.STOP),
        (DoesNotOpen(), Reaction.ALONE),
        (ValueError(), Reaction.ALONE),
    ],
)
def test_what_is_away_is_waited_for_and_what_is_unknown_is_found(
    error: Exception, reaction: Reaction
) -> None:
    assert reaction_to(error) is reaction


@pytest.mark.parametrize(
    "table",
    [ERROR_CLASSES, gateway_errors.HOLD, verification_errors.HOLD, verification_errors.RETRY],
)
def test_what_is_held_or_waits_has_its_errors_name_in_every_service(
    table: Mapping[type[Exception], str],
) -> None:
    assert table
    for error, name in table.items():
        assert name == re.sub(r"(?<!^)(?=[A-Z])", "-", error.__name__).lower()


def test_batch_that_failed_twice_is_halved_and_grows_slowly_again() -> None:
    size = BatchSize(500)
    size.fail()
    assert size.now == 500
    size.fail()
    assert size.now == 250
    size.succeed()
    assert size.now == 276
    size.fail()
    size.fail()
    assert size.now == 138
    for _ in range(20):
        size.succeed()
    assert size.now == 500


def test_batch_is_one_message_at_least() -> None:
    size = BatchSize(500)
    for _ in range(100):
        size.fail()
    assert size.now == 1
    size.succeed()
    assert size.now == 2
