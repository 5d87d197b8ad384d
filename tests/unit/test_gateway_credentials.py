"""Whose a credential is: what the EROs' file says, and what operators said beside it."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from electoral.authorities import Authorities
from electoral.metrics import Metrics
from electoral.unusable import Unusable
from ems_gateway.calling.certificates import Certificate
from ems_gateway.calling.credentials import (
    Credential,
    Filed,
    Known,
    fingerprint_proof,
    name_of,
    serial_proof,
    token_proof,
)
from ems_gateway.calling.eros_file import ErosFile, open_eros_file, set_file_gauge

AUTHORITIES = Authorities.load()
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ISSUER, OTHER_ISSUER = "cn=councils", "cn=others"
FINGERPRINT = "ab" * 32


def a_file(directory: Path, *entries: object) -> Path:
    file = directory / "eros.json"
    file.write_text(json.dumps(entries))
    return file


def opened(directory: Path, *entries: object) -> ErosFile:
    return open_eros_file(a_file(directory, *entries), lambda: AUTHORITIES)


def an_entry(ero: str, *tokens: str, **more: object) -> dict[str, object]:
    digests = [sha256(token.encode()).hexdigest() for token in tokens]
    return {"ero": ero, "tokenSha256": digests, **more}


def known(file: ErosFile, *issued: Credential) -> Known:
    return Known(file.content, issued)


def whose(found: Known, token: str, at: datetime = NOW) -> str | None:
    credential = found.of_token(token, at)
    return None if credential is None else credential.ero


def called_from(found: Known, token: str, at: datetime = NOW) -> list[str] | None:
    credential = found.of_token(token, at)
    assert credential is not None
    networks = found.networks_of(credential, at)
    return None if networks is None else [str(network) for network in networks]


def whose_certificate(found: Known, certificate: Certificate) -> str | None:
    credential = found.of_certificate(certificate, NOW)
    return None if credential is None else credential.ero


# -- the file -------------------------------------------------------------------------------------


def test_a_token_leads_to_its_ero(tmp_path: Path) -> None:
    file = opened(tmp_path, an_entry("hartlepool", "one", "two"), an_entry("lothian", "three"))
    assert [whose(known(file), token) for token in ("one", "two", "three")] == [
        "hartlepool",
        "hartlepool",
        "lothian",
    ]


@pytest.mark.parametrize("token", ["", "four", "\udcff", sha256(b"one").hexdigest()])
def test_any_other_token_is_nobodys(tmp_path: Path, token: str) -> None:
    assert whose(known(opened(tmp_path, an_entry("hartlepool", "one"))), token) is None


def test_an_entry_needs_nothing_but_its_ero(tmp_path: Path) -> None:
    assert opened(tmp_path, {"ero": "hartlepool"}).content == Filed((), {})


@pytest.mark.parametrize(
    "entry",
    [
        an_entry("atlantis", "one"),
        {"tokenSha256": []},
        {"ero": 7, "tokenSha256": []},
        {"ero": "hartlepool", "tokenSha256": ["00"]},
        {"ero": "hartlepool", "token": "one"},
        an_entry("hartlepool", addresses=["192.0.2.1/24"]),
        an_entry("hartlepool", validTo="tomorrow"),
        an_entry("hartlepool", certificates=[{"serial": "0a"}]),
        an_entry("hartlepool", certificates=[{"issuer": "CN=a"}]),
        an_entry("hartlepool", certificates=[{"issuer": "CN=a", "serial": "xyz"}]),
        an_entry("hartlepool", certificates=[{"issuer": "nobody", "serial": "0a"}]),
        an_entry("hartlepool", certificates=[{"fingerprint": "0a"}]),
        an_entry(
            "hartlepool",
            certificates=[{"issuer": "CN=a", "serial": "0a", "fingerprint": FINGERPRINT}],
        ),
    ],
)
def test_an_entry_that_is_none_is_refused(tmp_path: Path, entry: object) -> None:
    with pytest.raises(Unusable):
        opened(tmp_path, entry)


def test_a_token_of_two_eros_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="twice"):
        opened(tmp_path, an_entry("hartlepool", "one"), an_entry("lothian", "one"))


def test_what_is_wrong_is_told_without_its_value(tmp_path: Path) -> None:
    with pytest.raises(Unusable) as refused:
        opened(tmp_path, {"ero": "hartlepool", "tokenSha256": [{"secret": "swordfish"}]})
    assert "0/tokenSha256/0" in str(refused.value)
    assert "swordfish" not in str(refused.value)


async def test_a_file_that_breaks_later_shows_in_its_gauge_and_changes_nobody(
    tmp_path: Path,
) -> None:
    file, metrics = opened(tmp_path, an_entry("hartlepool", "one")), Metrics()
    for text, shown in ((None, "0.0"), ("{", "1.0"), ("[]", "0.0")):
        if text is not None:
            assert whose(known(file), "one") == "hartlepool"
            (tmp_path / "eros.json").write_text(text)
        await set_file_gauge(file, metrics)
        assert f"gateway_eros_file_unusable {shown}".encode() in metrics.exposition()
    assert whose(known(file), "one") is None


def test_a_changed_file_counts(tmp_path: Path) -> None:
    file = opened(tmp_path, an_entry("hartlepool", "one"))
    a_file(tmp_path, an_entry("hartlepool", "another"))
    file.load()
    assert (whose(known(file), "one"), whose(known(file), "another")) == (None, "hartlepool")


@pytest.mark.parametrize(
    ("at", "ero"),
    [
        ("2026-06-30T22:59:59Z", None),
        ("2026-06-30T23:00:00Z", "hartlepool"),
        ("2026-12-31T23:59:59Z", "hartlepool"),
        ("2027-01-01T00:00:00Z", None),
    ],
)
def test_an_entry_counts_from_its_first_day_in_london_to_its_last(
    tmp_path: Path, at: str, ero: str | None
) -> None:
    file = opened(
        tmp_path, an_entry("hartlepool", "one", validFrom="2026-07-01", validTo="2026-12-31")
    )
    assert whose(known(file), "one", datetime.fromisoformat(at)) == ero


def test_an_entrys_addresses_are_its_credentials_and_of_those_that_have_none(
    tmp_path: Path,
) -> None:
    file = opened(
        tmp_path,
        an_entry("hartlepool", "one"),
        an_entry("hartlepool", "two", addresses=["192.0.2.0/24"]),
        an_entry("hartlepool", addresses=["2001:db8::/32"]),
        an_entry("lothian", "four"),
    )
    found = known(file, Credential(token_proof("three"), "hartlepool"))
    assert called_from(found, "two") == ["192.0.2.0/24"]
    assert called_from(found, "one") == ["192.0.2.0/24", "2001:db8::/32"]
    assert called_from(found, "three") == ["192.0.2.0/24", "2001:db8::/32"]
    assert called_from(found, "four") is None


@pytest.mark.parametrize(
    ("at", "networks"),
    [
        ("2026-06-30T12:00:00Z", ["192.0.2.0/24"]),
        ("2026-07-01T12:00:00Z", ["192.0.2.0/24", "198.51.100.0/24"]),
        ("2026-08-01T12:00:00Z", ["198.51.100.0/24"]),
        ("2027-01-01T12:00:00Z", None),
    ],
)
def test_addresses_count_as_long_as_their_entry(
    tmp_path: Path, at: str, networks: list[str] | None
) -> None:
    file = opened(
        tmp_path,
        an_entry("hartlepool", "old", addresses=["192.0.2.0/24"], validTo="2026-07-31"),
        an_entry(
            "hartlepool",
            addresses=["198.51.100.0/24"],
            validFrom="2026-07-01",
            validTo="2026-12-31",
        ),
        an_entry("hartlepool", "new"),
    )
    assert called_from(known(file), "new", datetime.fromisoformat(at)) == networks


# -- what operators said --------------------------------------------------------------------------


def test_what_an_operator_added_counts_beside_the_file(tmp_path: Path) -> None:
    file = opened(tmp_path, an_entry("hartlepool", "one"))
    found = known(file, Credential(token_proof("two"), "hartlepool"))
    assert (whose(found, "one"), whose(found, "two")) == ("hartlepool", "hartlepool")


def test_what_an_operator_revoked_is_worth_nothing_though_the_file_has_it(tmp_path: Path) -> None:
    file = opened(tmp_path, an_entry("hartlepool", "one"))
    assert (
        whose(known(file, Credential(token_proof("one"), "hartlepool", revoked=True)), "one")
        is None
    )


def test_a_token_that_file_and_operator_give_to_two_eros_is_nobodys(tmp_path: Path) -> None:
    file = opened(tmp_path, an_entry("hartlepool", "one"))
    assert whose(known(file, Credential(token_proof("one"), "lothian")), "one") is None


def test_a_token_ends_at_its_time() -> None:
    found = Known(Filed((), {}), [Credential(token_proof("one"), "lothian", valid_to=NOW)])
    assert whose(found, "one") is None
    assert whose(found, "one", NOW.replace(hour=11)) == "lothian"


# -- certificates ---------------------------------------------------------------------------------


def test_a_certificate_is_known_by_issuer_and_serial_or_by_its_fingerprint(tmp_path: Path) -> None:
    file = opened(
        tmp_path,
        an_entry("hartlepool", certificates=[{"issuer": "CN=Councils", "serial": "00:0A:FF"}]),
        an_entry("lothian", certificates=[{"fingerprint": FINGERPRINT.upper()}]),
    )
    found = known(file)
    assert whose_certificate(found, Certificate("aff", ISSUER, "cd" * 32)) == "hartlepool"
    assert whose_certificate(found, Certificate("1", ISSUER, FINGERPRINT)) == "lothian"
    assert whose_certificate(found, Certificate("aff", OTHER_ISSUER, "cd" * 32)) is None
    assert whose_certificate(found, Certificate("1", ISSUER, "cd" * 32)) is None


def test_a_serial_alone_is_enough_unless_two_issuers_certificates_have_it() -> None:
    one = Credential(serial_proof("aff", ISSUER), "hartlepool")
    other = Credential(serial_proof("aff", OTHER_ISSUER), "lothian")
    assert whose_certificate(Known(Filed((one,), {}), ()), Certificate("aff")) == "hartlepool"
    assert whose_certificate(Known(Filed((one, other), {}), ()), Certificate("aff")) is None
    assert whose_certificate(Known(Filed((one,), {}), ()), Certificate("afe")) is None


@pytest.mark.parametrize(
    "second",
    [
        Credential(fingerprint_proof(FINGERPRINT), "hartlepool", revoked=True),
        Credential(fingerprint_proof(FINGERPRINT), "lothian"),
    ],
)
def test_a_certificate_that_is_revoked_by_one_of_its_names_is_worth_nothing(
    second: Credential,
) -> None:
    first = Credential(serial_proof("aff", ISSUER), "hartlepool")
    found = Known(Filed((first,), {}), (second,))
    assert whose_certificate(found, Certificate("aff", ISSUER, FINGERPRINT)) is None


@pytest.mark.parametrize(
    ("proof", "name"),
    [
        (token_proof("one"), f"token {sha256(b'one').hexdigest()[:8]}"),
        (serial_proof("123456789abc", "cn=a b"), "certificate 56789abc"),
        (serial_proof("a", "cn=a"), "certificate a"),
        (fingerprint_proof(FINGERPRINT), "fingerprint abababab"),
    ],
)
def test_a_credentials_name_is_short(proof: str, name: str) -> None:
    assert name_of(proof) == name
