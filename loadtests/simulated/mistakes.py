"""Typing mistakes: one letter left out, typed twice, exchanged with the next, or a key beside it.

Where in the word it happens is drawn evenly. Each takes a word and returns another one; a word too
short for the mistake is typed with its last letter twice.
"""

from collections.abc import Callable, Mapping, Sequence

from simulated.chance import Draws

Mistake = Callable[[str, Draws], str]

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
LENGTH_MIN = 3  # of a word in which letters are left out or exchanged


def _keys_beside() -> dict[str, str]:
    """The keys that touch each letter's: in its row, and in the rows above and below it."""
    places = {key: (x + y / 2, y) for y, row in enumerate(_ROWS) for x, key in enumerate(row)}
    return {
        key: "".join(
            other
            for other, (x, y) in places.items()
            if other != key and abs(x - at[0]) <= 1 and abs(y - at[1]) <= 1
        )
        for key, at in places.items()
    }


KEYS_BESIDE: Mapping[str, str] = _keys_beside()


def leave_out(word: str, draws: Draws) -> str:
    if len(word) < LENGTH_MIN:
        return _last_twice(word)
    place = draws.among(_letters(word))
    return _as_begun(word[:place] + word[place + 1 :], word)


def double(word: str, draws: Draws) -> str:
    place = draws.among(_letters(word))
    return word[: place + 1] + word[place].lower() + word[place + 1 :]


def exchange(word: str, draws: Draws) -> str:
    """Exchange two letters that stand side by side and differ."""
    small = word.lower()
    places = [i for i in _letters(word)[:-1] if word[i + 1].isalpha() and small[i] != small[i + 1]]
    if len(word) < LENGTH_MIN or not places:
        return _last_twice(word)
    place = draws.among(places)
    exchanged = word[place + 1] + word[place].lower()
    return _as_begun(word[:place] + exchanged + word[place + 2 :], word)


def press_key_beside(word: str, draws: Draws) -> str:
    places = [i for i in _letters(word) if word[i].lower() in KEYS_BESIDE]
    if not places:
        return _last_twice(word)
    place = draws.among(places)
    key = draws.among(KEYS_BESIDE[word[place].lower()])
    return _as_begun(word[:place] + key + word[place + 1 :], word)


MISTAKES: Sequence[Mistake] = (leave_out, double, exchange, press_key_beside)


def _letters(word: str) -> list[int]:
    """Where the letters are; a name without its hyphen or apostrophe is no other name."""
    return [place for place, sign in enumerate(word) if sign.isalpha()]


def _last_twice(word: str) -> str:
    return word + word[-1].lower()


def _as_begun(mistyped: str, word: str) -> str:
    """With a capital at the beginning where the word had one."""
    return mistyped[0].upper() + mistyped[1:] if word[0].isupper() else mistyped
