"""The population: person n is a pure function of a seed, and valid under every rule."""

import unicodedata
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from simulated import names, places
from simulated.applications import AGE_RANGES
from simulated.kinds import Kind, Shares, shares_of
from simulated.ninos import ALL_NINOS, NEVER_ISSUED, Ninos
from simulated.origins import ENGLISH, OTHERS
from simulated.places import UNKNOWN_AUTHORITY, Places, load_places
from simulated.population import POPULATION, Citizen, Population
from simulated.uprns import houses_of, uprn_of

TODAY = date(2026, 11, 22)
PEOPLE = 4_000


@pytest.fixture(scope="module")
def everywhere() -> Places:
    return load_places()


@pytest.fixture(scope="module")
def citizens(everywhere: Places) -> list[Citizen]:
    population = Population(7, places=everywhere)
    return [population.person(n, TODAY) for n in range(PEOPLE)]


def of_kind(everywhere: Places, kind: Kind, wanted: int = 40) -> list[Citizen]:
    """People of one kind, from a population that is full of them."""
    shares = dict.fromkeys(Shares.__dataclass_fields__, 0.0)
    shares[kind.name.lower()] = 1.0
    population = Population(3, shares_of(shares), everywhere)
    people = (population.person(n, TODAY) for n in range(2_000))
    return [citizen for citizen in people if citizen.truth.kind is kind][:wanted]


def differs(citizen: Citizen, part: str) -> bool:
    """Whether the record's name differs from the applicant's in this part."""
    assert citizen.record is not None
    mine = getattr(citizen.identity.name, part)
    theirs = getattr(citizen.record.names[0], part)
    return names.compared(mine)[0] != names.compared(theirs)[0]


def test_two_populations_of_one_seed_agree_on_everybody(everywhere: Places) -> None:
    one, other = Population(11, places=everywhere), Population(11, places=everywhere)
    for n in (0, 1, 17, 123_456, POPULATION - 1):
        assert one.person(n, TODAY) == other.person(n, TODAY)
        assert one.person(n, TODAY).record == other.person(n, TODAY).record


def test_another_seed_is_another_population(everywhere: Places) -> None:
    one, other = Population(1, places=everywhere), Population(2, places=everywhere)
    assert one.person(5, TODAY).application != other.person(5, TODAY).application


def test_nobody_lives_outside_the_population(everywhere: Places) -> None:
    population = Population(1, places=everywhere)
    for n in (-1, POPULATION):
        with pytest.raises(ValueError, match="not among"):
            population.person(n)


def test_numbers_and_ninos_lead_to_each_other() -> None:
    ninos = Ninos(5)
    for number in (0, 1, 2, 999_999, POPULATION, ALL_NINOS - 1):
        assert ninos.number(ninos.nino(number)) == number
        assert ninos.number(ninos.nino(number) + "C") == number


def test_no_two_people_share_a_nino_and_none_was_never_issued() -> None:
    ninos = Ninos(5)
    some = [ninos.nino(number) for number in range(20_000)]
    assert len(set(some)) == len(some)
    for nino in some:
        assert nino[0] not in "DFIQUV"
        assert nino[1] not in "DFIOQUV"
        assert nino[:2] not in NEVER_ISSUED


@pytest.mark.parametrize("nonsense", ["", "AB", "AB12345", "BG123456", "QQ123456", "AB12345X"])
def test_what_is_no_nino_belongs_to_nobody(nonsense: str, everywhere: Places) -> None:
    assert Population(1, places=everywhere).record_of_nino(nonsense) is None


def test_dwp_finds_the_same_record_from_the_nino_alone(everywhere: Places) -> None:
    population = Population(7, places=everywhere)
    for n in range(200):
        citizen = population.person(n, TODAY)
        if citizen.truth.kind is not Kind.UNKNOWN_NINO:
            assert population.record_of_nino(citizen.identity.nino) == citizen.record


def test_who_is_as_on_record_agrees_with_it_in_everything(citizens: list[Citizen]) -> None:
    ordinary = [c for c in citizens if c.truth.kind is Kind.AS_ON_RECORD]
    assert len(ordinary) > PEOPLE / 2
    for citizen in ordinary:
        record = citizen.record
        assert record is not None
        assert record.date_of_death is None
        assert record.date_of_birth.isoformat() == citizen.application["dateOfBirth"]
        current, previous = citizen.identity.name, citizen.identity.previous_name
        typed = {(compared(n.first), compared(n.last)) for n in (current, previous) if n}
        assert compared(current.last) == compared(citizen.application["lastName"])
        assert typed & {(compared(n.first), compared(n.last)) for n in record.names}
        assert citizen.truth.result == "green"


def compared(name: object) -> str:
    """As verification must compare: no case, accents, apostrophes; a hyphen is a space."""
    return names.compared(str(name)).replace("-", " ")


