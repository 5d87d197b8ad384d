"""What people have said by the end of the form."""

import pytest
from simulated.form_answers import as_said

APPLICATION = {"nationalities": ["FR"], "euRetainedRights": True, "timeTakenSeconds": 90}


@pytest.mark.parametrize(
    ("visited", "said"),
    [
        (("nationality", "eu-rights"), {"nationalities": ["FR"], "euRetainedRights": True}),
        (("nationality", "date-of-birth"), {"nationalities": ["FR"]}),
    ],
)
def test_only_who_was_asked_for_retained_rights_has_said_anything(
    visited: tuple[str, ...], said: dict[str, object]
) -> None:
    assert as_said(APPLICATION, "wales", visited) == said | {"country": "wales"}
