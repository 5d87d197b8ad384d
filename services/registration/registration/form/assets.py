"""Style sheet and scripts as `make assets` built them: read once, sent compressed, for ever.

Their path carries a hash of all of them, so a browser never asks again and never has an old one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from aiohttp import web
from electoral.unusable import Unusable

BUILT = Path(__file__).parent / "static"

_ENCODINGS = {"br": ".br", "gzip": ".gz"}  # best first
_FOR_EVER = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class AssetsMissing(Unusable):
    """The pages' style sheet and scripts are not built: run `make assets`."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, as it is and compressed."""

    content_type: str
    plain: bytes
    encoded: Mapping[str, bytes]  # by encoding, best first

    def answer(self, accepted: str) -> web.Response:
        """Answer with the smallest form that is accepted."""
        for encoding, body in self.encoded.items():
            if encoding in accepted:
                headers = {**_FOR_EVER, "Content-Encoding": encoding}
                return web.Response(body=body, content_type=self.content_type, headers=headers)
        return web.Response(body=self.plain, content_type=self.content_type, headers=_FOR_EVER)


@dataclass(frozen=True, slots=True)
class Assets:
    """All that pages link to, by name, and the hash that is part of their paths."""

    hash: str
    files: Mapping[str, Asset]

    @classmethod
    def load(cls, directory: Path = BUILT) -> "Assets":
        """Read what was built; raises AssetsMissing."""
        try:
            built = json.loads((directory / "built.json").read_text(encoding="utf-8"))
            files = {name: _read(directory / name) for name in built["files"]}
        except FileNotFoundError:
            raise AssetsMissing(f"{directory} is not built: run `make assets`.") from None
        return cls(built["hash"], MappingProxyType(files))

    def path(self, name: str) -> str:
        """Return where a file is served; raises KeyError for one that is not there."""
        assert name in self.files, f"{name} is not built"
        return f"/assets/{self.hash}/{name}"

    def answer(self, request: web.Request) -> web.Response:
        """Answer `GET /assets/{hash}/{file}`: 404 for an unknown file or another build's hash."""
        file = self.files.get(request.match_info["file"])
        if file is None or request.match_info["hash"] != self.hash:
            raise web.HTTPNotFound
        return file.answer(request.headers.get("Accept-Encoding", ""))


def _read(file: Path) -> Asset:
    encoded = {
        encoding: file.with_name(file.name + ending).read_bytes()
        for encoding, ending in _ENCODINGS.items()
    }
    return Asset(_TYPES[file.suffix], file.read_bytes(), MappingProxyType(encoded))
