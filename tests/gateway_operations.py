"""The operations of the gateway's document, and calls of them that name real objects of an ERO."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from aiohttp import ClientResponse
from gateway_builders import EDINBURGH, HARTLEPOOL, LOTHIAN, RECEIVED_AT, a_person
from gateway_world import World, authorized
from jsonschema import Draft202012Validator, FormatChecker

Json = dict[str, Any]

UNKNOWN = "0123456789abcdef01234567"
DETERMINED = {
    "outcome": "allowed",
    "reasons": [],
    "identityVerifiedBy": "nino",
    "determinedAt": RECEIVED_AT.isoformat().replace("+00:00", "Z"),
}


@cache
def the_document() -> Json:
    """The document that is served."""
    text = files("ems_gateway").joinpath("openapi.yaml").read_text()
    document: Json = yaml.safe_load(text)
    return document


def resolved(value: Json) -> Json:
    """What a reference stands for; anything else as it is."""
    while "$ref" in value:
        found: Any = the_document()
        for name in value["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        value = found
    return value


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    described: Json

    @property
    def name(self) -> str:
        return str(self.described["operationId"])

    @property
    def guarded(self) -> bool:
        return bool(self.described["security"])

    @property
    def parameters(self) -> list[Json]:
        return [resolved(one) for one in self.described.get("parameters", ())]

    @property
    def kind(self) -> str | None:
        """The schema of the id that it takes in its path, query or body; None if it takes none."""
        for parameter in self.parameters:
            name = str(parameter["schema"].get("$ref", "")).rpartition("/")[2]
            if name in PREPARING:
                return name
        return "RecordId" if self.id_in_body else None

    @property
    def id_in_body(self) -> str | None:
        """The id that the example of its body names."""
        example: str = the_document()["components"]["schemas"]["RecordId"]["examples"][0]
        return example if example in json.dumps(self.body) else None

    @property
    def body(self) -> object:
        """The first example of its body."""
        described = self.described.get("requestBody")
        if described is None:
            return None
        content = resolved(described)["content"]["application/json"]
        return next(iter(examples_of(content).values()))

    def call(self, name: str) -> tuple[str, Json]:
        """Path and further arguments of a call that names an object by its id."""
        path, query = self.path, {}
        for parameter in self.parameters:
            if parameter["in"] == "path":
                named = parameter["schema"].get("$ref", "").rpartition("/")[2] in PREPARING
                value = name if named else next(iter(examples_of(parameter).values()))
                path = path.replace(f"{{{parameter['name']}}}", str(value))
            elif parameter["name"] == "after" and self.kind in parameter["schema"].get("$ref", ""):
                query = {"after": name}
        return path, {"params": query, "json": self._body_that_names(name)}

    def _body_that_names(self, name: str) -> object:
        text = json.dumps(self.body)
        return json.loads(text.replace(self.id_in_body, name) if self.id_in_body else text)

    async def send(self, world: World, name: str, headers: Mapping[str, str]) -> ClientResponse:
        path, more = self.call(name)
        return await world.client.request(self.method, path, headers=headers, **more)

    async def prepared(self, world: World) -> str:
        """Make an object of Hartlepool's that it can be called for; returns its id."""
        return UNKNOWN if self.kind is None else await PREPARING[self.kind](world)


def operations() -> list[Operation]:
    return [
        Operation(method.upper(), path, described)
        for path, methods in the_document()["paths"].items()
        for method, described in methods.items()
    ]


def examples_of(described: Json) -> dict[str, Any]:
    """All examples of a parameter or of a content, by their names."""
    if "example" in described:
        return {"example": described["example"]}
    found = {name: resolved(one)["value"] for name, one in described.get("examples", {}).items()}
    from_schema = resolved(described.get("schema", {})).get("examples", ())
    return found or {str(number): value for number, value in enumerate(from_schema)}


def faults(schema: Json, example: object) -> list[str]:
    """Say what a schema of the document finds in an example."""
    whole = {**schema, "components": the_document()["components"]}
    checker = Draft202012Validator(whole, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(example)]


async def a_record(world: World) -> str:
    (record,) = await world.outcomes(1)
    return record


async def a_lease(world: World) -> str:
    await world.outcomes(1)
    path, body = "/registrations/leases", {"pageSize": 1, "seconds": 60}
    response = await world.client.post(path, headers=authorized("hartlepool"), json=body)
    return str((await response.json())["leaseId"])


async def a_notice(world: World) -> str:
    """Let Lothian allow somebody who gave a previous address in Hartlepool."""
    moved = a_person(previousAddress={"street": "Old Lane", "postcode": "TS24 8AA"})
    (record,) = await world.arrive(
        world.outcome(gss_code=EDINBURGH, previous_gss_code=HARTLEPOOL, person=moved)
    )
    path = f"/registrations/{record}/determination"
    response = await world.client.post(path, headers=authorized(LOTHIAN), json=DETERMINED)
    assert response.status == 204, await response.text()
    notices = await world.client.get("/notices", headers=authorized("hartlepool"))
    return str((await notices.json())["notices"][-1]["id"])


PREPARING: dict[str, Callable[[World], Awaitable[str]]] = {
    "RecordId": a_record,
    "LeaseId": a_lease,
    "NoticeId": a_notice,
}
