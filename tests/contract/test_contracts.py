"""The committed contracts say what the code does, and deployed readers can read what it writes."""

import copy
import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from electoral import contracts
from electoral.contracts import CONTRACTS, breaks, schema_of
from electoral.events import EVENTS, ApplicationVerified, Event
from openapi_spec_validator import validate
from registration import openapi

Schema = dict[str, Any]
EXAMPLES = [
    (event, path)
    for event in EVENTS
    for path in sorted((CONTRACTS / "examples" / event.__name__).glob("*.json"))
]


def test_committed_contracts_have_not_drifted() -> None:
    assert contracts.drifted() == []


def test_deployed_readers_can_read_what_is_written_now() -> None:
    assert contracts.broken_for_deployed_readers() == []
    assert {path.stem for path in (CONTRACTS / "deployed").glob("*.json")} == {
        event.__name__ for event in EVENTS
    }


@pytest.mark.parametrize(("event", "path"), EXAMPLES, ids=lambda value: getattr(value, "stem", ""))
def test_example_is_read_and_written_back_the_same(event: type[Event], path: Path) -> None:
    example = json.loads(path.read_text())
    jsonschema.validate(example, schema_of(event))
    read = event.model_validate_json(path.read_bytes())
    again = event.model_validate_json(read.model_dump_json(by_alias=True, exclude_none=True))
    assert again == read


def without_required(schema: Schema) -> None:
    schema["required"].remove("person")


def with_new_choice(schema: Schema) -> None:
    schema["properties"]["source"]["enum"].append("telephone")


def with_other_type(schema: Schema) -> None:
    schema["properties"]["attempt"]["type"] = "string"


def with_other_part(schema: Schema) -> None:
    del schema["$defs"]["Outcome"]["properties"]["decidedBy"]
    schema["$defs"]["Outcome"]["required"].remove("decidedBy")


def with_new_field(schema: Schema) -> None:
    schema["properties"]["somethingNew"] = {"type": "string"}


@pytest.mark.parametrize(
    ("change", "is_broken"),
    [
        (without_required, True),
        (with_new_choice, True),
        (with_other_type, True),
        (with_other_part, True),
        (with_new_field, False),
    ],
)
def test_change_that_a_deployed_reader_could_not_read_is_found(
    change: Callable[[Schema], None], is_broken: bool
) -> None:
    deployed = schema_of(ApplicationVerified)
    current = copy.deepcopy(deployed)
    change(current)
    assert bool(list(breaks(deployed, current))) == is_broken


def test_openapi_document_of_registration_is_committed_and_valid() -> None:
    assert files("registration").joinpath("openapi.yaml").read_text() == openapi.text()
    validate(openapi.document())


def test_openapi_document_of_the_gateway_is_valid() -> None:
    validate(yaml.safe_load(files("ems_gateway").joinpath("openapi.yaml").read_text()))
