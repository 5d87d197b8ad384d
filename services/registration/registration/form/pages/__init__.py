"""All question pages, in the order in which they are asked."""

from registration.form.page import Page
from registration.form.pages.address import ADDRESS_PAGES
from registration.form.pages.birth import DATE_OF_BIRTH
from registration.form.pages.choices import CONTACT, OPEN_REGISTER, POSTAL_VOTE, SOLE_OCCUPANCY
from registration.form.pages.identity import NAME, NINO, PREVIOUS_NAME
from registration.form.pages.nationality import EU_RIGHTS, NATIONALITY
from registration.form.pages.previous_address import PREVIOUS_ADDRESS_PAGES
from registration.form.pages.residence import COUNTRY_OF_RESIDENCE

PAGES: tuple[Page, ...] = (
    COUNTRY_OF_RESIDENCE,
    NATIONALITY,
    EU_RIGHTS,
    DATE_OF_BIRTH,
    NAME,
    PREVIOUS_NAME,
    NINO,
    *ADDRESS_PAGES,
    *PREVIOUS_ADDRESS_PAGES,
    OPEN_REGISTER,
    POSTAL_VOTE,
    SOLE_OCCUPANCY,
    CONTACT,
)

_BY_SLUG = {page.slug: page for page in PAGES}


def page_of(slug: str) -> Page | None:
    """Return the question page of a slug."""
    return _BY_SLUG.get(slug)
