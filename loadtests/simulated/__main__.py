"""The world outside, as commands: `python -m simulated dwp|councils|citizens|reconcile|...`."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import aiohttp
import typer
import uvloop

from simulated import citizens as citizens_
from simulated import judging, rest
from simulated.clock import london_today, seconds_since
from simulated.council_commands import councils, recover
from simulated.councils import JOURNAL_FILE
from simulated.dwp import Dwp
from simulated.dwp_control import Control, ControlRefused, changed, read_changes
from simulated.dwp_records import read_records
from simulated.kinds import Shares, shares_of
from simulated.ledgers import fetch_ledgers
from simulated.load.arrivals_command import arrivals
from simulated.load.verdict_commands import load_schedule, load_verdict
from simulated.notify_command import notify
from simulated.population import Population
from simulated.receipts import BookUnusable, Receipt, ReceiptBook, Run
from simulated.reconciliation import counts_by_state
from simulated.serving import serve_until_stopped, stop_signal
from simulated.verdict import Reconciliation
from simulated.verdict_table import show

EX_CONFIG = 78  # something outside must be changed first

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

Seed = Annotated[int, typer.Option(help="Of the population; the same for citizens and DWP.")]
SharesJson = Annotated[
    str, typer.Option("--shares", help='Changed shares, as JSON: {"unknown_nino": 0.1}')
]
Host = Annotated[str, typer.Option(help="Address to listen on.")]

app.command()(councils)
app.command()(recover)
app.command()(notify)
app.command()(arrivals)
app.command()(load_schedule)
app.command()(load_verdict)


@app.command()
def dwp(
    *,
    client_id: Annotated[str, typer.Option(envvar="SIMULATED_DWP_CLIENT_ID")],
    client_secret: Annotated[str, typer.Option(envvar="SIMULATED_DWP_CLIENT_SECRET")],
    port: int = 8104,
    host: Host = "127.0.0.1",
    seed: Seed = 1,
    shares: SharesJson = "{}",
    also: Annotated[
        Path | None, typer.Option(exists=True, help="JSON: records beside the population's.")
    ] = None,
    control: Annotated[str, typer.Option(help='As for PUT /control: {"hangRate": 0.1}')] = "{}",
    control_file: Annotated[
        Path | None, typer.Option(exists=True, help="A file of the same; --control goes before.")
    ] = None,
) -> None:
    """DWP's records of the population; its behaviour is set here and by PUT /control."""
    records = read_records(also) if also else {}
    behaviour = _control(control_file.read_text() if control_file else "{}", control)
    population = Population(seed, _shares(shares))
    server = Dwp(population, client_id, client_secret, seed, records, behaviour)
    uvloop.run(serve_until_stopped(server.application(), host, port))


def _control(*texts: str) -> Control:
    changes: dict[str, object] = {}
    try:
        for text in texts:
            changes |= read_changes(text)
        return changed(Control(), changes)
    except ControlRefused as refused:
        raise typer.BadParameter(str(refused), param_hint="--control") from None


@app.command()
def citizens(
    *,
    url: Annotated[str, typer.Option(help="Public address of registration.")],
    token: Annotated[str, typer.Option(envvar="SIMULATED_PARTNER_TOKEN")],
    journal: Annotated[Path, typer.Option(help="File for the receipts; written anew.")],
    seed: Seed = 1,
    shares: SharesJson = "{}",
    first: int = 0,
    count: int = 1_000,
    connections: Annotated[int, typer.Option(min=1)] = citizens_.CONNECTIONS,
    rate: Annotated[float | None, typer.Option(help="A second; else as fast as it goes.")] = None,
    deadline: Annotated[float, typer.Option(help="Seconds of trying.")] = citizens_.DEADLINE,
    from_file: Annotated[Path | None, typer.Option("--from", exists=True)] = None,
    progress: Annotated[bool, typer.Option(help="JSON lines on standard output.")] = True,
) -> None:
    """Sends applications and keeps the receipts; exit 1 if one was never answered."""
    changed, today = _shares(shares), london_today()
    manner = citizens_.Manner(url, token, connections, rate, deadline)
    run = Run(None if from_file else seed, asdict(changed), today.isoformat())
    submissions: Iterator[citizens_.Submission]
    if from_file:
        submissions = citizens_.lines_of_file(from_file)
    else:
        submissions = citizens_.people(Population(seed, changed), first, count, today)
    sender = citizens_.Citizens(manner, ReceiptBook(journal, run), _tell_refusal)
    uvloop.run(_send(sender, submissions, progress))
    raise typer.Exit(1 if sender.progress.unanswered else 0)


