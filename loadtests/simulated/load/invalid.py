"""Applications that must be refused: one plain mistake each, in what is otherwise a person's."""

from collections.abc import Callable, Sequence

from simulated.applications import Application

Spoil = Callable[[Application], None]


def _nobody(body: Application) -> None:
    del body["lastName"]


def _unborn(body: Application) -> None:
    body.pop("noDateOfBirth", None)
    body["dateOfBirth"] = "2199-02-28"


def _no_such_day(body: Application) -> None:
    body.pop("noDateOfBirth", None)
    body["dateOfBirth"] = "1990-02-30"


def _undeclared(body: Application) -> None:
    body["declaration"] = False


def _nowhere(body: Application) -> None:
    body["address"] = {"property": "1", "street": "High Street", "postcode": "NOT A CODE"}


def _no_number(body: Application) -> None:
    body.pop("noNino", None)
    body.pop("noDateOfBirth", None)
    body["dateOfBirth"] = "1990-02-28"  # of under-16s nobody asks it
    body["nino"] = "QQ 12 34"


def _stateless(body: Application) -> None:
    body.pop("noNationality", None)
    body["nationalities"] = []


def _unknown_field(body: Application) -> None:
    body["favouriteColour"] = "green"


MISTAKES: Sequence[Spoil] = (
    _nobody,
    _unborn,
    _no_such_day,
    _undeclared,
    _nowhere,
    _no_number,
    _stateless,
    _unknown_field,
)


def spoilt(body: Application, which: int) -> Application:
    """A copy with mistake `which` of MISTAKES."""
    copy = dict(body)
    MISTAKES[which](copy)
    return copy
