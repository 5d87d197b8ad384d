"""The live board of a run: a table drawn anew at each look, or lines where nobody watches."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table

from electoral_local.load_looks import Look

_LINES_OF_A_RUN = 60
"""Where there is no terminal: so many, however long it is."""
_PROCESSES_SHOWN = 6


class Board:
    """Shows each look beside what the generators count."""

    def __init__(self, console: Console, seconds: float, live: Live | None) -> None:
        self._console = console
        self._seconds = seconds
        self._live = live
        self._before = Look(0.0)
        self._said_at = 0.0

    def show(self, counts: Mapping[str, int], p99_ms: float, look: Look) -> None:
        if self._live is not None:
            self._live.update(self._table(counts, p99_ms, look), refresh=True)
        elif look.second - self._said_at >= max(1.0, self._seconds / _LINES_OF_A_RUN):
            self._said_at = look.second
            figures = _figures(counts, p99_ms, look)
            text = ", ".join(f"{name} {figure}" for name, figure in figures)
            cores = self._cores(look)
            self._console.print(f"{look.second:5.0f} s: {text}, CPU {sum(cores.values()):.2f}")
        self._before = look

    def _table(self, counts: Mapping[str, int], p99_ms: float, look: Look) -> Table:
        cores = self._cores(look)
        table = Table(title=f"{look.second:,.0f} s of {self._seconds:,.0f} s", show_edge=False)
        table.add_column("Applications")
        table.add_column("", justify="right")
        table.add_column("Process")
        table.add_column("Cores", justify="right")
        most = sorted(cores.items(), key=lambda one: -one[1])[:_PROCESSES_SHOWN]
        used = [*most, ("together", sum(cores.values()))]
        for (name, figure), (process, core) in _padded(_figures(counts, p99_ms, look), used):
            table.add_row(name, figure, process, f"{core:.2f}" if process else "")
        return table

    def _cores(self, look: Look) -> dict[str, float]:
        """CPU seconds a second since the look before."""
        length = max(look.second - self._before.second, 0.001)
        before = self._before.cpu_seconds
        return {
            name: max(0.0, seconds - before.get(name, 0.0)) / length
            for name, seconds in look.cpu_seconds.items()
        }


def _figures(counts: Mapping[str, int], p99_ms: float, look: Look) -> list[tuple[str, str]]:
    unexplained = "-" if look.unexplained is None else f"{look.unexplained:,}"
    return [
        ("offered", f"{counts['offered']:,}"),
        ("accepted", f"{counts['accepted']:,}"),
        ("refused", f"{counts['refused']:,}"),
        ("told to come back", f"{counts['turned_away']:,}"),
        ("intake p99", f"{p99_ms:,.0f} ms"),
        ("verified", f"{look.verified:,}"),
        ("delivered", f"{look.delivered:,}"),
        ("lag", f"{look.lag + look.queued:,}"),
        ("oldest waiting", f"{look.oldest_seconds:,.1f} s"),
        ("unexplained", unexplained),
    ]


def _padded(
    figures: list[tuple[str, str]], used: list[tuple[str, float]]
) -> Iterable[tuple[tuple[str, str], tuple[str, float]]]:
    missing = max(0, len(figures) - len(used))
    return zip(figures, [*used, *[("", 0.0)] * missing], strict=False)


@contextmanager
def board(console: Console, seconds: float) -> Iterator[Board]:
    if not console.is_terminal:
        yield Board(console, seconds, None)
        return
    with Live(console=console, auto_refresh=False) as live:
        yield Board(console, seconds, live)
