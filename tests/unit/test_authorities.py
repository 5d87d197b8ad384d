"""Authorities and EROs: the shipped lists are whole, and successors are followed."""

import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from electoral.authorities import (
    AUTHORITY_UNKNOWN,
    Authorities,
    Authority,
    Contact,
    Ero,
    UnknownAuthority,
    main,
    nation_of,
)
from electoral.data import ReferenceDataUnusable

TODAY = date(2026, 11, 22)
LOTHIAN = ("S12000010", "S12000019", "S12000036", "S12000040")


@pytest.fixture(scope="module")
def authorities() -> Authorities:
    return Authorities.load()


def an_authority(gss_code: str, **changes: object) -> Authority:
    fields: dict[str, object] = {
        "gss_code": gss_code,
        "name": f"Place {gss_code}",
        "nation": "england",
        "ero": "somewhere",
        "valid_from": None,
        "valid_to": None,
        "successors": (),
    }
    return Authority(**{**fields, **changes})  # type: ignore[arg-type]


def an_ero(code: str = "somewhere") -> Ero:
    return Ero(code, code.title(), Contact(f"{code}@{code}.example", "01632 960000", "1 Street"))


def test_great_britain_has_350_authorities_in_force(authorities: Authorities) -> None:
    nations = Counter(authority.nation for authority in authorities.in_force(TODAY))
    assert nations == {"england": 296, "wales": 22, "scotland": 32}


def test_great_britain_had_380_authorities_when_individual_registration_began(
    authorities: Authorities,
) -> None:
    assert len(authorities.in_force(date(2014, 6, 10))) == 380


def test_there_are_333_eros_of_whom_15_are_in_scotland(authorities: Authorities) -> None:
    scottish = {a.ero for a in authorities.in_force(TODAY) if a.nation == "scotland"}
    assert (len(authorities.eros), len(scottish)) == (333, 15)
    boards = [code for code in scottish if len(authorities.gss_codes_of(code, TODAY)) > 1]
    assert len(boards) == 10
    assert sum(len(authorities.gss_codes_of(code, TODAY)) for code in boards) == 27


def test_every_ero_answers_for_an_authority_in_force(authorities: Authorities) -> None:
    assert all(authorities.gss_codes_of(ero.code, TODAY) for ero in authorities.eros)


def test_in_england_and_wales_an_ero_answers_for_one_authority(authorities: Authorities) -> None:
    eros = Counter(a.ero for a in authorities.in_force(TODAY) if a.nation != "scotland")
    assert set(eros.values()) == {1}


def test_a_joint_board_answers_for_several_authorities(authorities: Authorities) -> None:
    assert authorities.gss_codes_of("lothian") == LOTHIAN
    assert {authorities.ero(code).name for code in LOTHIAN} == {"Lothian Valuation Joint Board"}


def test_contacts_are_visibly_synthetic_and_differ(authorities: Authorities) -> None:
    contacts = [ero.contact for ero in authorities.eros]
    assert all(contact.email.endswith(".example") for contact in contacts)
    assert all(contact.phone.startswith("01632 960") for contact in contacts)
    assert len({c.email for c in contacts}) == len({c.phone for c in contacts}) == len(contacts)


@pytest.mark.parametrize(
    ("ended", "successor", "last_day"),
    [
        ("S12000015", "S12000047", date(2018, 2, 15)),  # Fife
        ("S12000046", "S12000049", date(2019, 3, 31)),  # Glasgow
        ("E08000016", "E08000038", date(2025, 3, 31)),  # Barnsley
        ("E07000026", "E06000063", date(2023, 3, 31)),  # Allerdale, now in Cumberland
    ],
)
def test_an_ended_code_leads_to_its_successor_from_the_day_after(
    authorities: Authorities, ended: str, successor: str, last_day: date
) -> None:
    assert authorities.current(ended, last_day).gss_code == ended
    assert authorities.current(ended, TODAY).gss_code == successor
    assert authorities.ero(ended) == authorities.ero(successor)
    assert authorities.authority(successor).valid_from == date.fromordinal(last_day.toordinal() + 1)


def test_successors_are_followed_more_than_once(authorities: Authorities) -> None:
    taunton_deane = "E07000190"
    assert authorities.current(taunton_deane, date(2020, 1, 1)).name == "Somerset West and Taunton"
    assert authorities.current(taunton_deane, TODAY).name == "Somerset"


def test_every_ended_code_leads_to_one_in_force(authorities: Authorities) -> None:
    assert all(authorities.current(a.gss_code, TODAY).in_force(TODAY) for a in authorities)


