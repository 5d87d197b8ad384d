"""Who may speak to whom on this machine: tokens made once, kept 0600, hashed for services."""

import hashlib
import json
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from electoral_local.alone import last_lines
from electoral_local.errors import LocalError
from electoral_local.places import write_private

_ASK_SECONDS = 60
_SOURCES = ("web", "assisted")


@dataclass(frozen=True)
class Credentials:
    """Files in one directory; every secret is made when it is first asked for."""

    directory: Path

    @property
    def partners_file(self) -> Path:
        """For registration: clients and the hashes of their tokens."""
        return self.directory / "partners.json"

    @property
    def eros_file(self) -> Path:
        """For the gateway: EROs and the hashes of their tokens."""
        return self.directory / "eros.json"

    @property
    def tokens_file(self) -> Path:
        """For the simulated councils: ERO -> token."""
        return self.directory / "tokens.json"

    @property
    def dwp_client_id(self) -> str:
        return "electoral-verification"

    @property
    def dwp_client_secret(self) -> str:
        return self._secret("dwp-client")

    def partner_token(self, source: str = "web") -> str:
        """Of the partner that sends applications of this source: `web` or `assisted`."""
        return self._secret(f"partner-{source}")

    def ero_tokens(self) -> dict[str, str]:
        """Empty before `make` has run."""
        if not self.tokens_file.exists():
            return {}
        found = json.loads(self.tokens_file.read_text(encoding="utf-8"))
        return {str(ero): str(token) for ero, token in found.items()}

    def make(self) -> None:
        """Write all files; tokens that are there stay, EROs that are new get theirs."""
        partners = [
            {
                "clientId": f"local-{source}",
                "source": source,
                "tokenSha256": [_hash(self.partner_token(source))],
            }
            for source in _SOURCES
        ]
        write_private(self.partners_file, json.dumps(partners, indent=1))
        there = self.ero_tokens()
        tokens = {ero: there.get(ero) or secrets.token_urlsafe(32) for ero in self._ero_codes()}
        write_private(self.tokens_file, json.dumps(tokens, indent=1))
        eros = [{"ero": ero, "tokenSha256": [_hash(token)]} for ero, token in tokens.items()]
        write_private(self.eros_file, json.dumps(eros, indent=1))

    def _secret(self, name: str) -> str:
        path = self.directory / f"{name}.secret"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(32))
        return path.read_text(encoding="utf-8")

    def _ero_codes(self) -> list[str]:
        """Asked of the product by its command: this package imports none of it."""
        log = self.directory / "authorities.log"
        with log.open("wb") as errors:
            answer = subprocess.run(
                [sys.executable, "-m", "electoral.authorities", "eros"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                timeout=_ASK_SECONDS,
                check=False,
            )
        codes = answer.stdout.decode().split()
        if answer.returncode != 0 or not codes:
            raise LocalError(f"The list of EROs could not be read: {last_lines(log)}")
        return codes


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
