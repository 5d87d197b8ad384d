"""What a setting names and nobody can use."""

from pathlib import Path


class Unusable(Exception):
    """Something that a setting names cannot be used: the message says why, in a sentence.

    Who reads a file knows its path, not the setting: `electoral.settings` finds the name.
    """

    def __init__(self, sentence: str, path: Path | None = None) -> None:
        super().__init__(sentence)
        self.path = path
