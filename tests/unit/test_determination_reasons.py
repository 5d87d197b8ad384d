"""The committed reasons of a rejection, and a determination as it is sent."""

import json
from importlib.resources import files
from typing import Any

import pytest
import yaml
from electoral.determination_reasons import determination_reasons, in_order
from electoral.problems import Problem
from ems_gateway.determinations.body import DeterminationBody
from ems_gateway.reading import read_body

CODES = [reason.code for reason in determination_reasons()]


def test_every_reason_has_a_code_of_its_own_and_wording_in_both_languages() -> None:
    assert "duplicate-application" in CODES
    assert len(set(CODES)) == len(CODES)
    for reason in determination_reasons():
        assert reason.en.endswith(".")
        assert reason.cy.endswith(".")
        assert reason.en != reason.cy


def test_openapi_has_the_same_reasons() -> None:
    document = yaml.safe_load(files("ems_gateway").joinpath("openapi.yaml").read_text())
    assert document["components"]["schemas"]["DeterminationReason"]["enum"] == CODES


def test_codes_are_put_into_the_lists_order() -> None:
    assert in_order(frozenset(CODES)) == tuple(CODES)
    assert in_order(frozenset({CODES[3], CODES[0]})) == (CODES[0], CODES[3])


def a_body(**changes: object) -> bytes:
    body: dict[str, object] = {
        "outcome": "rejected",
        "reasons": ["too-young"],
        "identityVerifiedBy": "nino",
        "determinedAt": "2026-11-21T10:00:00Z",
    }
    return json.dumps({k: v for k, v in (body | changes).items() if v is not None}).encode()


def test_reasons_in_another_order_are_the_same_determination() -> None:
    one, other = (
        read_body(DeterminationBody, a_body(reasons=reasons)).determination()
        for reasons in (["died", "too-young"], ["too-young", "died"])
    )
    assert one == other


def test_what_is_allowed_may_leave_its_reasons_out() -> None:
    leaving_out: tuple[object, ...] = (None, [])
    for reasons in leaving_out:
        body = read_body(DeterminationBody, a_body(outcome="allowed", reasons=reasons))
        assert body.determination().reasons == ()


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"outcome": "deferred"}, "/outcome", "literal-error"),
    ({"outcome": None}, "/outcome", "missing"),
    ({"reasons": []}, "", "reasons-do-not-fit"),
    ({"reasons": None}, "", "reasons-do-not-fit"),
    ({"outcome": "allowed"}, "", "reasons-do-not-fit"),
    ({"reasons": ["Lives with her sister"]}, "/reasons", "unknown-reason"),
    ({"reasons": ["died", "died"]}, "/reasons", "repeated"),
    ({"reasons": "died"}, "/reasons", "list-type"),
    ({"reasons": [1]}, "/reasons/0", "string-type"),
    ({"identityVerifiedBy": "a friend"}, "/identityVerifiedBy", "literal-error"),
    ({"determinedAt": None}, "/determinedAt", "missing"),
    *(
        ({"determinedAt": moment}, "/determinedAt", "not-an-instant")
        for moment in (
            "2026-11-21",
            "2026-11-21T10:00:00",
            "2026-11-21 10:00:00Z",
            "2026-06-31T10:00:00Z",
            "2026-11-21T10:00:00+25:00",
            "1795255200",
            1_795_255_200,
            "yesterday",
        )
    ),
    ({"note": "She is my aunt"}, "", "extra-forbidden"),
]


@pytest.mark.parametrize(("changes", "pointer", "code"), REFUSED)
def test_what_is_no_determination_is_refused_and_not_repeated(
    changes: dict[str, Any], pointer: str, code: str
) -> None:
    with pytest.raises(Problem) as refused:
        read_body(DeterminationBody, a_body(**changes))
    (fault,) = refused.value.errors
    assert refused.value.status == 400
    assert fault.pointer == pointer
    assert code in fault.code
    document = json.dumps(refused.value.as_json())
    assert not any(word in document for word in ("sister", "friend", "aunt", "yesterday", "note"))
