"""Open arrivals as a command."""

import asyncio
import json
import math
import os
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from simulated.clock import london_today
from simulated.kinds import shares_of
from simulated.load.arrivals import BATCH_SIZE, Arrivals
from simulated.load.crowd import MADE_AHEAD, Coming, Crowd
from simulated.load.crowd import Shares as Manners
from simulated.load.lines import Lines
from simulated.load.schedule import Part, Schedule
from simulated.load.shapes import UnknownShape, load_shape
from simulated.load.visiting import Manner
from simulated.population import Population
from simulated.receipts import ReceiptBook, Run
from simulated.serving import stop_signal

Share = Annotated[float, typer.Option(min=0, max=0.95)]
START_AFTER = 2.0  # seconds, when no start is named
NICENESS = -10  # of who measures: what is measured must not make it late


def arrivals(
    *,
    url: Annotated[str, typer.Option(help="Public address of registration.")],
    token: Annotated[str, typer.Option(envvar="SIMULATED_PARTNER_TOKEN")],
    book: Annotated[Path, typer.Option(help="File for the receipts; written anew.")],
    summary: Annotated[Path, typer.Option(help="File for what came of it; JSON.")],
    shape: Annotated[str, typer.Option(help="steady, day, deadline-2016, ...")] = "steady",
    total: Annotated[int, typer.Option(min=1, help="Arrivals, of all slices.")] = 1_000,
    compress: Annotated[float, typer.Option(help="24: a day in an hour.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of the population and of the schedule.")] = 1,
    shares: Annotated[str, typer.Option(help="As for citizens.")] = "{}",
    slice_: Annotated[str, typer.Option("--slice", help="I/N: the I-th of N generators.")] = "1/1",
    start: Annotated[float | None, typer.Option(help="Seconds since 1970; else soon.")] = None,
    connections: Annotated[int, typer.Option(min=1, help="At most.")] = 2_000,
    duplicates: Share = Manners.duplicates,
    invalid: Share = Manners.invalid,
    batches: Annotated[float, typer.Option(min=0, max=1, help="Share sent by partners.")] = 0.0,
    batch_size: Annotated[int, typer.Option(min=2, max=500)] = BATCH_SIZE,
    reload_after: Annotated[float, typer.Option(help="Seconds.")] = Manner.reload_after,
    tabs: Annotated[int, typer.Option(min=1)] = Manner.tabs,
    returns: Annotated[int, typer.Option(min=0, help="After 503.")] = Manner.returns,
    patience: Annotated[float, typer.Option(help="Seconds from when due.")] = Manner.patience,
    made_ahead: Annotated[int, typer.Option(min=1, help="Bodies.")] = MADE_AHEAD,
) -> None:
    """Arrivals by a schedule that wait for nobody; exit 1 if the run is no measurement."""
    try:
        form = load_shape(shape)
        schedule = Schedule(form, total, compress, seed)
    except (UnknownShape, ValueError) as error:
        raise typer.BadParameter(str(error), param_hint="--shape") from None
    part, today, changed = _part(slice_), london_today(), shares_of(json.loads(shares))
    crowd = Crowd(
        Population(seed, changed), today, Manners(duplicates, invalid, batches), form.council, part
    )
    sender = Arrivals(
        Coming(schedule, crowd, part, made_ahead),
        Lines(url, token, connections),
        ReceiptBook(book, Run(seed, asdict(changed), today.isoformat())),
        start or time.time() + START_AFTER,
        Manner(reload_after, tabs, returns, patience),
        batch_size,
    )
    with suppress(OSError):  # not everybody may
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    uvloop.run(_run(sender))
    scheduled = schedule.by_minute(part)
    told = sender.figures.summary(scheduled, whole=sender.came_to_end)
    summary.write_text(json.dumps(told), encoding="utf-8")
    raise typer.Exit(0 if told["valid"] else 1)


def _part(text: str) -> Part:
    index, _, of = text.partition("/")
    if not (index.isdigit() and of.isdigit() and 1 <= int(index) <= int(of)):
        raise typer.BadParameter("1/2 is the first of two", param_hint="--slice")
    return Part(int(index) - 1, int(of))


async def _run(sender: Arrivals) -> None:
    telling = asyncio.create_task(_tell(sender))
    sending = asyncio.create_task(sender.run())
    stopping = asyncio.create_task(stop_signal())
    # Whoever listened may be gone: then nobody is left to stop this.
    await asyncio.wait({sending, stopping, telling}, return_when=asyncio.FIRST_COMPLETED)
    for task in (sending, stopping, telling):
        task.cancel()
    await asyncio.gather(stopping, telling, sending, return_exceptions=True)
    with suppress(BrokenPipeError):
        _print(sender, math.ceil(sender.seconds))
    if not sending.cancelled():
        sending.result()


async def _tell(sender: Arrivals) -> None:
    second = 1
    while True:
        await asyncio.sleep(max(0.0, second - sender.seconds))
        _print(sender, second)
        second += 1


def _print(sender: Arrivals, second: int) -> None:
    print(json.dumps(sender.figures.close_second(second)), flush=True)
