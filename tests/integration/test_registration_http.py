"""Registration's public interface, asked over HTTP of real processes on real Postgres and Kafka."""

import asyncio
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from aiohttp import ClientConnectorError, ClientSession, TCPConnector
from builders import ABSENT, an_address, an_application
from electoral.address_lookup import Address, SyntheticAddressLookup, uprn_of
from electoral.authorities import Authorities
from electoral.identifiers import draw_reference, is_reference
from electoral.keys import make_keys
from electoral.migrating import migrate
from electoral.postcodes import PostcodeIndex
from electoral.today import LONDON
from electoral_local.kafka import EmbeddedKafka
from electoral_local.postgres import EmbeddedPostgres
from positions import begin_at_the_end, make_topics
from registration.settings import MIGRATIONS
from registration_service import (
    Service,
    authorized,
    count_applications,
    postcode_index,
    running,
    settings_of,
    starting,
)

pytestmark = pytest.mark.integration

PROBLEM_MEMBERS = {"type", "title", "status", "code", "detail"}
CANARY = "Zyxwvut"


@pytest.fixture(scope="module")
def environment(
    embedded_postgres: EmbeddedPostgres,
    template_database: Callable[[str], str],
    embedded_kafka: EmbeddedKafka,
    postcodes: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("registration")
    bootstrap = embedded_kafka.bootstrap_servers
    asyncio.run(make_topics(bootstrap))
    make_keys(folder / "keys", datetime.now(UTC).astimezone(LONDON).date())
    dsn = asyncio.run(_a_database(embedded_postgres, template_database("registration")))
    asyncio.run(begin_at_the_end(dsn, bootstrap, "registration"))
    return settings_of(dsn, bootstrap, folder / "keys", folder, postcodes)


async def _a_database(server: EmbeddedPostgres, template: str) -> str:
    name = f"registration_http_{uuid4().hex}"
    connection = await asyncpg.connect(server.superuser_dsn())
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER registration")
    await connection.close()
    return server.dsn("registration").rpartition("/")[0] + f"/{name}"


@pytest.fixture(scope="module")
def postcodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return postcode_index(tmp_path_factory.mktemp("postcodes"))


@pytest.fixture(scope="module")
def two_services(environment: dict[str, str]) -> Iterator[tuple[Service, Service]]:
    with ExitStack() as stack:
        first, other = (stack.enter_context(starting(environment)) for _ in range(2))
        first.wait_until_ready()
        other.wait_until_ready()
        yield first, other


@pytest.fixture(scope="module")
def service(two_services: tuple[Service, Service]) -> Service:
    return two_services[0]


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        yield session


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, read whole."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Client:
    """Posts to one process."""

    def __init__(self, session: ClientSession, url: str) -> None:
        self._session = session
        self.url = url

    async def request(self, method: str, path: str, **arguments: Any) -> Answer:
        async with self._session.request(method, self.url + path, **arguments) as response:
            return Answer(response.status, response.headers.copy(), await response.text())

    async def apply(
        self, body: object, key: str | None = None, *, partner: str = "form", **headers: str
    ) -> Answer:
        """Post an application; bytes and generators go as they are."""
        as_is = not isinstance(body, dict)
        return await self.request(
            "POST",
            "/v1/applications",
            data=body if as_is else json.dumps(body),
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": str(uuid4()) if key is None else key,
                **authorized(partner),
                **headers,
            },
        )

    async def batch(self, body: object, **headers: str) -> Answer:
        headers = {"Content-Type": "application/json", **authorized(), **headers}
        data = body if isinstance(body, bytes) else json.dumps(body)
        return await self.request("POST", "/v1/applications:batch", data=data, headers=headers)

    async def ask(self, reference: object, postcode: object) -> Answer:
        body = {"reference": reference, "postcode": postcode}
        return await self.request("POST", "/v1/status", json=body)


@pytest.fixture
def client(session: ClientSession, service: Service) -> Client:
    return Client(session, service.url)


