"""The kinds of difference that are counted, and how common each is taken to be.

`per_10_000` is an assumption, nobody's statistics: so that about as many are green as is reported
of new applications (85 to 90 in a hundred), and what is heard of often is more common here.
"""

from dataclasses import dataclass

from evaluation import another_person, same_person, spellings
from evaluation.cases import Draw
from evaluation.same_person import double_barrelled, form, married, mistyped
from simulated.mistakes import double, exchange, leave_out, press_key_beside

FIRST_NAME = "Another form of the first name"
WRITING = "Another writing"
TYPING = "A typing mistake"
LAST_NAME = "Another last name"
IDENTIFIER = "A wrong identifier"
OTHER_PERSON = "Another person's NINO"


@dataclass(frozen=True)
class Difference:
    """A kind of difference between an application and the record under its NINO."""

    name: str
    title: str
    group: str
    per_10_000: float
    draw: Draw
    same_person: bool = True  # the record is the applicant's own, or should be


def _another(name: str, title: str, per_10_000: float, draw: Draw) -> Difference:
    return Difference(name, title, OTHER_PERSON, per_10_000, draw, same_person=False)


_FORMS = {
    "short-form": ("Short form: Mike, Michael", 450, spellings.SHORT_FORMS),
    "welsh-form": ("Welsh form: Siân, Jane", 60, spellings.WELSH_FORMS),
    "scottish-form": ("Gaelic form: Iain, John", 40, spellings.SCOTTISH_FORMS),
    "irish-form": ("Irish form: Seán, John", 50, spellings.IRISH_FORMS),
    "first-name-spelling": ("Other spelling: Ann, Anne", 80, spellings.FIRST_NAME_SPELLINGS),
}
_MISTAKES = {
    "left-out": ("a letter left out", 20, leave_out),
    "doubled": ("a letter typed twice", 10, double),
    "exchanged": ("two letters exchanged", 10, exchange),
    "neighbour-key": ("the key beside", 15, press_key_beside),
}

DIFFERENCES: tuple[Difference, ...] = (
    Difference("as-on-record", "As on record", "No difference", 7_255, same_person.as_on_record),
    *(
        Difference(name, title, FIRST_NAME, share, form("first", pairs))
        for name, (title, share, pairs) in _FORMS.items()
    ),
    Difference("first-letters", "First 3 or 4 letters", FIRST_NAME, 30, same_person.first_letters),
    Difference("first-letter", "First letter only", FIRST_NAME, 20, same_person.first_letter),
    Difference(
        "middle-name-as-first",
        "Middle name used as first",
        FIRST_NAME,
        120,
        same_person.middle_name_as_first,
    ),
    Difference(
        "middle-name-in-first",
        "Both names in the first field",
        FIRST_NAME,
        60,
        same_person.middle_name_in_the_first_names_field,
    ),
    Difference(
        "chosen-first-name",
        "English name beside one's own",
        FIRST_NAME,
        40,
        same_person.chosen_first_name,
    ),
    Difference(
        "other-first-name",
        "New first name, old one untold",
        FIRST_NAME,
        20,
        same_person.other_first_name,
    ),
    Difference("swapped", "First and last name swapped", WRITING, 40, same_person.swapped),
    Difference(
        "swapped-short", "Swapped, and a short form", WRITING, 5, same_person.swapped_and_short
    ),
    Difference("accents", "Accents left out", WRITING, 80, same_person.without_accents),
    Difference("spelled-out", "Müller, Mueller", WRITING, 5, form("last", spellings.SPELLED_OUT)),
    Difference(
        "transliterated", "Other script: Шевченко", WRITING, 10, same_person.in_latin_letters
    ),
    Difference(
        "last-name-spelling",
        "Other spelling: Clark, Clarke",
        WRITING,
        60,
        form("last", spellings.LAST_NAME_SPELLINGS),
    ),
    Difference(
        "particle",
        "O'Neill, Neill; de la Cruz, Cruz",
        WRITING,
        40,
        form("last", spellings.PARTICLES),
    ),
    *(
        Difference(
            f"{part}-name-{name}",
            f"{part.capitalize()} name: {title}",
            TYPING,
            share,
            mistyped(part, mistake),
        )
        for part in ("first", "last")
        for name, (title, share, mistake) in _MISTAKES.items()
    ),
    Difference("both-mistyped", "A mistake in both names", TYPING, 5, same_person.both_mistyped),
    Difference("marriage-told", "Marriage, former name given", LAST_NAME, 250, married(True)),
    Difference(
        "marriage-untold", "Marriage, former name not given", LAST_NAME, 300, married(False)
    ),
    Difference(
        "name-added", "Smith on record, Smith-Jones given", LAST_NAME, 80, double_barrelled(False)
    ),
    Difference(
        "name-dropped", "Smith-Jones on record, Smith given", LAST_NAME, 60, double_barrelled(True)
    ),
    Difference(
        "wrong-date-of-birth",
        "Wrong day, month or year of birth",
        IDENTIFIER,
        250,
        same_person.born_another_day(same_person.one_part_wrong),
    ),
    Difference(
        "day-month-exchanged",
        "Day and month exchanged",
        IDENTIFIER,
        40,
        same_person.day_and_month_exchanged,
    ),
    Difference(
        "nino-of-nobody", "Wrong NINO, nobody's", IDENTIFIER, 400, same_person.nino_of_nobody
    ),
    _another("twin", "Twin", 2, another_person.twin),
    _another("sibling", "Brother or sister", 4, another_person.sibling),
    _another("spouse", "Husband or wife", 4, another_person.spouse),
    _another("parent", "Parent of the same name", 2, another_person.parent_of_the_same_name),
    _another("stranger", "Anybody", 20, another_person.stranger),
    _another(
        "stranger-same-birth", "Anybody born that day", 1, another_person.stranger_of_the_same_birth
    ),
    _another("deceased", "The dead", 7, another_person.deceased),
)
