"""Explanation: what verification found, as sentences in English and Welsh.

Made from levels, the result and why there was no NINO, and from nothing else: what DWP's record
says cannot be in a sentence that was written before anybody was looked up. Whoever shows an outcome
makes them, so no event carries them, and a better sentence serves old outcomes too.
"""

from collections.abc import Mapping
from typing import NamedTuple

Levelled = Mapping[str, str]
"""The level of each field, by its name on the wire."""


class Sentence(NamedTuple):
    """One sentence in both languages."""

    en: str
    cy: str


class Explanation(NamedTuple):
    """A sentence for the result, and one for each field by its name on the wire."""

    result: Sentence
    fields: Mapping[str, Sentence]

    def as_json(self) -> dict[str, dict[str, object]]:
        return {
            "en": {
                "result": self.result.en,
                "fields": {field: sentence.en for field, sentence in self.fields.items()},
            },
            "cy": {
                "result": self.result.cy,
                "fields": {field: sentence.cy for field, sentence in self.fields.items()},
            },
        }


_FIRST_NAME = {
    "match": Sentence(
        "First name: the same as a name on the record.",
        "Enw cyntaf: yr un fath ag enw ar y cofnod.",
    ),
    "alias": Sentence(
        "First name: a short or familiar form of a name on the record, or the same name in another"
        " language.",
        "Enw cyntaf: ffurf fer neu gyfarwydd ar enw ar y cofnod, neu'r un enw mewn iaith arall.",
    ),
    "initials": Sentence(
        "First name: begins with the same three letters as a name on the record.",
        "Enw cyntaf: yn dechrau â'r un tair llythyren ag enw ar y cofnod.",
    ),
    "reversed": Sentence(
        "First name: the same as a last name on the record; first and last name are swapped.",
        "Enw cyntaf: yr un fath â chyfenw ar y cofnod; mae'r enw cyntaf a'r cyfenw wedi'u"
        " cyfnewid.",
    ),
    "alias-reversed": Sentence(
        "First name: another form of a last name on the record; first and last name are swapped.",
        "Enw cyntaf: ffurf arall ar gyfenw ar y cofnod; mae'r enw cyntaf a'r cyfenw wedi'u"
        " cyfnewid.",
    ),
    "soundex": Sentence(
        "First name: sounds like a name on the record.",
        "Enw cyntaf: yn swnio fel enw ar y cofnod.",
    ),
    "no-match": Sentence(
        "First name: different from the record.",
        "Enw cyntaf: yn wahanol i'r cofnod.",
    ),
    "not-applicable": Sentence("First name: not compared.", "Enw cyntaf: heb ei gymharu."),
}
_MIDDLE_NAME = {
    "match": Sentence(
        "Middle names: the same as on the record.",
        "Enwau canol: yr un fath ag ar y cofnod.",
    ),
    "initials": Sentence(
        "Middle names: begin with the same three letters as on the record.",
        "Enwau canol: yn dechrau â'r un tair llythyren ag ar y cofnod.",
    ),
    "not-populated": Sentence(
        "Middle names: not given, or not on the record.",
        "Enwau canol: heb eu rhoi, neu ddim ar y cofnod.",
    ),
    "no-match": Sentence(
        "Middle names: different from the record.",
        "Enwau canol: yn wahanol i'r cofnod.",
    ),
    "not-applicable": Sentence("Middle names: not compared.", "Enwau canol: heb eu cymharu."),
}
_LAST_NAME = {
    "match": Sentence(
        "Last name: the same as a name on the record.",
        "Cyfenw: yr un fath ag enw ar y cofnod.",
    ),
    "alias": Sentence(
        "Last name: another form of a name on the record, or the same name in another language.",
        "Cyfenw: ffurf arall ar enw ar y cofnod, neu'r un enw mewn iaith arall.",
    ),
    "reversed": Sentence(
        "Last name: the same as a first name on the record; first and last name are swapped.",
        "Cyfenw: yr un fath ag enw cyntaf ar y cofnod; mae'r enw cyntaf a'r cyfenw wedi'u"
        " cyfnewid.",
    ),
    "alias-reversed": Sentence(
        "Last name: a short or familiar form of a first name on the record; first and last name"
        " are swapped.",
        "Cyfenw: ffurf fer neu gyfarwydd ar enw cyntaf ar y cofnod; mae'r enw cyntaf a'r cyfenw"
        " wedi'u cyfnewid.",
    ),
    "soundex": Sentence(
        "Last name: sounds like a name on the record.",
        "Cyfenw: yn swnio fel enw ar y cofnod.",
    ),
    "no-match": Sentence("Last name: different from the record.", "Cyfenw: yn wahanol i'r cofnod."),
    "not-applicable": Sentence("Last name: not compared.", "Cyfenw: heb ei gymharu."),
}
_DATE_OF_BIRTH = {
    "match": Sentence(
        "Date of birth: the same as on the record.",
        "Dyddiad geni: yr un fath ag ar y cofnod.",
    ),
    "no-match": Sentence(
        "Date of birth: different from the record.",
        "Dyddiad geni: yn wahanol i'r cofnod.",
    ),
    "not-applicable": Sentence("Date of birth: not compared.", "Dyddiad geni: heb ei gymharu."),
}
_NINO = {
    "match": Sentence(
        "National Insurance number: there is a record with this number.",
        "Rhif Yswiriant Gwladol: mae cofnod â'r rhif hwn.",
    ),
    "no-match": Sentence(
        "National Insurance number: there is no record with this number.",
        "Rhif Yswiriant Gwladol: nid oes cofnod â'r rhif hwn.",
    ),
    "not-applicable": Sentence(
        "National Insurance number: not looked up.",
        "Rhif Yswiriant Gwladol: ni chwiliwyd amdano.",
    ),
}
_DATE_OF_DEATH = {
    "true": Sentence(
        "Date of death: there is one on the record.",
        "Dyddiad marwolaeth: mae un ar y cofnod.",
    ),
    "false": Sentence(
        "Date of death: there is none on the record.",
        "Dyddiad marwolaeth: nid oes un ar y cofnod.",
    ),
    "not-applicable": Sentence(
        "Date of death: not looked for.",
        "Dyddiad marwolaeth: nid edrychwyd amdano.",
    ),
}
FIELDS: Mapping[str, Mapping[str, Sentence]] = {
    "firstName": _FIRST_NAME,
    "middleName": _MIDDLE_NAME,
    "lastName": _LAST_NAME,
    "dateOfBirth": _DATE_OF_BIRTH,
    "nino": _NINO,
    "dateOfDeath": _DATE_OF_DEATH,
}

