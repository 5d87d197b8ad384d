"""What can happen to a call to the simulated Notify before it looks at the message."""

import asyncio
from collections.abc import Mapping
from typing import Literal

from simulated.dwp_misfortunes import Chance
from simulated.notify_control import NotifyControl

Misfortune = Literal["cut", "down", "throttled", "hang", "error", "garbage"]


async def be_slow(control: NotifyControl) -> None:
    """Waits as long as is set."""
    if control.latency_ms:
        await asyncio.sleep(control.latency_ms / 1000)


def befalls(chance: Chance, control: NotifyControl) -> Misfortune | None:
    """What befalls this call, if anything does."""
    if control.refuse:
        return "cut"
    if control.down:
        return "down"
    rates: Mapping[Misfortune, float] = {
        "throttled": control.throttle_rate,
        "hang": control.hang_rate,
        "error": control.error_rate,
        "garbage": control.garbage_rate,
    }
    return next((kind for kind, rate in rates.items() if chance.strikes(kind, rate)), None)