async def _send(
    sender: citizens_.Citizens, submissions: Iterator[citizens_.Submission], progress: bool
) -> None:
    before = time.process_time()  # starting is not sending
    telling = asyncio.create_task(_tell_progress(sender)) if progress else None
    sending = asyncio.create_task(sender.send(submissions))
    stopping = asyncio.create_task(stop_signal())
    await asyncio.wait({sending, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for task in filter(None, (sending, stopping, telling)):
        task.cancel()
    await asyncio.gather(*filter(None, (stopping, telling)), return_exceptions=True)
    try:
        await sending
    except asyncio.CancelledError:
        print(json.dumps({"interrupted": True}), flush=True)
    cost = {"cpu_seconds": round(time.process_time() - before, 3)}
    print(json.dumps({**asdict(sender.progress), **cost, "done": True}), flush=True)


async def _tell_progress(sender: citizens_.Citizens) -> None:
    while True:
        print(json.dumps(asdict(sender.progress)), flush=True)
        await asyncio.sleep(citizens_.PROGRESS_INTERVAL)


def _tell_refusal(receipt: Receipt) -> None:
    refusal = {"number": receipt.number, "status": receipt.status, "reason": receipt.reason}
    print(json.dumps({"refused_one": refusal}, ensure_ascii=False), flush=True)


@app.command()
def person(n: int, seed: Seed = 1, shares: SharesJson = "{}") -> None:
    """Shows person N: the application, the truth and DWP's record."""
    citizen = Population(seed, _shares(shares)).person(n)
    record = citizen.record
    shown = {
        "application": citizen.application,
        "truth": citizen.truth._asdict(),
        "record": record.as_json() if record else None,
    }
    print(json.dumps(shown, ensure_ascii=False, indent=2))


@app.command()
def reconcile(
    *,
    receipts: Annotated[list[Path], typer.Option(exists=True)],
    journal: Annotated[list[Path], typer.Option(exists=True)],
    registration: str = "http://127.0.0.1:9101",
    verification: str = "http://127.0.0.1:9102",
    ems_gateway: str = "http://127.0.0.1:9103",
    councils_admin: Annotated[str | None, typer.Option(help="Watched until rest too.")] = None,
    eros: Annotated[Path | None, typer.Option(help="As for councils, with gssCodes.")] = None,
    moved: Annotated[
        Path | None, typer.Option(exists=True, help="Lines of applicationId, ero: sent elsewhere.")
    ] = None,
    quiet: Annotated[float, typer.Option(help="Seconds without a change; 0: now.")] = rest.QUIET,
    limit: Annotated[float, typer.Option(help="Seconds from the last submission.")] = rest.LIMIT,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Waits for rest, compares the three records, and exits 0 only if they balance."""
    admin_urls = [registration, verification, ems_gateway]
    journals = [_journal_file(path) for path in journal]
    try:
        sending = judging.sending_of(receipts)
        rested = asyncio.run(_rested(admin_urls, sending, councils_admin, quiet, limit))
        rows = asyncio.run(fetch_ledgers(admin_urls, sending.days))
        verdict = judging.judge(receipts, journals, rows, eros, limit, moved)
    except BookUnusable as error:
        print(f"simulated: {error}.", file=sys.stderr)
        raise typer.Exit(EX_CONFIG) from None
    except (aiohttp.ClientError, TimeoutError) as error:
        print(f"simulated: a ledger could not be read ({error}): is all up?", file=sys.stderr)
        raise typer.Exit(1) from None
    if as_json:
        told = {"rested": rested, **_as_json(verdict, counts_by_state(rows))}
        print(json.dumps(told, indent=2))
    else:
        show(verdict, counts_by_state(rows))
    if not rested:
        late = f"{limit:.0f} seconds after the last submission"
        print(f"Not at rest: figures still moved {late}.", file=sys.stderr)
    raise typer.Exit(0 if verdict.balances and rested else 1)


async def _rested(
    admin_urls: list[str],
    sending: judging.Sending,
    councils_admin: str | None,
    quiet: float,
    limit: float,
) -> bool:
    """Waits for rest; the limit counts from the last submission, not from now."""
    if quiet <= 0:
        return True
    spent = seconds_since(sending.ended_at) if sending.ended_at else 0.0
    return await rest.at_rest(
        lambda: judging.look_at(admin_urls, sending.days, councils_admin), quiet, limit - spent
    )


def _journal_file(path: Path) -> Path:
    file = path / JOURNAL_FILE if path.is_dir() else path
    if not file.exists():
        raise typer.BadParameter(f"no council has written {file}", param_hint="--journal")
    return file


def _as_json(verdict: Reconciliation, counts: dict[str, int]) -> dict[str, object]:
    criteria = [asdict(criterion) for criterion in verdict.criteria]
    return {"balances": verdict.balances, "counts": counts, "criteria": criteria}


def _shares(changes: str) -> Shares:
    try:
        return shares_of(json.loads(changes))
    except (ValueError, TypeError) as error:
        raise typer.BadParameter(str(error), param_hint="--shares") from error


if __name__ == "__main__":
    app()