PENDING = Sentence(
    "Not checked yet: there has been no answer so far. The result will follow.",
    "Heb ei wirio eto: ni chafwyd ateb hyd yn hyn. Bydd y canlyniad yn dilyn.",
)
GREEN = Sentence(
    "Matched: the National Insurance number, the date of birth and both names agree with a record.",
    "Yn cyfateb: mae'r rhif Yswiriant Gwladol, y dyddiad geni a'r ddau enw yn cytuno â chofnod.",
)
RED = Sentence(
    "Not matched: what was given does not agree with a record.",
    "Ddim yn cyfateb: nid yw'r hyn a roddwyd yn cytuno â chofnod.",
)
NEVER_ISSUED = Sentence(
    "Not matched: a National Insurance number that begins with these letters was never issued.",
    "Ddim yn cyfateb: ni roddwyd erioed rif Yswiriant Gwladol sy'n dechrau â'r llythrennau hyn.",
)
NO_RECORD = Sentence(
    "Not matched: there is no record with this National Insurance number.",
    "Ddim yn cyfateb: nid oes cofnod â'r rhif Yswiriant Gwladol hwn.",
)
OTHER_DATE_OF_BIRTH = Sentence(
    "Not matched: the date of birth is different from the record.",
    "Ddim yn cyfateb: mae'r dyddiad geni yn wahanol i'r cofnod.",
)
DECEASED = Sentence(
    "Not matched: there is a date of death on the record.",
    "Ddim yn cyfateb: mae dyddiad marwolaeth ar y cofnod.",
)
OTHER_NAMES = Sentence(
    "Not matched: the first and the last name are different from the record.",
    "Ddim yn cyfateb: mae'r enw cyntaf a'r cyfenw yn wahanol i'r cofnod.",
)
OTHER_FIRST_NAME = Sentence(
    "Not matched: the first name is different from the record.",
    "Ddim yn cyfateb: mae'r enw cyntaf yn wahanol i'r cofnod.",
)
OTHER_LAST_NAME = Sentence(
    "Not matched: the last name is different from the record.",
    "Ddim yn cyfateb: mae'r cyfenw yn wahanol i'r cofnod.",
)
UNDER_16 = Sentence(
    "Not checked: people under 16 are not looked up.",
    "Heb ei wirio: ni chwilir am bobl dan 16 oed.",
)
NO_NINO = Sentence(
    "Not checked: no National Insurance number was given.",
    "Heb ei wirio: ni roddwyd rhif Yswiriant Gwladol.",
)
NO_DATE_OF_BIRTH = Sentence(
    "Not checked: no date of birth was given.",
    "Heb ei wirio: ni roddwyd dyddiad geni.",
)

# In the order in which verification asks; the first that is so is what has to be told.
_WHY_RED: tuple[tuple[Levelled, Sentence], ...] = (
    ({"nino": "no-match"}, NO_RECORD),
    ({"dateOfBirth": "no-match"}, OTHER_DATE_OF_BIRTH),
    ({"dateOfDeath": "true"}, DECEASED),
    ({"firstName": "no-match", "lastName": "no-match"}, OTHER_NAMES),
    ({"firstName": "no-match"}, OTHER_FIRST_NAME),
    ({"lastName": "no-match"}, OTHER_LAST_NAME),
)


def explain(
    result: str | None, levels: Levelled | None, nino_absence: str | None = None
) -> Explanation:
    """Explain an outcome; one without a result is pending.

    A level that a newer verification may name and that is unknown here gets no sentence.
    """
    levels = levels or {}
    told = {field: FIELDS[field].get(levels.get(field, "")) for field in FIELDS}
    fields = {field: sentence for field, sentence in told.items() if sentence is not None}
    return Explanation(_explain_result(result, levels, nino_absence), fields)


def _explain_result(result: str | None, levels: Levelled, nino_absence: str | None) -> Sentence:
    if result is None:
        return PENDING
    if result == "green":
        return GREEN
    return _why_red(levels, nino_absence) if result == "red" else _why_unchecked(nino_absence)


def _why_red(levels: Levelled, nino_absence: str | None) -> Sentence:
    if nino_absence == "never-issued":
        return NEVER_ISSUED
    reasons = (why for these, why in _WHY_RED if these.items() <= levels.items())
    return next(reasons, RED)


def _why_unchecked(nino_absence: str | None) -> Sentence:
    if nino_absence == "under-16":
        return UNDER_16
    return NO_NINO if nino_absence in ("no-nino", "not-corrected") else NO_DATE_OF_BIRTH
