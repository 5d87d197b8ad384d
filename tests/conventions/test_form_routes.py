"""Every page of the form stands in its table, in both languages, behind the same guard."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from registration.form.table import ROUTES, add_form

NO_FORM: Any = SimpleNamespace()  # a guard that lets nobody through asks no part of the form
PLACES = [(route.method, place) for route in ROUTES for place, _ in route.paths()]
POSTS = sorted({place for method, place in PLACES if method == "POST"})


def test_no_two_rows_of_the_table_answer_the_same() -> None:
    assert len(PLACES) == len(set(PLACES))


def test_every_page_has_its_twin() -> None:
    without = {route.path for route in ROUTES if not route.has_twin and route.prefix != "/assets"}
    assert {path for path in without if not path.endswith(".csv")} == set()


def test_no_path_holds_what_somebody_typed() -> None:
    held = {name for _, place in PLACES for name in re.findall(r"{(\w+)", place)}
    assert held <= {"slug", "reason", "name", "hash", "file", "nothing"}


@pytest.mark.parametrize("place", POSTS)
async def test_no_post_from_elsewhere_reaches_a_handler(place: str) -> None:
    app = web.Application()
    add_form(app, NO_FORM)
    async with TestClient(TestServer(app)) as client:
        path = place.replace("{slug}", "name")
        answer = await client.post(path, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status == 403
        assert answer.content_type == "text/html"
