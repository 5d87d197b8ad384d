"""The supervisor, over small processes that behave and misbehave on purpose."""

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from electoral_local import supervised
from electoral_local.errors import ConfigurationError, LocalError
from electoral_local.ports import free_ports
from electoral_local.processes import Port, ProcessSpec
from electoral_local.supervised import State
from electoral_local.supervisor import Supervisor

IDLE = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def a_process(name: str, code: str = IDLE, **changes: object) -> ProcessSpec:
    command = (sys.executable, "-I", "-S", "-c", code)
    return ProcessSpec(name, command, **changes)  # type: ignore[arg-type]


def writing(path: Path, text: str, then: str = IDLE) -> str:
    return f"open({str(path)!r}, 'a').write({text!r} + chr(10))\n{then}"


def has_lines(path: Path, count: int) -> Callable[[], bool]:
    return lambda: path.exists() and len(path.read_text().splitlines()) >= count


@asynccontextmanager
async def supervising(logs: Path, *specs: ProcessSpec) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(specs, logs)
    await supervisor.start()
    try:
        yield supervisor
    finally:
        await supervisor.stop()


@pytest.fixture(autouse=True)
def children_before() -> None:
    """Remember what other tests of this process keep running: a Postgres, a Kafka."""
    _BEFORE.clear()
    _BEFORE.update(child.pid for child in psutil.Process().children(recursive=True))


_BEFORE: set[int] = set()


def children_left() -> list[str]:
    """The commands of those that run; who is ending has none any more."""
    children = psutil.Process().children(recursive=True)
    commands = [" ".join(child.cmdline()) for child in children if child.pid not in _BEFORE]
    return [command for command in commands if command]


async def test_a_process_starts_only_when_what_it_needs_is_ready(tmp_path: Path) -> None:
    told = tmp_path / "told"
    slow = "import time; time.sleep(0.4)\n" + writing(told, "first")
    first = a_process("first", slow, ready=has_lines(told, 1))
    second = a_process("second", writing(told, "second"), needs=("first",))
    async with supervising(tmp_path, second, first):
        await asyncio.wait_for(poll(has_lines(told, 2)), 10)
        assert told.read_text().split() == ["first", "second"]


