"""What pages say once an application is sent: how to look at it, and that nothing typed is left."""

import re

import pytest
from electoral.events import Language
from form_pages_rendered import LANGUAGES, html_of, read
from registration.form.texts import Texts

TEXTS = Texts.load()
AFTER_SENDING = ("receipt.html", "performance/feedback.html", "performance/feedback-given.html")
ANSWERS = {"en": "your answers", "cy": "eich atebion"}
after_sending = pytest.mark.parametrize("template", AFTER_SENDING)
in_both = pytest.mark.parametrize("language", LANGUAGES)


def links_to_status(template: str, language: Language) -> set[str]:
    """Return the words of a page's links to the status page."""
    place = {"en": "/register-to-vote/status", "cy": "/register-to-vote/cy/status"}[language]
    return {link.text for link in read(html_of(template, language)).all("a", href=place)}


@in_both
def test_the_words_that_the_email_quotes_are_those_of_the_link(language: Language) -> None:
    email = str(TEXTS.text("status:copy.email_body", language, reference="", time="", council=""))
    (quoted,) = re.findall(r'"([^"]+)"', email)
    for template in ("start.html", "questions/name.html", "session-ended.html", "receipt.html"):
        assert links_to_status(template, language) == {quoted}, template
    assert read(html_of("status.html", language)).all("h1")[0].text == quoted


@in_both
@after_sending
def test_after_sending_no_page_says_that_answers_are_kept(
    template: str, language: Language
) -> None:
    html = html_of(template, language)
    assert str(TEXTS.text("session.kept", language, minutes=60)) not in html
    dialog = html[html.index("<dialog") : html.index("</dialog>")]
    assert ANSWERS[language] not in dialog.lower()
    assert str(TEXTS.text("status:sent.warning.title", language)).replace("'", "&#39;") in dialog


@in_both
def test_before_sending_the_warning_is_about_the_answers(language: Language) -> None:
    html = html_of("questions/name.html", language)
    dialog = html[html.index("<dialog") : html.index("</dialog>")]
    assert ANSWERS[language] in dialog.lower()


@in_both
def test_the_receipt_says_how_long_it_can_be_seen(language: Language) -> None:
    shown = html_of("receipt.html", language)
    assert str(TEXTS.text("status:sent.kept", language, minutes=60)) in shown


@pytest.mark.parametrize("template", ["receipt.html", "status-result.html"])
def test_the_office_is_named_in_full(template: str) -> None:
    assert "Electoral registration office: Leeds" in html_of(template)
    assert "Swyddfa cofrestru etholiadol: Leeds" in html_of(template, "cy")