@pytest.mark.parametrize(
    ("kind", "part"), [(Kind.OTHER_FIRST_NAME, "first"), (Kind.OTHER_LAST_NAME, "last")]
)
def test_another_name_on_record_is_red_under_any_rule(
    kind: Kind, part: str, everywhere: Places
) -> None:
    other_part = {"first": "last", "last": "first"}[part]
    for citizen in of_kind(everywhere, kind):
        assert differs(citizen, part)
        assert not differs(citizen, other_part)
        assert citizen.truth.levels[f"{part}Name"] == "no-match"
        assert citizen.truth.result == "red"
        assert "previousName" not in citizen.application


def test_a_wrong_date_of_birth_is_red(everywhere: Places) -> None:
    for citizen in of_kind(everywhere, Kind.WRONG_DATE_OF_BIRTH):
        assert citizen.record is not None
        assert citizen.record.date_of_birth.isoformat() != citizen.application["dateOfBirth"]
        assert citizen.truth.result == "red"


def test_an_unknown_nino_has_no_record(everywhere: Places) -> None:
    for citizen in of_kind(everywhere, Kind.UNKNOWN_NINO):
        assert citizen.record is None
        typed = str(citizen.application["nino"]).replace(" ", "").upper()
        assert Population(3, places=everywhere).record_of_nino(typed) is None
        assert citizen.truth.levels == {"nino": "no-match"}


def test_the_deceased_are_red_and_died_after_their_birth(everywhere: Places) -> None:
    for citizen in of_kind(everywhere, Kind.DECEASED):
        assert citizen.record is not None
        assert citizen.record.date_of_death is not None
        assert citizen.record.date_of_birth < citizen.record.date_of_death < TODAY
        assert citizen.truth.levels["dateOfDeath"] == "true"
        assert citizen.truth.result == "red"


def test_a_record_under_the_previous_name_alone_is_green(everywhere: Places) -> None:
    for citizen in of_kind(everywhere, Kind.PREVIOUS_NAME_ON_RECORD):
        assert citizen.record is not None
        previous = citizen.application["previousName"]
        assert isinstance(previous, dict)
        assert [compared(n.last) for n in citizen.record.names] == [compared(previous["lastName"])]
        assert compared(citizen.application["lastName"]) != compared(previous["lastName"])
        assert citizen.truth.result == "green"


def test_under_16s_live_where_they_may_apply_and_give_no_nino(everywhere: Places) -> None:
    young = of_kind(everywhere, Kind.UNDER_16)
    assert young
    for citizen in young:
        born = date.fromisoformat(str(citizen.application["dateOfBirth"]))
        assert TODAY - timedelta(days=16 * 365) < born < TODAY - timedelta(days=14 * 365 + 3)
        assert citizen.truth.gss_code[0] in "SW"
        assert not {"nino", "noNino"} & citizen.application.keys()
        assert citizen.application["openRegister"] is False
        assert citizen.truth.result == "not-applicable"


def test_no_date_of_birth_comes_with_an_age_range_of_the_nation(everywhere: Places) -> None:
    for citizen in of_kind(everywhere, Kind.NO_DATE_OF_BIRTH):
        stated = citizen.application["noDateOfBirth"]
        assert isinstance(stated, dict)
        english = citizen.truth.gss_code[0] == "E"
        assert stated["ageRange"] in (("18to75", "over75") if english else ("16to17", "over18"))
        assert "dateOfBirth" not in citizen.application


