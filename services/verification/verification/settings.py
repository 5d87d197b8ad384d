"""Verification's settings, from environment variables that begin with `VERIFICATION_`."""

from pathlib import Path

from electoral.settings import ServiceSettings
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

SERVICE = "verification"
MIGRATIONS = Path(__file__).parent / "migrations"


class Settings(ServiceSettings):
    """What verification is told at start; it has no public port."""

    model_config = SettingsConfigDict(env_prefix="VERIFICATION_")

    admin_port: int = Field(default=9102, ge=0, le=65535, description="admin port, never public")
    dwp_url: str = Field(
        pattern="^https?://", description="base address of DWP's API, http or https"
    )
    dwp_client_id: str = Field(description="OAuth2 client id at DWP")
    dwp_client_secret: SecretStr = Field(description="OAuth2 client secret at DWP")
    dwp_lookups_per_call_max: int = Field(
        default=100, ge=1, le=100, description="look-ups of one call to DWP"
    )
    dwp_calls_in_flight_max: int = Field(
        default=8, ge=1, description="calls to DWP at once for new work"
    )
    dwp_parked_calls_in_flight_max: int = Field(
        default=4, ge=1, description="calls to DWP at once for what is parked"
    )
    dwp_patience_seconds: float = Field(
        default=1.0, gt=0, description="seconds that a batch of new work waits for DWP"
    )
    dwp_parked_patience_seconds: float = Field(
        default=10.0, gt=0, le=20, description="seconds that parked look-ups wait for DWP"
    )
    dwp_failures_to_open: int = Field(
        default=5, ge=1, description="failed calls in a row that open the circuit breaker"
    )
    dwp_probe_delay_seconds: float = Field(
        default=2.0, gt=0, description="seconds between probes while the breaker is open"
    )
    dwp_lookups_per_second_max: int = Field(
        default=1_000, ge=2, description="look-ups per second, at most, of all processes together"
    )
    pending_after_hours: float = Field(
        default=4.0, gt=0, le=24, description="hours without an answer until an ERO is told so"
    )
    deadline_hours: float = Field(
        default=48.0, ge=0, description="hours before a deadline in which an ERO is told at once"
    )
    key_wait_hours: float = Field(
        default=24.0, gt=0, description="hours that an attempt waits for an unknown key"
    )