def items(*applications: tuple[str, object]) -> dict[str, object]:
    return {
        "applications": [{"idempotencyKey": key, "application": body} for key, body in applications]
    }


def check_problem(answer: Answer, status: int, code: str | None = None) -> dict[str, Any]:
    """Check that the answer is a problem document of this status; returns it."""
    assert answer.status == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = answer.json
    assert PROBLEM_MEMBERS <= document.keys() <= PROBLEM_MEMBERS | {"errors"}
    assert document["status"] == status
    assert code is None or document["code"] == code
    return document


def faults(answer: Answer) -> list[tuple[str, str]]:
    errors = check_problem(answer, 422, "invalid")["errors"]
    assert all(error["detail"] for error in errors)
    return [(error["pointer"], error["code"]) for error in errors]


# -- a good application ---------------------------------------------------------------------------


async def test_an_application_gets_a_receipt(client: Client) -> None:
    answer = await client.apply(an_application())
    assert answer.status == 201
    receipt = answer.json
    assert receipt.keys() == {
        "applicationId", "reference", "arrivedAt", "receivedAt", "authority", "links"
    }  # fmt: skip
    assert is_reference(receipt["reference"])
    assert receipt["authority"]["gssCode"] == "E08000039"
    assert receipt["authority"]["contact"].keys() == {"email", "phone", "address"}
    arrived, received = (
        datetime.fromisoformat(receipt[name]) for name in ("arrivedAt", "receivedAt")
    )
    assert timedelta() <= received - arrived <= timedelta(minutes=1)
    assert receipt["links"] == {"status": "/v1/status"}
    assert "Idempotent-Replayed" not in answer.headers


# -- bad input ------------------------------------------------------------------------------------

DEEP = "[" * 40 + "]" * 40


