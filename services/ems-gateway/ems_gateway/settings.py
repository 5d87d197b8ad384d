"""The gateway's settings, from environment variables that begin with `EMS_GATEWAY_`."""

from pathlib import Path

from electoral.settings import PublicServiceSettings
from pydantic import Field
from pydantic_settings import SettingsConfigDict

SERVICE = "ems-gateway"
MIGRATIONS = Path(__file__).parent / "migrations"


class Settings(PublicServiceSettings):
    """What the gateway is told at start."""

    model_config = SettingsConfigDict(env_prefix="EMS_GATEWAY_")

    http_port: int = Field(default=8103, ge=0, le=65535, description="public port")
    admin_port: int = Field(default=9103, ge=0, le=65535, description="admin port, never public")
    eros_file: Path = Field(
        description="JSON file of the EROs' credentials: which token's SHA-256 is whose"
    )
