"""Certificates: one and the same, however proxies and people write it."""

import pytest
from ems_gateway.calling.certificates import read_fingerprint, read_issuer, read_serial


@pytest.mark.parametrize(
    "text", ["0a:bc:DE", "ABCDE", "000abcde", "0xABCDE", " a bc de ", "00:0A:BC:DE"]
)
def test_a_serial_number_is_the_same_in_every_spelling(text: str) -> None:
    assert read_serial(text) == "abcde"


@pytest.mark.parametrize("text", ["0", "00:00", "0x0"])
def test_zero_is_a_serial_number(text: str) -> None:
    assert read_serial(text) == "0"


@pytest.mark.parametrize("text", ["xyz", "12-34", "1" * 41, "٣", "-1", "1.0"])
def test_what_is_no_hexadecimal_number_is_no_serial_number(text: str) -> None:
    with pytest.raises(ValueError, match="serial"):
        read_serial(text)


@pytest.mark.parametrize("text", ["", "ab" * 20, "ab" * 33, "zz" * 32])
def test_a_fingerprint_is_a_sha256_sum(text: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        read_fingerprint(text)


def test_a_fingerprint_may_have_colons() -> None:
    assert read_fingerprint(":".join(["AB"] * 32)) == "ab" * 32


@pytest.mark.parametrize(
    "text",
    ["CN=Councils CA,O=Hub,C=GB", "cn=councils ca,o=hub,c=GB", "CN=Councils  CA,O=HUB,C=GB"],
)
def test_an_issuers_name_is_the_same_in_either_case(text: str) -> None:
    assert read_issuer(text) == "cn=councils ca,o=hub,c=gb"


def test_an_issuers_name_may_hold_what_openssl_writes() -> None:
    text = "emailAddress=ca@example.com,CN=Councils"
    assert read_issuer(text) == read_issuer("1.2.840.113549.1.9.1=ca@example.com,CN=Councils")


def test_the_order_of_an_issuers_name_counts() -> None:
    assert read_issuer("CN=a,O=b") != read_issuer("O=b,CN=a")


@pytest.mark.parametrize("text", ["", "nobody", "/C=GB/CN=Councils", "CN=" + "x" * 2_000])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - some come from the library
        read_issuer(text)
