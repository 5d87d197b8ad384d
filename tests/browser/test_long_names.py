"""How long a name may be: counted in what it is made of, marks that nothing composes too."""

from unicodedata import normalize

import pytest

from browser.applicants import answers
from browser.conftest import Visiting

pytestmark = [pytest.mark.integration, pytest.mark.long]

# q with two marks: no single character has them, so NFC leaves three.
LONGEST = "Je" + "q\u0307\u0323" * 11
assert len(normalize("NFC", LONGEST)) == 35


def test_a_name_of_36_code_points_is_refused_and_stays_and_one_of_35_goes_on(
    visit: Visiting,
) -> None:
    with visit() as visitor:
        visitor.hurry_to("name", answers())
        for field in ("firstName", "lastName"):
            visitor.answer(answers()["name"] | {field: f"{LONGEST}n"})
            assert (visitor.slug, visitor.error_fields()) == ("name", [field])
            assert normalize("NFC", visitor.typed(field)) == normalize("NFC", f"{LONGEST}n")
        visitor.answer({"firstName": LONGEST, "lastName": LONGEST})
        assert visitor.slug == "previous-name"