@pytest.mark.parametrize(
    ("pointer", "changes"),
    [
        ("/type", {"type": CANARY}),
        ("/type", {"type": "overseas"}),
        ("/source", {"source": "assisted"}),
        ("/source", {"source": "paper"}),
        ("/language", {"language": CANARY}),
        ("/language", {"language": ABSENT}),
        ("/firstName", {"firstName": ABSENT}),
        ("/firstName", {"firstName": "  "}),
        ("/firstName", {"firstName": CANARY * 6}),
        ("/firstName", {"firstName": f"{CANARY}<b>"}),
        ("/firstName", {"firstName": f"{CANARY}\u202e"}),
        ("/firstName", {"firstName": f"{CANARY}\u0378"}),
        ("/firstName", {"firstName": f"{CANARY}\x07"}),
        ("/firstName", {"firstName": 42042042}),
        ("/lastName", {"lastName": f"{CANARY}|"}),
        ("/lastName", {"lastName": None}),
        ("/middleNames", {"middleNames": CANARY * 15}),
        ("/previousName/lastName", {"previousName": {"firstName": CANARY}}),
        (
            "/previousName/changeReason",
            {"previousName": {"firstName": "A", "lastName": "B", "changeReason": CANARY * 72}},
        ),
        ("/dateOfBirth", {"dateOfBirth": ABSENT}),
        ("/dateOfBirth", {"dateOfBirth": "1987-02-30"}),
        ("/dateOfBirth", {"dateOfBirth": "2999-01-01"}),
        ("/dateOfBirth", {"dateOfBirth": "1851-01-01"}),
        ("/dateOfBirth", {"dateOfBirth": "31/03/1987"}),
        ("/dateOfBirth", {"dateOfBirth": 19870331}),
        ("/noDateOfBirth", {"noDateOfBirth": {"reason": CANARY, "ageRange": "18to75"}}),
        (
            "/noDateOfBirth/ageRange",
            {"dateOfBirth": ABSENT, "noDateOfBirth": {"reason": "x", "ageRange": "14to15"}},
        ),
        (
            "/noDateOfBirth/reason",
            {"dateOfBirth": ABSENT, "noDateOfBirth": {"reason": "", "ageRange": "over75"}},
        ),
        ("/nino", {"nino": ABSENT}),
        ("/nino", {"nino": "ZZ123456C"}),
        ("/nino", {"nino": "DA123456C"}),
        ("/nino", {"nino": "AB12345"}),
        ("/nino", {"nino": "AB123456E"}),
        ("/noNino", {"noNino": {"reason": CANARY}}),
        ("/noNino/reason", {"nino": ABSENT, "noNino": {"reason": CANARY * 72}}),
        ("/nationalities", {"nationalities": []}),
        ("/nationalities", {"nationalities": ["FR", "GB", "IE", "PL", "DK", "ES"]}),
        ("/nationalities", {"nationalities": ["US"]}),
        ("/nationalities/0", {"nationalities": [CANARY]}),
        ("/euRetainedRights", {"nationalities": ["FR"]}),
        ("/noNationality", {"noNationality": {"reason": CANARY}}),
        ("/address", {"address": ABSENT}),
        ("/address/street", {"address": an_address(street=CANARY * 40)}),
        ("/address/street", {"address": an_address(street=ABSENT)}),
        ("/address/postcode", {"address": an_address(postcode=ABSENT)}),
        ("/address/postcode", {"address": an_address(postcode="Q1 1QQQ")}),
        ("/address/postcode", {"address": an_address(postcode="BT1 1AA")}),
        ("/address/postcode", {"address": an_address(postcode="JE2 3AB")}),
        ("/address/uprn", {"address": an_address(uprn="1234567890123")}),
        ("/address/uprn", {"address": an_address(uprn="12x")}),
        ("/previousAddress", {"previousAddress": an_address()}),
        ("/previousAddress/postcode", {"previousAddress": {"street": CANARY}}),
        ("/otherAddress", {"otherAddress": CANARY}),
        ("/openRegister", {"openRegister": "true"}),
        ("/openRegister", {"openRegister": ABSENT}),
        ("/openRegsiter", {"openRegsiter": False}),
        ("/postalVote/formBy", {"postalVote": {"wanted": True}}),
        ("/postalVote/wanted", {"postalVote": {"wanted": 1}}),
        ("/soleOccupancy", {"soleOccupancy": None}),
        ("/contact", {"contact": {}}),
        ("/contact/email", {"contact": {"email": f"{CANARY}@"}}),
        ("/contact/phone", {"contact": {"phone": "1234"}}),
        ("/contact/fax", {"contact": {"post": True, "fax": CANARY}}),
        ("/declaration", {"declaration": False}),
        ("/declaration", {"declaration": ABSENT}),
        ("/country", {"country": "northern-ireland"}),
        ("/country", {"country": CANARY}),
        ("/gssCode", {"gssCode": CANARY}),
        ("/applicantIp", {"applicantIp": "999.1.1.1"}),
        ("/timeTakenSeconds", {"timeTakenSeconds": -1}),
        ("/timeTakenSeconds", {"timeTakenSeconds": 1.5}),
        ("/timeTakenSeconds", {"timeTakenSeconds": 10**19}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_every_violation_is_told_by_its_pointer_and_never_by_its_value(
    client: Client, pointer: str, changes: dict[str, object]
) -> None:
    answer = await client.apply(an_application(**changes))
    assert pointer in [where for where, _ in faults(answer)]
    for value in texts_in(changes):
        assert value not in answer.text


def texts_in(value: object) -> Iterator[str]:
    """Every text and number sent that is long enough to be told from our own words."""
    if isinstance(value, Mapping):
        for child in value.values():
            yield from texts_in(child)
    elif isinstance(value, list):
        for child in value:
            yield from texts_in(child)
    elif CANARY in (text := str(value)) or (len(text) > 5 and any(c.isdigit() for c in text)):
        yield text


async def test_a_minor_is_too_young_by_the_nation_of_the_address(client: Client) -> None:
    born = datetime.now(LONDON).date().replace(day=1) - timedelta(days=15 * 365 + 30)
    young = an_application(
        dateOfBirth=born.isoformat(), nino=ABSENT, country=ABSENT, address=an_address(uprn=ABSENT)
    )
    assert faults(await client.apply(young)) == [("/dateOfBirth", "too-young-england")]
    scottish = young | {"address": an_address(postcode="EH1 1BB", uprn=ABSENT)}
    assert (await client.apply(scottish)).status == 201


async def test_an_unknown_fields_odd_name_is_not_repeated(client: Client) -> None:
    answer = await client.apply(an_application(**{f"{CANARY} <born 1987>": 1}))
    assert faults(answer) == [("", "unknown-field")]
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'firstName': 'Zyxwvut'}",
        b'{"firstName": "Zyxwvut\\u0000"}',
        b'{"firstName": "Zyxwvut\\ud800"}',
        b'{"firstName": "Zyxwvut\xff"}',
        b'{"firstName": "Zyxwvut", "firstName": "Zyxwvut"}',
        b'{"timeTakenSeconds": ' + b"9" * 5_000 + b"}",
        b'{"timeTakenSeconds": 1e999}',
        b'{"timeTakenSeconds": NaN}',
        b"[" * 30_000,
        DEEP.encode(),
        b'{"address": ' + b'{"a": ' * 30 + b"1" + b"}" * 31,
        '{"firstName": "Zyxwvut"}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
    ],
)
async def test_what_is_not_one_json_text_is_400(client: Client, body: bytes) -> None:
    answer = await client.apply(body)
    check_problem(answer, 400, "malformed")
    assert CANARY not in answer.text


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"Zyxwvut"', b"{}", b"true", b"1.5"])
async def test_json_that_is_no_application_is_422(client: Client, body: bytes) -> None:
    answer = await client.apply(body)
    assert faults(answer)
    assert CANARY not in answer.text


