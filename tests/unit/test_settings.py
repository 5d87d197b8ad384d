"""Settings of the three services: a missing or wrong one is one sentence that names it, exit 78."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path

import pytest
import trustme
from annotated_types import Le
from electoral import logs
from electoral.retention import Retention
from electoral.settings import ServiceSettings
from ems_gateway import __main__ as gateway
from ems_gateway.settings import Settings as GatewaySettings
from registration import __main__ as registration
from registration.settings import Settings as RegistrationSettings
from registration_service import write_partners
from verification import __main__ as verification
from verification.settings import Settings as VerificationSettings


@dataclass(frozen=True, slots=True)
class Service:
    """A service's command line, and what it must be told."""

    main: Callable[[list[str]], int]
    settings: type[ServiceSettings]
    own: dict[str, str]  # what only this service must be told; files are in the test's directory


SERVICES = {
    "registration": Service(
        registration.main,
        RegistrationSettings,
        {"PARTNERS_FILE": "partners.json", "POSTCODE_INDEX": "no-index"},
    ),
    "verification": Service(
        verification.main,
        VerificationSettings,
        {
            "DWP_URL": "http://127.0.0.1:1",
            "DWP_CLIENT_ID": "dwp-client",
            "DWP_CLIENT_SECRET": "swordfish",
        },
    ),
    "ems-gateway": Service(gateway.main, GatewaySettings, {"EROS_FILE": "eros.json"}),
}
COMMON = {
    "DATABASE_URL": "postgresql://someone:swordfish@127.0.0.1:1/somewhere",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "KEYS_DIRECTORY": "keys",
}


@dataclass(frozen=True, slots=True)
class Start:
    """One start of one service, in an environment where all is well but what a test changes."""

    service: Service
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def variable(self, name: str) -> str:
        return f"{self.service.settings.model_config['env_prefix']}{name}"

    def tell(self, name: str, value: str) -> None:
        self.monkeypatch.setenv(self.variable(name), value)

    def forget(self, name: str) -> None:
        self.monkeypatch.delenv(self.variable(name))

    def sentence(self, command: str = "serve") -> str:
        """Start it; returns the one sentence that it ends with."""
        try:
            status: object = self.service.main([command])
        except SystemExit as end:
            status = end.code
        said = self.capsys.readouterr().err
        assert status == 78, said
        assert said.count("\n") == 1
        assert said.endswith(".\n")
        assert "swordfish" not in said
        return said


@pytest.fixture
def start_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], Start]:
    write_partners(tmp_path)
    write_eros(tmp_path, "hartlepool")
    (tmp_path / "keys").mkdir()
    monkeypatch.chdir(tmp_path)
    # Loggers of this whole test run would write to this test's captured output for ever.
    monkeypatch.setattr(logs, "configure", lambda service, level: None)

    def start(service: str) -> Start:
        one = Start(SERVICES[service], monkeypatch, capsys)
        for name, value in (COMMON | one.service.own).items():
            one.tell(name, value)
        return one

    return start


def write_eros(folder: Path, ero: str) -> None:
    digest = sha256(b"token").hexdigest()
    (folder / "eros.json").write_text(json.dumps([{"ero": ero, "tokenSha256": [digest]}]))


