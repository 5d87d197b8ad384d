"""What every part of the repository keeps to."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from electoral.events import EVENTS
from electoral.logs import FIELDS
from electoral.metrics import CATALOGUE
from electoral.postgres import SHARED_MIGRATIONS, read_migrations
from electoral.settings import ServiceSettings
from electoral.topics import TOPICS
from ems_gateway import routes as gateway_routes
from ems_gateway.settings import Settings as GatewaySettings
from registration import routes as registration_routes
from registration.settings import Settings as RegistrationSettings
from verification.settings import Settings as VerificationSettings

ROOT = Path(__file__).parent.parent.parent
SERVICES = {
    "registration": ROOT / "services/registration",
    "verification": ROOT / "services/verification",
    "ems-gateway": ROOT / "services/ems-gateway",
}
SETTINGS: dict[str, type[ServiceSettings]] = {
    "registration": RegistrationSettings,
    "verification": VerificationSettings,
    "ems-gateway": GatewaySettings,
}
SAME_FILES = ("__main__", "settings", "app", "handlers", "postgres", "errors")


def sources() -> Iterator[Path]:
    for folder in ("shared", "services", "loadtests", "deploy"):
        yield from (ROOT / folder).rglob("*.py")


def package(service: str) -> Path:
    return SERVICES[service] / service.replace("-", "_")


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_topic_has_a_file_and_at_least_three_examples(topic) -> None:  # type: ignore[no-untyped-def]
    contracts = ROOT / "shared/contracts"
    assert (contracts / "topics" / f"{topic.name}.yaml").exists()
    assert len(list((contracts / "examples" / topic.event.__name__).glob("*.json"))) >= 3


def test_every_event_has_a_topic() -> None:
    assert {topic.event for topic in TOPICS} == set(EVENTS)


@pytest.mark.parametrize("service", SERVICES)
def test_services_have_the_same_file_names(service: str) -> None:
    assert [n for n in SAME_FILES if not (package(service) / f"{n}.py").exists()] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_stands_in_the_services_readme(service: str) -> None:
    settings, readme = SETTINGS[service], (SERVICES[service] / "README.md").read_text()
    prefix = settings.model_config["env_prefix"]
    assert [n for n in settings.model_fields if f"`{prefix}{n.upper()}`" not in readme] == []
    assert [n for n, field in settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_table_stands_in_the_services_readme(service: str) -> None:
    readme = (SERVICES[service] / "README.md").read_text()
    for migration in read_migrations(service, package(service) / "migrations"):
        for table in re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", migration.sql):
            assert f"`{table}`" in readme, f"{table} is not in {service}'s README"


@pytest.mark.parametrize("service", ["shared", *SERVICES])
def test_migrations_are_numbered_without_gaps(service: str) -> None:
    directory = SHARED_MIGRATIONS if service == "shared" else package(service) / "migrations"
    assert read_migrations(service, directory)


def test_every_metric_that_is_used_is_in_the_catalogue_and_the_other_way_round() -> None:
    used = set()
    for path in sources():
        used |= set(re.findall(r"\.(?:counter|gauge|histogram)\(\s*\"(\w+)\"", path.read_text()))
    assert used - {metric.name for metric in CATALOGUE} == set()
    assert {metric.name for metric in CATALOGUE} - used == set()


def test_every_log_line_uses_known_fields() -> None:
    for path in sources():
        for call in re.findall(
            r"\blog\.(?:info|warning|error|debug)\(([^()]*(?:\([^()]*\)[^()]*)*)\)",
            path.read_text(),
        ):
            names = set(re.findall(r"\b(\w+)=", call)) - {"exc_info"}
            assert names <= FIELDS, f"{path.name}: {names - FIELDS} is not a log field"


def test_only_one_module_imports_aiokafka() -> None:
    importers = [
        p.name for p in sources() if re.search(r"^\s*(?:from|import) aiokafka", p.read_text(), re.M)
    ]
    assert importers == ["kafka.py"]


def test_workflow_of_ci_calls_what_the_readme_says() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert all(target in script for target in ("lint", "types", "test-all", "demo"))


def test_no_lock_file_names_a_host() -> None:
    for path in ROOT.glob("requirements*.txt"):
        assert "://" not in path.read_text()


def routes_of(service: str) -> dict[tuple[str, str], str]:
    if service == "registration":
        return {
            (route.method, route.path): route.authentication for route in registration_routes.ROUTES
        }
    return {(route.method, route.path): route.authentication for route in gateway_routes.ROUTES}


@pytest.mark.parametrize("service", ["registration", "ems-gateway"])
def test_every_route_names_its_authentication_and_stands_in_openapi(service: str) -> None:
    document = yaml.safe_load(next(SERVICES[service].rglob("openapi.yaml")).read_text())
    described = {
        (method.upper(), path): bool(operation["security"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in {"get", "put", "post", "delete"}
    }
    routes = {place: kind != "none" for place, kind in routes_of(service).items()}
    assert described == routes
