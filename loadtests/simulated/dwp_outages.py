"""Outages of the simulated DWP: when each begins and ends, and what a caller then meets."""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

OutageKind = Literal["503", "429", "cut", "hang"]


class Outage(BaseModel):
    """From one second to another after it was set, and again every so many seconds."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", alias_generator=to_camel)

    begin: float = Field(alias="from", ge=0, allow_inf_nan=False)
    end: float = Field(alias="to", allow_inf_nan=False)
    kind: OutageKind = "503"
    every: float | None = Field(default=None, allow_inf_nan=False)
    retry_after_seconds: int | None = Field(default=None, ge=0)  # told with 503 and 429

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.end <= self.begin:
            raise ValueError("an outage ends (`to`) after it begins (`from`)")
        if self.every is not None and self.every < self.end - self.begin:
            raise ValueError("an outage is over before it comes again (`every`)")
        return self

    def is_on(self, elapsed: float) -> bool:
        """Whether it is on so many seconds after it was set."""
        since = elapsed - self.begin
        if since < 0:
            return False
        if self.every is not None:
            since %= self.every
        return since < self.end - self.begin


ALWAYS_DOWN = Outage.model_validate({"from": 0, "to": 1, "kind": "503"})
ALWAYS_CUT = Outage.model_validate({"from": 0, "to": 1, "kind": "cut"})


def outage_at(outages: Iterable[Outage], elapsed: float) -> Outage | None:
    """The first that is on."""
    return next((outage for outage in outages if outage.is_on(elapsed)), None)