REQUIRED = [(service, name) for service, one in SERVICES.items() for name in (*COMMON, *one.own)]
WRONG = [
    *(
        (service, name, value)
        for service in SERVICES
        for name, value in (
            ("DATABASE_URL", "nonsense"),
            ("DATABASE_URL", "postgresql://someone:swordfish@127.0.0.1:port/somewhere"),
            ("KAFKA_BOOTSTRAP_SERVERS", "nonsense:port"),
            ("KEYS_DIRECTORY", "nowhere"),
            ("KEYS_DIRECTORY", "eros.json"),
            ("ADMIN_PORT", "70000"),
            ("PERSON_KEY_DAYS", "-1"),
            ("LOG_LEVEL", "LOUD"),
        )
    ),
    *(
        (service, name, value)
        for service in ("registration", "ems-gateway")
        for name, value in (
            ("HTTP_PORT", "many"),
            ("AUTHORITIES_FILE", "nowhere"),
            ("AUTHORITIES_FILE", "."),
            ("AUTHORITIES_FILE", "eros.json"),
            ("AUTHORITIES_FILE", "empty.json"),
            ("ERO_CONTACTS_FILE", "nowhere"),
            ("ERO_CONTACTS_FILE", "empty.json"),
        )
    ),
    ("registration", "PARTNERS_FILE", "nowhere"),
    ("registration", "PARTNERS_FILE", "empty.json"),
    ("registration", "POSTCODE_INDEX", "nowhere"),
    ("registration", "POSTCODE_INDEX", "."),
    ("registration", "POSTCODE_INDEX", "eros.json"),
    ("ems-gateway", "POSTCODE_INDEX", "nowhere"),
    ("ems-gateway", "POSTCODE_INDEX", "eros.json"),
    ("registration", "WRITERS", "0"),
    ("registration", "ADDRESS_LOOKUP_TIMEOUT_SECONDS", "0"),
    ("registration", "TRUSTED_PROXIES", "10.0.0.0/8,load-balancer"),
    ("verification", "DWP_URL", "dwp.example"),
    ("verification", "KEY_WAIT_HOURS", "0"),
    ("ems-gateway", "EROS_FILE", "nowhere"),
    ("ems-gateway", "EROS_FILE", "partners.json"),
    ("ems-gateway", "PROXY_ADDRESSES", "load-balancer"),
    ("ems-gateway", "REQUESTS_PER_SECOND_MAX", "0"),
]


@pytest.mark.parametrize(("service", "name"), REQUIRED)
def test_a_missing_setting_is_named(
    start_of: Callable[[str], Start], service: str, name: str
) -> None:
    start = start_of(service)
    start.forget(name)
    assert start.sentence().startswith(f"Set {start.variable(name)} (")


@pytest.mark.parametrize("service", SERVICES)
def test_an_empty_setting_is_a_missing_one(start_of: Callable[[str], Start], service: str) -> None:
    start = start_of(service)
    start.tell("DATABASE_URL", "")
    assert "it is missing" in start.sentence()


@pytest.mark.parametrize(("service", "name", "value"), WRONG)
def test_a_wrong_setting_is_named(
    start_of: Callable[[str], Start], tmp_path: Path, service: str, name: str, value: str
) -> None:
    (tmp_path / "empty.json").write_text("")
    start = start_of(service)
    start.tell(name, value)
    said = start.sentence()
    assert said.startswith(start.variable(name))
    assert " is wrong: " in said


@pytest.mark.parametrize("service", SERVICES)
def test_an_address_that_only_the_driver_finds_wrong_is_named(
    start_of: Callable[[str], Start], service: str
) -> None:
    start = start_of(service)
    start.tell("DATABASE_URL", "postgresql://someone:swordfish@127.0.0.1:1/x?sslmode=none")
    assert start.sentence("migrate").startswith(start.variable("DATABASE_URL"))


@pytest.mark.parametrize("service", ["registration", "ems-gateway"])
def test_lists_that_contradict_each_other_are_named(
    start_of: Callable[[str], Start], tmp_path: Path, service: str
) -> None:
    (tmp_path / "contacts.json").write_text("[]")
    start = start_of(service)
    start.tell("ERO_CONTACTS_FILE", "contacts.json")
    said = start.sentence()
    assert start.variable("ERO_CONTACTS_FILE") in said
    assert "names an ERO that is not listed" in said


@pytest.mark.parametrize(
    "partners", ["", "[{}]", '[{"clientId": "a", "source": "paper", "tokenSha256": ["00"]}]']
)
def test_partners_that_cannot_be_read_are_named(
    start_of: Callable[[str], Start], tmp_path: Path, partners: str
) -> None:
    start = start_of("registration")
    (tmp_path / "partners.json").write_text(partners)
    assert "REGISTRATION_PARTNERS_FILE" in start.sentence()


def test_an_ero_that_is_not_listed_is_named_with_what_to_do(
    start_of: Callable[[str], Start], tmp_path: Path
) -> None:
    start = start_of("ems-gateway")
    write_eros(tmp_path, "atlantis")
    said = start.sentence()
    assert "EMS_GATEWAY_EROS_FILE" in said
    assert "atlantis" in said
    assert "python -m electoral.authorities eros" in said


