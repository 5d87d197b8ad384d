"""The ports of the whole stack: the usual ones, each settable, or any that are free."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from electoral_local.errors import ConfigurationError
from electoral_local.kafka import NodePorts
from electoral_local.ports import free_ports
from electoral_local.processes import Port

USUAL_PORTS: Mapping[str, int] = {
    "postgres": 55432,
    "kafka": 19092,
    "registration": 8101,
    "registration-admin": 9101,
    "verification-admin": 9102,
    "ems-gateway": 8103,
    "ems-gateway-admin": 9103,
    "dwp": 8104,
    "councils-admin": 8105,
    "notify": 8106,
}
_INSTANCE_STEP = 10
"""The second registration is 10 ports further on, the third 20."""


def setting_of(use: str) -> str:
    """The environment variable that moves a port: `ELECTORAL_EMS_GATEWAY_PORT`, for example."""
    return f"ELECTORAL_{use.upper().replace('-', '_')}_PORT"


@dataclass(frozen=True)
class StackPorts:
    """`numbers` by use; further instances are "registration-2", "registration-2-admin"."""

    numbers: Mapping[str, int]
    kafka: tuple[NodePorts, ...]

    def __getitem__(self, use: str) -> int:
        return self.numbers[use]

    def port(self, use: str) -> Port:
        return Port(self.numbers[use], use.replace("-admin", " (admin port)"), setting_of(use))


def usual_ports(instances: Mapping[str, int], brokers: int) -> StackPorts:
    """As `USUAL_PORTS`, unless the environment says otherwise."""
    first = {use: _from_environment(use, number) for use, number in USUAL_PORTS.items()}
    numbers = dict(first)
    for service, count in instances.items():
        for index in range(2, count + 1):
            for use, number in first.items():
                if use in (service, f"{service}-admin"):
                    ending = use.removeprefix(service)
                    further = number + (index - 1) * _INSTANCE_STEP
                    numbers[f"{service}-{index}{ending}"] = further
    nodes = range(first["kafka"], first["kafka"] + 2 * brokers, 2)
    return StackPorts(numbers, tuple(NodePorts(number, number + 1) for number in nodes))


def any_ports(instances: Mapping[str, int], brokers: int) -> StackPorts:
    """Ports that nobody listens on now, for runs beside each other."""
    uses = list(usual_ports(instances, brokers).numbers)
    free = free_ports(len(uses) + 2 * brokers)
    kafka = free[len(uses) :]
    nodes = [NodePorts(*kafka[i : i + 2]) for i in range(0, len(kafka), 2)]
    return StackPorts(dict(zip(uses, free, strict=False)), tuple(nodes))


def _from_environment(use: str, usual: int) -> int:
    setting = setting_of(use)
    text = os.environ.get(setting)
    if not text:
        return usual
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ConfigurationError(f"{setting} is no port number: set it to one from 1 to 65535.")
    return int(text)