def test_an_area_that_several_share_stays_with_the_ended_code() -> None:
    ended = an_authority("E07000001", valid_to=date(2020, 1, 1), successors=("E07000002",) * 2)
    authorities = Authorities([ended, an_authority("E07000002")], [an_ero()])
    assert authorities.current("E07000001", TODAY) == ended


def test_codes_that_succeed_each_other_do_not_hang_the_look_up() -> None:
    there = an_authority("E07000001", valid_to=date(2020, 1, 1), successors=("E07000002",))
    back = an_authority("E07000002", valid_to=date(2020, 1, 1), successors=("E07000001",))
    found = Authorities([there, back], [an_ero()]).current("E07000001", TODAY)
    assert found in (there, back)


def test_an_ero_keeps_its_ended_codes(authorities: Authorities) -> None:
    assert authorities.gss_codes_of("fife") == ("S12000015", "S12000047")
    assert authorities.gss_codes_of("fife", TODAY) == ("S12000047",)


@pytest.mark.parametrize("gss_code", [AUTHORITY_UNKNOWN, "N09000003", ""])
def test_a_code_of_no_authority_is_a_clear_key_error(
    authorities: Authorities, gss_code: str
) -> None:
    assert authorities.find(gss_code) is None
    assert gss_code not in authorities
    with pytest.raises(UnknownAuthority, match=f"no authority or ERO has the code {gss_code}"):
        authorities.ero(gss_code)


def test_an_unknown_ero_code_is_a_clear_key_error(authorities: Authorities) -> None:
    with pytest.raises(KeyError, match="atlantis"):
        authorities.gss_codes_of("atlantis")


def test_a_nation_is_told_by_the_code() -> None:
    codes = ("E06000001", "W06000001", "S12000036", "N09000003", AUTHORITY_UNKNOWN)
    assert [nation_of(code) for code in codes] == ["england", "wales", "scotland", None, None]


def test_eros_come_from_a_file_in_place_of_the_shipped_one(tmp_path: Path) -> None:
    eros = [
        {"code": "somewhere", "name": "S", "contact": {"email": "e", "phone": "p", "address": "a"}}
    ]
    places: list[dict[str, object]] = [
        {
            "gssCode": "E07000001",
            "name": "Place",
            "nation": "england",
            "ero": "somewhere",
            "validFrom": None,
            "validTo": None,
            "successors": [],
        }
    ]
    eros_file, places_file = tmp_path / "eros.json", tmp_path / "authorities.json"
    eros_file.write_text(json.dumps(eros))
    places_file.write_text(json.dumps(places))
    assert Authorities.load(places_file, eros_file).ero("E07000001").contact.phone == "p"


def test_a_malformed_file_is_refused_with_the_place_of_the_fault(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text('[{"code": "Not A Slug", "name": "S", "contact": {}}]')
    with pytest.raises(ReferenceDataUnusable, match=r"mine\.json: record 1, code"):
        Authorities.load(eros_file=file)


@pytest.mark.parametrize(
    ("authority", "complaint"),
    [
        (an_authority("E07000001", ero="elsewhere"), "names an ERO that is not listed"),
        (an_authority("W06000001"), "is not a code of england"),
        (an_authority("E07000001", successors=("E07000001",)), "successors but no last day"),
        (
            an_authority("E07000001", valid_to=TODAY, successors=("E07000009",)),
            "names an unknown successor",
        ),
    ],
)
def test_data_that_contradict_themselves_are_refused(authority: Authority, complaint: str) -> None:
    with pytest.raises(ReferenceDataUnusable, match=complaint):
        Authorities([authority], [an_ero()])


def test_a_code_that_occurs_twice_is_refused() -> None:
    with pytest.raises(ReferenceDataUnusable, match="twice"):
        Authorities([an_authority("E07000001")] * 2, [an_ero()])


def test_the_command_prints_each_ero_with_its_codes(capsys: pytest.CaptureFixture[str]) -> None:
    main(["eros"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 333
    assert "lothian S12000010 S12000019 S12000036 S12000040" in [
        " ".join([line.split()[0], *sorted(line.split()[1:])]) for line in lines
    ]


def test_the_command_prints_a_table_of_authorities(capsys: pytest.CaptureFixture[str]) -> None:
    main(["list"])
    barnsley = next(line for line in capsys.readouterr().out.splitlines() if "E08000038" in line)
    assert barnsley.split() == ["E08000038", "Barnsley", "england", "barnsley", "2025-04-01"]


def test_the_command_says_which_file_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eros", "--eros-file", str(tmp_path / "nowhere.json")]) == 78
    assert capsys.readouterr().err == "nowhere.json: No such file or directory.\n"
