"""What a process and all it started have cost: CPU seconds and the highest memory seen."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Usage:
    cpu_seconds: float = 0.0
    memory_bytes_max: int = 0


class Meter:
    """Sums over the lives of one supervised process, from samples of the living."""

    def __init__(self) -> None:
        self._past_cpu_seconds = 0.0
        self._cpu_seconds = 0.0
        self._memory_bytes_max = 0

    @property
    def usage(self) -> Usage:
        return Usage(self._past_cpu_seconds + self._cpu_seconds, self._memory_bytes_max)

    def sample(self, pid: int, descendants: Sequence[psutil.Process]) -> None:
        """Nothing is lost when a process ends meanwhile but what it did since the last sample."""
        try:
            root = psutil.Process(pid)
            cpu_seconds = _cpu_with_ended_children(root)
            memory_bytes = root.memory_info().rss
        except psutil.Error:
            return
        for child in descendants:
            cpu_seconds += _cpu_of_living(child)
            memory_bytes += _own_memory_bytes(child)
        self._cpu_seconds = max(self._cpu_seconds, cpu_seconds)
        self._memory_bytes_max = max(self._memory_bytes_max, memory_bytes)

    def next_life(self) -> None:
        self._past_cpu_seconds += self._cpu_seconds
        self._cpu_seconds = 0.0


def descendants_of(pids: Sequence[int]) -> Mapping[int, list[psutil.Process]]:
    """One look at all processes serves all of `pids`."""
    children: dict[int, list[psutil.Process]] = defaultdict(list)
    for process in psutil.process_iter(["ppid"]):
        children[process.info["ppid"]].append(process)
    return {pid: _below(pid, children) for pid in pids}


def _below(pid: int, children: Mapping[int, list[psutil.Process]]) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    waiting = [pid]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            found.append(child)
            waiting.append(child.pid)
    return found


def _cpu_with_ended_children(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def _cpu_of_living(process: psutil.Process) -> float:
    try:
        return _cpu_with_ended_children(process)
    except psutil.Error:
        return 0.0


def _own_memory_bytes(process: psutil.Process) -> int:
    """Without what it shares, which its parent counts: each Postgres backend maps all buffers."""
    try:
        memory = process.memory_info()
    except psutil.Error:
        return 0
    return max(0, memory.rss - getattr(memory, "shared", 0))
