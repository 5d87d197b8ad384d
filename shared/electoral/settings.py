"""Settings: read once at start; a missing or wrong one is one sentence and exit 78.

What a setting names may be wrong, too: a directory that is not there, a file that cannot be read.
Whoever finds that raises `Unusable`, and the same sentence names the setting.
"""

import os
import sys
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from electoral.retention import Retention
from electoral.unusable import Unusable

S = TypeVar("S", bound="ServiceSettings")

_HOST = r"(\[[0-9A-Fa-f:.]+\]|[^\s/?#:@,\[\]]*)(:[0-9]{1,5})?"


def _read_networks(text: object) -> object:
    if not isinstance(text, str):
        return text
    return tuple(ip_network(part.strip()) for part in text.split(","))


Networks = Annotated[
    tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_read_networks)
]


class ServiceSettings(BaseSettings):
    """What every service is told; each subclass sets its own `env_prefix`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: str = Field(
        pattern=rf"^postgres(ql)?://(\S*@)?{_HOST}(,{_HOST})*([/?]\S*)?$",
        description="address of the service's own database, postgresql://...",
    )
    database_connections: int = Field(default=10, ge=2, description="connections of the pool")
    kafka_bootstrap_servers: str = Field(
        pattern=r"^[^\s,]+:\d{1,5}(,[^\s,]+:\d{1,5})*$",
        description="Kafka brokers, host:port, comma-separated",
    )
    keys_directory: Path = Field(description="directory of the service's key files")
    admin_host: str = Field(default="127.0.0.1", description="address of the admin port")
    admin_port: int = Field(ge=0, le=65535, description="admin port, never public")
    log_level: str = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="least level logged"
    )
    batch_messages_max: int = Field(default=500, ge=1, description="messages of one consumer batch")
    relay_events_max: int = Field(
        default=500, ge=1, description="events that are published and deleted together"
    )
    held_share_max: float = Field(
        default=0.02, gt=0, le=1, description="share of messages held that stops consuming; 1: none"
    )
    nino_key_days: int = Field(default=90, ge=1, description="days that a NINO's key is kept")
    person_key_days: int = Field(default=180, ge=1, description="days that a person's key is kept")
    index_key_months: int = Field(
        default=13, ge=1, description="months after its quarter that an index key is kept"
    )

    @property
    def retention(self) -> Retention:
        """How long keys are kept."""
        return Retention(self.nino_key_days, self.person_key_days, self.index_key_months)


class PublicServiceSettings(ServiceSettings):
    """What a service with a public port is told beside that."""

    http_host: str = Field(default="127.0.0.1", description="address of the public port")
    http_port: int = Field(ge=0, le=65535, description="public port")
    authorities_file: Path | None = Field(
        default=None, description="list of authorities in place of the one shipped"
    )
    ero_contacts_file: Path | None = Field(
        default=None, description="list of EROs in place of the one shipped"
    )


def load(settings: type[S]) -> S:
    """Read the settings from the environment, or say in one sentence what is wrong and exit 78."""
    try:
        return settings()
    except ValidationError as error:
        print(explain(settings, error), file=sys.stderr)
        sys.exit(os.EX_CONFIG)


def variable(settings: type[ServiceSettings], name: str) -> str:
    """Name the environment variable of a setting."""
    return f"{settings.model_config.get('env_prefix', '')}{name}".upper()


def explain(settings: type[ServiceSettings], error: ValidationError) -> str:
    """Name the first wrong setting and what it should be; never its value."""
    first = error.errors(include_input=False, include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    field = settings.model_fields.get(name)
    what = f" ({field.description})" if field and field.description else ""
    if first["type"] == "missing":
        return f"Set {variable(settings, name)}{what}: it is missing."
    wrong = first["msg"].lower().removeprefix("value error, ")
    if first["type"] == "string_pattern_mismatch":
        wrong = "it does not have that form"
    return f"{variable(settings, name)}{what} is wrong: {wrong}."


def explain_unusable(settings: ServiceSettings, error: Unusable) -> str:
    """Name the setting that names what cannot be used."""
    for name in type(settings).model_fields:
        if error.path is not None and getattr(settings, name) == error.path:
            return f"{variable(type(settings), name)} is wrong: {error}"
    return str(error)
