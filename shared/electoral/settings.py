"""Settings: read once at start; a missing or wrong one is one sentence and exit 78."""

import sys
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from electoral.retention import Retention

EX_CONFIG = 78  # sysexits.h: something was found in an unconfigured or misconfigured state

S = TypeVar("S", bound="ServiceSettings")


class ServiceSettings(BaseSettings):
    """What every service is told; each subclass sets its own `env_prefix`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: str = Field(
        pattern=r"^postgres(ql)?://\S+$",
        description="address of the service's own database, postgresql://...",
    )
    database_connections: int = Field(default=10, ge=2, description="connections of the pool")
    kafka_bootstrap_servers: str = Field(
        pattern=r"^[^\s,]+:\d{1,5}(,[^\s,]+:\d{1,5})*$",
        description="Kafka brokers, host:port, comma-separated",
    )
    keys_directory: Path = Field(description="directory of the service's key files")
    http_host: str = Field(default="127.0.0.1", description="address of the public port")
    http_port: int = Field(default=0, ge=0, le=65535, description="public port")
    admin_host: str = Field(default="127.0.0.1", description="address of the admin port")
    admin_port: int = Field(ge=0, le=65535, description="admin port, never public")
    log_level: str = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="least level logged"
    )
    batch_messages_max: int = Field(default=500, ge=1, description="messages of one consumer batch")
    nino_key_days: int = Field(default=90, ge=1, description="days that a NINO's key is kept")
    person_key_days: int = Field(default=180, ge=1, description="days that a person's key is kept")
    index_key_months: int = Field(
        default=13, ge=1, description="months after its quarter that an index key is kept"
    )

    @property
    def retention(self) -> Retention:
        """How long keys are kept."""
        return Retention(self.nino_key_days, self.person_key_days, self.index_key_months)


def load(settings: type[S]) -> S:
    """Read the settings from the environment, or say in one sentence what is wrong and exit 78."""
    try:
        return settings()
    except ValidationError as error:
        print(explain(settings, error), file=sys.stderr)
        sys.exit(EX_CONFIG)


def explain(settings: type[ServiceSettings], error: ValidationError) -> str:
    """Name the first wrong setting and what it should be; never its value."""
    first = error.errors(include_input=False, include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    variable = settings.model_config.get("env_prefix", "") + name
    field = settings.model_fields.get(name)
    what = f" ({field.description})" if field and field.description else ""
    if first["type"] == "missing":
        return f"Set {variable.upper()}{what}: it is missing."
    wrong = first["msg"].lower()
    if first["type"] == "string_pattern_mismatch":
        wrong = "it does not have that form"
    return f"{variable.upper()}{what} is wrong: {wrong}."
