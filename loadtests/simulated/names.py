"""Names of many scripts, and the ways in which a record writes the same name."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple


class PersonName(NamedTuple):
    first: str
    middle: str  # empty when there is none
    last: str


@dataclass(frozen=True)
class Origin:
    """Where a name comes from: people of one origin draw both names here."""

    name: str
    weight: int  # people in a thousand
    nationality: str  # ISO 3166; the other people of this origin are British
    first: tuple[str, ...]
    last: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Plain Latin letters only: the kinds with another name on record are drawn from this origin.
ENGLISH = Origin(
    "english",
    690,
    "GB",
    _words(
        "Oliver George Harry Jack Jacob Noah Charles Thomas Oscar William James Henry Leo "
        "Alfred Joshua Freddie Arthur Archie Ethan Logan David John Peter Michael Robert Paul "
        "Mark Stephen Andrew Kevin Amelia Olivia Emily Isla Ava Jessica Isabella Lily Ella Mia "
        "Sophie Grace Evie Poppy Charlotte Florence Daisy Alice Ruby Margaret Susan Patricia "
        "Christine Linda Karen Helen Deborah Tracey Nicola Joanne"
    ),
    _words(
        "Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans "
        "Walker White Roberts Green Hall Wood Jackson Clarke Harrison Hughes Edwards Turner "
        "Martin Cooper Hill Ward Moore Clark King Baker Morris Morgan Lee Scott Watson Parker "
        "Bennett Cook Bailey Carter Richardson Shaw Bell Collins Cox Mitchell Marshall Miller "
        "Anderson Adams Price Palmer Ellis Chapman Webb Simpson Mills Stevens Rogers Knight "
        "Hunt Barnes Fisher Holmes Dixon Butler Harvey Mason Pearson Graham Fletcher Gibson"
    ),
)

OTHERS = (
    Origin(
        "irish",
        45,
        "IE",
        (
            "Seán",
            "Siobhán",
            "Pádraig",
            "Áine",
            "Ciarán",
            "Niamh",
            "Eoin",
            "Róisín",
            "Conor",
        ),
        (
            "O'Brien",
            "O’Neill",
            "O'Sullivan",
            "D’Arcy",
            "Ní Dhomhnaill",
            "Murphy",
            "Ó Briain",
        ),
    ),
    Origin(
        "welsh",
        45,
        "GB",
        (
            "Siân",
            "Dafydd",
            "Llŷr",
            "Gwenllian",
            "Rhŷs",
            "Owain",
            "Angharad",
            "Ffion",
            "Môn",
        ),
        (
            "ap Rhys",
            "Llewellyn",
            "Prydderch",
            "Gruffydd",
            "Tŷ-Du",
            "ab Owen",
            "Cadwaladr",
        ),
    ),
    Origin(
        "gaelic",
        25,
        "GB",
        (
            "Catrìona",
            "Iain",
            "Mòrag",
            "Ruairidh",
            "Eilidh",
            "Seòras",
            "Calum",
            "Mairead",
        ),
        ("MacDhòmhnaill", "NicLeòid", "MacLean", "Mac an t-Saoir", "McKay", "Caimbeul"),
    ),
    Origin(
        "polish",
        35,
        "PL",
        (
            "Łukasz",
            "Małgorzata",
            "Paweł",
            "Agnieszka",
            "Wojciech",
            "Żaneta",
            "Grzegorz",
            "Bożena",
        ),
        (
            "Wójcik",
            "Kowalczyk",
            "Dąbrowska",
            "Święcicki",
            "Łęcki",
            "Nowak",
            "Zając-Źródło",
        ),
    ),
    Origin(
        "south asian",
        60,
        "IN",
        (
            "Mohammed",
            "Priya",
            "Arjun",
            "Fatima",
            "Harpreet",
            "Anjali",
            "Imran",
            "Lakshmi",
            "Om",
        ),
        (
            "Patel",
            "Khan",
            "Singh",
            "Begum",
            "Hussain",
            "Sharma",
            "Kaur",
            "Subramaniam",
            "Ali",
        ),
    ),
    Origin(
        "west african",
        25,
        "NG",
        (
            "Oluwaseun",
            "Chidi",
            "Adébáyò",
            "Ngozi",
            "Kwame",
            "Akosua",
            "Temitọpẹ",
            "Ifeoma",
        ),
        ("Okonkwo", "Adéyẹmí", "Mensah", "Nwachukwu", "Balogun", "Owusu-Ansah", "Eze"),
    ),
    Origin(
        "iberian and french",
        20,
        "PT",
        (
            "João",
            "Núria",
            "François",
            "Inês",
            "Jean-Noël",
            "Begoña",
            "Chloë",
            "José María",
        ),
        (
            "Gonçalves",
            "Muñoz",
            "d'Artagnan",
            "Lefèvre",
            "de la Cruz",
            "Conceição",
            "Saint-Exupéry",
        ),
    ),
    Origin(
        "vietnamese",
        10,
        "GB",
        ("Nguyệt", "Đức", "Thị Hồng", "Phượng", "Tuấn", "Bảo"),
        ("Nguyễn", "Trần", "Phạm", "Đặng", "Võ", "Lê"),
    ),
    Origin(
        "turkish",
        12,
        "GB",
        ("İbrahim", "Çağla", "Işıl", "Ömer", "Gülşen", "Barış"),
        ("Yılmaz", "Şahin", "Öztürk", "Kılıç", "Doğan", "İnce"),
    ),
    Origin(
        "cyrillic",
        11,
        "GB",
        ("Олександр", "Надія", "Алексей", "Їванна", "Георги", "Љиљана"),
        ("Шевченко", "Коваленко", "Йорданов", "Ђорђевић", "Мельник", "Щербак"),
    ),
    Origin(
        "greek",
        8,
        "CY",
        ("Γιώργος", "Ελένη", "Ανδρέας", "Χαράλαμπος", "Άννα", "Ζωή"),
        ("Παπαδόπουλος", "Χατζηγεωργίου", "Αντωνίου", "Οικονόμου", "Θεοδώρου"),
    ),
    Origin(
        "arabic",
        7,
        "GB",
        ("محمد", "فاطمة", "أحمد", "عبد الرحمن", "زينب", "يوسف"),
        ("الحسن", "العلي", "إبراهيم", "الخوري", "المصري"),
    ),
    Origin(
        "chinese",
        5,
        "GB",
        ("伟", "秀英", "美玲", "志明", "嘉欣"),
        ("王", "李", "張", "歐陽", "陈"),
    ),
    Origin(
        "one letter",
        2,
        "GB",
        ("E", "Ö", "J", "А"),
        ("O", "Ó", "Y", "Å"),
    ),
)

# What a record holds when it is another person's. No nickname, initials or sound links these to
# any English name above, as long as the first letters differ: red under every later rule too.
OTHER_FIRST_NAMES = (
    "Quentin",
    "Ursula",
    "Yvette",
    "Zebedee",
    "Xanthe",
    "Ottoline",
    "Ingrid",
)
OTHER_LAST_NAMES = (
    "Quillfeather",
    "Utterthwaite",
    "Zouch",
    "Yarborough",
    "Xenakis",
    "Oglethorpe",
    "Inglethorpe",
)

CHANGE_REASONS = (
    "Marriage",
    "Civil partnership",
    "Deed poll",
    "Divorce, back to my own name",
)

_APOSTROPHES = str.maketrans("", "", "'’‘ʼ")


def compared(name: str) -> str:
    """The name without case, accents and apostrophes: what must agree between two writings."""
    marks_apart = unicodedata.normalize("NFD", name.translate(_APOSTROPHES).casefold())
    letters = "".join(c for c in marks_apart if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", letters)


def without_marks(name: str) -> str:
    """The name with its accents left off, where an accent can be."""
    apart = unicodedata.normalize("NFD", name)
    return unicodedata.normalize("NFC", "".join(c for c in apart if not unicodedata.combining(c)))


@lru_cache(maxsize=8192)
def on_record(name: str, style: int) -> str:
    """The name as a record may write it; as typed where another writing would be another name."""
    written = (name, name.upper(), without_marks(name).upper())[style]
    alike = compared(written) == compared(name) and _is_latin(name)
    return written if alike else name


def _is_latin(name: str) -> bool:
    return all(c < "ɐ" or c in "’‘" or "Ḁ" <= c <= "ỿ" for c in name)
