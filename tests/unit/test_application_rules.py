"""Rules between answers, and those of the day and the nation, row by row."""

from datetime import date

import pytest
from builders import ABSENT, an_address, an_application
from electoral.authorities import Nation
from electoral.problems import FieldError
from registration.application import Application
from registration.messages import ENGLISH
from registration.reading import InvalidApplication, check_for_nation, read_application

TODAY = date(2026, 11, 22)


def read(**changes: object) -> Application:
    return read_on(TODAY, changes)


def read_on(day: date, changes: dict[str, object]) -> Application:
    return read_application(an_application(**changes), on=day, source="web")


def faults(errors: tuple[FieldError, ...]) -> list[tuple[str, str]]:
    return [(error.pointer, error.code) for error in errors]


def has_its_own_sentence(error: FieldError) -> bool:
    return "{" not in error.detail and error.detail != ENGLISH["*:not-valid"]


def errors_of(**changes: object) -> tuple[FieldError, ...]:
    with pytest.raises(InvalidApplication) as invalid:
        read(**changes)
    assert all(has_its_own_sentence(error) for error in invalid.value.errors)
    return invalid.value.errors


def no_birth(age_range: str) -> dict[str, object]:
    return {"dateOfBirth": ABSENT, "noDateOfBirth": {"reason": "Lost", "ageRange": age_range}}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"noDateOfBirth": {"reason": "r", "ageRange": "over75"}},
         ("/noDateOfBirth", "give-one-only")),
        ({"noNino": {"reason": "r"}}, ("/noNino", "give-one-only")),
        ({"noNationality": {"reason": "r"}}, ("/noNationality", "give-one-only")),
        ({"nino": None}, ("/nino", "missing")),
        ({"source": "assisted"}, ("/source", "not-the-credentials")),
        ({"declaration": False}, ("/declaration", "not-declared")),
        ({"contact": {}}, ("/contact", "missing")),
        ({"contact": {"post": False}}, ("/contact", "missing")),
        ({"postalVote": {"wanted": True}}, ("/postalVote/formBy", "missing")),
        *(
            ({"postalVote": {"wanted": True, "formBy": "email"}, "contact": contact},
             ("/contact/email", "needed-for-postal-vote"))
            for contact in ({"phone": "01632 960 001"}, {"post": True}, {})
        ),
        ({"dateOfBirth": "2026-11-22"}, ("/dateOfBirth", "in-the-future")),
        ({"dateOfBirth": "2027-01-01"}, ("/dateOfBirth", "in-the-future")),
        ({"dateOfBirth": "1911-11-22"}, ("/dateOfBirth", "too-long-ago")),
        ({"dateOfBirth": "1066-10-14"}, ("/dateOfBirth", "too-long-ago")),
        ({"previousAddress": an_address()}, ("/previousAddress", "same-as-address")),
        ({"previousAddress": an_address(town="Elsewhere", street="Mill Hill")},
         ("/previousAddress", "same-as-address")),  # the UPRN is the same
        ({"previousAddress": an_address(uprn=ABSENT, property=ABSENT, street="12, MILL LANE",
                                        postcode="s12hh")},
         ("/previousAddress", "same-as-address")),
        ({"previousAddress": an_address(uprn=ABSENT, country="GB")},
         ("/previousAddress", "same-as-address")),
        ({"country": "northern-ireland"}, ("/country", "lives-in-northern-ireland")),
        ({"country": "channel-islands"}, ("/country", "lives-in-channel-islands")),
        ({"country": "isle-of-man"}, ("/country", "lives-in-isle-of-man")),
        ({"country": "abroad"}, ("/country", "lives-in-abroad")),
        ({"gssCode": "N07000001"}, ("/gssCode", "lives-in-northern-ireland")),
        ({"address": an_address(postcode="BT1 5GS")},
         ("/address/postcode", "lives-in-northern-ireland")),
        ({"address": an_address(postcode="JE2 3AB")}, ("/address/postcode", "lives-in-jersey")),
        ({"address": an_address(postcode="GY1 1AA")}, ("/address/postcode", "lives-in-guernsey")),
        ({"address": an_address(postcode="IM1 1AA")},
         ("/address/postcode", "lives-in-isle-of-man")),
        ({"country": "england", "nationalities": ["US"]},
         ("/nationalities", "no-franchise-england")),
        ({"country": "england", "nationalities": ["FR"]}, ("/euRetainedRights", "missing")),
    ],
)  # fmt: skip
def test_a_broken_rule_is_named(changes: dict[str, object], fault: tuple[str, str]) -> None:
    assert faults(errors_of(**changes)) == [fault]


