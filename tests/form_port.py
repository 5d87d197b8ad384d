"""The form alone, served in this process: its clock, its parts and its failures are a test's own.

`Visitor` is a browser without scripts: it keeps cookies, `Secure` ones too, and sends back the
token that its page holds.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from electoral.address_lookup import AddressLookup, SyntheticAddressLookup
from electoral.authorities import Authorities
from electoral.blind_index import BlindIndex
from electoral.calendar import Polls
from electoral.group_commit import GroupCommit
from electoral.http import edge
from electoral.limits import RateLimit
from electoral.metrics import Metrics
from electoral.postcodes import PostcodeIndex
from electoral.postgres import Pool
from electoral.proxies import TrustedProxies
from electoral.sealing import DirectoryKeyring, Sealer
from registration.admission import Admission
from registration.arrival import Signer
from registration.authority import AuthorityFinder
from registration.counted import CountedSubmissions
from registration.form.app import Form
from registration.form.assets import Assets
from registration.form.rendering import Renderer
from registration.form.sessions import Sessions
from registration.form.signing_in import signing_in_of
from registration.form.table import add_form
from registration.form.texts import Texts
from registration.form.waiting_line import Line
from registration.form.waiting_room import WaitingRoom
from registration.intake import Intake
from registration.notify.copies import Copies
from registration.performance.cost import Prices
from registration.performance.reading import PublicFigures
from registration.settings import Settings
from registration.status import StatusQuestions
from registration.submission import Committer, Submissions

FORM = "/register-to-vote"
TOKEN = re.compile(r'name="csrf" value="([^"]*)"')

# Slug -> what somebody types there who has nothing special to say.
ANSWERS: Mapping[str, Mapping[str, str]] = {
    "country-of-residence": {"country": "england"},
    "nationality": {"british": "yes"},
    "date-of-birth": {"day": "31", "month": "3", "year": "1987"},
    "name": {"firstName": "Siân", "lastName": "O'Neill"},
    "previous-name": {"changed": "no"},
    "nino": {"nino": "AB 12 34 56 C"},
    "postcode": {"postcode": "S1 2HH"},
    "address": {"uprn": "not-listed"},
    "type-address": {"street": "Mill Lane", "town": "Sheffield", "postcode": "S1 2HH"},
    "other-address": {"otherAddress": "none"},
    "previous-address": {"moved": "no"},
    "open-register": {"openRegister": "no"},
    "postal-vote": {"wanted": "no"},
    "sole-occupancy": {"sole": "no"},
    "contact": {"email": "sian@example.com"},
}


@dataclass
class Visitor:
    """Somebody's browser."""

    client: Any  # of aiohttp, the one for tests or the other
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""  # of the page shown last
    text: str = ""
    place: str = ""  # where the last answer sent the browser

    async def get(self, slug: str, **headers: str) -> ClientResponse:
        """Load a page."""
        return await self._take(await self.client.get(_path(slug), **self._told(headers)))

    async def post(self, slug: str, fields: Mapping[str, str], **headers: str) -> ClientResponse:
        """Send a form."""
        everything = {"csrf": self.token, **fields}
        told = self._told(headers)
        return await self._take(await self.client.post(_path(slug), data=everything, **told))

    async def answer(self, slug: str, **fields: str) -> ClientResponse:
        """Load a question and answer it."""
        await self.get(slug)
        return await self.post(slug, fields or ANSWERS[slug])

    async def answer_all(self, **changes: Mapping[str, str]) -> None:
        """Answer whatever is asked, up to the check page."""
        slug = "country-of-residence"
        while slug in ANSWERS:
            changed = changes.get(slug.replace("-", "_"), ANSWERS[slug])
            answered = await self.answer(slug, **changed)
            assert answered.status == 303, (slug, self.text)
            slug = self.place.rpartition("/")[2]
        assert slug == "check-your-answers", slug

    async def send(self) -> ClientResponse:
        """Declare, and send."""
        await self.get("declaration")
        return await self.post("declaration", {"agree": "yes"})

    def another_tab(self) -> "Visitor":
        """Open a second tab of the same browser; both keep one store of cookies."""
        return replace(self)

    def _told(self, headers: Mapping[str, str]) -> dict[str, Any]:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return {
            "headers": ({"Cookie": cookie} if cookie else {}) | named,
            "allow_redirects": False,
        }

    async def _take(self, response: ClientResponse) -> ClientResponse:
        for name, morsel in response.cookies.items():
            if morsel.value:
                self.cookies[name] = morsel.value
            else:
                self.cookies.pop(name, None)
        self.text = await response.text()
        found = TOKEN.search(self.text)
        self.token = found.group(1) if found else self.token
        self.place = response.headers.get("Location", "")
        return response


