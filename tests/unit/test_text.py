"""What may be typed into a name or a line, and how it is stored."""

import time
from collections.abc import Callable
from unicodedata import is_normalized, normalize

import pytest
from electoral.text import RefusedText, clean_line, clean_name, clean_text
from hypothesis import given
from hypothesis import strategies as st


def fault_of(text: str, max_length: int = 35) -> str:
    with pytest.raises(RefusedText) as refused:
        clean_name(text, max_length)
    return refused.value.fault


@pytest.mark.parametrize(
    "name",
    [
        "Llŷr", "Siân", "O'Neill", "O’Neill", "Nguyễn", "Łukasz", "İpek", "X", "李", "李小龙",
        "محمد", "Null", "q\u0307\u0323", "Ngozi-Ada", "علی\u200cرضا", "क्षत्रिय", "ʻOkina",
        "Zoë Ann", "𠮷田",
    ],
)  # fmt: skip
def test_names_of_any_script_are_kept_as_nfc_of_what_was_typed(name: str) -> None:
    assert clean_name(name, 35) == normalize("NFC", name)


@pytest.mark.parametrize(
    ("kind", "character"),
    [
        ("NUL", "\x00"),
        ("bell", "\x07"),
        ("line break", "\n"),
        ("tab", "\t"),
        ("unit separator", "\x1f"),
        ("delete", "\x7f"),
        ("next line", "\x85"),
        ("right-to-left override", "\u202e"),
        ("left-to-right override", "\u202d"),
        ("right-to-left embedding", "\u202b"),
        ("left-to-right isolate", "\u2066"),
        ("pop isolate", "\u2069"),
        ("line separator", "\u2028"),
        ("lone surrogate", "\ud800"),
        ("private use", "\ue000"),
        ("unassigned", "\u0378"),
        ("noncharacter", "\uffff"),
        ("less than", "<"),
        ("greater than", ">"),
        ("pipe", "|"),
    ],
)
def test_refused_characters_in_ascii_names_and_in_others(kind: str, character: str) -> None:
    assert fault_of(f"An{character}a") == "characters-not-allowed", kind
    assert fault_of(f"Siâ{character}n") == "characters-not-allowed", kind


def test_blanks_around_are_trimmed_and_blanks_inside_kept() -> None:
    assert clean_name(" \t\u00a0Mary  Jane\u3000\r\n", 35) == "Mary  Jane"


def test_length_counts_code_points_after_nfc_and_trimming() -> None:
    assert clean_name("  " + "e\u0301" * 35 + "  ", 35) == "é" * 35
    assert fault_of("é" * 36) == "too-long"
    assert clean_name("𠮷" * 35, 35) == "𠮷" * 35


def test_length_is_counted_after_composition_that_grows_the_text() -> None:
    assert fault_of("\ufb2c" * 35) == "too-long"  # three code points each in NFC


@pytest.mark.parametrize("text", ["", "   ", "\u200b", "\u2060 \u200d"])
def test_nothing_visible_is_nothing_typed(text: str) -> None:
    assert clean_name(text, 35) == ""


def test_text_of_several_lines_keeps_its_lines() -> None:
    assert clean_text(" I lost it.\r\n\tTwice.\r\n", 500) == "I lost it.\r\n\tTwice."
    for refused in ("line\n\x00", "línea\n\x00", "line\n\x0b", "línea\n\u202e"):
        with pytest.raises(RefusedText):
            clean_text(refused, 500)


@pytest.mark.parametrize("typed", ["Flat 2|3, <rear>", "Apartado 2|3, <atrás>"])
def test_a_line_and_a_reason_may_hold_what_only_a_name_may_not(typed: str) -> None:
    assert clean_line(typed, 35) == clean_text(typed, 35) == typed
    assert fault_of(typed) == "characters-not-allowed"


@pytest.mark.parametrize("character", ["\n", "\t", "\x00", "\x7f", "\x85", "\u2028", "\u202e"])
def test_a_line_holds_no_break_and_no_control(character: str) -> None:
    for text in (f"Mill{character}Lane", f"Llŷn{character}Lane"):
        with pytest.raises(RefusedText):
            clean_line(text, 35)


def test_a_long_run_of_combining_marks_is_refused_without_ordering_it() -> None:
    began = time.perf_counter()
    assert fault_of("a" + "\u0301\u0316" * 200_000) == "too-long"
    assert time.perf_counter() - began < 0.1


@pytest.mark.parametrize("clean", [clean_name, clean_line, clean_text])
@given(text=st.text(max_size=200) | st.text(st.characters(max_codepoint=127), max_size=40))
def test_what_is_kept_is_short_trimmed_nfc_and_stays_so(
    clean: Callable[[str, int], str], text: str
) -> None:
    try:
        kept = clean(text, 35)
    except RefusedText:
        return
    assert len(kept) <= 35
    assert kept == kept.strip()
    assert is_normalized("NFC", kept)
    assert clean(kept, 35) == kept
