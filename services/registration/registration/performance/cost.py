"""What an application costs, as far as it is measured: CPU time and bytes stored, at set prices.

Measured is the CPU time of the processes whose metrics are asked for, and the size of this
service's own database. Not measured, and in no figure here: the CPU time of Postgres and Kafka, the
other services' databases, Kafka's log, backups, networks, DWP's calls, councils' systems, people.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

CPU: Final = "cpu-milliseconds"
STORED: Final = "megabyte-seconds"  # megabytes stored, times the seconds that they were

_MILLISECONDS_PER_HOUR = 3_600_000
_MEGABYTE_SECONDS_PER_GIGABYTE_MONTH = 1_000 * 30 * 86_400
_OF_A_PROCESS = re.compile(r"^process_(cpu_seconds_total|start_time_seconds) (\S+)", re.M)


class ProcessTime(NamedTuple):
    """The CPU time that a process has used since it was started."""

    started_at: float  # seconds since 1970
    cpu_milliseconds: int


@dataclass(frozen=True, slots=True)
class Prices:
    """What is paid, in pence."""

    cpu_hour: float
    gigabyte_month: float  # stored; a month of 30 days


@dataclass(frozen=True, slots=True)
class Cost:
    """What was used in a period, and what that cost."""

    cpu_milliseconds: int
    megabyte_seconds: int
    accepted: int
    prices: Prices

    @property
    def pence(self) -> float:
        """What all of it cost."""
        return (
            self.cpu_hours * self.prices.cpu_hour
            + self.gigabyte_months * self.prices.gigabyte_month
        )

    @property
    def cpu_hours(self) -> float:
        return self.cpu_milliseconds / _MILLISECONDS_PER_HOUR

    @property
    def gigabyte_months(self) -> float:
        return self.megabyte_seconds / _MEGABYTE_SECONDS_PER_GIGABYTE_MONTH

    @property
    def pence_each(self) -> float | None:
        """What one application cost; None when nothing was measured, or nothing accepted."""
        if not self.accepted or not self.cpu_milliseconds:
            return None
        return self.pence / self.accepted


def read_process_time(exposition: str) -> ProcessTime | None:
    """Read what a process tells of itself at its `/metrics`; None where it does not tell that."""
    values = {name: float(value) for name, value in _OF_A_PROCESS.findall(exposition)}
    if len(values) < 2:
        return None
    used = int(values["cpu_seconds_total"] * 1_000)
    return ProcessTime(values["start_time_seconds"], used)


def newly_used(
    before: Mapping[str, ProcessTime], now: Mapping[str, ProcessTime]
) -> tuple[int, dict[str, ProcessTime]]:
    """Return the CPU milliseconds used since the processes were asked before, and what to remember.

    What a process seen for the first time has used already is not counted. One that was restarted
    counts from its start; what it used between the last question and its end is lost. An answer
    that is older than what is remembered says nothing.
    """
    used, remembered = 0, {}
    for url, process in now.items():
        known = before.get(url)
        if known is not None and process < known:
            continue
        remembered[url] = process
        if known is not None:
            same = known.started_at == process.started_at
            used += process.cpu_milliseconds - (known.cpu_milliseconds if same else 0)
    return used, remembered
