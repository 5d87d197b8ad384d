"""Requests that schemathesis makes up from the gateway's own document, as two EROs, over HTTP."""

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import yaml

Document = dict[str, Any]

EROS = ("hartlepool", "lothian")
SETTINGS = """
continue-on-failure = true
seed = {seed}
headers = {{ User-Agent = "schemathesis" }}

[checks]
# 413 refuses a body for its size before anything in it is read.
negative_data_rejection.expected-statuses = [
    400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429
]

[[operations]]
# What no schema says: that a time is past, that one follows another, that an answer needs another,
# that a number has few enough digits to be read by everybody alike.
include-operation-id = [
    "showStatement", "offerRegistrations", "determineRegistration", "resubmitRegistration",
    "takePaperApplications", "listNotices"
]
checks.positive_data_acceptance.expected-statuses = [
    200, 201, 204, 400, 401, 403, 404, 409, 422, 429, "5xx"
]

[auth.wfc]
path = "callers.yaml"
peers = {eros}
"""


CASES_BESIDE = 1_000  # that are made besides the chosen ones: examples, and each bound of a schema
EXAMPLES_MIN = 10  # of an operation


class Verdict(NamedTuple):
    """What a run found."""

    passed: bool
    said: str


def the_document(ids: Mapping[str, Sequence[str]]) -> Document:
    """The served document, whose ids are now those of real records, by their schemas' names."""
    text = files("ems_gateway").joinpath("openapi.yaml").read_text()
    document: Document = yaml.safe_load(text)
    for parameter in parameters_of(document):
        name = parameter["schema"].get("$ref", "").rpartition("/")[2]
        if name in ids:
            parameter["schema"] = {"type": "string", "enum": list(ids[name])}
            parameter.pop("example", None)
    return document


def parameters_of(document: Document) -> Iterator[dict[str, Any]]:
    """All parameters of a document, those too that several operations share."""
    for path in document["paths"].values():
        for operation in path.values():
            found = operation.get("parameters", ())
            yield from (parameter for parameter in found if "$ref" not in parameter)
    yield from document["components"].get("parameters", {}).values()


async def fuzz(document: Document, url: str, folder: Path, *, cases: int, seed: int) -> Verdict:
    """Send at least so many cases with all checks, the document's examples among them."""
    operations = sum(len(path) for path in document["paths"].values())
    chosen = max(operations * EXAMPLES_MIN, cases - CASES_BESIDE)
    (folder / "openapi.yaml").write_text(yaml.safe_dump(document, allow_unicode=True))
    (folder / "callers.yaml").write_text(yaml.safe_dump({"auth": [_caller(e) for e in EROS]}))
    (folder / "settings.toml").write_text(SETTINGS.format(seed=seed, eros=list(EROS)))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "schemathesis.cli",
        "--config-file=settings.toml",
        "run",
        "openapi.yaml",
        f"--url={url}",
        f"--max-examples={-(-chosen // operations)}",
        "--checks=all",
        "--workers=1",  # Python 3.11 cannot parse in two threads at once: it fails by chance
        "--generation-database=none",
        "--no-color",
        "--warnings=off",
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return Verdict(await process.wait() == 0, said.decode())


def _caller(ero: str) -> dict[str, object]:
    header = {"name": "Authorization", "value": f"Bearer token-of-{ero}"}
    return {"name": ero, "fixedHeaders": [header]}
