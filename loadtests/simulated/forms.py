"""Names that are two forms of one name, so plainly that every rule set has to know it."""


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (pair.partition("/") for pair in text.split())
    return tuple((one, other) for one, _, other in pairs)


SHORT_FORMS = _pairs(
    "Mike/Michael Dave/David Steve/Stephen Chris/Christopher Tony/Anthony Andy/Andrew Bob/Robert "
    "Rob/Robert Bill/William Jim/James Tom/Thomas Dick/Richard Rick/Richard Pete/Peter "
    "Ken/Kenneth Geoff/Geoffrey Alex/Alexander Ben/Benjamin Dan/Daniel Joe/Joseph Matt/Matthew "
    "Nick/Nicholas Ted/Edward Jack/John Harry/Henry Charlie/Charles Liz/Elizabeth Beth/Elizabeth "
    "Betty/Elizabeth Kate/Katherine Peggy/Margaret Maggie/Margaret Sue/Susan Pat/Patricia "
    "Jenny/Jennifer Debbie/Deborah Becky/Rebecca Vicky/Victoria Mandy/Amanda Sally/Sarah "
    "Polly/Mary Dot/Dorothy Ellie/Eleanor"
)
WELSH_FORMS = _pairs(
    "Dafydd/David Siân/Jane Siôn/John Ieuan/John Mair/Mary Marged/Margaret Catrin/Catherine "
    "Gwilym/William Pedr/Peter Steffan/Stephen Tomos/Thomas Huw/Hugh Owain/Owen Alys/Alice"
)
SCOTTISH_FORMS = _pairs(
    "Iain/John Seumas/James Alasdair/Alexander Dòmhnall/Donald Coinneach/Kenneth Teàrlach/Charles "
    "Ruairidh/Roderick Uilleam/William Catrìona/Catherine Màiri/Mary Mairead/Margaret Eilidh/Helen"
)
IRISH_FORMS = _pairs(
    "Seán/John Pádraig/Patrick Liam/William Séamus/James Mícheál/Michael Tomás/Thomas Áine/Anne "
    "Sinéad/Jane Máire/Mary Caitríona/Catherine Caitlín/Kathleen Bríd/Bridget"
)

# As typed in its own script, and in Latin letters as on a passport: first names, then last names.
# Each row is one people's, so that a name is drawn whole.
LATIN_FORMS = (
    (
        _pairs("Олександр/Oleksandr Георги/Georgi Љиљана/Ljiljana Надія/Nadiya"),
        _pairs("Шевченко/Shevchenko Коваленко/Kovalenko Йорданов/Yordanov Щербак/Shcherbak"),
    ),
    (
        _pairs("Γιώργος/Giorgos Ελένη/Eleni Ανδρέας/Andreas Άννα/Anna Ζωή/Zoi"),
        _pairs("Παπαδόπουλος/Papadopoulos Αντωνίου/Antoniou Οικονόμου/Oikonomou"),
    ),
    (
        _pairs("محمد/Mohammed فاطمة/Fatima أحمد/Ahmed زينب/Zainab يوسف/Yusuf"),
        _pairs("الحسن/Al-Hassan العلي/Al-Ali إبراهيم/Ibrahim الخوري/El-Khoury"),
    ),
    (
        _pairs("伟/Wei 秀英/Xiuying 美玲/Meiling 志明/Zhiming"),
        _pairs("王/Wang 李/Li 張/Zhang 陈/Chen"),
    ),
)
