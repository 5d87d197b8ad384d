"""Why a record is held, for whoever repairs it: the ERO whose system said so, and operators."""

import json
from typing import Any

import structlog
from electoral.envelope import timestamp
from electoral.sealing import Sealer, SealingError

from ems_gateway.postgres.failures import Failure

log = structlog.get_logger()


def failure_as_json(failure: Failure, sealer: Sealer) -> dict[str, object]:
    """Tell what was said, opened; a text that does not open is left out."""
    texts = _opened(failure, sealer)
    return {
        "answeredAt": timestamp(failure.answered_at),
        "reason": failure.reason or texts.get("reason"),
        "suggestedGssCode": failure.suggested_gss_code,
        "message": texts.get("message"),
        "details": texts.get("details"),
    }


def _opened(failure: Failure, sealer: Sealer) -> dict[str, Any]:
    if failure.sealed_text is None:
        return {}
    try:
        opened = sealer.open("person", failure.application_id, failure.sealed_text)
    except SealingError as error:
        log.error(
            "text of a failure left out",
            application_id=str(failure.application_id),
            error_class=type(error).__name__,
        )
        return {}
    texts: dict[str, Any] = json.loads(opened)
    return texts
