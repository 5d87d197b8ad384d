"""Locust's events, of which the hooks have no types."""

from collections.abc import Callable

from locust.event import EventHook


def listen(hook: EventHook, handler: Callable[..., None]) -> None:
    """Have something done at an event; it is told everything by name."""
    hook.add_listener(handler)  # type: ignore[no-untyped-call]