async def in_chunks(body: bytes) -> AsyncIterator[bytes]:
    """Send without a Content-Length."""
    for begin in range(0, len(body), 10_000):
        yield body[begin : begin + 10_000]


async def test_over_64_kib_is_413_whether_or_not_its_length_is_told(client: Client) -> None:
    body = json.dumps(an_application(firstName="x" * (64 * 1024))).encode()
    check_problem(await client.apply(body), 413, "too-large")
    check_problem(await client.apply(in_chunks(body)), 413, "too-large")
    check_problem(await client.apply(in_chunks(body * 100)), 413, "too-large")


async def test_exactly_64_kib_is_read(client: Client) -> None:
    body = json.dumps(an_application()).encode().ljust(64 * 1024)
    assert (await client.apply(body)).status == 201
    check_problem(await client.apply(body + b" "), 413, "too-large")


async def test_a_batch_over_4_mib_is_413(client: Client) -> None:
    padding = b" " * (4 * 1024 * 1024)
    check_problem(await client.batch(padding + b"{}"), 413, "too-large")
    check_problem(await client.batch(padding[:-2] + b"{}"), 422)


async def test_a_large_application_in_a_batch_is_413_by_itself(client: Client) -> None:
    large = an_application(firstName="x" * (64 * 1024))
    answer = await client.batch(items(("a" + uuid4().hex, large), (uuid4().hex, an_application())))
    assert [one["status"] for one in answer.json["results"]] == [413, 201]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""]
)
async def test_another_content_type_is_415(client: Client, content_type: str) -> None:
    answer = await client.apply(
        json.dumps(an_application()).encode(), **{"Content-Type": content_type}
    )
    check_problem(answer, 415, "unsupported-media-type")


async def test_a_charset_beside_the_content_type_does_not_matter(client: Client) -> None:
    header = {"Content-Type": "application/json; charset=utf-8"}
    assert (await client.apply(an_application(), **header)).status == 201


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
async def test_a_compressed_body_is_415_whatever_is_in_it(client: Client, encoding: str) -> None:
    for body in (gzip.compress(json.dumps(an_application()).encode()), b"Zyxwvut" * 30):
        answer = await client.apply(body, **{"Content-Encoding": encoding})
        check_problem(answer, 415, "unsupported-media-type")
        assert CANARY not in answer.text


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/v1/applications", "/v1/applications:batch", "/v1/status"])
async def test_another_method_is_405(client: Client, method: str, path: str) -> None:
    answer = await client.request(method, path)
    check_problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/applications/1", f"/v1/status/{CANARY}", "/%00"])
