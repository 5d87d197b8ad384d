"""The chain of the history: what a hash covers, what a batch lists, what a head is signed over."""

import json
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from electoral.sealing import DirectoryKeyring, UnknownKey
from ems_gateway import app
from ems_gateway.history.chain import (
    BEFORE_THE_FIRST,
    KEY_ID,
    HistoryKey,
    Link,
    hash_of,
    is_signed,
    microseconds,
)
from ems_gateway.history.writing import History, Kind

AT = datetime(2026, 11, 20, 9, 30, 15, 123456, tzinfo=UTC)
OPENAPI = Path(app.__file__).parent / "openapi.yaml"


def a_link(**changes: Any) -> Link:
    fields: dict[str, Any] = {
        "application_id": UUID(int=1),
        "number": 1,
        "attempt": 1,
        "kind": "offered",
        "at": AT,
        "by": "ems-gateway",
        "facts": '{"offer":1}',
        "previous": BEFORE_THE_FIRST,
        "batch_id": 7,
        "hash": b"",
    }
    link = Link(**(fields | changes))
    numbers = (link.number, link.attempt, microseconds(link.at), link.batch_id)
    texts = f"{link.kind}\0{link.by}"
    made = hash_of(link.application_id, numbers, texts, link.facts.encode(), link.previous)
    return link._replace(hash=made)


@pytest.fixture
def key(tmp_path: Path) -> HistoryKey:
    (tmp_path / f"{KEY_ID}.key").write_bytes(sha256(b"a key").digest())
    return HistoryKey(DirectoryKeyring(tmp_path))


def described() -> Any:
    return yaml.safe_load(OPENAPI.read_text())


def example(path: str) -> Any:
    answer = described()["paths"][path]["get"]["responses"]["200"]
    return answer["content"]["application/json"]["example"]


@pytest.mark.parametrize(
    "change",
    [
        {"application_id": UUID(int=2)},
        {"number": 2},
        {"attempt": 2},
        {"kind": "held"},
        {"at": AT + timedelta(microseconds=1)},
        {"by": "operator Eve"},
        {"facts": '{"offer":2}'},
        {"previous": sha256(b"x").digest()},
        {"batch_id": 8},
        {"kind": "offeredems-gateway", "by": ""},
    ],
)
def test_a_hash_covers_every_column(change: dict[str, Any]) -> None:
    assert a_link().is_whole
    assert not a_link()._replace(**change).is_whole


def test_hashes_are_made_as_the_description_says() -> None:
    history = example("/registrations/{id}/history")
    application_id, previous = UUID(history["applicationId"]), "0" * 64
    for entry in history["entries"]:
        assert entry["previousHash"] == previous
        at = datetime.fromisoformat(entry["at"])
        numbers = (
            entry["number"].to_bytes(4, "big")
            + entry["attempt"].to_bytes(4, "big")
            + round(at.timestamp() * 1_000_000).to_bytes(8, "big")
            + entry["batch"].to_bytes(8, "big")
        )
        facts = json.dumps(entry["facts"], separators=(",", ":"), ensure_ascii=False)
        text = "\0".join((entry["kind"], entry["by"], facts)).encode()
        hashed = application_id.bytes + numbers + bytes.fromhex(previous) + text
        previous = sha256(hashed).hexdigest()
        assert entry["hash"] == previous


def test_heads_are_signed_as_the_description_says() -> None:
    head = example("/statements/{day}")["head"]
    text = "\n".join(
        ("history head", head["day"], head["at"], str(head["entries"]), head["digest"])
    )
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(head["publicKey"]))
    public.verify(bytes.fromhex(head["signature"]), text.encode())


def test_the_description_names_every_kind_of_entry() -> None:
    kinds = described()["components"]["schemas"]["HistoryEntry"]["properties"]["kind"]["enum"]
    assert sorted(kinds) == sorted(get_args(Kind))


def test_a_batch_lists_its_entries_in_one_order_and_is_signed(key: HistoryKey) -> None:
    links = [a_link(application_id=uuid4(), number=number) for number in (3, 1, 2)]
    batch = key.batch(7, AT, date(2026, 11, 20), links)
    assert batch == key.batch(7, AT, date(2026, 11, 20), links[::-1])
    assert batch.is_whole
    assert {(one.application_id, one.number) for one in batch.listed()} == {
        (link.application_id, link.number) for link in links
    }
    assert is_signed(batch.signed_text, batch.signature, key.public)


def test_a_list_that_was_cut_is_read_as_far_as_it_goes(key: HistoryKey) -> None:
    links = [a_link(number=number) for number in (1, 2)]
    cut = key.batch(7, AT, date(2026, 11, 20), links)
    cut = cut._replace(entries=cut.entries[:-1])
    assert not cut.is_whole
    assert [one.number for one in cut.listed()] == [1]


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(65)])
def test_what_is_no_signature_signs_nothing(key: HistoryKey, signature: bytes) -> None:
    assert not is_signed(b"text", signature, key.public)


async def test_a_missing_key_is_named_and_looked_for_again(tmp_path: Path) -> None:
    history = History(DirectoryKeyring(tmp_path))
    assert await history.check() == f"The key {KEY_ID} is missing."
    with pytest.raises(UnknownKey):
        _ = history.key
    (tmp_path / f"{KEY_ID}.key").write_bytes(bytes(32))
    assert await history.check() is None
    assert len(history.key.public) == 32
