"""Services' settings that are changed for one run, as `REGISTRATION_ADMISSION=false`."""

from collections.abc import Mapping, Sequence

from electoral_local.blueprint import SERVICES, instances_of
from electoral_local.errors import ConfigurationError


def environment_of(
    settings: Sequence[str], instances: Mapping[str, int]
) -> Mapping[str, Mapping[str, str]]:
    """By process, for every instance of the service whose name a setting begins with.

    Raises ConfigurationError for one that is no service's.
    """
    environment: dict[str, dict[str, str]] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        service = next((s for s in SERVICES if name.startswith(f"{_prefix(s)}_")), None)
        if service is None or not equals:
            prefixes = ", ".join(f"{_prefix(s)}_..." for s in SERVICES)
            raise ConfigurationError(f"{setting!r} is no setting: write NAME=VALUE, of {prefixes}.")
        for instance in instances_of(service, instances.get(service, 1)):
            environment.setdefault(instance, {})[name] = value
    return environment


def _prefix(service: str) -> str:
    return service.replace("-", "_").upper()
