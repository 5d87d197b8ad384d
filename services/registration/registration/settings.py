"""Registration's settings, from environment variables that begin with `REGISTRATION_`."""

from pathlib import Path

from electoral.settings import Networks, PublicServiceSettings
from pydantic import Field
from pydantic_settings import SettingsConfigDict

SERVICE = "registration"
MIGRATIONS = Path(__file__).parent / "migrations"


class Settings(PublicServiceSettings):
    """What registration is told at start."""

    model_config = SettingsConfigDict(env_prefix="REGISTRATION_")

    http_port: int = Field(default=8101, ge=0, le=65535, description="public port")
    admin_port: int = Field(default=9101, ge=0, le=65535, description="admin port, never public")
    partners_file: Path = Field(description="JSON file of partners and their tokens' hashes")
    postcode_index: Path = Field(
        description="index built by `python -m registration postcodes-build`"
    )
    writers: int = Field(default=1, ge=1, description="tasks that commit applications")
    commit_items_max: int = Field(default=200, ge=1, description="applications of one commit")
    waiting_items_max: int = Field(
        default=2_000, ge=1, description="applications that may wait for a commit; then 503"
    )
    address_lookup_timeout_seconds: float = Field(
        default=1.0, gt=0, description="seconds before the postcode's authority is taken instead"
    )
    status_per_minute_address: int = Field(
        default=60, ge=1, description="status questions a minute from one address"
    )
    status_per_minute_reference: int = Field(
        default=20, ge=1, description="status questions a minute about one reference"
    )
    trusted_proxies: Networks = Field(
        default=(),
        description="networks whose X-Forwarded-For is believed, comma-separated",
    )