async def test_independent_processes_start_side_by_side(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    specs = (
        # Each is ready only when the other runs as well.
        a_process("a", writing(a, "up"), ready=has_lines(b, 1), ready_within_seconds=5),
        a_process("b", writing(b, "up"), ready=has_lines(a, 1), ready_within_seconds=5),
    )
    async with supervising(tmp_path, *specs) as supervisor:
        assert {p.state for p in supervisor.processes.values()} == {State.READY}


async def test_a_killed_process_is_started_again_and_becomes_ready_again(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    async with supervising(tmp_path, a_process("it", writing(starts, "up"))) as supervisor:
        process = supervisor.process("it")
        died = process.kill()
        assert not process.ready.is_set()
        await process.wait_ready(5)
        assert process.pid not in (None, died)
        assert process.restarts == 1


async def test_a_process_that_ends_by_itself_is_started_again(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    brief = writing(starts, "up", then="import time; time.sleep(0.2)")
    async with supervising(tmp_path, a_process("it", brief)) as supervisor:
        await asyncio.wait_for(poll(has_lines(starts, 3)), 10)
        assert supervisor.process("it").restarts >= 2


async def test_the_pause_before_a_restart_doubles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept, sleep = [], asyncio.sleep

    async def noted(seconds: float) -> None:
        slept.append(seconds)
        await sleep(seconds)

    monkeypatch.setattr("electoral_local.supervised.asyncio.sleep", noted)
    starts = tmp_path / "starts"
    code = f"import time; open({str(starts)!r}, 'a').write(str(time.time()) + chr(10))"
    spec = a_process("it", code + "; time.sleep(0.15)")
    async with supervising(tmp_path, spec):
        await asyncio.wait_for(poll(has_lines(starts, 4)), 10)
    at = [float(line) for line in starts.read_text().split()]
    pauses = [after - before for before, after in itertools.pairwise(at)]
    for doubled, pause in enumerate(pauses):
        assert pause >= 0.15 + supervised._BACKOFF_SECONDS_FIRST * 2**doubled
    assert [seconds for seconds in slept if 0.2 <= seconds < 1.0] == [0.2, 0.4, 0.8]


async def test_configuration_error_of_a_process_is_passed_on_at_once(tmp_path: Path) -> None:
    code = "import sys; print('Set X: it is missing.'); sys.exit(78)"
    wrong = a_process("it", code, ready=lambda: False)
    with pytest.raises(ConfigurationError, match=r"it ended with code 78.*Set X: it is missing\."):
        await Supervisor([wrong], tmp_path).start()


async def test_a_process_that_never_comes_up_is_given_up_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervised, "_BACKOFF_SECONDS_MAX", 0.2)
    broken = a_process("it", "raise ValueError('worn out')", ready=lambda: False)
    with pytest.raises(LocalError, match="worn out"):
        await Supervisor([broken], tmp_path).start()
    assert (tmp_path / "it.log").read_text().count("Traceback") == 5


async def test_a_process_that_is_never_ready_is_ended_after_its_time(tmp_path: Path) -> None:
    deaf = a_process("it", ready=lambda: False, ready_within_seconds=0.3)
    with pytest.raises(LocalError, match="it was not ready within 0 s"):
        await Supervisor([deaf], tmp_path).start()
    assert children_left() == []


async def test_one_failure_ends_all_the_others(tmp_path: Path) -> None:
    fine = a_process("fine")
    code = "import sys; sys.exit(78)"
    wrong = a_process("wrong", code, needs=("fine",), ready=lambda: False)
    with pytest.raises(ConfigurationError):
        await Supervisor([fine, wrong], tmp_path).start()
    assert children_left() == []


async def test_processes_end_in_reverse_order(tmp_path: Path) -> None:
    told = tmp_path / "told"

    def telling(name: str) -> str:
        return (
            "import signal, sys, time\n"
            "def end(*_):\n"
            f"    time.sleep(0.2); open({str(told)!r}, 'a').write({name!r} + chr(10)); sys.exit()\n"
            "signal.signal(signal.SIGTERM, end)\n"
            f"open({str(tmp_path / name)!r}, 'w').write('up' + chr(10))\n" + IDLE
        )

    specs = [
        a_process("database", telling("database"), ready=has_lines(tmp_path / "database", 1)),
        a_process("step", "pass", needs=("database",), once=True),
        a_process(
            "service", telling("service"), needs=("step",), ready=has_lines(tmp_path / "service", 1)
        ),
    ]
    async with supervising(tmp_path, *specs):
        pass
    assert told.read_text().split() == ["service", "database"]


async def test_a_stubborn_process_is_killed_after_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervised, "_STOP_SECONDS", 0.3)
    async with supervising(tmp_path, a_process("it", STUBBORN)) as supervisor:
        await asyncio.sleep(0.2)
        pid = supervisor.process("it").pid
    assert pid is not None
    assert not psutil.pid_exists(pid)


async def test_a_paused_process_can_be_continued_and_also_ended(tmp_path: Path) -> None:
    async with supervising(tmp_path, a_process("it")) as supervisor:
        process = supervisor.process("it")
        process.pause()
        await asyncio.wait_for(poll(lambda: status_of(process.pid) == psutil.STATUS_STOPPED), 5)
        process.resume()
        await asyncio.wait_for(poll(lambda: status_of(process.pid) != psutil.STATUS_STOPPED), 5)
        process.pause()
    assert children_left() == []


async def test_a_stopped_process_stays_so_until_it_is_started_again(tmp_path: Path) -> None:
    async with supervising(tmp_path, a_process("it")) as supervisor:
        process = supervisor.process("it")
        await process.stop()
        await asyncio.sleep(0.4)
        assert (process.pid, process.state) == (None, State.STOPPED)
        await process.start()
        assert process.state is State.READY
        assert process.restarts == 0


async def test_a_step_ends_before_what_needs_it_starts(tmp_path: Path) -> None:
    told = tmp_path / "told"
    step = a_process("step", writing(told, "step", then="pass"), once=True)
    service = a_process(
        "service", writing(told, "service"), needs=("step",), ready=has_lines(told, 2)
    )
    async with supervising(tmp_path, service, step) as supervisor:
        assert told.read_text().split() == ["step", "service"]
        assert supervisor.process("step").state is State.DONE


async def test_a_failing_step_stops_the_start_with_its_last_words(tmp_path: Path) -> None:
    step = a_process("migrate", "import sys; print('no such table'); sys.exit(3)", once=True)
    with pytest.raises(LocalError, match="migrate ended with code 3: no such table"):
        await Supervisor([step], tmp_path).start()


async def test_a_step_can_be_repeated(tmp_path: Path) -> None:
    told = tmp_path / "told"
    step = a_process("keys", writing(told, "made", then="pass"), once=True)
    async with supervising(tmp_path, step) as supervisor:
        await supervisor.repeat("keys")
    assert told.read_text().split() == ["made", "made"]


async def test_cancelling_the_start_leaves_nothing_running(tmp_path: Path) -> None:
    specs = [a_process("it", ready=lambda: False), a_process("step", IDLE, once=True)]
    starting = asyncio.create_task(Supervisor(specs, tmp_path).start())
    await asyncio.wait_for(poll(lambda: len(children_left()) == 2), 10)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert children_left() == []


async def test_a_taken_port_is_refused_before_anything_starts(tmp_path: Path) -> None:
    told = tmp_path / "told"
    (number,) = free_ports(1)
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", number)
    specs = [
        a_process("early", writing(told, "up")),
        a_process("late", needs=("early",), ports=(Port(number, "late", "LATE_PORT"),)),
    ]
    async with server:
        with pytest.raises(ConfigurationError) as caught:
            await Supervisor(specs, tmp_path).start()
    message = str(caught.value)
    assert f"Port {number}, which late would use, is taken by process {os.getpid()}" in message
    assert "LATE_PORT" in message
    assert not told.exists()


async def test_cpu_seconds_are_summed_over_restarts_and_children(tmp_path: Path) -> None:
    burn = (
        "import os, time\n"
        "os.fork()\n"  # two burn half a second each
        "while time.process_time() < 0.5: pass\n" + IDLE
    )
    async with supervising(tmp_path, a_process("it", burn)) as supervisor:
        process = supervisor.process("it")
        for _ in range(2):
            before = process.usage.cpu_seconds
            await asyncio.wait_for(poll(lambda: sampled_cpu(supervisor) > before + 0.9), 20)  # noqa: B023
            child = psutil.Process(process.pid).children()[0]
            process.kill()
            child.kill()
            await process.wait_ready(10)
        assert process.usage.cpu_seconds >= 1.8
        assert process.usage.memory_bytes_max > 1_000_000


async def test_a_process_steps_back_for_the_others(tmp_path: Path) -> None:
    own, usual, behind = os.nice(0), a_process("usual"), a_process("behind", niceness=8)
    async with supervising(tmp_path, usual, behind) as supervisor:
        pid = supervisor.process("behind").pid
        await asyncio.wait_for(poll(lambda: psutil.Process(pid).nice() == min(own + 8, 19)), 5)
        assert psutil.Process(supervisor.process("usual").pid).nice() == own
        weight = Path(f"/proc/{pid}/autogroup")  # each is a session of its own, weighed as a whole
        if weight.exists():
            await asyncio.wait_for(poll(lambda: weight.read_text().endswith(" nice 8\n")), 5)


def test_a_need_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="it needs nobody"):
        Supervisor([a_process("it", needs=("nobody",))], tmp_path)


