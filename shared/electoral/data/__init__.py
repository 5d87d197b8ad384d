"""Dated reference data: JSON lists, one record a line, so that a change is one line of a diff."""

from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from electoral.unusable import Unusable

RECORD_CONFIG = ConfigDict(alias_generator=to_camel, extra="forbid")

Record = TypeVar("Record")


class ReferenceDataUnusable(Unusable):
    """A file of reference data is not there, malformed or contradicts itself: the message says."""


def read_records(record: type[Record], shipped: str, instead: Path | None = None) -> list[Record]:
    """Read a list of records from the file that lies beside this module, or from another in its
    place; raises ReferenceDataUnusable.
    """
    content = _read(instead) if instead else files(__name__).joinpath(shipped).read_bytes()
    try:
        return TypeAdapter(list[record]).validate_json(content)  # type: ignore[valid-type]
    except ValidationError as error:
        where = instead.name if instead else shipped
        raise ReferenceDataUnusable(f"{where}: {_first_problem(error)}.", instead) from None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ReferenceDataUnusable(f"{file.name}: {error.strerror}.", file) from None


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    if not problem["loc"]:
        return problem["msg"]
    index, *fields = problem["loc"]
    record = f"record {index + 1}" if isinstance(index, int) else index
    return f"{record}, {'.'.join(map(str, fields)) or 'as a whole'}: {problem['msg']}"
