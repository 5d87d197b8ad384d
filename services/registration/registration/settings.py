"""Registration's settings, from environment variables that begin with `REGISTRATION_`."""

from pathlib import Path
from typing import Annotated

from electoral.settings import Networks, PublicServiceSettings
from pydantic import BeforeValidator, Field, SecretStr, StringConstraints
from pydantic_settings import NoDecode, SettingsConfigDict

SERVICE = "registration"
MIGRATIONS = Path(__file__).parent / "migrations"


def _read_list(text: object) -> object:
    return tuple(part.strip() for part in text.split(",")) if isinstance(text, str) else text


Urls = Annotated[
    tuple[Annotated[str, StringConstraints(pattern=r"^https?://\S+$")], ...],
    NoDecode,
    BeforeValidator(_read_list),
]


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
    commit_pace_seconds: float = Field(
        default=0.04,
        ge=0,
        le=1,
        description="seconds from the start of one commit of a writer to its next; who sends one"
        " application after the other gets one answer in that time, and has batches for more",
    )
    waiting_items_max: int = Field(
        default=2_000, ge=1, description="applications that may wait for a commit; then 503"
    )
    admission: bool = Field(
        default=True, description="whether new work is refused while too much is in hand"
    )
    admission_target_seconds: float = Field(
        default=0.2, gt=0, description="seconds that a request may take before new work is refused"
    )
    arrival_hours: float = Field(
        default=24.0, gt=0, description="hours for which an arrival token counts"
    )
    form_place_minutes: int = Field(
        default=30, ge=1, description="minutes that a place in the form's queue is kept"
    )
    form_open_after_deadline: bool = Field(
        default=False,
        description="whether those who came before a deadline go in first after it, for as long as"
        " their arrival counts",
    )
    address_lookup_timeout_seconds: float = Field(
        default=1.0, gt=0, description="seconds before the postcode's authority is taken instead"
    )
    status_per_minute_address: int = Field(
        default=60, ge=1, description="status questions a minute from one address"
    )
    files_per_minute_address: int = Field(
        default=30, ge=1, description="files of public figures a minute from one address"
    )
    measured_metrics_urls: Urls = Field(
        default=(),
        description="addresses of the metrics of every process whose CPU time is part of the cost"
        " of an application, comma-separated",
    )
    price_cpu_hour_pence: float = Field(
        default=4.0, ge=0, description="pence for an hour of CPU time, for that cost"
    )
    price_gigabyte_month_pence: float = Field(
        default=10.0, ge=0, description="pence for a gigabyte stored for 30 days, for that cost"
    )
    status_per_minute_reference: int = Field(
        default=20, ge=1, description="status questions a minute about one reference"
    )
    trusted_proxies: Networks = Field(
        default=(),
        description="networks whose X-Forwarded-For is believed, comma-separated",
    )
    notify_url: str | None = Field(
        default=None,
        pattern="^https?://",
        description="base address of Notify, which sends copies of receipts; none without it",
    )
    notify_token: SecretStr = Field(default=SecretStr(""), description="our bearer token at Notify")
    notify_per_second_max: float = Field(
        default=10.0, ge=0.1, description="messages a second, at most, of all processes together"
    )
    # The key that seals a copy's address is destroyed two days after its own.
    notify_give_up_hours: float = Field(
        default=24.0, gt=0, le=48, description="hours after which a copy that does not go is held"
    )
    helper_failures_max: int = Field(
        default=5, ge=1, description="wrong passwords that lock a helper's account"
    )
    helper_failures_per_address_max: int = Field(
        default=20, ge=1, description="wrong sign-ins from one address that lock it"
    )
    helper_lock_minutes: int = Field(
        default=15, ge=1, description="minutes in which these are counted, and that a lock lasts"
    )
    helper_session_minutes: int = Field(
        default=60, ge=2, description="minutes without a request after which a helper signs in anew"
    )
