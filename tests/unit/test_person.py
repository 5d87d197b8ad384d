"""The sealed person, read leniently."""

import json
from datetime import date

import pytest
from builders import an_application
from electoral.person import Name, UnreadablePerson, read_person


def sealed(**changes: object) -> bytes:
    return json.dumps(an_application(**changes)).encode()


def test_an_ordinary_application_reads_as_a_person() -> None:
    person = read_person(sealed(middleNames="Ann"))
    assert person.name == Name("Siân", "Ann", "O'Neill")
    assert person.date_of_birth == date(1987, 3, 31)
    assert person.address is not None
    assert person.address.postcode == "S1 2HH"
    assert person.contact.email == "sian@example.com"
    assert person.nationalities == ("GB",)


def test_a_previous_name_counts_among_the_names() -> None:
    person = read_person(sealed(previousName={"firstName": "Jane", "lastName": "Roe"}))
    assert person.names == (Name("Siân", "", "O'Neill"), Name("Jane", "", "Roe"))


def test_fields_of_a_newer_writer_are_ignored_at_every_depth() -> None:
    person = read_person(sealed(hologram=1, contact={"post": True, "pigeon": "Speckled Jim"}))
    assert person.contact.post is True


def test_choices_of_a_newer_writer_are_read() -> None:
    person = read_person(
        sealed(otherAddress="houseboat", postalVote={"wanted": 1, "formBy": "fax"})
    )
    assert person.other_address == "houseboat"
    assert person.postal_vote is not None
    assert person.postal_vote.form_by == "fax"


def test_a_person_of_paper_may_say_next_to_nothing() -> None:
    person = read_person(b'{"firstName": "Jane", "lastName": "Roe"}')
    assert person.address is None
    assert person.open_register is False
    assert person.names == (Name("Jane", "", "Roe"),)


def test_sections_of_other_types_have_their_place() -> None:
    person = read_person(
        sealed(
            type="overseas",
            qualifyingAddress={"street": "High Street", "postcode": "S1 2HH"},
            correspondenceAddress={"street": "Rue Haute 3", "country": "FR"},
            overseas={"dateLeftUk": "1999-04", "bornBefore1983": True},
            proxyVote={"wanted": True, "formBy": "post"},
        )
    )
    assert person.overseas is not None
    assert person.overseas.date_left_uk == "1999-04"
    assert person.overseas.born_before_1983 is True
    assert person.correspondence_address is not None
    assert person.correspondence_address.country == "FR"


@pytest.mark.parametrize("opened", [b"", b"null", b"[1]", b"\xff", b'{"firstName": "Zyxwvut"}'])
def test_what_is_no_person_is_refused_without_repeating_it(opened: bytes) -> None:
    with pytest.raises(UnreadablePerson) as refused:
        read_person(opened)
    assert "Zyxwvut" not in str(refused.value)
    assert refused.value.__cause__ is None
