"""The commands about an ERO's queue: offer, hold, resume."""

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from electoral.command_line import Subcommands

from ems_gateway.operators import command
from ems_gateway.settings import Settings

if TYPE_CHECKING:
    from electoral.postgres import Pool

    from ems_gateway.offers import Offered, Offers


def add(commands: Subcommands) -> None:
    """Add these commands."""
    offer = commands.add("offer", command(_offer), "put records back on their ERO's queue")
    offer.add_argument("--record", help="one record, by its id")
    offer.add_argument("--ero", help="the ERO's code, for many:")
    offer.add_argument("--held", action="store_true", help="all that its system could not take")
    offer.add_argument("--from", dest="begin", type=_moment, help="all acknowledged at it or later")
    offer.add_argument("--to", dest="end", type=_moment, help="and before it; ISO 8601, with zone")
    offer.add_argument("--by", required=True, help="your name, which is kept in the history")
    hold = commands.add("hold", command(_hold), "let delivery to an ERO pause")
    hold.add_argument("--list", action="store_true", help="list who is on hold, longest first")
    hold.add_argument("--ero", help="the ERO's code")
    hold.add_argument("--by", help="your name, which is kept")
    hold.add_argument("--reason", help="a word or a ticket's number, kept in clear")
    resume = commands.add("resume", command(_resume), "let delivery to an ERO go on")
    resume.add_argument("--ero", required=True, help="the ERO's code")
    resume.add_argument("--by", required=True, help="your name, which is kept")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("without a zone")
    return moment


async def _offer(options: argparse.Namespace, settings: Settings, pool: "Pool") -> list[str]:
    from ems_gateway.errors import CannotDeliver

    by_time = options.begin is not None and options.end is not None
    if [bool(options.record), options.held, by_time].count(True) != 1:
        raise CannotDeliver("Give one of `--record`, `--held`, or `--from` and `--to`.")
    if bool(options.record) == bool(options.ero):
        raise CannotDeliver("Give `--ero` with `--held` or with `--from` and `--to`.")
    if by_time and options.end > datetime.now(UTC):
        raise CannotDeliver("Give `--to` as now, or earlier.")
    offers = _offers(settings, pool)
    if options.record:
        return await _offer_one(offers, options)
    return await _offer_many(offers, options, settings)


def _offers(settings: Settings, pool: "Pool") -> "Offers":
    from electoral.sealing import DirectoryKeyring, Sealer

    from ems_gateway.history.writing import History
    from ems_gateway.offers import Offers

    keyring = DirectoryKeyring(settings.keys_directory)
    return Offers(pool, Sealer(keyring), History(keyring), retention=settings.retention)


async def _offer_one(offers: "Offers", options: argparse.Namespace) -> list[str]:
    from ems_gateway.errors import CannotDeliver
    from ems_gateway.reading import read_record_id

    refusals = {
        "unknown": "There is no record with this id.",
        "superseded": "A newer revision took this record's place; offer that one.",
        "not-placed": "Nobody knows whose this record is: see `assign`.",
        "past-retention": "The key that sealed this record was destroyed: it cannot be read.",
    }
    record_id = read_record_id(options.record)
    if record_id is None:
        raise CannotDeliver("A record's id is 24 hexadecimal digits.")
    outcome = await offers.anyones(record_id, f"operator {options.by}")
    if outcome in refusals:
        raise CannotDeliver(refusals[outcome])
    waits = "waits" if outcome == "offered" else "waited already"
    return [f"{options.record} {waits}."]


async def _offer_many(
    offers: "Offers", options: argparse.Namespace, settings: Settings
) -> list[str]:
    from ems_gateway import app
    from ems_gateway.holds import known_ero

    ero, by = known_ero(app.authority_files(settings).load(), options.ero), f"operator {options.by}"

    async def offer_some(begin: datetime) -> "Offered":
        if options.held:
            return await offers.failed(ero, by)
        return await offers.acknowledged(ero, begin, options.end, by)

    records, more, begin = 0, True, options.begin
    while more:
        done = await offer_some(begin)
        records, more, begin = records + done.records, done.more, done.go_on
        print(f"{records:,} offered", file=sys.stderr)
    return [f"{records} records wait for {ero} again; {done.past_retention} are past retention."]


async def _hold(options: argparse.Namespace, settings: Settings, pool: "Pool") -> list[str]:
    from ems_gateway import app, holds
    from ems_gateway.errors import CannotDeliver

    if options.list:
        return await holds.list_lines(pool)
    if not (options.ero and options.by):
        raise CannotDeliver("Give `--list`, or both `--ero` and `--by`.")
    authorities = app.authority_files(settings).load()
    await holds.hold(pool, authorities, options.ero, options.reason, options.by)
    return [f"Delivery to {options.ero} pauses."]


async def _resume(options: argparse.Namespace, settings: Settings, pool: "Pool") -> list[str]:
    from ems_gateway import app, holds

    authorities = app.authority_files(settings).load()
    await holds.resume(pool, authorities, options.ero, options.by)
    return [f"Delivery to {options.ero} goes on."]