def test_shares_are_kept(everywhere: Places) -> None:
    population = Population(9, shares_of({"unknown_nino": 0.25, "no_nino": 0.0}), everywhere)
    kinds = Counter(population.person(n, TODAY).truth.kind for n in range(2_000))
    assert 400 < kinds[Kind.UNKNOWN_NINO] < 600
    assert kinds[Kind.NO_NINO] == 0


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"unknown_nin": 0.1}, "unknown share unknown_nin"),
        ({"no_nino": -0.1}, "between 0 and 1: no_nino"),
        ({"no_nino": 0.6, "unknown_nino": 0.6}, "add up to more than 1"),
    ],
)
def test_impossible_shares_are_refused(changes: dict[str, float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        shares_of(changes)


def test_unplaceable_postcodes_belong_to_nobody_unless_the_applicant_says(
    everywhere: Places,
) -> None:
    shares = shares_of({"unplaceable": 0.3, "unplaceable_with_gss_code": 0.3})
    population = Population(4, shares, everywhere)
    people = [population.person(n, TODAY) for n in range(600)]
    unknown = [c for c in people if c.truth.gss_code == "X99999999"]
    named = [c for c in people if "gssCode" in c.application]
    assert 120 < len(unknown) < 240
    assert 120 < len(named) < 240
    assert all(c.application["gssCode"] == c.truth.gss_code for c in named)
    assert not any("country" in c.application for c in unknown)


def test_every_authority_of_great_britain_has_people(everywhere: Places) -> None:
    codes = everywhere.gss_codes
    assert len(codes) == 350
    assert Counter(code[0] for code in codes) == {"E": 296, "W": 22, "S": 32}
    assert not set(places.SUCCESSORS) & set(codes)


def test_places_are_read_from_the_cache_when_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_sample", lambda files: _a_village())
    first = load_places(tmp_path)
    monkeypatch.setattr(places, "_sample", lambda files: pytest.fail("read the directory again"))
    assert load_places(tmp_path).gss_codes == first.gss_codes == ["E06000001"]
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


def _a_village() -> dict[str, object]:
    return {
        "sample": {"E06000001": ["TS24 8AA"]},
        "weights": {"E06000001": 1},
        "unplaceable": ["TS24 9ZZ"],
        "neighbours": {},
    }


def test_names_come_in_many_scripts_and_typed_apart(citizens: list[Citizen]) -> None:
    typed = [str(c.application[f]) for c in citizens for f in ("firstName", "lastName")]
    letters = {unicodedata.name(char, "?").split()[0] for name in typed for char in name}
    assert {"LATIN", "CYRILLIC", "GREEK", "ARABIC", "CJK"} <= letters
    assert any(unicodedata.normalize("NFC", name) != name for name in typed)
    assert any(len(name) == 1 for name in typed)
    assert {"'", "’", "-"} <= {char for name in typed for char in name}
    assert max(len(unicodedata.normalize("NFC", name)) for name in typed) <= 35


def test_a_record_writes_a_name_so_that_it_stays_the_same_name() -> None:
    for origin in (ENGLISH, *OTHERS):
        for name in (*origin.first, *origin.last):
            for style in range(3):
                assert names.compared(names.on_record(name, style)) == names.compared(name)


def test_every_optional_field_is_sent_by_somebody_and_not_by_all(citizens: list[Citizen]) -> None:
    sent = Counter(field for c in citizens for field in c.application)
    optional = {
        *("middleNames", "previousName", "nino", "noNino", "noDateOfBirth", "noNationality"),
        *("euRetainedRights", "previousAddress", "country", "gssCode", "applicantIp"),
        "timeTakenSeconds",
    }
    for field in optional:
        assert 0 < sent[field] < PEOPLE, field
    contacts = Counter(kind for c in citizens for kind in c.application["contact"])  # type: ignore[attr-defined]
    assert contacts.keys() == {"email", "phone", "post"}
    assert {c.application["otherAddress"] for c in citizens} == {"none", "student", "secondHome"}
    assert {c.application["language"] for c in citizens} == {"en", "cy"}


def address_of(citizen: Citizen) -> dict[str, str]:
    address = citizen.application["address"]
    assert isinstance(address, dict)
    return address


def test_nearly_everybody_chose_an_address_with_its_uprn(citizens: list[Citizen]) -> None:
    chosen = [c for c in citizens if "uprn" in address_of(c)]
    assert 0.89 < len(chosen) / PEOPLE < 0.94
    for citizen in chosen:
        place = citizen.identity.place
        assert address_of(citizen)["uprn"] == uprn_of(place.postcode, place.house)
        assert address_of(citizen)["property"] == str(place.house)
        assert 1 <= place.house <= houses_of(place.postcode)


def test_an_address_typed_by_hand_or_not_in_the_directory_never_has_a_uprn(
    everywhere: Places,
) -> None:
    population = Population(2, shares_of({"by_hand": 0.5, "unplaceable": 0.2}), everywhere)
    people = [population.person(n, TODAY) for n in range(300)]
    assert {"uprn" in address_of(c) for c in people} == {True, False}
    for citizen in people:
        if citizen.truth.gss_code == UNKNOWN_AUTHORITY:
            assert "uprn" not in address_of(citizen)


ACROSS = Places(
    {"E06000001": ["SW1A 1AA"], "S12000036": ["EH1 1AA"]},
    {"E06000001": 1, "S12000036": 1},
    ["TS24 9ZZ"],
    {"SW1A 1AA": "W06000015"},
)


def test_houses_over_the_boundary_are_the_neighbours_in_every_way() -> None:
    population = Population(2, shares_of({"by_hand": 0.3, "no_date_of_birth": 0.5}), ACROSS)
    seen = set()
    for n in range(600):
        citizen = population.person(n, TODAY)
        address, house = address_of(citizen), citizen.identity.place.house
        if address["postcode"].replace(" ", "").upper() != "SW1A1AA":
            continue
        over = house > houses_of("SW1A 1AA") * 2 // 3
        assert citizen.truth.gss_code == ("W06000015" if over else "E06000001")
        assert citizen.identity.place.nation == ("wales" if over else "england")
        if "noDateOfBirth" in citizen.application:
            age = citizen.application["noDateOfBirth"]["ageRange"]  # type: ignore[index]
            assert age in AGE_RANGES["wales" if over else "england"]
        seen.add((over, "uprn" in address))
    assert seen == {(True, True), (False, True), (False, False)}


def test_some_live_over_a_boundary_but_few(citizens: list[Citizen], everywhere: Places) -> None:
    """The same people without UPRNs: they live where their postcode says."""
    typed = Population(7, shares_of({"by_hand": 1.0}), everywhere)
    pairs = [
        (typed.person(n, TODAY).truth.gss_code, citizens[n].truth.gss_code) for n in range(PEOPLE)
    ]
    over = [by_postcode != by_house for by_postcode, by_house in pairs]
    assert 0.002 < sum(over) / PEOPLE < 0.02
