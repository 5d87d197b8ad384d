"""Where names come from: lists to draw from, of many scripts."""

from dataclasses import dataclass


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


# Plain Latin letters only: what no rule may ever link, or must, is drawn from this origin.
ENGLISH = Origin(
    "english",
    690,
    "GB",
    _words(
        "Oliver George Harry Jack Jacob Noah Charles Thomas Oscar William James Henry Leo "
        "Alfred Joshua Freddie Arthur Archie Ethan Logan David John Peter Michael Robert Paul "
        "Mark Stephen Andrew Kevin Adam Alan Albert Alexander Anthony Barry Benjamin Brian "
        "Callum Cameron Christopher Colin Connor Craig Daniel Darren Dean Dennis Derek Donald "
        "Douglas Duncan Edward Eric Francis Frank Gareth Gary Geoffrey Gordon Graham Grant "
        "Gregory Ian Jamie Jason Jeremy Joel Jonathan Joseph Keith Kenneth Kyle Lee Leonard "
        "Lewis Liam Luke Malcolm Martin Matthew Neil Nicholas Nigel Norman Patrick Philip "
        "Raymond Reece Richard Roger Ronald Ross Roy Ryan Samuel Scott Sean Shaun Simon Stanley "
        "Stuart Terence Timothy Toby Tony Trevor Victor Vincent Walter Wayne "
        "Amelia Olivia Emily Isla Ava Jessica Isabella Lily Ella Mia Sophie Grace Evie Poppy "
        "Charlotte Florence Daisy Alice Ruby Margaret Susan Patricia Christine Linda Karen Helen "
        "Deborah Tracey Nicola Joanne Abigail Alison Amanda Amy Andrea Angela Ann Anna Annette "
        "Barbara Beth Brenda Bethany Carol Caroline Catherine Charlene Chelsea Claire Danielle "
        "Dawn Denise Diane Donna Doreen Dorothy Eileen Elaine Eleanor Elizabeth Emma Erin "
        "Fiona Frances Gemma Georgia Gillian Hannah Hayley Heather Hilary Holly Irene Jacqueline "
        "Jane Janet Janice Jean Jennifer Jill Jodie Joan Josephine Joyce Judith Julia Julie "
        "Katherine Kathleen Katie Kelly Kerry Kimberley Kirsty Laura Lauren Leanne Lesley Lisa "
        "Lorraine Louise Lucy Lynn Maria Marie Marion Mary Maureen Megan Melanie Michelle Molly "
        "Natalie Naomi Natasha Pamela Paula Pauline Phoebe Rachel Rebecca Rosemary Rosie Ruth "
        "Sally Samantha Sandra Sarah Sharon Sheila Shirley Stacey Stephanie Suzanne Teresa Tina "
        "Valerie Vanessa Vera Veronica Victoria Wendy Zoe"
    ),
    _words(
        "Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans "
        "Walker White Roberts Green Hall Wood Jackson Clarke Harrison Hughes Edwards Turner "
        "Martin Cooper Hill Ward Moore Clark King Baker Morris Morgan Lee Scott Watson Parker "
        "Bennett Cook Bailey Carter Richardson Shaw Bell Collins Cox Mitchell Marshall Miller "
        "Anderson Adams Price Palmer Ellis Chapman Webb Simpson Mills Stevens Rogers Knight "
        "Hunt Barnes Fisher Holmes Dixon Butler Harvey Mason Pearson Graham Fletcher Gibson "
        "Allen Andrews Armstrong Arnold Atkins Atkinson Austin Ball Barber Barker Barrett Barton "
        "Bates Baxter Berry Bird Bishop Black Blake Booth Bowen Bradley Brooks Bryant Burgess "
        "Burke Burns Burton Byrne Campbell Carr Carpenter Chambers Clayton Coleman Coles Cole "
        "Cooke Craig Crawford Cross Cunningham Curtis Dawson Day Dean Dixson Douglas Doyle "
        "Duncan Elliott Fielding Field Ford Forster Foster Fowler Fox Francis Franklin Fraser "
        "French Frost Fuller Gallagher Gardner Garner George Gilbert Gill Goddard Goodwin Gordon "
        "Grant Gray Greenwood Gregory Griffin Griffiths Hamilton Hancock Harding Hardy Harper "
        "Harris Harrington Hart Hawkins Hayes Haynes Henderson Hewitt Hicks Higgins Hodgson "
        "Holland Holt Hopkins Horton Houghton Howard Howe Howell Hudson Humphreys Hutchinson "
        "Ingram Jarvis Jenkins Jennings John Johnston Jordan Joyce Kelly Kemp Kennedy Kerr Lamb "
        "Lambert Lane Lawrence Lawson Leonard Lewis Little Lloyd Long Lowe Lucas Lynch Macdonald "
        "Mann Manning Marsh Matthews May McCarthy McDonald McKenzie Mellor Metcalfe Middleton "
        "Moran Morrison Moss Murphy Murray Myers Naylor Nash Newman Newton Nicholls Nicholson "
        "Norman Norris North Norton Oliver Osborne Owen Owens Page Parry Parsons Patterson "
        "Payne Peacock Pearce Perkins Perry Peters Phillips Pollard Poole Porter Potter Powell "
        "Pratt Preston Pritchard Pugh Quinn Randall Read Reed Reeves Reid Reynolds Rhodes Rice "
        "Richards Riley Robertson Robson Rose Rowe Rowley Russell Ryan Sanders Sanderson "
        "Saunders Savage Schofield Sharp Shepherd Short Simmons Sims Sinclair Skinner Slater "
        "Spencer Stanley Stephens Stephenson Stevenson Stewart Stokes Stone Storey Summers "
        "Sutton Swift Tait Talbot Tate Thomas Thomson Thornton Thorpe Todd Townsend Tucker Tyler "
        "Vaughan Vincent Wade Wall Wallace Walsh Walters Walton Warner Warren Waters Watkins "
        "Watts Weaver Webster Welch Wells West Weston Wheeler Whitehead Whitehouse Wilkins "
        "Wilkinson Willis Winter Woods Woodward Wyatt Yates Young"
    ),
)

