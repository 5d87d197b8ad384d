"""Lists of authorities with what a test is about changed: codes that end, split, or come."""

from dataclasses import replace
from datetime import date, timedelta

from electoral.authorities import Authorities, Authority

SHIPPED = Authorities.load()


def authorities_with(*changed: Authority) -> Authorities:
    """The shipped list with some authorities in place of their old entries, or added to it."""
    by_code = {authority.gss_code: authority for authority in SHIPPED}
    by_code |= {authority.gss_code: authority for authority in changed}
    return Authorities(list(by_code.values()), SHIPPED.eros)


def ended(gss_code: str, *successors: str, last_day: date) -> Authority:
    """An authority of the shipped list whose code ends."""
    return replace(SHIPPED.authority(gss_code), valid_to=last_day, successors=successors)


def begun(gss_code: str, ero: str, *, first_day: date) -> Authority:
    """A new authority of England."""
    return Authority(gss_code, f"New {gss_code}", "england", ero, first_day, None, ())


def day_before(day: date) -> date:
    return day - timedelta(days=1)
