"""What pages say, as a person reads or hears it, and what of that is English on a Welsh page."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from electoral.authorities import Authorities
from registration import messages
from registration.form.texts import read_file
from registration.messages_in_welsh import WELSH

FORM = Path(messages.__file__).parent / "form"
TEXT_FILES = sorted((FORM / "texts").glob("*.yaml"))
AREAS = sorted({file.name.split(".")[0] for file in TEXT_FILES})

# Texts that are one in both languages, each with the reason.
SAME_IN_BOTH = {
    "performance:indicators.percent": "a number and its sign",
}

# Words of every English sentence that are no Welsh word, or none that our sentences need.
ENGLISH_WORDS = frozenset(
    "and are because been but by cannot choose does enter for from has have if into it must not"
    " of or our please should that the their them then there these they this those to we were what"
    " when where which who why will with you your".split()
)
# What the components of GOV.UK Frontend say by themselves where a template forgets to tell them.
SAID_BY_COMPONENTS = frozenset(
    "Back|Continue|Day|Error|Error:|Hide this message|Important|Information|Menu|Month|Next|"
    "Previous|Skip to main content|Success|There is a problem|Warning|Year".split("|")
)
LONG = 20  # characters; such an English text is English wherever it stands in another

_READ_OUT = {"alt", "aria-description", "aria-label", "placeholder", "title"}
_BUTTONS = {"button", "reset", "submit"}
_SILENT = {"script", "style"}
_VOID = {"br", "hr", "img", "input", "link", "meta", "path", "source", "wbr"}


def texts_of(language: str) -> dict[str, str]:
    """Every text and every message as written in one language, nothing filled in."""
    written = {
        f"{file.name.split('.')[0]}:{key}": text
        for file in TEXT_FILES
        if file.name.endswith(f".{language}.yaml")
        for key, text in read_file(file).items()
    }
    sentences = WELSH if language == "cy" else messages.ENGLISH
    return written | {f"messages.{key}": text for key, text in sentences.items()}


def words(text: str) -> set[str]:
    """The words of a text; addresses, codes and facts to be filled in are none."""
    plain = re.sub(r"<[^>]*>|\{\w*\}|\S*[@/\d]\S*|isle-of-man", " ", text)
    return set(re.findall(r"[^\W\d_]+", plain.lower()))


class _Page(HTMLParser):
    """Collects what is said in a page but for what is marked as being in another language."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.paths: list[str] = []  # to which links lead and forms are sent
        self.language = ""
        self._open: list[bool] = []  # for each open element: is it passed over?

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = told.get("lang", "")
        strange = told.get("lang", self.language) != self.language or tag in _SILENT
        passed_over = strange or any(self._open)
        if tag not in _VOID:
            self._open.append(passed_over)
        if passed_over:
            return
        self.said += [told[name] for name in _READ_OUT & told.keys()]
        if tag == "input" and told.get("type") in _BUTTONS:
            self.said.append(told.get("value", ""))
        if tag in ("a", "form"):
            self.paths.append(told.get("href") or told.get("action") or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(self._open):
            self.said.append(" ".join(data.split()))


def read_page(html: str) -> _Page:
    """Read a page: `said`, `paths` and `language`."""
    page = _Page()
    page.feed(html)
    page.close()
    return page


def english_left(html: str) -> list[str]:
    """What a Welsh page says in English; the names of councils are as they are."""
    return [said for said in read_page(html).said if _is_english(said)]


@cache
def _is_english(said: str) -> bool:
    if said in _names():
        return False
    whole = said in SAID_BY_COMPONENTS or any(text.fullmatch(said) for text in _english_texts())
    parts = any(text.search(said) for text in _english_texts() if len(text.pattern) > LONG)
    return whole or parts or bool(words(said) & ENGLISH_WORDS)


@cache
def _english_texts() -> tuple[re.Pattern[str], ...]:
    in_both = set(texts_of("cy").values())
    english = sorted(set(texts_of("en").values()) - in_both)
    return tuple(re.compile("[^.]*?".join(_pieces(text))) for text in english)


def _pieces(text: str) -> Iterator[str]:
    flat = " ".join(text.split())
    return (re.escape(piece) for piece in re.split(r"\{\w*\}", flat))


@cache
def _names() -> frozenset[str]:
    listed = Authorities.load()
    contacts = {ero.contact.address for ero in listed.eros}
    return frozenset({each.name for each in listed} | {ero.name for ero in listed.eros} | contacts)
