"""Logs: known fields only, and never what a person has typed."""

import json
import subprocess
import sys

import pytest
from electoral.logs import FIELDS, redact

CANARY = "Zyxwvut"

# A process of its own: what is configured here would stay with every logger of this one.
PROGRAM = """
import logging
import structlog
from electoral import logs

logs.configure("registration", "INFO")
log = structlog.get_logger()
log.info("taken", count=3, topic="applications.received")
log.debug("not at this level")
log.warning("odd", first_name="Zyxwvut", error_class="AB 12 34 56 C")
try:
    raise ValueError("Zyxwvut was born on 1987-03-31")
except ValueError:
    log.error("failed", exc_info=True)
    logging.getLogger("library").exception("could not store %s", "Zyxwvut")
logging.getLogger("library").warning("value: Zyxwvut")
logging.getLogger("library").info("not at this level either")
"""


@pytest.fixture(scope="module")
def lines() -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""
    assert CANARY not in done.stdout
    assert "1987" not in done.stdout
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_line_is_json_with_its_time_level_and_service(lines: list[dict[str, object]]) -> None:
    first = lines[0]
    assert (first["event"], first["level"], first["service"]) == ("taken", "info", "registration")
    assert (first["count"], first["topic"]) == (3, "applications.received")
    assert str(first["timestamp"]).endswith("Z")


def test_only_what_is_loud_enough_is_written(lines: list[dict[str, object]]) -> None:
    assert len(lines) == 5
    assert all("not at this level" not in str(line["event"]) for line in lines)


def test_a_field_that_is_not_known_is_not_written(lines: list[dict[str, object]]) -> None:
    assert lines[1]["first_name"] == "[not a log field]"
    assert lines[1]["error_class"] == "[struck out]"


def test_an_exception_is_its_class_and_place_without_its_message(
    lines: list[dict[str, object]],
) -> None:
    assert lines[2]["error_class"] == "ValueError"
    assert isinstance(lines[2]["exception"], list)


def test_a_librarys_line_is_its_constant_text(lines: list[dict[str, object]]) -> None:
    assert lines[3]["event"] == "could not store %s"
    assert lines[3]["error_class"] == "ValueError"
    assert lines[4]["event"] == "value"


@pytest.mark.parametrize(
    "nino", ["AB123456C", "ab123456c", "AB 12 34 56 C", "AB-12-34-56-C", "AB123456", "x AB123456C."]
)
def test_what_looks_like_a_nino_is_struck_out_of_any_field(nino: str) -> None:
    said = redact(None, "info", {"event": f"about {nino} and more", "reason": nino})
    assert "123456" not in str(said).replace(" ", "").replace("-", "")
    assert "and more" in said["event"]


@pytest.mark.parametrize("text", ["applications.received", "AB12", "019ac7f4-5b1e-7c3a-9d42-0123"])
def test_what_is_no_nino_is_left(text: str) -> None:
    assert redact(None, "info", {"event": text})["event"] == text


def test_no_log_field_is_a_persons() -> None:
    persons = """
        name first_name middle_names last_name date_of_birth nino address street postcode uprn email
        phone contact reference person body value message details path url token
    """.split()
    assert FIELDS.isdisjoint(persons)
