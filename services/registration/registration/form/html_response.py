"""An answer that is a page, compressed when the browser takes that, at next to no cost.

A kept page is compressed once, in two parts around the place of the CSRF token; the token goes
between them as a block that is not compressed (RFC 1951, section 3.2.4). What is left to do for an
answer is to join the parts and to sum the bytes (RFC 1952, section 2.3.1).
"""

import zlib
from dataclasses import dataclass
from typing import Self

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.web_request import BaseRequest
from electoral.events import Language

KEPT_LEVEL = 9  # done once
PASSING_LEVEL = 4  # done for one answer: a third of the time of the usual level

_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_RAW_DEFLATE = -zlib.MAX_WBITS
_PUBLIC = "public, max-age=300"


@dataclass(frozen=True, slots=True)
class Html:
    """A page around one place that is filled in for each answer."""

    before: bytes
    after: bytes
    before_deflated: bytes
    after_deflated: bytes
    has_place: bool

    @classmethod
    def around(cls, html: str, mark: str) -> Self:
        """Cut a page at its mark, to be kept; a page without a form has none."""
        before, found, after = html.encode().partition(mark.encode())
        return cls(
            before,
            after,
            _deflated(before, KEPT_LEVEL, zlib.Z_SYNC_FLUSH),
            _deflated(after, KEPT_LEVEL, zlib.Z_FINISH),
            has_place=bool(found),
        )

    @classmethod
    def passing(cls, html: str) -> Self:
        """Take a page that is sent once."""
        return cls(html.encode(), b"", b"", b"", has_place=False)

    def filled(self, filling: bytes) -> bytes:
        """Return the page."""
        return b"".join((self.before, filling, self.after))

    def gzipped(self, filling: bytes) -> bytes:
        """Return the page, compressed."""
        page = self.filled(filling)
        if not self.after_deflated:
            body = _deflated(page, PASSING_LEVEL, zlib.Z_FINISH)
        else:
            body = b"".join((self.before_deflated, _stored(filling), self.after_deflated))
        tail = zlib.crc32(page).to_bytes(4, "little") + len(page).to_bytes(4, "little")
        return b"".join((_GZIP_HEAD, body, tail))


class HtmlResponse(web.Response):
    """A page on its way to a browser."""

    def __init__(
        self, html: Html, filling: str, language: Language, status: int, *, personal: bool
    ) -> None:
        self._html = html
        self._filling = filling.encode() if html.has_place else b""
        super().__init__(
            body=html.filled(self._filling),
            status=status,
            content_type="text/html",
            charset="utf-8",
            headers={
                "Content-Language": language,
                "Cache-Control": "no-store" if personal or status != 200 else _PUBLIC,
                "Vary": "Accept-Encoding",
            },
        )

    def compressed(self) -> bytes:
        """Return the page as it is sent to who takes gzip."""
        return self._html.gzipped(self._filling)

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        """Send the page compressed to who takes it so."""
        if not self.prepared and _takes_gzip(request):
            self.headers["Content-Encoding"] = "gzip"
            self.body = self.compressed()
        return await super().prepare(request)


def _takes_gzip(request: BaseRequest) -> bool:
    accepted = request.headers.get("Accept-Encoding", "")
    return "gzip" in accepted and "gzip;q=0" not in accepted.replace(" ", "")


def _deflated(part: bytes, level: int, end: int) -> bytes:
    compressor = zlib.compressobj(level, wbits=_RAW_DEFLATE)
    return compressor.compress(part) + compressor.flush(end)


def _stored(filling: bytes) -> bytes:
    length = len(filling)
    return b"".join(
        (b"\x00", length.to_bytes(2, "little"), (length ^ 0xFFFF).to_bytes(2, "little"), filling)
    )
