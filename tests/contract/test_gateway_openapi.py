"""The gateway's document: complete, and each of its examples is what it says."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from electoral.problems import PROBLEM_JSON
from gateway_operations import (
    Json,
    Operation,
    examples_of,
    faults,
    operations,
    resolved,
    the_document,
)

PROBLEM = {"$ref": "#/components/schemas/Problem"}
HEADERS = {"401": {"WWW-Authenticate"}, "429": {"Retry-After"}, "503": {"Retry-After"}}
OPERATIONS = operations()
REFUSALS = [
    name
    for name, response in the_document()["components"]["responses"].items()
    if PROBLEM_JSON in response["content"]
]
# What any guarded operation may answer, and what one that reads a body may answer besides.
GUARDED, WITH_BODY = {"401", "429", "503"}, {"400", "408", "413", "415"}


def of(operation: Operation) -> str:
    return operation.name


def contents_of(operation: Operation) -> Iterator[tuple[str, Json]]:
    """The JSON that an operation takes and gives, with a name for each."""
    described = operation.described
    both = {"request": described.get("requestBody", {}), **described["responses"]}
    for name, one in both.items():
        for kind, content in resolved(one).get("content", {}).items():
            if kind == "application/json":
                yield name, content


@pytest.mark.parametrize("operation", OPERATIONS, ids=of)
def test_every_operation_has_an_example_of_what_it_takes_and_gives(operation: Operation) -> None:
    assert [name for name, content in contents_of(operation) if not examples_of(content)] == []
    needed = [one for one in operation.parameters if one.get("required")]
    assert [one["name"] for one in needed if not examples_of(one)] == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=of)
def test_every_example_is_as_its_schema_says(operation: Operation) -> None:
    for name, content in contents_of(operation):
        for example in examples_of(content).values():
            assert faults(content["schema"], example) == [], name
    for parameter in operation.parameters:
        for example in examples_of(parameter).values():
            assert faults(parameter["schema"], example) == [], parameter["name"]


def test_an_example_that_is_not_as_its_schema_says_is_found() -> None:
    assert faults({"$ref": "#/components/schemas/RecordId"}, "5D0C")
    assert faults({"$ref": "#/components/schemas/Problem"}, {"status": "404"})


@pytest.mark.parametrize("operation", OPERATIONS, ids=of)
def test_every_operation_says_all_that_it_may_answer(operation: Operation) -> None:
    expected: set[str] = set()
    if operation.guarded:
        expected |= GUARDED
    if "requestBody" in operation.described:
        expected |= WITH_BODY
    if operation.kind is not None and operation.id_in_body is None:
        expected |= {"404"}
    if any(parameter["in"] == "query" for parameter in operation.parameters):
        expected |= {"400"}
    assert expected - set(operation.described["responses"]) == set()


@pytest.mark.parametrize("operation", OPERATIONS, ids=of)
def test_whatever_is_refused_is_a_problem_document(operation: Operation) -> None:
    for status, response in operation.described["responses"].items():
        if status[0] in "45":
            assert list(resolved(response)["content"]) == ["application/problem+json"]
            assert resolved(response).get("headers", {}).keys() == HEADERS.get(status, set())


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_has_an_example_of_each_of_its_codes(name: str) -> None:
    content = the_document()["components"]["responses"][name]["content"][PROBLEM_JSON]
    problem, own = content["schema"]["allOf"]
    assert problem == PROBLEM
    shown = examples_of(content)
    assert list(shown) == own["properties"]["code"]["enum"]
    for code, example in shown.items():
        assert faults(content["schema"], example) == []
        assert (example["code"], example["type"]) == (code, f"/problems/{code}")


def test_names_tags_and_summaries_are_there_and_alike() -> None:
    document = the_document()
    tags = {tag["name"] for tag in document["tags"]}
    names = [operation.name for operation in OPERATIONS]
    assert len(set(names)) == len(names)
    for operation in OPERATIONS:
        assert re.fullmatch(r"[a-z]+[A-Za-z]+", operation.name)
        assert set(operation.described["tags"]) <= tags
        assert operation.described["summary"]
    assert tags == {tag for operation in OPERATIONS for tag in operation.described["tags"]}


def test_every_schema_is_used() -> None:
    document: Any = the_document()
    text = json.dumps(document)
    unused = [
        f"{kind}/{name}"
        for kind in ("schemas", "responses", "parameters", "headers")
        for name in document["components"].get(kind, {})
        if f'"#/components/{kind}/{name}"' not in text
    ]
    assert unused == []