@pytest.mark.parametrize("service", SERVICES)
def test_ports_need_not_be_told(start_of: Callable[[str], Start], service: str) -> None:
    start = start_of(service)
    settings = start.service.settings()
    assert settings.admin_port in {9101, 9102, 9103}
    assert settings.admin_host == "127.0.0.1"


def test_trusted_proxies_are_networks_and_nobody_unless_named(
    start_of: Callable[[str], Start],
) -> None:
    start = start_of("registration")
    assert RegistrationSettings().trusted_proxies == ()
    start.tell("TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::1")
    assert RegistrationSettings().trusted_proxies == (
        ip_network("10.0.0.0/8"),
        ip_network("2001:db8::1/128"),
    )


@pytest.fixture
def tls_files(tmp_path: Path) -> dict[str, Path]:
    ca, others = trustme.CA(), trustme.CA()
    files = {name: tmp_path / f"{name}.pem" for name in ("certificate", "key", "ca", "other-key")}
    own = ca.issue_cert("127.0.0.1")
    own.cert_chain_pems[0].write_to_path(str(files["certificate"]))
    own.private_key_pem.write_to_path(str(files["key"]))
    ca.cert_pem.write_to_path(str(files["ca"]))
    (tmp_path / "nonsense.pem").write_text("nonsense")
    others.issue_cert("127.0.0.1").private_key_pem.write_to_path(str(files["other-key"]))
    return files


@pytest.mark.parametrize("missing", ["TLS_CERTIFICATE", "TLS_KEY", "TLS_CLIENT_CA"])
def test_tls_needs_certificate_key_and_authorities(
    start_of: Callable[[str], Start], missing: str
) -> None:
    start = start_of("ems-gateway")
    for name in {"TLS_CERTIFICATE", "TLS_KEY", "TLS_CLIENT_CA"} - {missing}:
        start.tell(name, "some.pem")
    said = start.sentence()
    assert said.startswith("EMS_GATEWAY_TLS_CLIENT_CA")
    assert "none of the three" in said


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("TLS_CERTIFICATE", "nowhere"),
        ("TLS_KEY", "nowhere"),
        ("TLS_KEY", "other-key.pem"),
        ("TLS_KEY", "nonsense.pem"),
        ("TLS_CLIENT_CA", "nowhere"),
        ("TLS_CLIENT_CA", "nonsense.pem"),
    ],
)
def test_a_file_that_tls_cannot_use_is_named(
    start_of: Callable[[str], Start], tls_files: dict[str, Path], name: str, file: str
) -> None:
    start = start_of("ems-gateway")
    for setting, own in (("CERTIFICATE", "certificate"), ("KEY", "key"), ("CLIENT_CA", "ca")):
        start.tell(f"TLS_{setting}", tls_files[own].name)
    start.tell(name, file)
    assert start.sentence().startswith(f"{start.variable(name)} is wrong: ")


def test_keys_are_listed_and_kept_for_as_long_as_the_settings_say(
    start_of: Callable[[str], Start], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "keys/person-2026-01-01.key").write_bytes(b"k" * 32)
    start_of("registration").tell("PERSON_KEY_DAYS", "100000")
    for command in (["keys"], ["keys", "list"]):
        assert registration.main(command) == 0
        assert capsys.readouterr().out == "person-2026-01-01  kept until 2299-10-17\n"
    assert registration.main(["keys", "expired"]) == 0
    assert capsys.readouterr().out == ""


def test_a_key_is_not_destroyed_while_nobody_answers(
    start_of: Callable[[str], Start], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    start_of("registration")
    key = tmp_path / "keys/person-2020-01-01.key"
    key.write_bytes(b"k" * 32)
    arguments = ["--key-id", "person-2020-01-01", "--ask", "http://127.0.0.1:1"]
    assert registration.main(["keys", "destroy", *arguments]) == 1
    said = capsys.readouterr()
    assert "did not answer" in said.err
    assert said.out == "0 of 1 keys destroyed in keys.\n"
    assert key.exists()


def test_a_copy_is_given_up_before_the_key_of_its_address_is_destroyed() -> None:
    (limit,) = (
        rule.le
        for rule in RegistrationSettings.model_fields["notify_give_up_hours"].metadata
        if isinstance(rule, Le)
    )
    assert limit == Retention().form_session_days * 24