@pytest.mark.parametrize(
    "changes",
    [
        {"dateOfBirth": "1911-11-23"},  # 114 for one more day
        {"previousAddress": an_address(uprn="100051000002")},  # another flat behind one door
        {"previousAddress": an_address(uprn=ABSENT, property="13")},
        {"previousAddress": an_address(uprn=ABSENT, postcode="S1 2HJ")},
        {"previousAddress": {"street": "12 Mill Lane", "postcode": "S1 2HH", "country": "US"}},
        {"country": "england", "nationalities": ["CY"]},
        {"country": "england", "nationalities": ["MT"]},
        {"country": "england", "nationalities": ["JE"]},
        {"country": "england", "nationalities": ["BM"]},
        {"country": "england", "nationalities": ["DK"]},
        {"country": "england", "nationalities": ["LU"]},
        {"country": "england", "nationalities": ["PL"]},
        {"country": "england", "nationalities": ["PT"]},
        {"country": "england", "nationalities": ["ES"]},
        {"country": "england", "nationalities": ["US", "IN"]},
        {"country": "scotland", "nationalities": ["US"]},
        {"country": "wales", "nationalities": ["CN"]},
        {"country": ABSENT, "nationalities": ["US"]},
    ],
)
def test_what_the_rules_allow_passes(changes: dict[str, object]) -> None:
    assert read(**changes)


@pytest.mark.parametrize(
    ("country", "born", "code"),
    [
        ("england", "2010-11-22", None),  # 16 today
        ("england", "2010-11-23", "too-young-england"),
        ("scotland", "2012-11-22", None),  # 14 today
        ("scotland", "2012-11-23", "too-young-scotland"),
        ("wales", "2012-11-22", None),
        ("wales", "2012-11-23", "too-young-wales"),
        (ABSENT, "2012-11-22", None),  # the most lenient nation
        (ABSENT, "2012-11-23", "too-young"),
    ],
)
def test_minimum_age_by_country_on_the_day_of_arrival(
    country: object, born: str, code: str | None
) -> None:
    changes = {"country": country, "dateOfBirth": born, "nino": ABSENT, "noNino": ABSENT}
    if born.startswith("2010"):
        changes |= {"nino": "AB123456C"}
    if code is None:
        assert read(**changes)
    else:
        assert ("/dateOfBirth", code) in faults(errors_of(**changes))


def test_the_sentence_about_age_names_the_age_that_the_day_asks_for() -> None:
    english, scottish = (
        errors_of(country=country, dateOfBirth="2013-05-05", nino=ABSENT)[0]
        for country in ("england", "scotland")
    )
    assert "16 or over to register to vote in England" in english.detail
    assert "14 or over to register to vote in Scotland" in scottish.detail


@pytest.mark.parametrize(
    ("country", "age_range", "code"),
    [
        ("england", "18to75", None),
        ("england", "over75", None),
        ("england", "16to17", "not-in-england"),
        ("england", "over18", "not-in-england"),
        ("scotland", "16to17", None),
        ("scotland", "over18", None),
        ("scotland", "18to75", "not-in-scotland"),
        ("wales", "16to17", None),
        ("wales", "over18", None),
        ("wales", "over75", "not-in-wales"),
        (ABSENT, "18to75", None),
        (ABSENT, "16to17", None),
        ("england", "under18", "not-online"),
        ("scotland", "14to15", "not-online"),
        ("wales", "dontKnow", "not-online"),
        (ABSENT, "under18", "not-online"),
        ("england", "40", "not-a-choice"),
    ],
)
def test_age_ranges_of_each_nation(country: object, age_range: str, code: str | None) -> None:
    changes = no_birth(age_range) | {"country": country}
    if code is None:
        assert read(**changes)
    else:
        assert faults(errors_of(**changes)) == [("/noDateOfBirth/ageRange", code)]


