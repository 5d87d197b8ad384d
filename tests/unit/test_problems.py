"""Problem documents (RFC 9457): complete, and each the same whoever is told."""

import json

import pytest
from aiohttp import web
from asyncpg import ConnectionDoesNotExistError
from electoral import problems
from electoral.group_commit import TooManyWaiting, Unavailable
from electoral.http import problem_of
from electoral.problems import FieldError, Problem
from electoral.sealing import DestroyedKey, DoesNotOpen, UnknownKey

CANARY = "Zyxwvut"
ALL = [
    problems.malformed("Why."),
    problems.unauthenticated(),
    problems.not_found(),
    problems.method_not_allowed("POST"),
    problems.body_missing(20.0),
    problems.too_large(1_024),
    problems.unsupported_media_type(),
    problems.invalid([FieldError("/a", "missing", "Enter it.")]),
    problems.too_many_requests(7),
    problems.unavailable(),
    problems.internal_error(),
]


@pytest.mark.parametrize("problem", ALL, ids=lambda problem: str(problem.status))
def test_every_problem_says_what_it_is_and_what_to_do(problem: Problem) -> None:
    response = problem.response()
    assert response.status == problem.status
    assert response.content_type == "application/problem+json"
    assert isinstance(response.body, bytes)
    document = json.loads(response.body)
    assert document["status"] == problem.status
    assert document["type"] == f"/problems/{problem.code}"
    assert document["title"]
    assert document["detail"].endswith(".")


def test_no_two_problems_share_a_code() -> None:
    assert len({problem.code for problem in ALL}) == len(ALL)


def test_field_errors_point_into_the_body() -> None:
    document = problems.invalid([FieldError("/address/street", "missing", "Enter it.")]).as_json()
    assert document["errors"] == [
        {"pointer": "/address/street", "code": "missing", "detail": "Enter it."}
    ]
    assert "errors" not in problems.not_found().as_json()


@pytest.mark.parametrize(
    ("status", "header"),
    [
        (401, "WWW-Authenticate"),
        (405, "Allow"),
        (408, "Connection"),
        (429, "Retry-After"),
        (503, "Retry-After"),
    ],
)
def test_the_headers_that_belong_to_a_status_are_there(status: int, header: str) -> None:
    [problem] = [problem for problem in ALL if problem.status == status]
    assert problem.response().headers[header]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (problems.too_large(1), 413),
        (web.HTTPNotFound(text=CANARY), 404),
        (web.HTTPMethodNotAllowed("GET", ["POST"]), 405),
        (web.HTTPRequestEntityTooLarge(1, 2), 413),
        (web.HTTPBadRequest(text=CANARY), 400),
        (Unavailable("x"), 503),
        (TooManyWaiting("full"), 503),
        (ConnectionDoesNotExistError(CANARY), 503),
        (ConnectionResetError(CANARY), 503),
        (ValueError(CANARY), 500),
    ],
)
def test_every_error_is_a_problem_that_tells_nothing_of_its_message(
    error: Exception, status: int
) -> None:
    problem = problem_of(error)
    assert problem.status == status
    assert CANARY not in json.dumps(problem.as_json())


@pytest.mark.parametrize("error", [UnknownKey(CANARY), DestroyedKey(CANARY), DoesNotOpen(CANARY)])
def test_a_key_that_is_not_there_is_503(error: Exception) -> None:
    assert problem_of(error).status == 503
