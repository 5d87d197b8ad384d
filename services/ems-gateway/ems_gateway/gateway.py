"""What the gateway's routes need, and what a route of theirs is."""

from dataclasses import dataclass

from electoral.routes import Authenticate, TokenRoute

from ems_gateway.answers import Answers
from ems_gateway.callers import Caller
from ems_gateway.pages import Pages


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything that a route may ask for something."""

    authenticate: Authenticate[Caller]
    pages: Pages
    answers: Answers


GatewayRoute = TokenRoute[Gateway, Caller]
