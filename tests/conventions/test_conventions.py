"""What every part of the repository keeps to."""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from aiohttp import web
from electoral import admin
from electoral.events import EVENTS
from electoral.logs import FIELDS
from electoral.metrics import CATALOGUE, Metrics
from electoral.migrating import SHARED_MIGRATIONS, read_migrations
from electoral.routes import OpenRoute, TokenRoute
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
LOG_METHODS = {"debug", "info", "warning", "error"}
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
    there = {path.stem for path in package(service).iterdir()}  # a file, or a package of files
    assert set(SAME_FILES) - there == set()


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


def is_of_a_logger(function: ast.expr) -> bool:
    """Say whether this is `log.info`, or such a method that was given the name `say`."""
    if isinstance(function, ast.Attribute) and function.attr in LOG_METHODS:
        return isinstance(function.value, ast.Name) and function.value.id == "log"
    return isinstance(function, ast.Name) and function.id == "say"


def test_every_log_field_that_is_used_is_allowed_and_the_other_way_round() -> None:
    used = set()
    for path in sources():
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and is_of_a_logger(call.func):
                names = {keyword.arg for keyword in call.keywords} - {"exc_info"}
                assert names <= FIELDS, f"{path.name}:{call.lineno}: {names - FIELDS}"
                used |= names
    assert FIELDS - used == set()


def test_only_one_module_imports_aiokafka() -> None:
    importers = [
        p.name for p in sources() if re.search(r"^\s*(?:from|import) aiokafka", p.read_text(), re.M)
    ]
    assert importers == ["kafka.py"]


def test_ci_runs_lint_types_every_test_and_the_demo() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert all(target in script for target in ("lint", "types", "test-all", "demo"))


def test_no_lock_file_names_a_host() -> None:
    for path in ROOT.glob("requirements*.txt"):
        assert "://" not in path.read_text()


# Building a port asks what answers for nothing but this.
ANSWERS: Any = SimpleNamespace(partners=None, authenticate=None, metrics=Metrics())
PUBLIC: dict[str, tuple[Sequence[TokenRoute[Any, Any] | OpenRoute[Any]], web.Application]] = {
    "registration": (
        registration_routes.ROUTES,
        registration_routes.public_app(ANSWERS, Metrics()),
    ),
    "ems-gateway": (
        gateway_routes.ROUTES,
        gateway_routes.public_app(ANSWERS, Metrics()),
    ),
}


def served_by(app: web.Application) -> set[tuple[str, str]]:
    resources = [(route.method, route.resource) for route in app.router.routes()]
    return {(method, resource.canonical) for method, resource in resources if resource}


@pytest.mark.parametrize("service", PUBLIC)
def test_every_route_stands_in_the_table_that_asks_for_its_credential(service: str) -> None:
    routes, app = PUBLIC[service]
    assert served_by(app) == {(route.method, route.path) for route in routes}


@pytest.mark.parametrize("service", PUBLIC)
def test_every_route_stands_in_openapi_with_its_credential(service: str) -> None:
    document = yaml.safe_load((package(service) / "openapi.yaml").read_text())
    described = {
        (method.upper(), path): bool(operation["security"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    routes, _ = PUBLIC[service]
    assert described == {
        (route.method, route.path): isinstance(route, TokenRoute) for route in routes
    }


def test_every_admin_route_stands_in_its_table_and_in_the_readme() -> None:
    app = admin.admin_app(ANSWERS)
    assert served_by(app) == {(route.method, route.path) for route in admin.ROUTES}
    readme = (ROOT / "shared/README.md").read_text()
    assert [route.path for route in admin.ROUTES if f"`{route.path}" not in readme] == []
