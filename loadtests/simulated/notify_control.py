"""How the simulated Notify behaves: every setting, what it may be, how it is changed in JSON."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel


class NotifyControlRefused(ValueError):
    """A change that cannot be made; says which setting, and what it may be."""


def _share(of_what: str) -> Any:
    what = f"a number from 0 to 1: the share of {of_what}"
    return Field(default=0.0, ge=0, le=1, description=what)


class NotifyControl(BaseModel):
    """Every setting; none of them is on at the start."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", alias_generator=to_camel)

    latency_ms: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="a number from 0 up: milliseconds before each answer",
    )
    error_rate: float = _share("calls that are answered 500")
    hang_rate: float = _share("calls that are never answered")
    garbage_rate: float = _share("calls that are answered 200 with a page of somebody else's")
    throttle_rate: float = _share("calls that are answered 429")
    refuse_rate: float = _share("messages that are refused for good, with 400")
    unanswered_rate: float = _share("messages that are delivered, and the connection cut then")
    retry_after_seconds: int = Field(
        default=1, ge=0, description="a whole number from 0 up: what Retry-After of a 429 says"
    )
    down: bool = Field(default=False, description="true or false: every call is answered 503")
    refuse: bool = Field(
        default=False, description="true or false: every connection is cut without an answer"
    )

    def on_wire(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)


MAY_BE = {str(field.alias): str(field.description) for field in NotifyControl.model_fields.values()}


def read_changes(text: str | bytes) -> dict[str, Any]:
    """A JSON object. Raises NotifyControlRefused."""
    try:
        changes = json.loads(text)
    except ValueError:
        changes = None
    if not isinstance(changes, dict):
        raise NotifyControlRefused(f"A JSON object of settings is needed: {', '.join(MAY_BE)}.")
    return changes


def changed(control: NotifyControl, changes: Mapping[str, Any]) -> NotifyControl:
    """The control with these changes, or none of them. Raises NotifyControlRefused."""
    try:
        return NotifyControl.model_validate_json(json.dumps({**control.on_wire(), **changes}))
    except ValidationError as error:
        name = str(error.errors(include_url=False, include_input=False)[0]["loc"][0])
    may_be = f"may be {MAY_BE[name]}" if name in MAY_BE else f"is none of {', '.join(MAY_BE)}"
    raise NotifyControlRefused(f"{name} {may_be}.")
