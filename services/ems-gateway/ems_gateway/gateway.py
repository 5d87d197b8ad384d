"""What the gateway's routes need, and what a route of theirs is."""

from dataclasses import dataclass

from electoral.routes import Authenticate, TokenRoute

from ems_gateway.answers import Answers
from ems_gateway.callers import Caller
from ems_gateway.determinations import Determinations
from ems_gateway.leases import Leases
from ems_gateway.notices import Notices
from ems_gateway.offers import Offers
from ems_gateway.pages import Pages
from ems_gateway.paper import PaperApplications
from ems_gateway.pulls import Pulls
from ems_gateway.resubmission import Resubmissions
from ems_gateway.statements import Statements
from ems_gateway.telling import Histories


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything that a route may ask for something."""

    authenticate: Authenticate[Caller]
    pages: Pages
    paper: PaperApplications
    resubmissions: Resubmissions
    answers: Answers
    offers: Offers
    leases: Leases
    pulls: Pulls
    determinations: Determinations
    notices: Notices
    histories: Histories
    statements: Statements


GatewayRoute = TokenRoute[Gateway, Caller]
