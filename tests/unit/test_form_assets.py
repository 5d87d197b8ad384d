"""Style sheet and scripts: what is built, how it is sent, and how much of it there is."""

import gzip
import json
import re
from pathlib import Path

import brotli
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from form_pages_rendered import html_of, read
from registration.form.assets import BUILT, Assets, AssetsMissing

ROOT = Path(__file__).parent.parent.parent
SOURCES = ROOT / "services/registration/assets"
START_BYTES_MAX = 120_000


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets.load()


def asked(assets: Assets, name: str, accepted: str = "", of: str | None = None) -> web.Response:
    path = f"/assets/{of or assets.hash}/{name}"
    match = {"hash": of or assets.hash, "file": name}
    headers = {"Accept-Encoding": accepted}
    return assets.answer(make_mocked_request("GET", path, headers=headers, match_info=match))


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("", None)]
)
def test_a_file_is_sent_in_the_smallest_form_that_is_accepted(
    assets: Assets, accepted: str, encoding: str | None
) -> None:
    response = asked(assets, "styles.css", accepted)
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding]
    assert response.headers.get("Content-Encoding") == encoding
    assert isinstance(response.body, bytes)
    assert unpack(response.body) == (BUILT / "styles.css").read_bytes()
    assert response.content_type == "text/css"


def test_a_browser_asks_for_a_file_once(assets: Assets) -> None:
    response = asked(assets, "form.js")
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.content_type == "text/javascript"


@pytest.mark.parametrize("name", ["styles.css.br", "built.json", "../assets.py", "nothing.js"])
def test_only_what_pages_link_to_is_served(assets: Assets, name: str) -> None:
    with pytest.raises(web.HTTPNotFound):
        asked(assets, name)


def test_another_builds_file_is_not_this_ones(assets: Assets) -> None:
    with pytest.raises(web.HTTPNotFound):
        asked(assets, "form.js", of="0" * 16)


def test_assets_that_are_not_built_say_how_to_build_them(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissing, match="make assets"):
        Assets.load(tmp_path)


def test_the_start_page_with_all_that_it_loads_is_small(assets: Assets) -> None:
    html = html_of("start.html")
    loaded = [each.attributes["src"] for each in read(html).all("script")]
    loaded += [each.attributes["href"] for each in read(html).all("link")]
    named = {Path(place or "").name for place in loaded} & assets.files.keys()
    assert named == {"styles.css", "form.js", "favicon.svg"}
    # All files there are: what form.js imports is among them.
    loaded_bytes = sum(len(file.encoded["gzip"]) for file in assets.files.values())
    assert len(gzip.compress(html.encode())) + loaded_bytes < START_BYTES_MAX


def test_the_script_imports_only_what_is_served_beside_it(assets: Assets) -> None:
    script = assets.files["form.js"].plain.decode()
    imported = set(re.findall(r'from "\./([^"]+)"', script))
    assert imported == {"govuk-frontend.min.js"}
    assert imported < assets.files.keys()


def test_the_styles_load_nothing_and_have_neither_brand_nor_its_font(assets: Assets) -> None:
    styles = assets.files["styles.css"].plain.decode()
    assert len(styles) > 10_000
    for foreign in ("url(", "@font-face", "GDS Transport", "@import", "crest"):
        assert foreign not in styles


def test_the_components_that_pages_use_have_styles(assets: Assets) -> None:
    styles = assets.files["styles.css"].plain.decode()
    templates = ROOT / "services/registration/registration/form/templates"
    used = {
        name
        for path in templates.rglob("*.html")
        for name in re.findall(r"\b(?:govuk|form|session)-[a-z-]+(?:__[a-z-]+)?", path.read_text())
        if f'class="{name}' in path.read_text()
    }
    assert len(used) > 20
    not_styled = {"govuk-table__row", "govuk-table__body"}  # by their cells
    assert {name for name in used if f".{name}" not in styles} <= not_styled


def test_the_lock_names_no_host_and_every_package_by_its_hash() -> None:
    text = (SOURCES / "package-lock.json").read_text("utf-8")
    assert re.search(r"https?://", text) is None
    packages = json.loads(text)["packages"]
    assert {name for name, each in packages.items() if name and "integrity" not in each} == set()


def test_the_styles_are_those_that_the_templates_of_the_components_are_made_for() -> None:
    """govuk-frontend-jinja says which GOV.UK Frontend it follows; another one looks broken."""
    wanted = json.loads((SOURCES / "package.json").read_text("utf-8"))["dependencies"]
    assert wanted["govuk-frontend"] == "6.3.0"
    assert "govuk-frontend-jinja==4.1.0" in (ROOT / "requirements.txt").read_text("utf-8")
