"""Names that are written in several ways, as people know them: not what any rule set makes of them.

What `verification` knows of aliases is not read here, so that what it does not know shows. A
pair is one name in two forms, either of which may be on record; a low line stands for a space.
"""

Pairs = tuple[tuple[str, str], ...]


def _pairs(text: str) -> Pairs:
    pairs = (pair.replace("_", " ").partition("/") for pair in text.split())
    return tuple((one, other) for one, _, other in pairs)


SHORT_FORMS = _pairs(
    """
    Mike/Michael Mick/Michael Dave/David Steve/Stephen Steve/Steven Chris/Christopher
    Chris/Christine Tony/Anthony Andy/Andrew Rob/Robert Bob/Robert Bobby/Robert Bill/William
    Will/William Billy/William Jim/James Jimmy/James Jamie/James Tom/Thomas Tommy/Thomas
    Dick/Richard Rick/Richard Ricky/Richard Rich/Richard Pete/Peter Ken/Kenneth Ron/Ronald
    Ray/Raymond Geoff/Geoffrey Jeff/Jeffrey Greg/Gregory Alex/Alexander Sandy/Alexander
    Alec/Alexander Al/Alan Ben/Benjamin Sam/Samuel Dan/Daniel Danny/Daniel Joe/Joseph
    Matt/Matthew Nick/Nicholas Nicky/Nicola Phil/Philip Ed/Edward Eddie/Edward Ted/Edward
    Ned/Edward Fred/Frederick Freddie/Frederick Harry/Henry Harry/Harold Hal/Henry Jack/John
    Johnny/John Jon/Jonathan Josh/Joshua Charlie/Charles Chuck/Charles Archie/Archibald
    Bert/Albert Bertie/Albert Alfie/Alfred Fred/Alfred Len/Leonard Les/Leslie Lenny/Leonard
    Stan/Stanley Walt/Walter Wally/Walter Vic/Victor Vince/Vincent Terry/Terence Tim/Timothy
    Toby/Tobias Trev/Trevor Gerry/Gerald Jerry/Jeremy Larry/Lawrence Laurie/Lawrence
    Pat/Patrick Paddy/Patrick Frank/Francis Doug/Douglas Don/Donald Norm/Norman Reg/Reginald
    Bernie/Bernard Cliff/Clifford Colin/Nicholas Stu/Stuart Gaz/Gary Baz/Barry Daz/Darren
    Shaz/Sharon Kev/Kevin Nige/Nigel Maz/Marilyn Liz/Elizabeth Beth/Elizabeth
    Lizzie/Elizabeth Betty/Elizabeth Eliza/Elizabeth Libby/Elizabeth Bess/Elizabeth
    Lisa/Elizabeth Kate/Katherine Kathy/Katherine Katie/Katherine Kate/Catherine
    Cathy/Catherine Kitty/Katherine Kay/Katherine Peggy/Margaret Maggie/Margaret
    Meg/Margaret Madge/Margaret Daisy/Margaret Rita/Margaret Sue/Susan Suzie/Susan
    Sukie/Susan Pat/Patricia Patsy/Patricia Tricia/Patricia Trish/Patricia Jenny/Jennifer
    Jen/Jennifer Jan/Janet Jan/Janice Jess/Jessica Jo/Joanne Jo/Josephine Josie/Josephine
    Sally/Sarah Sadie/Sarah Mandy/Amanda Sandy/Sandra Debbie/Deborah Deb/Deborah
    Babs/Barbara Barb/Barbara Becky/Rebecca Becca/Rebecca Vicky/Victoria Tori/Victoria
    Steph/Stephanie Sam/Samantha Mel/Melanie Nat/Natalie Tash/Natasha Tasha/Natasha
    Val/Valerie Ronnie/Veronica Jackie/Jacqueline Jacqui/Jacqueline Gill/Gillian
    Jill/Gillian Jilly/Jill Cindy/Cynthia Dot/Dorothy Dolly/Dorothy Dottie/Dorothy
    Dora/Dorothy Ellie/Eleanor Nell/Eleanor Nora/Eleanor Nellie/Helen Lena/Helen
    Flo/Florence Florrie/Florence Flossie/Florence Fran/Frances Fanny/Frances
    Georgie/Georgina Ginny/Virginia Hattie/Harriet Millie/Mildred Millie/Amelia Molly/Mary
    Polly/Mary May/Mary Mamie/Mary Nan/Ann Nancy/Ann Annie/Ann Tilly/Matilda Winnie/Winifred
    Lottie/Charlotte Charlie/Charlotte Bella/Isabella Izzy/Isabella Lou/Louise Lulu/Louise
    Lynn/Linda Lindy/Linda Abby/Abigail Gail/Abigail Ally/Alison Ali/Alison Angie/Angela
    Ange/Angela Carrie/Caroline Caz/Caroline Chrissie/Christine Tina/Christine Kim/Kimberley
    Kirsty/Kirsten Lexi/Alexandra Sasha/Alexandra Sandra/Alexandra Alex/Alexandra
    Mags/Margaret Pam/Pamela Pippa/Philippa Rosie/Rosemary Rose/Rosemary Romy/Rosemary
    Theo/Theodore Theo/Theodora Trixie/Beatrice Bea/Beatrice Zandra/Alexandra Di/Diana
    Edie/Edith Effie/Euphemia Essie/Esther Hetty/Henrietta Etta/Henrietta Kit/Christopher
    Kester/Christopher Nat/Nathaniel Zac/Zachary Gabe/Gabriel Gus/Angus Gus/Augustus
    Mo/Mohammed Mo/Maureen Bram/Abraham Abe/Abraham Drew/Andrew Ewan/Owen Jem/Jeremy
    Jez/Jeremy Jezza/Jeremy Jock/John Hank/Henry Cat/Catherine Ness/Vanessa Nessa/Vanessa
    Viv/Vivienne Wills/William Shell/Michelle Chelle/Michelle Shelly/Michelle
    Ricardo/Richard Seb/Sebastian Bas/Sebastian Max/Maximilian Olly/Oliver Ollie/Oliver
    Noll/Oliver Hughie/Hugh Hugo/Hugh
    """
)
WELSH_FORMS = _pairs(
    """
    Dafydd/David Dai/David Dewi/David Siân/Jane Siôn/John Ieuan/John Ifan/John Ioan/John
    Evan/John Mair/Mary Mari/Mary Marged/Margaret Mared/Margaret Megan/Margaret
    Catrin/Catherine Cadi/Catherine Bethan/Elizabeth Elen/Helen Elin/Ellen Gwilym/William
    Wil/William Siôr/George Iago/James Pedr/Peter Pawl/Paul Steffan/Stephen Tomos/Thomas
    Twm/Thomas Harri/Henry Huw/Hugh Rhisiart/Richard Robat/Robert Owain/Owen Rhys/Rees
    Andras/Andrew Meic/Michael Marc/Mark Luc/Luke Alys/Alice Lowri/Laura Sioned/Janet
    Siwan/Joan Nest/Agnes Guto/Griffith Gruffudd/Griffith Deiniol/Daniel Joseff/Joseph
    Iestyn/Justin Emrys/Ambrose Geraint/Gerald Non/Nonna Bronwen/Bronwyn Rhian/Rhiannon
    Elis/Ellis Morus/Maurice Tudur/Tudor Lleucu/Lucy Efa/Eve Gwen/Gwendolen Beti/Betty
    Nansi/Nancy Annes/Agnes Ffransis/Francis Edmwnd/Edmund Bened/Benedict
    Cystennin/Constantine Glyn/Glynn
    """
)
SCOTTISH_FORMS = _pairs(
    """
    Iain/John Ian/John Seumas/James Hamish/James Alasdair/Alexander Alistair/Alexander
    Dòmhnall/Donald Eachann/Hector Ùisdean/Hugh Eòghann/Ewan Coinneach/Kenneth
    Teàrlach/Charles Calum/Malcolm Tormod/Norman Ruairidh/Roderick Rory/Roderick Niall/Neil
    Donnchadh/Duncan Aonghas/Angus Gilleasbuig/Archibald Murchadh/Murdo Fionnlagh/Finlay
    Lachlann/Lachlan Seòras/George Mìcheal/Michael Uilleam/William Raibeart/Robert
    Peadar/Peter Pàdraig/Patrick Anndra/Andrew Dàibhidh/David Tòmas/Thomas Cailean/Colin
    Catrìona/Catherine Màiri/Mary Mairead/Margaret Mòrag/Marion Sìne/Jane Sheena/Jane
    Seònaid/Janet Eilidh/Helen Ealasaid/Elizabeth Iseabail/Isabella Cairistìona/Christine
    Fionnghal/Flora Beathag/Rebecca Oighrig/Euphemia Artair/Arthur Daibhidh/David
    Griogair/Gregor Iomhar/Ivor Somhairle/Samuel Anna/Ann Beitidh/Betty Una/Agnes
    Raonaid/Rachel Marsaili/Marjorie Lili/Lily
    """
)
IRISH_FORMS = _pairs(
    """
    Seán/John Pádraig/Patrick Liam/William Séamus/James Mícheál/Michael Tomás/Thomas
    Eoin/John Ciarán/Kieran Conchobhar/Conor Áine/Anne Siobhán/Joan Sinéad/Jane Máire/Mary
    Máiréad/Margaret Caitríona/Catherine Caitlín/Kathleen Eilís/Elizabeth Bríd/Bridget
    Róisín/Rose Niamh/Neve Gráinne/Grace Úna/Agnes Nóra/Honora Pól/Paul Peadar/Peter
    Risteárd/Richard Roibeárd/Robert Uilliam/William Séarlas/Charles Seosamh/Joseph
    Dónal/Daniel Domhnall/Donald Diarmuid/Dermot Eoghan/Owen Proinsias/Francis
    Aindriú/Andrew Antaine/Anthony Dáithí/David Éamonn/Edmund Feidhlim/Felix Fionn/Finn
    Lochlainn/Lachlan Labhrás/Laurence Maitiú/Matthew Máirtín/Martin Ruairí/Rory
    Somhairle/Samuel Tadhg/Timothy Aoife/Eva Eibhlín/Eileen Sorcha/Sarah Sibéal/Isabel
    Nuala/Fionnuala Orlaith/Orla Caoimhín/Kevin
    """
)
FIRST_NAME_SPELLINGS = _pairs(
    """
    Stephen/Steven Philip/Phillip Catherine/Kathryn Catherine/Katherine Ann/Anne Sara/Sarah
    Geoffrey/Jeffrey Alan/Allan Alan/Allen Clare/Claire Elizabeth/Elisabeth Jon/John
    Mathew/Matthew Lesley/Leslie Lynn/Lynne Marian/Marion Nichola/Nicola Rachael/Rachel
    Shaun/Sean Stuart/Stewart Susan/Suzanne Teresa/Theresa Tracey/Tracy Zoe/Zoey
    Caitlin/Katelyn Aidan/Aiden Callum/Calum Connor/Conor Isabel/Isobel
    Jaclyn/Jacqueline Gemma/Jemma Gillian/Jillian Graham/Graeme Ian/Iain Karen/Caren
    Carl/Karl Eric/Erik Frederick/Fredrick Lewis/Louis Mohammed/Muhammad Mohammed/Mohamed
    Ahmed/Ahmad Hussain/Hussein Yusuf/Yousef Aisha/Ayesha Fatima/Fatimah Abdullah/Abdallah
    Sophie/Sofie Hanna/Hannah Kirstie/Kirsty Debra/Deborah Vivien/Vivian Nicholas/Nicolas
    Lawrence/Laurence Jeremy/Jeremey Rhys/Reece Owen/Owain Sian/Shan Megan/Meghan
    Carys/Cerys Christine/Kristine Cristina/Christina Tomas/Thomas
    Antony/Anthony Bryan/Brian Derek/Derrick Dean/Deane Gerard/Gerrard
    """
)
LAST_NAME_SPELLINGS = _pairs(
    """
    Smith/Smyth Clark/Clarke Brown/Browne Green/Greene Thompson/Thomson Stephens/Stevens
    Stephenson/Stevenson Davies/Davis Phillips/Philips Read/Reid Reed/Reid Allan/Allen
    Allen/Alan Cook/Cooke Gray/Grey Harris/Harries Lawrence/Laurence White/Whyte
    Taylor/Tayler Nicholls/Nichols Nicholson/Nicolson Matthews/Mathews
    Pearce/Pierce Lee/Leigh Moor/Moore Hughes/Hewes Johnson/Johnston
    Johnston/Johnstone Stewart/Stuart Burke/Bourke Byrne/Burn Burns/Byrnes Connolly/Connelly
    Doherty/Dougherty Kelly/Kelley O'Neill/O'Neil McDonald/MacDonald McKenzie/MacKenzie
    McLean/MacLean Fraser/Frazer Hussain/Hussein Mohammed/Muhammad Ahmed/Ahmad
    Khan/Kahn Chowdhury/Choudhury Chaudhry/Choudhary Siddiqui/Siddiqi Sheikh/Shaikh
    Rahman/Rehman Begum/Begam Iqbal/Ikbal Yusuf/Yousuf Petersen/Pederson
    Schmidt/Schmitt Mayer/Meyer Fischer/Fisher Kowalski/Kovalski Wojcik/Voytsik Lewis/Lewes
    Rees/Reese Rhys/Rees Llewellyn/Llewelyn Griffith/Griffiths Robert/Roberts
    Williams/William Edward/Edwards Richard/Richards Rogers/Rodgers Hodgkinson/Hodgkison
    Whitaker/Whittaker Shepherd/Sheppard Wilkinson/Wilkins Foster/Forster
    Jenkins/Jenkin Simmonds/Simmons Symonds/Simmonds Jeffries/Jefferies Ward/Warde
    """
)
# Last names with and without what stands before them, or with it apart.
PARTICLES = _pairs(
    """
    O'Brien/O_Brien O'Brien/OBrien O'Neill/Neill O'Sullivan/Sullivan O'Connor/Connor
    MacDonald/Mac_Donald McDonald/Mc_Donald MacLeod/M'Leod Fitzgerald/Fitz_Gerald
    St_John/Saint_John St_Clair/StClair Sinclair/St_Clair D'Souza/D_Souza D'Souza/Souza
    D'Arcy/Darcy de_la_Cruz/Cruz de_la_Cruz/Delacruz da_Silva/Silva dos_Santos/Santos
    de_Souza/Souza van_der_Berg/Vanderberg van_den_Berg/Berg van_Dyke/Vandyke
    von_Trapp/Trapp Le_Blanc/Leblanc De_Luca/Deluca Di_Marco/Dimarco al-Hassan/Alhassan
    al-Hassan/Hassan El-Khoury/Khoury El_Masri/Elmasri Ben_Ali/Benali Abu_Bakr/Abubakr
    bin_Yusuf/Yusuf ap_Rhys/Rhys ab_Owen/Owen ap_Dafydd/Dafydd Ó_Briain/Briain
    Ní_Dhomhnaill/Dhomhnaill Mac_an_t-Saoir/Saoir
    """
)
# Letters with marks, and the letters that are typed where there are none.
SPELLED_OUT = _pairs(
    """
    Müller/Mueller Schröder/Schroeder Jürgen/Juergen Björn/Bjoern Jörg/Joerg Götz/Goetz
    Böhm/Boehm Käthe/Kaethe Günther/Guenther Bjørn/Bjoern Sørensen/Soerensen
    Jørgensen/Joergensen Øystein/Oeystein Åse/Aase Håkon/Haakon Ångström/Aangstroem
    Weiß/Weiss Groß/Gross Köhler/Koehler Jäger/Jaeger Bäcker/Baecker Schäfer/Schaefer
    Krüger/Krueger Lönnrot/Loennrot Æthelred/Aethelred Kjær/Kjaer
    """
)
# In their own script, and in Latin letters by one of the ways in use; first names, then last ones.
IN_LATIN_LETTERS: tuple[tuple[Pairs, Pairs], ...] = (
    (  # Cyrillic
        _pairs(
            """
            Олександр/Oleksandr Олександр/Alexander Надія/Nadiia Надія/Nadiya Надія/Nadia
            Алексей/Aleksei Алексей/Alexey Алексей/Alexei Їванна/Yivanna Георги/Georgi
            Љиљана/Ljiljana Юлия/Yulia Юлия/Iuliia Дмитрий/Dmitry Дмитрий/Dmitrii Сергій/Serhii
            Сергей/Sergey Сергей/Sergei Наталья/Natalia Наталія/Nataliia Евгений/Evgeny
            Евгений/Yevgeny Володимир/Volodymyr Андрій/Andrii Михаил/Mikhail Оксана/Oksana
            Тетяна/Tetiana Марія/Mariia
            """
        ),
        _pairs(
            """
            Шевченко/Shevchenko Коваленко/Kovalenko Йорданов/Yordanov Йорданов/Jordanov
            Ђорђевић/Djordjevic Ђорђевић/Dordevic Мельник/Melnyk Щербак/Shcherbak
            Ковальчук/Kovalchuk Бондаренко/Bondarenko Иванов/Ivanov Кузнецов/Kuznetsov
            Попов/Popov Васильев/Vasiliev Васильев/Vasilyev Соловьёв/Solovyov Соловьёв/Soloviev
            Чайковский/Tchaikovsky Чайковский/Chaikovskii Хрущов/Khrushchov Петренко/Petrenko
            Гончар/Honchar Жуков/Zhukov
            """
        ),
    ),
    (  # Greek
        _pairs(
            """
            Γιώργος/Giorgos Γιώργος/Yiorgos Γιώργος/George Ελένη/Eleni Ανδρέας/Andreas
            Χαράλαμπος/Charalampos Χαράλαμπος/Haralambos Άννα/Anna Ζωή/Zoi Ζωή/Zoe
            Ευαγγελία/Evangelia Κωνσταντίνος/Konstantinos Κωνσταντίνος/Constantinos
            Ιωάννης/Ioannis Γιάννης/Yiannis Μαρία/Maria Παναγιώτης/Panayiotis
            Παναγιώτης/Panagiotis Χρήστος/Christos Δημήτρης/Dimitris
            """
        ),
        _pairs(
            """
            Παπαδόπουλος/Papadopoulos Χατζηγεωργίου/Hadjigeorgiou Χατζηγεωργίου/Chatzigeorgiou
            Αντωνίου/Antoniou Οικονόμου/Oikonomou Οικονόμου/Economou Θεοδώρου/Theodorou
            Γεωργίου/Georgiou Ιωάννου/Ioannou Νικολάου/Nicolaou Νικολάου/Nikolaou
            Χαραλάμπους/Charalambous Δημητρίου/Dimitriou Δημητρίου/Demetriou Ευαγγέλου/Evangelou
            Μιχαήλ/Michael Κωνσταντίνου/Constantinou Παύλου/Pavlou
            """
        ),
    ),
    (  # Arabic
        _pairs(
            """
            محمد/Mohammed محمد/Muhammad فاطمة/Fatima أحمد/Ahmed أحمد/Ahmad
            عبد_الرحمن/Abdul_Rahman عبد_الرحمن/Abdelrahman زينب/Zainab زينب/Zeinab يوسف/Yusuf
            يوسف/Youssef علي/Ali حسين/Hussein مريم/Mariam مريم/Maryam خالد/Khaled خالد/Khalid
            عائشة/Aisha عمر/Omar عمر/Umar ليلى/Layla ليلى/Leila نور/Nour نور/Noor سارة/Sara
            إبراهيم/Ibrahim
            """
        ),
        _pairs(
            """
            الحسن/Al-Hassan الحسن/El_Hassan العلي/Al-Ali إبراهيم/Ibrahim الخوري/El-Khoury
            الخوري/Khoury المصري/El-Masri المصري/Al-Masry حسين/Hussein محمود/Mahmoud صالح/Saleh
            حداد/Haddad نجار/Najjar خليل/Khalil ناصر/Nasser عثمان/Osman عثمان/Othman
            """
        ),
    ),
    (  # Chinese
        _pairs(
            """
            伟/Wei 秀英/Xiuying 秀英/Sau_Ying 美玲/Meiling 美玲/Mei_Ling 志明/Zhiming
            志明/Chi_Ming 嘉欣/Jiaxin 嘉欣/Ka_Yan 家豪/Jiahao 家豪/Ka_Ho 丽/Li 芳/Fang
            敏/Min 静/Jing 俊杰/Junjie 小红/Xiaohong 永康/Wing_Hong
            """
        ),
        _pairs(
            """
            王/Wang 王/Wong 李/Li 李/Lee 張/Zhang 張/Cheung 歐陽/Ouyang 歐陽/Au_Yeung
            陈/Chen 陈/Chan 林/Lin 林/Lam 黃/Huang 黃/Wong 劉/Liu 劉/Lau 吳/Wu 吳/Ng
            鄭/Zheng 鄭/Cheng 周/Zhou 周/Chow 梁/Liang 梁/Leung
            """
        ),
    ),
)
