"""A determination as it is sent."""

from typing import Self

from electoral.determination_reasons import determination_reasons, in_order
from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from ems_gateway.determinations.rules import Determination, DeterminationOutcome, IdentityVerifiedBy
from ems_gateway.reading import Body, Instant


class DeterminationBody(Body):
    """What an ERO decided; whoever is rejected is told why."""

    outcome: DeterminationOutcome
    reasons: list[str] = Field(default=[])
    identity_verified_by: IdentityVerifiedBy
    determined_at: Instant

    @field_validator("reasons")
    @classmethod
    def _are_listed(cls, reasons: list[str]) -> list[str]:
        listed = {reason.code for reason in determination_reasons()}
        if not listed.issuperset(reasons):
            raise PydanticCustomError(
                "unknown-reason", "Give reasons of the list: `GET /determination-reasons`."
            )
        if len(set(reasons)) != len(reasons):
            raise PydanticCustomError("repeated", "Give each reason once.")
        return reasons

    @model_validator(mode="after")
    def _fit_the_outcome(self) -> Self:
        if (self.outcome == "rejected") != bool(self.reasons):
            raise PydanticCustomError(
                "reasons-do-not-fit",
                "Give at least one reason with `rejected`, and none with `allowed`.",
            )
        return self

    def determination(self) -> Determination:
        return Determination(
            outcome=self.outcome,
            reasons=in_order(frozenset(self.reasons)),
            identity_verified_by=self.identity_verified_by,
            determined_at=self.determined_at,
        )