def _path(slug: str) -> str:
    return slug if slug.startswith("/") else f"{FORM}/{slug}" if slug else FORM


@dataclass
class FormPort:
    """A form that is served, and its parts."""

    client: TestClient[Any, Any]
    form: Form
    metrics: Metrics

    def visitor(self) -> Visitor:
        """Open another browser."""
        return Visitor(self.client)


@cache
def _pages() -> tuple[Texts, Assets, Renderer]:
    """Read what never changes once a run."""
    texts, assets = Texts.load(), Assets.load()
    return texts, assets, Renderer(texts, assets)


@asynccontextmanager
async def form_port(
    pool: Pool,
    keys_root: Path,
    postcodes: Path,
    *,
    addresses: AddressLookup | None = None,
    admission: Admission | None = None,
    line: Line | None = None,
    waiting_items_max: int = 2_000,
    **settings: Any,
) -> AsyncIterator[FormPort]:
    """Serve the form until the context ends."""
    keyring, metrics = DirectoryKeyring(keys_root / "registration"), Metrics()
    sealer, index, codes = Sealer(keyring), BlindIndex(keyring), PostcodeIndex(postcodes)
    listed, lookup = Authorities.load(), addresses or SyntheticAddressLookup(codes)
    finder = AuthorityFinder(listed, codes, lookup, 1.0)
    intake = Intake(pool, hash_body=index.under, wake=lambda: None)
    committer: Committer = GroupCommit(intake.commit, waiting_items_max=waiting_items_max)
    submissions = Submissions(
        pool=pool, sealer=sealer, index=index, finder=finder, intake=intake, committer=committer
    )
    # The limits have tests of their own.
    limits: dict[str, Any] = {
        "status_per_minute_address": 100_000,
        "status_per_minute_reference": 100_000,
    }
    told = Settings.model_construct(**limits | settings)
    texts, assets, renderer = _pages()
    room, polls = admission or Admission(), Polls.load()
    form = Form(
        settings=told,
        admission=room,
        waiting=WaitingRoom(room, Signer(index), polls, told, line=line),
        pool=pool,
        sealer=sealer,
        sessions=Sessions(pool, sealer, metrics),
        helpers=signing_in_of(told, pool, index, metrics),
        submissions=submissions,
        intake=CountedSubmissions(submissions, metrics),
        questions=StatusQuestions(pool, index),
        finder=finder,
        addresses=lookup,
        postcodes=codes,
        authorities=listed,
        polls=polls,
        texts=texts,
        renderer=renderer,
        assets=assets,
        metrics=metrics,
        proxies=TrustedProxies(),
        per_address=RateLimit(told.status_per_minute_address, 60),
        per_reference=RateLimit(told.status_per_minute_reference, 60),
        copies=Copies(pool, sealer, offered=told.notify_url is not None),
        figures=PublicFigures(pool, Prices(0.0, 0.0), listed),
        files_per_address=RateLimit(told.files_per_minute_address, 60),
    )
    app = web.Application(middlewares=[edge(metrics)])
    add_form(app, form)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(committer)
        await stack.enter_async_context(form.sessions)
        client = await stack.enter_async_context(TestClient(TestServer(app)))
        yield FormPort(client, form, metrics)
