"""A client as a council's supplier wrote it for the published absent-vote API.

It knows that API's manners and nothing else: GET consumes nothing, a page is 100 by default and 200
at most, oldest first; PUT takes a record off the queue and is 204 however often it is sent; another
authority's id is 404. Which path it asks and which model it reads are its only parameters.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

TIMEOUT = 30.0  # seconds
PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX = 100, 200


@dataclass(frozen=True)
class Model:
    """How a page and its items are to be read."""

    listed: str  # the name of a page's list
    fields: Mapping[str, str]  # what is kept, and where in `detail` it is found


REGISTRATIONS = Model(
    listed="registrations",
    fields={
        "reference": "refNum",
        "forename": "fn",
        "surname": "ln",
        "born": "dob",
        "address": "registeredAddress",
    },
)


@dataclass(frozen=True)
class Credential:
    """Of one authority, and where it is good."""

    url: str
    token: str


class PublishedClient:
    """Fetches what waits, stores it, and says so."""

    def __init__(self, credential: Credential, path: str, model: Model) -> None:
        self.stored: dict[str, Mapping[str, object]] = {}  # by id, in the order they were stored
        self._credential = credential
        self._path = path
        self._model = model

    def poll(self) -> int:
        """Stores all that waits and answers for each; returns how many were new."""
        before = len(self.stored)
        while page := self.page(PAGE_SIZE_MAX):
            for item in page:
                self.stored[item["id"]] = self._read(item)
                if (status := self.answer(item["id"], "success")) != 204:
                    raise RuntimeError(f"an own record was answered {status}")
        return len(self.stored) - before

    def page(self, page_size: int | None = None) -> list[dict[str, Any]]:
        """What waits, oldest first."""
        query = "" if page_size is None else f"?pageSize={page_size}"
        status, body = self._ask("GET", f"{self._path}{query}")
        if status != 200:
            raise RuntimeError(f"a page was answered {status}")
        listed: list[dict[str, Any]] = json.loads(body)[self._model.listed]
        return listed

    def answer(self, id_: str, status: str, message: str = "", details: str = "") -> int:
        """The status with which the answer to one record was taken."""
        texts = {"message": message, "details": details}
        told = {"status": status, **{name: text for name, text in texts.items() if text}}
        return self._ask("PUT", f"{self._path}/{id_}", told)[0]

    def _read(self, item: Mapping[str, Any]) -> Mapping[str, object]:
        known = {name: item[name] for name in ("createdAt", "gssCode", "source")}
        detail = item["detail"]
        return {**known, **{own: detail.get(name) for own, name in self._model.fields.items()}}

    def _ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        request = urllib.request.Request(
            self._credential.url.rstrip("/") + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers=dict(self._headers(body)),
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read()

    def _headers(self, body: object) -> Iterator[tuple[str, str]]:
        yield "Authorization", f"Bearer {self._credential.token}"
        if body is not None:
            yield "Content-Type", "application/json"
