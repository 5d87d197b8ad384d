"""How the simulated DWP behaves: every setting, what it may be, and how it is changed in JSON."""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from simulated.dwp_outages import ALWAYS_CUT, ALWAYS_DOWN, Outage, outage_at

GarbageKind = Literal[
    "html",  # a page instead of JSON
    "truncated-json",  # half of the answer, as if it were all
    "cut-short",  # half of the answer, then the connection ends
    "empty",
    "wrong-content-type",
    "too-large",  # two megabytes
]
GARBAGE_KINDS: tuple[GarbageKind, ...] = get_args(GarbageKind)


class ControlRefused(ValueError):
    """A change that cannot be made; says which setting, and what it may be."""


def _share(of_what: str) -> Any:
    return Field(
        default=0.0, ge=0, le=1, description=f"a number from 0 to 1: the share of {of_what}"
    )


def _amount(default: float, what: str) -> Any:
    return Field(
        default=default, ge=0, allow_inf_nan=False, description=f"a number from 0 up: {what}"
    )


def _switch(what: str, *, default: bool = False) -> Any:
    return Field(default=default, description=f"true or false: {what}")


class Control(BaseModel):
    """Every setting; none of them is on at the start. All latencies that are set are added up."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", alias_generator=to_camel)

    latency_ms: float = _amount(0.0, "milliseconds before each answer")
    latency_jitter_ms: float = _amount(0.0, "milliseconds more at most, any amount equally often")
    latency_median_ms: float = _amount(0.0, "median of a log-normal latency; needs latencyP99Ms")
    latency_p99_ms: float = _amount(0.0, "99th percentile of the same")
    latency_percentiles_ms: tuple[tuple[float, float], ...] = Field(
        default=(),
        description="a list of [percentile, milliseconds], both rising: [[50, 20], [99, 900]]",
    )
    error_rate: float = _share("calls that are answered 500")
    item_error_rate: float = _share("look-ups that are answered `unavailable`")
    hang_rate: float = _share("calls that are never answered")
    garbage_rate: float = _share("calls that are answered with garbage")
    garbage_kinds: tuple[GarbageKind, ...] = Field(
        default=GARBAGE_KINDS,
        min_length=1,
        description=f"a list of any of {', '.join(GARBAGE_KINDS)}",
    )
    wrong_number_rate: float = _share("look-ups answered under another id or NINO")
    wrong_record_rate: float = _share(
        "look-ups answered with another person's record: no client can see it, results are wrong"
    )
    drip_rate: float = _share("calls whose answer trickles in")
    drip_seconds: float = _amount(30.0, "seconds that such an answer takes")
    throttle_rate: float = _share("calls that are answered 429")
    retry_after_seconds: int = Field(
        default=1, ge=0, description="a whole number from 0 up: what Retry-After of a 429 says"
    )
    retry_after_as_date: bool = _switch("Retry-After is a date, not seconds")
    ceiling_lookups_per_second: int = Field(
        default=0,
        ge=0,
        description="a whole number from 0 up: look-ups allowed in any one second; 0: any number",
    )
    ceiling_refuses: bool = _switch(
        "calls above the ceiling are answered 429, not only counted", default=True
    )
    down: bool = _switch("every call is answered 503")
    refuse: bool = _switch("every connection is cut without an answer")
    outages: tuple[Outage, ...] = Field(
        default=(),
        description=(
            'a list of {"from", "to"} in seconds from now, with "kind" 503 (as if not said), 429, '
            'cut or hang, "every" so many seconds again, and "retryAfterSeconds"'
        ),
    )
    token_seconds: float = _amount(300.0, "life of a new access token")

    @model_validator(mode="after")
    def _check_latency(self) -> Self:
        median, p99 = self.latency_median_ms, self.latency_p99_ms
        if (median > 0) != (p99 > 0) or p99 < median:
            raise ValueError(
                "latencyMedianMs and latencyP99Ms are set together, the second at least the first"
            )
        if not _rises(self.latency_percentiles_ms):
            raise ValueError(
                "latencyPercentilesMs rises: percentiles from 0 to 100, none twice, "
                "and milliseconds from 0 up, none below the one before"
            )
        return self

    def outage(self, elapsed: float) -> Outage | None:
        """What is wrong with everything, so many seconds after the outages were set."""
        if self.refuse:
            return ALWAYS_CUT
        if self.down:
            return ALWAYS_DOWN
        return outage_at(self.outages, elapsed) if self.outages else None

    def on_wire(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)


def _rises(points: tuple[tuple[float, float], ...]) -> bool:
    possible = all(0 <= percentile <= 100 and 0 <= ms < 1e9 for percentile, ms in points)
    return possible and all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(points))


MAY_BE = {str(field.alias): str(field.description) for field in Control.model_fields.values()}


def read_changes(text: str | bytes) -> dict[str, Any]:
    """A JSON object. Raises ControlRefused."""
    try:
        changes = json.loads(text)
    except ValueError:
        changes = None
    if not isinstance(changes, dict):
        raise ControlRefused(f"A JSON object of settings is needed. {_there_are()}")
    return changes


def changed(control: Control, changes: Mapping[str, Any]) -> Control:
    """The control with these changes, or none of them. Raises ControlRefused."""
    try:
        return Control.model_validate_json(json.dumps({**control.on_wire(), **changes}))
    except ValidationError as error:
        raise ControlRefused(_sentence(error.errors(include_url=False)[0])) from None


def _sentence(error: ErrorDetails) -> str:
    if not error["loc"]:
        return f"{error['msg'].removeprefix('Value error, ')}."
    name, *within = map(str, error["loc"])
    if name not in MAY_BE:
        return f"{name} is no setting. {_there_are()}"
    where = f" ({'.'.join(within)}: {error['msg'].removeprefix('Value error, ')})" if within else ""
    return f"{name} may be {MAY_BE[name]}{where}."


def _there_are() -> str:
    return f"There are: {', '.join(MAY_BE)}."
