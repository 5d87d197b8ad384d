"""Where the pages stand: an English path each, and its Welsh twin."""

from electoral.events import Language

FORM = "/register-to-vote"
PERFORMANCE = "/performance"

_WELSH = "cy"


def path(slug: str, language: Language) -> str:
    """Return the path of one page of the form; the start page's slug is empty."""
    return "/".join(part for part in (_front(FORM, language), slug) if part)


def performance_path(language: Language) -> str:
    """Return the path of the public figures."""
    return _front(PERFORMANCE, language)


def _front(prefix: str, language: Language) -> str:
    return f"{prefix}/{_WELSH}" if language == "cy" else prefix
