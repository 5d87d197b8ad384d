"""Idempotency keys: visible ASCII, and not too long."""

import pytest
from electoral.problems import Problem
from registration.idempotency import check_idempotency_key


@pytest.mark.parametrize("key", ["1", "k" * 255, "!~", '"8e03978e-40d5-43e8-bc93-6894a57f9324"'])
def test_a_key_of_visible_ascii_is_taken_as_it_is(key: str) -> None:
    assert check_idempotency_key(key) == key


@pytest.mark.parametrize(
    "key", [None, "", "k" * 256, "a b", "a\tb", "a\x00", "a\x7f", "é", "a\u00a0"]
)
def test_any_other_is_refused_and_not_repeated(key: str | None) -> None:
    with pytest.raises(Problem) as refused:
        check_idempotency_key(key)
    assert refused.value.status == 400
    assert "1 to 255 visible ASCII characters" in refused.value.detail
