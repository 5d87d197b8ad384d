"""What is to be offered again, as it is asked for."""

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ems_gateway.reading import Body, Instant

# Nothing was acknowledged outside of these; and a database cannot hold every moment.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

Moment = Annotated[Instant, Field(ge=EARLIEST, le=LATEST)]


class OffersBody(Body):
    """All that is held, or all that was acknowledged in a range of time."""

    held: bool | None = None  # never false
    acknowledged_from: Moment | None = None  # at it, or later
    acknowledged_to: Moment | None = None  # before it

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        begin, end = self.acknowledged_from, self.acknowledged_to
        ways = [self.held is True, begin is not None and end is not None]
        one_end_only = (begin is None) != (end is None)
        if ways.count(True) != 1 or one_end_only or self.held is False:
            raise PydanticCustomError(
                "one-of-both",
                "Give `held` as true, or both `acknowledgedFrom` and `acknowledgedTo`.",
            )
        if begin is not None and end is not None and begin >= end:
            raise PydanticCustomError(
                "ends-before-it-begins", "Give `acknowledgedTo` as later than `acknowledgedFrom`."
            )
        # What is acknowledged anew has a newer time, and must lie behind the range for good.
        if end is not None and end > datetime.now(UTC):
            raise PydanticCustomError("in-the-future", "Give `acknowledgedTo` as now, or earlier.")
        return self