def test_who_gives_no_date_of_birth_is_asked_for_a_nino() -> None:
    assert faults(errors_of(**no_birth("18to75"), nino=ABSENT)) == [("/nino", "missing")]


FIFTEEN: dict[str, object] = {"country": "scotland", "dateOfBirth": "2011-05-05"}


def test_under_16s_are_not_asked_for_a_nino() -> None:
    assert read(**FIFTEEN, nino=ABSENT).nino_absence == "under-16"


@pytest.mark.parametrize("given", [{}, {"nino": ABSENT, "noNino": {"reason": "Too young"}}])
def test_what_an_under_16_says_about_a_nino_unasked_is_dropped(given: dict[str, object]) -> None:
    application = read(**(FIFTEEN | given))
    assert application.nino is None
    assert application.no_nino is None
    assert application.nino_absence == "under-16"


def test_under_16s_are_never_in_the_open_register() -> None:
    assert faults(errors_of(**FIFTEEN, nino=ABSENT, openRegister=True)) == [
        ("/openRegister", "under-16")
    ]


def test_16_is_not_under_16() -> None:
    sixteen = {"country": "wales", "dateOfBirth": "2010-11-22"}
    assert read(**sixteen, openRegister=True).nino == "AB123456C"
    assert faults(errors_of(**sixteen, nino=ABSENT)) == [("/nino", "missing")]


def test_without_nino_the_reason_is_told() -> None:
    assert read(nino=ABSENT, noNino={"reason": "Never had one"}).nino_absence == "no-nino"


@pytest.mark.parametrize(
    ("changes", "nation", "expected"),
    [
        (FIFTEEN, "scotland", []),
        (FIFTEEN, "wales", []),
        (FIFTEEN, "england", [("/dateOfBirth", "too-young-england")]),
        (FIFTEEN, None, []),
        ({"country": "scotland", "nationalities": ["US"]}, "england",
         [("/nationalities", "no-franchise-england")]),
        ({"country": "wales", "nationalities": ["FR"]}, "england",
         [("/euRetainedRights", "missing")]),
        ({"country": "wales", "nationalities": ["FR"], "euRetainedRights": True}, "england", []),
        ({"country": "wales", "nationalities": ["FR"], "euRetainedRights": False}, "england", []),
        ({"country": ABSENT, "nationalities": ["US"]}, None, []),
        (no_birth("18to75"), "scotland", [("/noDateOfBirth/ageRange", "not-in-scotland")]),
        (no_birth("18to75"), None, []),
        ({}, "england", []),
        ({}, "wales", []),
    ],
)  # fmt: skip
def test_the_nation_of_the_address_is_asked_again(
    changes: dict[str, object], nation: Nation | None, expected: list[tuple[str, str]]
) -> None:
    assert faults(check_for_nation(read(**changes), nation, TODAY)) == expected


def test_the_franchise_is_dated() -> None:
    before = date(2024, 5, 6)
    assert read_on(before, {"nationalities": ["FR"]}), (
        "every EU citizen could register in England then"
    )


def test_all_broken_rules_are_told_at_once() -> None:
    found = faults(
        errors_of(
            source="assisted",
            dateOfBirth=str(date(2026, 11, 23)),
            noNino={"reason": "r"},
            nationalities=["US"],
            previousAddress=an_address(),
            postalVote={"wanted": True},
            contact={},
            declaration=False,
        )
    )
    assert [pointer for pointer, _ in found] == [
        "/source", "/dateOfBirth", "/noNino", "/nationalities", "/previousAddress",
        "/postalVote/formBy", "/contact", "/declaration",
    ]  # fmt: skip
