"""Partners: what an entry of their file may say."""

import pytest
from registration.partners import Partner, read_partner

ENTRY = {"clientId": "helpline", "source": "assisted", "tokenSha256": []}


def test_a_partner_has_a_name_and_the_source_of_what_it_sends() -> None:
    assert read_partner(ENTRY) == Partner("helpline", "assisted")
    assert read_partner(ENTRY | {"source": "web"}).source == "web"


@pytest.mark.parametrize(
    "change", [{"source": "paper"}, {"source": ["web"]}, {"clientId": "c" * 101}, {"clientId": ""}]
)
def test_what_no_event_could_carry_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a partner's"):
        read_partner(ENTRY | change)


@pytest.mark.parametrize("name", ["clientId", "source"])
def test_an_entry_without_one_of_them_is_refused(name: str) -> None:
    with pytest.raises(KeyError):
        read_partner({key: value for key, value in ENTRY.items() if key != name})
