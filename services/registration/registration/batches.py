"""Batches: up to 500 applications in one request, each accepted or refused by itself."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from electoral import problems
from electoral.http import problem_of
from electoral.problems import FieldError, Problem

from registration.acceptance import Receipt

BATCH_ITEMS_MAX = 500
ITEMS_AT_A_TIME = 25  # between them other requests get their turn


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One application of a batch, under its own key."""

    idempotency_key: object
    application: object
    arrival_token: object = None  # when its sender first came, signed by us


_NEEDED = {"idempotencyKey", "application"}
_ALLOWED = {*_NEEDED, "arrivalToken"}


def read_batch(body: object) -> list[BatchItem]:
    """Read the envelope of a batch; 422 says what is wrong with it."""
    items = body.get("applications") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(items, list) or set(body) != {"applications"}:
        raise problems.invalid(
            [FieldError("/applications", "missing", "Send a list named `applications`, only.")]
        )
    if not 1 <= len(items) <= BATCH_ITEMS_MAX:
        sentence = f"Send between 1 and {BATCH_ITEMS_MAX} applications in one batch."
        raise problems.invalid([FieldError("/applications", "out-of-range", sentence)])
    return [_read_item(item, position) for position, item in enumerate(items)]


def _read_item(item: object, position: int) -> BatchItem:
    if not isinstance(item, dict) or not _NEEDED <= set(item) <= _ALLOWED:
        sentence = "Each item has `idempotencyKey`, `application`, and perhaps `arrivalToken`."
        raise problems.invalid([FieldError(f"/applications/{position}", "wrong-format", sentence)])
    return BatchItem(item["idempotencyKey"], item["application"], item.get("arrivalToken"))


async def answer_each(
    items: Sequence[BatchItem],
    submit: Callable[[BatchItem], Awaitable[Receipt]],
) -> list[Receipt | Problem]:
    """Submit every item; one that is refused harms no other."""

    async def answer(item: BatchItem) -> Receipt | Problem:
        try:
            return await submit(item)
        except Exception as error:
            return problem_of(error)

    answers: list[asyncio.Task[Receipt | Problem]] = []
    for begin in range(0, len(items), ITEMS_AT_A_TIME):
        answers += [
            asyncio.create_task(answer(item)) for item in items[begin : begin + ITEMS_AT_A_TIME]
        ]
        await asyncio.sleep(0)
    return list(await asyncio.gather(*answers))
