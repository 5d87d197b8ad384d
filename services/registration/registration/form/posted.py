"""What a form's POST brings: urlencoded fields, each one text, within limits."""

from urllib.parse import parse_qsl

from aiohttp import web
from electoral import problems
from electoral.http import read_body

FORM_TYPE = "application/x-www-form-urlencoded"
FORM_BYTES_MAX = 32 * 1024  # a page's fields at their longest, a character as twelve bytes
FIELDS_MAX = 50


async def read_fields(request: web.Request) -> dict[str, str]:
    """Read the fields of a POST; of two with one name the last counts. Raises `Problem`."""
    body = await read_body(request, FORM_TYPE, FORM_BYTES_MAX)
    try:
        pairs = parse_qsl(
            body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=FIELDS_MAX
        )
    except ValueError:
        raise problems.too_large(FORM_BYTES_MAX) from None
    return {name: _one_line_end(value) for name, value in pairs}


def _one_line_end(text: str) -> str:
    """Write line ends as one character: browsers send two."""
    return text.replace("\r\n", "\n")
