"""One process run without a supervisor, for tests and for preparing caches."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from electoral_local.errors import LocalError
from electoral_local.processes import ProcessSpec

_POLL_SECONDS = 0.03


class LoneProcess:
    """Start, wait until ready, stop. The output goes to a file, whose end every error quotes."""

    def __init__(self, spec: ProcessSpec, log: Path) -> None:
        self.spec = spec
        self.log = log
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._running is None:
            raise LocalError(f"{self.spec.name} is not running.")
        return self._running.pid

    def start(self) -> None:
        """Ready on return, or not running."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        self.spec.prepare()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._running = subprocess.Popen(
                self.spec.argv,
                env=self.spec.full_environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        try:
            self._wait()
            self.spec.finish()
        except BaseException:
            self.kill()
            raise

    def _wait(self) -> None:
        end = time.monotonic() + self.spec.ready_within_seconds
        while not self.spec.ready():
            if self._running is None or self._running.poll() is not None:
                raise LocalError(f"{self.spec.name} ended too early: {last_lines(self.log)}")
            if time.monotonic() > end:
                raise LocalError(
                    f"{self.spec.name} was not ready within {self.spec.ready_within_seconds:.0f} s:"
                    f" {last_lines(self.log)}"
                )
            time.sleep(_POLL_SECONDS)

    def request_stop(self) -> None:
        """Ask it to end, without waiting."""
        if self._running is not None:
            self._running.send_signal(self.spec.stop_signal)

    def stop(self, within_seconds: float = 10.0) -> None:
        """Ask it to end, and end it if it has not done so in time."""
        if self._running is None:
            return
        self.request_stop()
        try:
            self._running.wait(within_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._running = None

    def kill(self) -> None:
        """As `kill -9` does; whatever it started in its own group goes with it."""
        if self._running is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._running.pid, signal.SIGKILL)
        self._running.wait()
        self._running = None


def last_lines(log: Path, count: int = 3) -> str:
    """The end of a log as one line, for an error's message."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "it wrote no log."
    end = " | ".join(line.strip() for line in lines[-count:] if line.strip())
    return f"{end or 'it wrote nothing'} (all of it in {log})."