OTHERS = (
    Origin(
        "irish",
        45,
        "IE",
        ("Seán", "Siobhán", "Pádraig", "Áine", "Ciarán", "Niamh", "Eoin", "Róisín", "Conor"),
        ("O'Brien", "O’Neill", "O'Sullivan", "D’Arcy", "Ní Dhomhnaill", "Murphy", "Ó Briain"),
    ),
    Origin(
        "welsh",
        45,
        "GB",
        ("Siân", "Dafydd", "Llŷr", "Gwenllian", "Rhŷs", "Owain", "Angharad", "Ffion", "Môn"),
        ("ap Rhys", "Llewellyn", "Prydderch", "Gruffydd", "Tŷ-Du", "ab Owen", "Cadwaladr"),
    ),
    Origin(
        "gaelic",
        25,
        "GB",
        ("Catrìona", "Iain", "Mòrag", "Ruairidh", "Eilidh", "Seòras", "Calum", "Mairead"),
        ("MacDhòmhnaill", "NicLeòid", "MacLean", "Mac an t-Saoir", "McKay", "Caimbeul"),
    ),
    Origin(
        "polish",
        35,
        "PL",
        ("Łukasz", "Małgorzata", "Paweł", "Agnieszka", "Wojciech", "Żaneta", "Grzegorz", "Bożena"),
        ("Wójcik", "Kowalczyk", "Dąbrowska", "Święcicki", "Łęcki", "Nowak", "Zając-Źródło"),
    ),
    Origin(
        "south asian",
        60,
        "IN",
        ("Mohammed", "Priya", "Arjun", "Fatima", "Harpreet", "Anjali", "Imran", "Lakshmi", "Om"),
        ("Patel", "Khan", "Singh", "Begum", "Hussain", "Sharma", "Kaur", "Subramaniam", "Ali"),
    ),
    Origin(
        "west african",
        25,
        "NG",
        ("Oluwaseun", "Chidi", "Adébáyò", "Ngozi", "Kwame", "Akosua", "Temitọpẹ", "Ifeoma"),
        ("Okonkwo", "Adéyẹmí", "Mensah", "Nwachukwu", "Balogun", "Owusu-Ansah", "Eze"),
    ),
    Origin(
        "iberian and french",
        20,
        "PT",
        ("João", "Núria", "François", "Inês", "Jean-Noël", "Begoña", "Chloë", "José María"),
        ("Gonçalves", "Muñoz", "d'Artagnan", "Lefèvre", "de la Cruz", "Conceição", "Saint-Exupéry"),
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
