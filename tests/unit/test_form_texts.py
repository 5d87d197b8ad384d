"""The words of the pages: the same texts in both languages, and Welsh that is Welsh."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml
from electoral.authorities import Authorities
from electoral.franchise import country_names as english_country_names
from form_words import AREAS, ENGLISH_WORDS, FORM, SAME_IN_BOTH, TEXT_FILES, texts_of, words
from markupsafe import Markup
from registration.form.countries import country_names
from registration.form.texts import Texts, TextsUnusable, UnknownText

SHORT = 12  # characters; below it a translation may be of any length
TIMES_AS_LONG = 2.2  # as its English, at most; and as short, at least


ENGLISH, IN_WELSH = texts_of("en"), texts_of("cy")
BOTH = sorted(ENGLISH.keys() & IN_WELSH.keys())


def facts(text: str) -> list[str]:
    return sorted(set(re.findall(r"\{(\w*)\}", text)))


def tags(text: str) -> list[str]:
    return sorted(re.findall(r"</?\w+", text))


@pytest.mark.parametrize("area", [*AREAS, "messages"])
def test_every_text_is_there_in_both_languages(area: str) -> None:
    def keys(texts: dict[str, str]) -> set[str]:
        return {key for key in texts if key.startswith((f"{area}:", f"{area}."))}

    assert keys(ENGLISH) == keys(IN_WELSH)


def test_a_text_names_the_same_facts_in_both_languages() -> None:
    assert [key for key in BOTH if facts(ENGLISH[key]) != facts(IN_WELSH[key])] == []


def test_a_text_has_the_same_tags_in_both_languages_and_none_unless_its_key_says_so() -> None:
    assert [key for key in BOTH if tags(ENGLISH[key]) != tags(IN_WELSH[key])] == []
    assert [key for key in BOTH if tags(ENGLISH[key]) and not key.endswith("_html")] == []


def test_no_welsh_text_is_its_english_but_for_those_listed() -> None:
    assert {key for key in BOTH if ENGLISH[key] == IN_WELSH[key]} == SAME_IN_BOTH.keys()


def test_no_text_is_empty() -> None:
    for texts in (ENGLISH, IN_WELSH):
        assert [key for key, text in texts.items() if not text.strip()] == []


def test_no_welsh_text_is_absurdly_long_or_short() -> None:
    lengths = {key: len(IN_WELSH[key]) / len(ENGLISH[key]) for key in BOTH}
    long = [key for key in BOTH if len(ENGLISH[key]) > SHORT]
    assert [key for key in long if not 1 / TIMES_AS_LONG < lengths[key] < TIMES_AS_LONG] == []


def test_no_english_word_stands_in_a_welsh_text() -> None:
    found = {key: words(IN_WELSH[key]) & ENGLISH_WORDS for key in BOTH if key not in SAME_IN_BOTH}
    assert {key: left for key, left in found.items() if left} == {}


def test_nearly_every_english_text_would_be_found_in_a_welsh_page() -> None:
    sentences = [text for text in ENGLISH.values() if len(text) > 40]
    found = [text for text in sentences if words(text) & ENGLISH_WORDS]
    assert len(found) > 0.97 * len(sentences)


@pytest.mark.parametrize("file", TEXT_FILES, ids=lambda file: file.name)
def test_no_key_stands_twice_in_a_file(file: Path) -> None:
    def maps(node: yaml.Node | None) -> Iterator[list[str]]:
        if isinstance(node, yaml.MappingNode):
            yield [str(key.value) for key, _ in node.value]
            for _, below in node.value:
                yield from maps(below)

    for keys in maps(yaml.compose(file.read_text("utf-8"))):
        assert sorted(set(keys)) == sorted(keys)


def test_every_text_that_a_template_or_a_module_asks_for_by_name_is_there() -> None:
    known, asked = Texts.load(), set()
    for file in [*(FORM / "templates").rglob("*.html"), *FORM.parent.rglob("*.py")]:
        asked |= set(re.findall(r"\bt\(\s*[\"']([\w:.-]+)[\"']\s*[,)]", file.read_text("utf-8")))
    assert {key for key in asked if key not in known} == set()


def test_a_text_is_looked_up_with_its_facts_in_the_pages_language() -> None:
    t = Texts.load().translate("cy")
    assert t("status:receipt.received_at", time="18 Mehefin 2024") == (
        "Cawsom y cais ar 18 Mehefin 2024."
    )


def write(folder: Path, english: str, welsh: str) -> Texts:
    (folder / "form.en.yaml").write_text(english, "utf-8")
    (folder / "form.cy.yaml").write_text(welsh, "utf-8")
    return Texts.load(folder)


def test_keys_like_yes_and_no_are_words_and_not_truth_values(tmp_path: Path) -> None:
    texts = write(tmp_path, "answer: {yes: Yes, no: No}", "answer: {yes: Ydw, no: Nac ydw}")
    assert texts.text("answer.no", "cy") == "Nac ydw"


def test_only_a_text_that_says_so_is_markup_and_its_facts_are_escaped(tmp_path: Path) -> None:
    texts = write(tmp_path, 'a: "Dear {name}"\na_html: "<b>{name}</b>"', "{}")
    assert not isinstance(texts.text("a", "en", name="<i>"), Markup)
    assert texts.text("a_html", "en", name="<i>") == Markup("<b>&lt;i&gt;</b>")


def test_what_has_no_welsh_yet_is_shown_in_english(tmp_path: Path) -> None:
    assert write(tmp_path, "a: Good day", "").text("a", "cy") == "Good day"


def test_an_unknown_text_is_an_error_that_names_it(tmp_path: Path) -> None:
    texts = write(tmp_path, "a: Good day", "a: Dydd da")
    assert "a" in texts
    assert "b" not in texts
    with pytest.raises(UnknownText, match="form:b"):
        texts.text("b", "en")


@pytest.mark.parametrize("content", ["a: [1]", "a: {b", "- a"])
def test_a_malformed_file_ends_the_start(tmp_path: Path, content: str) -> None:
    with pytest.raises(TextsUnusable):
        write(tmp_path, "a: Good day", content)


def test_every_country_has_a_name_of_its_own_in_both_languages() -> None:
    for names in (country_names("en"), country_names("cy")):
        assert names.keys() == english_country_names().keys()
        assert len(set(names.values())) == len(names)
        assert all(name.strip() for name in names.values())


def test_countries_are_in_the_order_of_their_names() -> None:
    names = list(country_names("cy").values())
    assert names[0] == "Afghanistan"
    assert names.index("Côte d’Ivoire") < names.index("Croatia")
    assert names.index("Yr Almaen") > names.index("Wcráin")


def test_no_welsh_name_of_a_country_holds_an_english_word() -> None:
    english = re.compile(r"\b(and|the|of|part|islands?|republic|territory|south|north|united)\b")
    assert [name for name in country_names("cy").values() if english.search(name.lower())] == []


def test_every_authority_and_ero_of_wales_has_a_welsh_name_and_no_other() -> None:
    authorities = Authorities.load()
    with_name = {each.gss_code for each in authorities if each.name_cy}
    assert with_name == {each.gss_code for each in authorities if each.nation == "wales"}
    assert len([a for a in authorities.in_force(date(2026, 11, 22)) if a.name_cy]) == 22
    for code in with_name:
        ero = authorities.ero(code)
        assert ero.name_in("cy") == authorities.authority(code).name_in("cy")
        assert ero.contact.address_in("cy").endswith(f"Enghraifft, {ero.name_in('cy')}")


def test_an_authority_is_named_in_the_pages_language() -> None:
    cardiff, leeds = (Authorities.load().authority(code) for code in ("W06000015", "E08000035"))
    assert (cardiff.name_in("en"), cardiff.name_in("cy")) == ("Cardiff", "Caerdydd")
    assert (leeds.name_in("en"), leeds.name_in("cy")) == ("Leeds", "Leeds")
