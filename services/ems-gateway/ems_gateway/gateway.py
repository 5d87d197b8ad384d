"""What the gateway's routes need, and what a route of theirs is."""

from dataclasses import dataclass

from electoral.routes import Authenticate, TokenRoute

from ems_gateway.answers import Answers
from ems_gateway.calling.callers import Caller
from ems_gateway.calling.pace import Pace
from ems_gateway.councils.paper import PaperApplications
from ems_gateway.councils.resubmission import Resubmissions
from ems_gateway.determinations.taking import Determinations
from ems_gateway.history.statements import Statements
from ems_gateway.history.telling import Histories
from ems_gateway.leases import Leases
from ems_gateway.notices.answering import Notices
from ems_gateway.offers import Offers
from ems_gateway.pages import Pages
from ems_gateway.pulls import Pulls


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything that a route may ask for something."""

    authenticate: Authenticate[Caller]
    pace: Pace
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