def test_a_circle_of_needs_is_refused(tmp_path: Path) -> None:
    circle = [a_process("a", needs=("b",)), a_process("b", needs=("a",))]
    with pytest.raises(ConfigurationError, match="circle"):
        Supervisor(circle, tmp_path)


def test_an_unknown_process_is_answered_with_the_known_names(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no process b: choose from a"):
        Supervisor([a_process("a")], tmp_path).process("b")


async def test_every_change_of_state_is_told(tmp_path: Path) -> None:
    seen: list[State] = []
    supervisor = Supervisor(
        [a_process("it")], tmp_path, lambda: seen.append(supervisor.process("it").state)
    )
    await supervisor.start()
    await supervisor.stop()
    firsts = list(dict.fromkeys(seen))
    assert firsts == [
        State.PREPARING,
        State.STARTING,
        State.READY,
        State.STOPPING,
        State.STOPPED,
    ]


async def test_the_kernel_ends_children_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from electoral_local.processes import ProcessSpec\n"
        "from electoral_local.supervisor import Supervisor\n"
        "async def main():\n"
        f"    spec = ProcessSpec('it', (sys.executable, '-I', '-S', '-c', {STUBBORN!r}))\n"
        f"    supervisor = Supervisor([spec], Path({str(tmp_path)!r}))\n"
        "    await supervisor.start()\n"
        f"    Path({str(told)!r}).write_text(f'{{supervisor.process(\"it\").pid}}' + chr(10))\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    await asyncio.wait_for(poll(has_lines(told, 1)), 20)
    child = int(told.read_text())
    assert psutil.pid_exists(child)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    await asyncio.wait_for(poll(lambda: not psutil.pid_exists(child)), 5)


async def poll(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.02)


def status_of(pid: int | None) -> str:
    return psutil.Process(pid).status()


def sampled_cpu(supervisor: Supervisor) -> float:
    supervisor.sample()
    return supervisor.process("it").usage.cpu_seconds
