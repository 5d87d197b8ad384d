"""Days and times as pages say them, in English and Welsh, by CLDR's words; always Europe/London."""

from datetime import date, datetime, time
from functools import lru_cache

from babel.dates import format_date
from electoral.events import Language
from electoral.today import LONDON

_LOCALES = {"en": "en_GB", "cy": "cy"}
_HALVES = {"en": ("am", "pm"), "cy": ("yb", "yh")}  # CLDR's; put directly behind, as in English
_TWELVE = {"en": {0: "midnight", 12: "midday"}, "cy": {0: "hanner nos", 12: "hanner dydd"}}
_AT = {"en": " at ", "cy": " am "}  # `am` softens, but neither figures nor `hanner` can soften
_HOURS_OF_HALF_A_DAY = 12
_DAYS_KEPT = 1_024


@lru_cache(_DAYS_KEPT)
def day(date: date, language: Language) -> str:
    """Return `18 June 2024`, `18 Mehefin 2024`."""
    return format_date(date, "d MMMM y", locale=_LOCALES[language])


@lru_cache(_DAYS_KEPT)
def day_of_week(date: date, language: Language) -> str:
    """Return `Tuesday 18 June 2024`, `dydd Mawrth 18 Mehefin 2024`: as within a sentence."""
    written = format_date(date, "EEEE d MMMM y", locale=_LOCALES[language])
    return written[0].lower() + written[1:] if language == "cy" else written


@lru_cache(_DAYS_KEPT)
def month(date: date, language: Language) -> str:
    """Return `June 2024`, `Mehefin 2024`."""
    return format_date(date, "MMMM y", locale=_LOCALES[language])


def clock(moment: datetime, language: Language) -> str:
    """Return `9:05am`, `9:05yb`; `midnight` and `midday` have words of their own."""
    at = moment.astimezone(LONDON).time()
    if at.replace(second=0, microsecond=0) in (time(0), time(12)):
        return _TWELVE[language][at.hour]
    half, hour = divmod(at.hour, _HOURS_OF_HALF_A_DAY)
    return f"{hour or _HOURS_OF_HALF_A_DAY}:{at.minute:02}{_HALVES[language][half]}"


def moment(moment: datetime, language: Language) -> str:
    """Return `18 June 2024 at 10:15pm`, `18 Mehefin 2024 am 10:15yh`."""
    on = moment.astimezone(LONDON).date()
    return f"{day(on, language)}{_AT[language]}{clock(moment, language)}"
