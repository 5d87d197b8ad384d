"""The gateway's settings, from environment variables that begin with `EMS_GATEWAY_`."""

from pathlib import Path

from electoral.settings import Networks, PublicServiceSettings
from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

SERVICE = "ems-gateway"
MIGRATIONS = Path(__file__).parent / "migrations"
_OF_TLS = ("tls_certificate", "tls_key")


class Settings(PublicServiceSettings):
    """What the gateway is told at start."""

    model_config = SettingsConfigDict(env_prefix="EMS_GATEWAY_")

    http_port: int = Field(default=8103, ge=0, le=65535, description="public port")
    admin_port: int = Field(default=9103, ge=0, le=65535, description="admin port, never public")
    postcode_index: Path | None = Field(
        default=None,
        description="registration's index of postcodes: tells the parts of a split area",
    )
    eros_file: Path = Field(
        description="JSON file of the EROs' credentials and of where they may call from"
    )
    tls_certificate: Path | None = Field(
        default=None, description="certificate in PEM: the public port speaks TLS"
    )
    tls_key: Path | None = Field(default=None, description="the key of that certificate")
    tls_client_ca: Path | None = Field(
        default=None,
        validate_default=True,
        description="authorities whose client certificates are taken",
    )
    proxy_addresses: Networks = Field(
        default=(),
        description="networks whose headers about a caller and its certificate are believed",
    )
    answers_commit_max: int = Field(
        default=40,
        ge=1,
        description="calls whose answers are committed together, at most 50 of each",
    )
    requests_per_second_max: float = Field(
        default=100.0, ge=1, description="requests a second of one ERO, and 2 s of them at once"
    )
    sent_up_per_second_max: float = Field(
        default=20.0,
        ge=2,  # a full call of 500 must fit
        description="papers and resubmissions a second of one ERO, and 250 s of them at once",
    )

    @field_validator("tls_client_ca")
    @classmethod
    def _is_all_or_nothing(cls, authorities: Path | None, info: ValidationInfo) -> Path | None:
        given = {authorities is None, *(info.data.get(name) is None for name in _OF_TLS)}
        if len(given) > 1:
            raise ValueError("set certificate, key and authorities, or none of the three")
        return authorities
