"""One Chromium and one form for the tests of this folder."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

import pytest
from electoral_local.postgres import EmbeddedPostgres
from form_world import COPIES_OFFERED, FormWorld, form_world
from playwright.sync_api import Browser

from browser.chromium import chromium, installed
from browser.visitor import DESKTOP, Visitor, visiting


# Of the package, not of the run: while the driver lives, no other test may start a loop.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = installed()
    if program is None:
        pytest.skip("There is no Chromium here: install the system's package `chromium`.")
    with chromium(program) as running:
        yield running


@pytest.fixture(scope="package")
def form(
    embedded_postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FormWorld]:
    folder = tmp_path_factory.mktemp("form")
    with form_world(embedded_postgres, folder, COPIES_OFFERED) as world:
        yield world


class Visiting(Protocol):
    """Opens a window at the form."""

    def __call__(
        self,
        *,
        language: str = "en",
        size: tuple[int, int] = DESKTOP,
        javascript: bool = True,
    ) -> AbstractContextManager[Visitor]: ...


@pytest.fixture
def visit(browser: Browser, form: FormWorld) -> Visiting:
    def visit(
        *, language: str = "en", size: tuple[int, int] = DESKTOP, javascript: bool = True
    ) -> AbstractContextManager[Visitor]:
        return visiting(browser, form.url, language=language, size=size, javascript=javascript)

    return visit
