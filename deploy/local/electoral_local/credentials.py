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
        """For the simulated councils, and their judge: ERO, token, GSS codes."""
        return self.directory / "tokens.json"

    @property
    def dwp_client_id(self) -> str:
        return "electoral-verification"

    @property
    def dwp_client_secret(self) -> str:
        return self._secret("dwp-client")

    @property
    def notify_token(self) -> str:
        return self._secret("notify")

    def partner_token(self, source: str = "web") -> str:
        """Of the partner that sends applications of this source: `web` or `assisted`."""
        return self._secret(f"partner-{source}")

    def ero_tokens(self) -> dict[str, str]:
        """Empty before `make` has run."""
        if not self.tokens_file.exists():
            return {}
        found = json.loads(self.tokens_file.read_text(encoding="utf-8"))
        return {str(entry["ero"]): str(entry["token"]) for entry in found}

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
        councils = [
            {"ero": ero, "token": there.get(ero) or secrets.token_urlsafe(32), "gssCodes": codes}
            for ero, codes in self._gss_codes_of_eros().items()
        ]
        write_private(self.tokens_file, json.dumps(councils, indent=1))
        eros = [
            {"ero": council["ero"], "tokenSha256": [_hash(str(council["token"]))]}
            for council in councils
        ]
        write_private(self.eros_file, json.dumps(eros, indent=1))

    def _secret(self, name: str) -> str:
        path = self.directory / f"{name}.secret"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(32))
        return path.read_text(encoding="utf-8")

    def _gss_codes_of_eros(self) -> dict[str, list[str]]:
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
        lines = [line.split() for line in answer.stdout.decode().splitlines()]
        if answer.returncode != 0 or not lines:
            raise LocalError(f"The list of EROs could not be read: {last_lines(log)}")
        return {ero: codes for ero, *codes in lines}


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