async def test_an_unknown_path_is_404(client: Client, path: str) -> None:
    answer = await client.request("POST", path)
    check_problem(answer, 404, "not-found")
    assert CANARY not in answer.text


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 256, "clé", "tab\there"])
async def test_a_key_that_is_none_is_400(client: Client, key: str) -> None:
    check_problem(await client.apply(an_application(), key), 400, "malformed")
    answer = await client.batch(items((key, an_application())))
    assert answer.json["results"][0]["status"] == 400


async def test_without_a_key_it_is_400(client: Client) -> None:
    headers = {"Content-Type": "application/json", **authorized()}
    answer = await client.request(
        "POST", "/v1/applications", data=json.dumps(an_application()), headers=headers
    )
    check_problem(answer, 400, "malformed")


async def test_the_longest_key_is_a_key(client: Client) -> None:
    assert (await client.apply(an_application(), uuid4().hex.ljust(255, "~"))).status == 201


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"applications": {}},
        {"applications": []},
        {"applications": [], "more": 1},
        {"applications": [{"idempotencyKey": "a"}]},
        {"applications": ["Zyxwvut"]},
        {"applications": [{"idempotencyKey": "a", "application": {}, "more": 1}]},
        items(*(("a", {}) for _ in range(501))),
    ],
)
async def test_what_is_no_batch_is_422(client: Client, body: object) -> None:
    answer = await client.batch(body)
    assert faults(answer)
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b'{"reference": 1, "postcode": "S1 2HH"}',
        b'{"reference": "9F3PJQJZ28"}',
        b'{"reference": "9F3PJQJZ28", "postcode": "S1 2HH", "more": 1}',
    ],
)
async def test_what_is_no_status_question_is_422(client: Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert faults(await client.request("POST", "/v1/status", data=body, headers=headers))


@pytest.mark.parametrize(
    ("reference", "postcode"), [("\0AAAAAAAAA", "S1 2HH"), ("9F3PJQJZ28", "S1 2HH\0")]
)
async def test_a_status_question_with_a_nul_is_refused(
    client: Client, reference: str, postcode: str
) -> None:
    check_problem(await client.ask(reference, postcode), 400)


async def test_a_status_question_is_at_most_a_kibibyte(client: Client) -> None:
    check_problem(await client.ask("9F3PJQJZ28", " " * 1024), 413)


# -- idempotency ----------------------------------------------------------------------------------


async def test_a_repeat_gets_the_first_receipt(client: Client) -> None:
    first = await client.apply(an_application(), key := uuid4().hex)
    again = await client.apply(dict(reversed(an_application().items())), key)
    assert (first.status, again.status) == (201, 200)
    assert again.json == first.json
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_the_same_key_with_another_body_is_422(client: Client) -> None:
    await client.apply(an_application(), key := uuid4().hex)
    answer = await client.apply(an_application(firstName=CANARY), key)
    check_problem(answer, 422, "idempotency-key-reused")
    assert CANARY not in answer.text
    # Before any trimming: what a person would call the same is another body.
    answer = await client.apply(an_application(firstName=" Siân"), key)
    check_problem(answer, 422, "idempotency-key-reused")


async def test_an_invalid_body_under_a_used_key_is_a_reused_key(client: Client) -> None:
    await client.apply(an_application(), key := uuid4().hex)
    answer = await client.apply(an_application(declaration=False), key)
    check_problem(answer, 422, "idempotency-key-reused")


async def test_an_invalid_body_uses_no_key_up(client: Client) -> None:
    key = uuid4().hex
    assert faults(await client.apply(an_application(declaration=False), key))
    assert (await client.apply(an_application(), key)).status == 201


async def test_the_same_key_of_two_partners_is_two_applications(client: Client) -> None:
    key = uuid4().hex
    ours = await client.apply(an_application(), key)
    theirs = await client.apply(an_application(), key, partner="helpline")
    assert (ours.status, theirs.status) == (201, 201)
    assert ours.json["applicationId"] != theirs.json["applicationId"]


async def test_a_batch_answers_each_by_itself_and_in_order(client: Client) -> None:
    known, new, reused, wrong = (uuid4().hex for _ in range(4))
    first = await client.apply(an_application(), known)
    await client.apply(an_application(), reused)
    answer = await client.batch(
        items(
            (known, an_application()),
            (wrong, an_application(declaration=False)),
            (new, an_application()),
            (reused, an_application(firstName="Another")),
            (new, an_application()),
            ("not a key", an_application()),
            (wrong, CANARY),
        )
    )
    assert answer.status == 200
    results = answer.json["results"]
    assert [one["idempotencyKey"] for one in results[:5]] == [known, wrong, new, reused, new]
    assert [one["status"] for one in results] == [200, 422, 201, 422, 200, 400, 422]
    assert results[0]["receipt"] == first.json
    assert results[2]["receipt"] == results[4]["receipt"]
    assert results[1]["problem"]["errors"][0]["pointer"] == "/declaration"
    assert results[3]["problem"]["code"] == "idempotency-key-reused"
    assert CANARY not in answer.text


async def test_a_batch_is_repeated_as_one_application_is(client: Client) -> None:
    body = items(*((uuid4().hex, an_application()) for _ in range(500)))
    first, again = await client.batch(body), await client.batch(body)
    assert {one["status"] for one in first.json["results"]} == {201}
    assert {one["status"] for one in again.json["results"]} == {200}
    assert [r["receipt"] for r in first.json["results"]] == [
        r["receipt"] for r in again.json["results"]
    ]


# -- two processes --------------------------------------------------------------------------------


@pytest.fixture
def two_clients(
    session: ClientSession, two_services: tuple[Service, Service]
) -> tuple[Client, Client]:
    first, other = two_services
    return Client(session, first.url), Client(session, other.url)


async def test_fifty_posts_with_one_key_over_two_processes_are_one_application(
    two_clients: tuple[Client, Client], environment: dict[str, str]
) -> None:
    before = await count_applications(environment["REGISTRATION_DATABASE_URL"])
    key = uuid4().hex
    answers = await asyncio.gather(
        *(two_clients[number % 2].apply(an_application(), key) for number in range(50))
    )
    assert sorted(answer.status for answer in answers) == [200] * 49 + [201]
    assert len({answer.text for answer in answers}) == 1
    assert await count_applications(environment["REGISTRATION_DATABASE_URL"]) == before + 1


async def test_batches_of_the_same_keys_in_opposite_order_over_two_processes(
    two_clients: tuple[Client, Client], environment: dict[str, str]
) -> None:
    before = await count_applications(environment["REGISTRATION_DATABASE_URL"])
    for _ in range(3):
        pairs = [(uuid4().hex, an_application()) for _ in range(200)]
        one, other = await asyncio.gather(
            two_clients[0].batch(items(*pairs)), two_clients[1].batch(items(*pairs[::-1]))
        )
        results = [*one.json["results"], *other.json["results"]]
        assert {result["status"] for result in results} == {200, 201}
        receipts = {(r["idempotencyKey"], r["receipt"]["applicationId"]) for r in results}
        assert len(receipts) == 200
    assert await count_applications(environment["REGISTRATION_DATABASE_URL"]) == before + 600


# -- whose it is ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def straddling(postcodes: Path) -> tuple[Address, str]:
    """An address whose postcode belongs to another authority, and that authority's code."""

    async def find() -> tuple[Address, str]:
        with PostcodeIndex(postcodes) as index:
            lookup = SyntheticAddressLookup(index)
            for postcode in (f"S{n} {m}{xy}" for n in range(1, 9) for m in range(10) for xy in XY):
                for address in await lookup.by_postcode(postcode):
                    own = index.gss_code(postcode)
                    if own is not None and address.gss_code != own:
                        return address, own
        raise AssertionError("no postcode of Sheffield straddles a boundary")

    return asyncio.run(find())


XY = [a + b for a in "ABDEFGHJ" for b in "ABDEFGHJ"]


def at(address: Address, **changes: object) -> dict[str, object]:
    return (
        an_address(
            property=address.property,
            street=address.street,
            postcode=address.postcode,
            uprn=address.uprn,
        )
        | changes
    )


def code_today(gss_code: str) -> str:
    return Authorities.load().current(gss_code, datetime.now(LONDON).date()).gss_code


async def test_a_uprn_says_whose_it_is_where_the_postcode_does_not(
    client: Client, straddling: tuple[Address, str]
) -> None:
    address, postcodes_code = straddling
    by_uprn = await client.apply(an_application(address=at(address), country=ABSENT))
    assert by_uprn.json["authority"]["gssCode"] == code_today(address.gss_code)
    typed = {k: v for k, v in at(address).items() if k != "uprn"}
    by_postcode = await client.apply(an_application(address=typed, country=ABSENT))
    assert by_postcode.json["authority"]["gssCode"] == code_today(postcodes_code)


async def test_a_uprn_left_over_from_another_postcode_decides_nothing(client: Client) -> None:
    edited = an_address(postcode="EH1 1BB", uprn=uprn_of("S1 2HH", 1))
    answer = await client.apply(an_application(address=edited, country=ABSENT))
    assert answer.json["authority"]["gssCode"] == "S12000036"


async def test_a_postcode_that_nobody_can_place_is_accepted(client: Client) -> None:
    nowhere = an_application(address=an_address(postcode="ZZ9 9ZZ", uprn=ABSENT), country=ABSENT)
    answer = await client.apply(nowhere)
    assert answer.status == 201
    authority = answer.json["authority"]
    assert (authority["gssCode"], authority["name"]) == ("X99999999", "To be confirmed")
    told = await client.apply(nowhere | {"gssCode": "E08000039"})
    assert told.json["authority"]["gssCode"] == "E08000039"


# -- status ---------------------------------------------------------------------------------------


async def test_reference_and_postcode_tell_how_far_it_is(client: Client) -> None:
    receipt = (await client.apply(an_application())).json
    shown = f"{receipt['reference'][:5].lower()}-{receipt['reference'][5:]} "
    for reference, postcode in [(receipt["reference"], "S1 2HH"), (shown, "s12hh")]:
        answer = await client.ask(reference, postcode)
        assert answer.status == 200
        assert answer.json == {
            "status": "received",
            "steps": [{"step": "received", "at": receipt["receivedAt"]}],
            "authority": receipt["authority"],
        }


async def test_a_wrong_pair_and_an_unknown_reference_are_the_same_answer(client: Client) -> None:
    reference = (await client.apply(an_application())).json["reference"]
    wrong = await client.ask(reference, "S1 2HJ")
    unknown = await client.ask(draw_reference(), "S1 2HH")
    check_problem(wrong, 404, "not-found")
    assert wrong.text == unknown.text
    assert {n: v for n, v in wrong.headers.items() if n != "Date"} == {
        n: v for n, v in unknown.headers.items() if n != "Date"
    }


async def test_a_wrong_pair_and_an_unknown_reference_take_the_same_time(client: Client) -> None:
    reference = (await client.apply(an_application())).json["reference"]
    took: dict[str, list[float]] = {reference: [], draw_reference(): []}
    for _ in range(200):
        for asked, times in took.items():
            begin = time.perf_counter()
            await client.ask(asked, "S1 2HJ")
            times.append(time.perf_counter() - begin)
    wrong, unknown = (median(times) for times in took.values())
    assert abs(wrong - unknown) < 0.25 * max(wrong, unknown)


# -- how it ends ----------------------------------------------------------------------------------


async def test_at_sigterm_every_request_is_answered_and_every_receipt_holds(
    environment: dict[str, str], session: ClientSession
) -> None:
    before = await count_applications(environment["REGISTRATION_DATABASE_URL"])
    statuses: list[int] = []
    with running(environment) as service:
        client = Client(session, service.url)

        async def send_until_refused() -> None:
            with suppress(ClientConnectorError):  # nobody listens any more: nothing was sent
                while True:
                    statuses.append((await client.apply(an_application())).status)

        sending = [asyncio.create_task(send_until_refused()) for _ in range(50)]
        while len(statuses) < 100:
            await asyncio.sleep(0.01)
        service.process.send_signal(signal.SIGTERM)
        begin = time.monotonic()
        await asyncio.gather(*sending)
        assert await asyncio.to_thread(service.process.wait, 10) == 0
        assert time.monotonic() - begin < 10
    assert set(statuses) == {201}
    after = await count_applications(environment["REGISTRATION_DATABASE_URL"])
    assert after - before == len(statuses)


async def test_postgres_away_for_five_seconds_costs_nobody_an_application(
    environment: dict[str, str], session: ClientSession, tmp_path: Path
) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres")
    await asyncio.to_thread(server.start)
    try:
        dsn = server.dsn("registration")
        await migrate(dsn, "registration", MIGRATIONS)
        with running(environment | {"REGISTRATION_DATABASE_URL": dsn}) as service:
            sending = asyncio.create_task(_send_through(Client(session, service.url)))
            await asyncio.sleep(1)
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(5)
            await asyncio.to_thread(server.start)
            receipts, refusals = await sending
            assert refusals > 0
            assert len(set(receipts)) == len(receipts)
            assert await count_applications(dsn) == len(receipts)
            assert await asyncio.to_thread(service.end) == 0
    finally:
        await asyncio.to_thread(server.stop)


async def _send_through(client: Client) -> tuple[list[str], int]:
    """Send for ten seconds, repeating what was refused; returns all receipts and the refusals."""
    ends = time.monotonic() + 10
    receipts, refusals = [], 0

    async def send() -> None:
        nonlocal refusals
        while time.monotonic() < ends:
            key = uuid4().hex
            while (answer := await client.apply(an_application(), key)).status == 503:
                assert check_problem(answer, 503, "unavailable")
                refusals += 1
                await asyncio.sleep(float(answer.headers["Retry-After"]))
            assert answer.status in (200, 201), answer.text
            receipts.append(answer.json["applicationId"])

    await asyncio.gather(*(send() for _ in range(16)))
    return receipts, refusals


async def test_kafka_away_stops_neither_intake_nor_a_clean_end(
    environment: dict[str, str], session: ClientSession, tmp_path: Path
) -> None:
    kafka = EmbeddedKafka(tmp_path / "kafka")
    await asyncio.to_thread(kafka.start)
    try:
        await make_topics(kafka.bootstrap_servers)
        own = {"REGISTRATION_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers}
        with running(environment | own) as service:
            client = Client(session, service.url)
            assert (await client.apply(an_application())).status == 201
            await asyncio.to_thread(kafka.stop)
            answers = [await client.apply(an_application()) for _ in range(5)]
            assert {answer.status for answer in answers} == {201}
            assert await asyncio.to_thread(service.end) == 0
    finally:
        await asyncio.to_thread(kafka.stop)


def test_a_wrong_password_is_one_sentence_that_names_the_setting_and_not_its_value(
    environment: dict[str, str],
) -> None:
    dsn = urlsplit(environment["REGISTRATION_DATABASE_URL"])
    wrong = f"postgresql://registration:{CANARY}@127.0.0.1:{dsn.port}/registration"
    found = subprocess.run(
        [sys.executable, "-m", "registration", "serve"],
        env=os.environ | environment | {"REGISTRATION_DATABASE_URL": wrong},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert found.returncode == 78
    assert found.stderr.startswith("REGISTRATION_DATABASE_URL is wrong")
    assert found.stderr.count("\n") == 1
    assert CANARY not in found.stderr
