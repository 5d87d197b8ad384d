"""The names of countries: English as in the reference data, Welsh by CLDR, mended where needed."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from unicodedata import normalize

from babel import Locale
from electoral import franchise
from electoral.events import Language

# Where CLDR's Welsh takes a side that the English list does not take, or says less than it.
_INSTEAD_OF_CLDR = {
    "BN": "Brunei Darussalam",
    "BQ": "Bonaire, Sint Eustatius a Saba",
    "CD": "Gweriniaeth Ddemocrataidd y Congo",
    "CG": "Y Congo",
    "FK": "Ynysoedd Falkland",
    "GM": "Y Gambia",
    "HK": "Hong Kong",
    "MF": "Saint Martin (rhan Ffrainc)",
    "MM": "Myanmar",
    "MO": "Macao",
    "PS": "Palesteina",
    "SH": "Saint Helena, Ascension a Tristan da Cunha",
    "SX": "Sint Maarten (rhan yr Iseldiroedd)",
    "TF": "Tiroedd Deheuol Ffrainc",
}


@cache
def country_names(language: Language) -> Mapping[str, str]:
    """Return the name of every country by its alpha-2 code, in the order of the names."""
    names = _in_welsh() if language == "cy" else franchise.country_names()
    return MappingProxyType(dict(sorted(names.items(), key=lambda item: _letters(item[1]))))


def _in_welsh() -> dict[str, str]:
    by_cldr = Locale("cy").territories
    return {code: _INSTEAD_OF_CLDR.get(code) or by_cldr[code] for code in franchise.country_names()}


def _letters(name: str) -> str:
    """Return what a name is sorted by: its letters without accents, so that Å stands under A."""
    return "".join(filter(str.isascii, normalize("NFKD", name))).casefold()
