"""What the gateway is told at start."""

from pathlib import Path

from electoral.settings import ServiceSettings
from pydantic import Field
from pydantic_settings import SettingsConfigDict


class Settings(ServiceSettings):
    """The gateway's settings; each is an environment variable with the prefix EMS_GATEWAY_."""

    model_config = SettingsConfigDict(env_prefix="EMS_GATEWAY_", frozen=True, extra="ignore")

    http_port: int = Field(default=8103, ge=0, le=65535, description="public port")
    admin_port: int = Field(default=9103, ge=0, le=65535, description="admin port, never public")
    eros_file: Path = Field(
        description="JSON file of the EROs' credentials: which token's SHA-256 is whose"
    )
    authorities_file: Path | None = Field(
        default=None, description="list of authorities in place of the one shipped"
    )
    ero_contacts_file: Path | None = Field(
        default=None, description="list of EROs in place of the one shipped"
    )
