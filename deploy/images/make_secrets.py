"""Makes the secrets that docker-compose.yml mounts: `python3 deploy/images/make_secrets.py`.

Python's standard library alone, so that a host needs nothing but Docker. What is there already is
kept, as databases and councils know it; the directory itself is closed to other users and to git.
"""

import argparse
import hashlib
import json
import secrets
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
AUTHORITIES = ROOT / "shared/electoral/data/authorities.json"
DATABASES = ("registration", "verification", "ems_gateway")
SOURCES = ("web", "assisted")
DWP_CLIENT_ID = "electoral-verification"


class Secrets:
    """One directory of secret files; each is made when it is first asked for."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.made: list[str] = []

    def text(self, name: str) -> str:
        """Return a secret, made if it is missing."""
        path = self.directory / name
        if not path.exists():
            self.write(name, secrets.token_urlsafe(32))
        return path.read_text(encoding="utf-8")

    def write(self, name: str, content: str) -> None:
        """Write a file, if it is not there or says something else.

        Readable, in a directory that is not: Compose mounts a file as it is, and the user inside
        the container is not the one who ran this.
        """
        path = self.directory / name
        if path.exists() and path.read_text(encoding="utf-8") == content:
            return
        path.write_text(content, encoding="utf-8")
        path.chmod(0o644)
        self.made.append(name)

    def write_environment(self, name: str, variables: dict[str, str]) -> None:
        """Write an environment file; the tokens in it need no quotes."""
        self.write(name, "".join(f"{key}={value}\n" for key, value in variables.items()))


def make(directory: Path) -> list[str]:
    """Make what is missing; returns the names of the files written."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    kept = Secrets(directory)
    kept.write(".gitignore", "*\n")
    kept.text("postgres_password")
    databases = {name: _database_url(kept, name) for name in DATABASES}
    _write_partners(kept)
    _write_eros(kept)
    dwp_secret = kept.text("dwp_client_secret")
    notify_token = kept.text("notify_token")
    kept.write_environment(
        "registration.env",
        {
            "REGISTRATION_DATABASE_URL": databases["registration"],
            "REGISTRATION_NOTIFY_TOKEN": notify_token,
        },
    )
    kept.write_environment(
        "verification.env",
        {
            "VERIFICATION_DATABASE_URL": databases["verification"],
            "VERIFICATION_DWP_CLIENT_ID": DWP_CLIENT_ID,
            "VERIFICATION_DWP_CLIENT_SECRET": dwp_secret,
        },
    )
    kept.write_environment(
        "ems-gateway.env", {"EMS_GATEWAY_DATABASE_URL": databases["ems_gateway"]}
    )
    kept.write_environment(
        "dwp.env",
        {
            "SIMULATED_DWP_CLIENT_ID": DWP_CLIENT_ID,
            "SIMULATED_DWP_CLIENT_SECRET": dwp_secret,
        },
    )
    kept.write_environment("notify.env", {"SIMULATED_NOTIFY_TOKEN": notify_token})
    kept.write_environment("citizens.env", {"SIMULATED_PARTNER_TOKEN": kept.text("partner_web")})
    return kept.made


def _database_url(kept: Secrets, database: str) -> str:
    password = kept.text(f"{database}_database_password")
    return f"postgresql://{database}:{password}@postgres:5432/{database}"


def _write_partners(kept: Secrets) -> None:
    partners = [
        {
            "clientId": f"compose-{source}",
            "source": source,
            "tokenSha256": [_hash(kept.text(f"partner_{source}"))],
        }
        for source in SOURCES
    ]
    kept.write("partners.json", json.dumps(partners, indent=1))


def _write_eros(kept: Secrets) -> None:
    """Hashes for the gateway, tokens for the simulated councils."""
    tokens_file = kept.directory / "council_tokens.json"
    there = json.loads(tokens_file.read_text(encoding="utf-8")) if tokens_file.exists() else []
    tokens = {entry["ero"]: entry["token"] for entry in there}
    councils = [
        {"ero": ero, "token": tokens.get(ero) or secrets.token_urlsafe(32), "gssCodes": codes}
        for ero, codes in _gss_codes_of_eros().items()
    ]
    kept.write("council_tokens.json", json.dumps(councils, indent=1))
    eros = [{"ero": c["ero"], "tokenSha256": [_hash(str(c["token"]))]} for c in councils]
    kept.write("eros.json", json.dumps(eros, indent=1))


def _gss_codes_of_eros() -> dict[str, list[str]]:
    """Codes that ended are still their ERO's: what was addressed to one goes there."""
    codes: dict[str, list[str]] = defaultdict(list)
    for authority in json.loads(AUTHORITIES.read_text(encoding="utf-8")):
        codes[authority["ero"]].append(authority["gssCode"])
    return dict(sorted(codes.items()))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, default=ROOT / "secrets")
    made = make(parser.parse_args().directory)
    sys.stdout.write(f"{len(made)} files written; what was there is kept.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
