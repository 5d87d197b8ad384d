"""The words of the pages, in English and Welsh: `texts/<area>.<language>.yaml` beside this module.

A key is the way to a text through the maps of its file, with the area before it:
`status:received.title`; without an area it is of the form, `name.question`. A text may name facts
in braces, `{deadline}`. What is looked up is plain text, for a template to escape. Only where the
last part of a key ends in `_html` is a text markup: its tags are meant, its facts are escaped.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import get_args

import yaml
from electoral.events import Language
from electoral.unusable import Unusable
from markupsafe import Markup

DEFAULT_AREA = "form"
LANGUAGES: tuple[Language, ...] = get_args(Language)

_MARKUP = "_html"  # what the key of a text with tags ends in

Fact = str | int
Translate = Callable[..., str]  # t(key, **facts), as templates know it
Catalogue = Mapping[str, str]


class TextsUnusable(Unusable):
    """A file of texts is malformed."""


class UnknownText(KeyError):
    """No file of texts has this key."""

    def __str__(self) -> str:
        return f"there is no text with the key {self.args[0]}"


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts by language, read once."""

    catalogues: Mapping[Language, Catalogue]

    @classmethod
    def load(cls, directory: Traversable | None = None) -> "Texts":
        """Read every area's files; raises TextsUnusable."""
        place = directory or files(__package__).joinpath("texts")
        catalogues = {language: _read_language(place, language) for language in LANGUAGES}
        # A text that nobody has translated yet is shown in English; a test does not let it pass.
        return cls({"en": catalogues["en"], "cy": {**catalogues["en"], **catalogues["cy"]}})

    def text(self, area_key: str, language: Language, **facts: Fact) -> str:
        """Return a text with its facts put in; raises UnknownText."""
        catalogue = self.catalogues[language]
        key = area_key if ":" in area_key else f"{DEFAULT_AREA}:{area_key}"
        try:
            found = catalogue[key]
        except KeyError:
            raise UnknownText(key) from None
        if key.endswith(_MARKUP):
            return Markup(found).format(**facts)  # noqa: S704 - our own text; facts are escaped
        return found.format(**facts) if facts else found

    def translate(self, language: Language) -> Translate:
        """Return `text` for pages in one language."""

        def t(area_key: str, **facts: Fact) -> str:
            return self.text(area_key, language, **facts)

        return t

    def __contains__(self, area_key: object) -> bool:
        """Say whether there is such a text, so that a template may leave out a hint."""
        key = str(area_key)
        return (key if ":" in key else f"{DEFAULT_AREA}:{key}") in self.catalogues["en"]


def read_file(file: Traversable) -> dict[str, str]:
    """Read the texts of one file, by their keys without the area; raises TextsUnusable."""
    try:
        # Every scalar as it is written: `yes`, `no` and `on` are keys here, not truth values.
        content = yaml.load(file.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506
    except yaml.YAMLError as error:
        raise TextsUnusable(f"{file.name}: {error}.") from None
    return dict(_leaves(content, file.name)) if content else {}


def _read_language(directory: Traversable, language: Language) -> dict[str, str]:
    ending = f".{language}.yaml"
    return {
        f"{file.name.removesuffix(ending)}:{key}": text
        for file in sorted(directory.iterdir(), key=lambda file: file.name)
        if file.name.endswith(ending)
        for key, text in read_file(file).items()
    }


def _leaves(branch: object, where: str, way: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(branch, str):
        yield way, branch
    elif isinstance(branch, dict):
        for name, below in branch.items():
            yield from _leaves(below, where, f"{way}.{name}" if way else name)
    else:
        raise TextsUnusable(f"{where}: {way or 'the file'} is neither a text nor a map of texts.")
