"""The Welsh of every sentence of `messages`, under the same keys and with the same facts."""

from collections.abc import Mapping

_NAME_CHARACTERS = "gynnwys < > | na chymeriadau na ellir eu gweld na'u hargraffu"
_NOT_HERE = "Ni allwch ddefnyddio'r gwasanaeth hwn i gofrestru"
_CHECK_NATIONALITIES = (
    "Gwnewch yn siŵr eich bod wedi rhoi pob cenedligrwydd sydd gennych, neu cysylltwch â'ch "
    "swyddfa cofrestru etholiadol"
)
_CHECK_BIRTH_AND_ADDRESS = (
    "Gwiriwch eich dyddiad geni a'ch cyfeiriad, neu gwnewch gais eto pan fyddwch yn {minimum_age}"
)

WELSH: Mapping[str, str] = {
    # Any field
    "*:missing": "Atebwch y cwestiwn hwn",
    "*:unknown-field": (
        "Nid yw'r maes hwn yn rhan o gais. Gwiriwch sut y mae wedi'i sillafu, neu gadewch ef allan"
    ),
    "*:not-valid": "Ni ellir darllen yr ateb hwn. Gwiriwch ef a'i roi eto",
    "*:must-be-text": "Rhaid i hwn fod yn destun, mewn dyfynodau",
    "*:must-be-true-or-false": "Rhaid i hwn fod yn true neu'n false, heb ddyfynodau",
    "*:must-be-a-whole-number": "Rhaid i hwn fod yn rhif cyfan, heb ddyfynodau",
    "*:must-be-an-object": "Rhaid i hwn fod yn wrthrych JSON â meysydd wedi'u henwi",
    "*:must-be-a-list": "Rhaid i hwn fod yn rhestr JSON",
    "*:characters-not-allowed": (
        "Rhaid i hwn beidio â chynnwys cymeriadau na ellir eu gweld na'u hargraffu"
    ),
    "*:too-long": "Mae hwn yn rhy hir. Byrhewch ef",
    "*:too-many": "Mae gormod o eitemau yn y rhestr hon. Gadewch rai ohonynt allan",
    "*:wrong-format": "Nid yw hwn yn y fformat cywir",
    "*:not-a-choice": "Dewiswch un o'r atebion a gynigir",
    "*:out-of-range": "Mae'r rhif hwn yn rhy fach neu'n rhy fawr",
    "*:not-a-country": "Dewiswch wlad o'r rhestr, yn ôl ei chod ISO 3166 dwy lythyren",
    # The application as a whole
    "type:missing": "Dywedwch pa fath o gais yw hwn",
    "type:not-a-choice": "Rhaid i'r math fod yn ordinary, overseas, forces neu crown",
    "type:not-yet-supported": (
        "Hyd yma, dim ond ceisiadau cyffredin y gall y gwasanaeth hwn eu derbyn. Cysylltwch â'r "
        "swyddfa cofrestru etholiadol i wneud cais fel etholwr tramor, etholwr o'r lluoedd arfog "
        "neu etholwr y Goron"
    ),
    "source:not-a-choice": (
        "Rhaid i'r ffynhonnell fod yn web neu'n assisted, neu gael ei gadael allan"
    ),
    "source:not-the-credentials": (
        "Rhaid mai'r ffynhonnell yw'r un y mae eich manylion mynediad ar ei chyfer, neu rhaid ei "
        "gadael allan"
    ),
    "language:missing": "Dywedwch ym mha iaith yr hoffech i ni ysgrifennu atoch",
    "language:not-a-choice": "Rhaid i'r iaith fod yn en am y Saesneg neu'n cy am y Gymraeg",
    # Names
    "firstName:missing": "Rhowch eich enw cyntaf",
    "firstName:too-long": "Rhaid i'r enw cyntaf fod yn 35 o gymeriadau neu lai",
    "firstName:characters-not-allowed": f"Rhaid i'r enw cyntaf beidio â {_NAME_CHARACTERS}",
    "middleNames:too-long": "Rhaid i'r enwau canol fod yn 100 o gymeriadau neu lai",
    "middleNames:characters-not-allowed": f"Rhaid i'r enwau canol beidio â {_NAME_CHARACTERS}",
    "lastName:missing": "Rhowch eich cyfenw",
    "lastName:too-long": "Rhaid i'r cyfenw fod yn 35 o gymeriadau neu lai",
    "lastName:characters-not-allowed": f"Rhaid i'r cyfenw beidio â {_NAME_CHARACTERS}",
    "previousName.firstName:missing": "Rhowch eich enw cyntaf blaenorol",
    "previousName.firstName:too-long": (
        "Rhaid i'r enw cyntaf blaenorol fod yn 35 o gymeriadau neu lai"
    ),
    "previousName.lastName:missing": "Rhowch eich cyfenw blaenorol",
    "previousName.lastName:too-long": "Rhaid i'r cyfenw blaenorol fod yn 35 o gymeriadau neu lai",
    "previousName:missing": "Dewiswch a ydych wedi newid eich enw",
    "changeReason:too-long": (
        "Rhaid i'r rheswm dros newid eich enw fod yn 500 o gymeriadau neu lai"
    ),
    # Date of birth
    "dateOfBirth:missing": "Rhowch eich dyddiad geni, neu dywedwch pam na allwch ei roi",
    "dateOfBirth:wrong-format": (
        "Rhowch eich dyddiad geni fel blwyddyn, mis a diwrnod, er enghraifft 1987-03-31"
    ),
    "dateOfBirth:not-a-real-date": (
        "Rhaid i'r dyddiad geni fod yn ddyddiad go iawn. Gwiriwch y diwrnod a'r mis"
    ),
    "dateOfBirth:in-the-future": "Rhaid i'r dyddiad geni fod yn y gorffennol",
    "dateOfBirth:too-long-ago": (
        "Rhaid i'r dyddiad geni fod lai na 115 mlynedd yn ôl. Gwiriwch y flwyddyn"
    ),
    "dateOfBirth.day:missing": "Rhaid i'r dyddiad geni gynnwys diwrnod",
    "dateOfBirth.month:missing": "Rhaid i'r dyddiad geni gynnwys mis",
    "dateOfBirth.year:missing": "Rhaid i'r dyddiad geni gynnwys blwyddyn",
    "dateOfBirth.year:wrong-format": "Rhaid i'r flwyddyn gynnwys 4 rhif",
    "dateOfBirth:too-young": (
        "Rhaid i chi fod yn {minimum_age} oed neu'n hŷn i gofrestru i bleidleisio. Gwiriwch eich "
        "dyddiad geni, neu gwnewch gais eto pan fyddwch yn {minimum_age}"
    ),
    "dateOfBirth:too-young-england": (
        "Rhaid i chi fod yn {minimum_age} oed neu'n hŷn i gofrestru i bleidleisio yn Lloegr. "
        f"{_CHECK_BIRTH_AND_ADDRESS}"
    ),
    "dateOfBirth:too-young-scotland": (
        "Rhaid i chi fod yn {minimum_age} oed neu'n hŷn i gofrestru i bleidleisio yn yr Alban. "
        f"{_CHECK_BIRTH_AND_ADDRESS}"
    ),
    "dateOfBirth:too-young-wales": (
        "Rhaid i chi fod yn {minimum_age} oed neu'n hŷn i gofrestru i bleidleisio yng Nghymru. "
        f"{_CHECK_BIRTH_AND_ADDRESS}"
    ),
    "noDateOfBirth:give-one-only": (
        "Rhowch eich dyddiad geni neu dywedwch pam na allwch, nid y ddau"
    ),
    "noDateOfBirth.reason:missing": "Dywedwch pam na allwch roi eich dyddiad geni",
    "noDateOfBirth.ageRange:missing": "Dewiswch faint yw eich oed",
    "noDateOfBirth.ageRange:not-a-choice": "Dewiswch faint yw eich oed o'r rhestr",
    "noDateOfBirth.ageRange:not-online": (
        "Ni allwch ddefnyddio'r gwasanaeth hwn os ydych dan 18 oed neu os nad ydych yn gwybod "
        "faint yw eich oed, ac na allwch roi eich dyddiad geni. Cysylltwch â'ch swyddfa cofrestru "
        "etholiadol yn lle hynny"
    ),
    "noDateOfBirth.ageRange:not-in-england": ("Yn Lloegr, dewiswch 18 i 75 neu dros 75"),
    "noDateOfBirth.ageRange:not-in-scotland": ("Yn yr Alban, dewiswch 16 i 17 neu 18 neu'n hŷn"),
    "noDateOfBirth.ageRange:not-in-wales": ("Yng Nghymru, dewiswch 16 i 17 neu 18 neu'n hŷn"),
    "reason:missing": "Rhowch reswm",
    "reason:too-long": "Rhaid i'r rheswm fod yn 500 o gymeriadau neu lai",
    # National Insurance number
    "nino:missing": "Rhowch eich rhif Yswiriant Gwladol, neu dywedwch pam na allwch ei roi",
    "nino:wrong-format": (
        "Rhowch rif Yswiriant Gwladol sy'n 2 lythyren, 6 rhif, yna A, B, C neu D, er enghraifft "
        "QQ 12 34 56 C"
    ),
    "nino:never-issued": (
        "Nid oes unrhyw rif Yswiriant Gwladol yn dechrau â'r 2 lythyren hyn. Gwiriwch eich rhif, "
        "er enghraifft ar slip cyflog neu ar lythyr am dreth neu fudd-daliadau"
    ),
    "noNino:give-one-only": (
        "Rhowch eich rhif Yswiriant Gwladol neu dywedwch pam na allwch, nid y ddau"
    ),
    "noNino.reason:missing": "Dywedwch pam na allwch roi eich rhif Yswiriant Gwladol",
    # Nationality
    "nationalities:missing": "Dewiswch eich cenedligrwydd, neu dywedwch pam na allwch ei roi",
    "nationalities:too-many": (
        "Dewiswch hyd at 3 chenedligrwydd heblaw Prydeinig a Gwyddelig. Gadewch y lleill allan"
    ),
    "nationalities:repeated": "Rhowch bob cenedligrwydd unwaith yn unig",
    "nationalities.other:missing": "Dewiswch wlad eich cenedligrwydd o'r rhestr",
    "nationalities:not-a-country": (
        "Dewiswch bob cenedligrwydd o'r rhestr, yn ôl ei god ISO 3166 dwy lythyren, er enghraifft "
        "GB am Brydeinig neu IE am Wyddelig"
    ),
    "nationalities:no-franchise": (
        "Ni all pobl o'r cenedligrwydd hwn gofrestru i bleidleisio. Gwnewch yn siŵr eich bod wedi "
        "rhoi pob cenedligrwydd sydd gennych"
    ),
    "nationalities:no-franchise-england": (
        "Ni all pobl o'r cenedligrwydd hwn gofrestru i bleidleisio yn Lloegr. "
        f"{_CHECK_NATIONALITIES}"
    ),
    "nationalities:no-franchise-scotland": (
        "Ni all pobl o'r cenedligrwydd hwn gofrestru i bleidleisio yn yr Alban. "
        f"{_CHECK_NATIONALITIES}"
    ),
    "nationalities:no-franchise-wales": (
        "Ni all pobl o'r cenedligrwydd hwn gofrestru i bleidleisio yng Nghymru. "
        f"{_CHECK_NATIONALITIES}"
    ),
    "noNationality:give-one-only": (
        "Rhowch eich cenedligrwydd neu dywedwch pam na allwch, nid y ddau"
    ),
    "noNationality.reason:missing": "Dywedwch pam na allwch roi eich cenedligrwydd",
    "euRetainedRights:missing": (
        "Dewiswch Ydw os ydych wedi byw'n gyfreithlon yn y DU, Ynysoedd y Sianel neu Ynys Manaw "
        "ers cyn 31 Rhagfyr 2020"
    ),
    # Addresses
    "address:missing": "Rhowch eich cyfeiriad",
    "address.uprn:missing": "Dewiswch eich cyfeiriad, neu nad yw ar y rhestr",
    "address.uprn:not-a-choice": "Dewiswch eich cyfeiriad o'r rhestr",
    "street:missing": "Rhowch stryd y cyfeiriad",
    "property:too-long": "Rhaid i enw neu rif yr eiddo fod yn 255 o gymeriadau neu lai",
    "street:too-long": "Rhaid i'r stryd fod yn 255 o gymeriadau neu lai",
    "locality:too-long": "Rhaid i'r ardal leol fod yn 255 o gymeriadau neu lai",
    "town:too-long": "Rhaid i'r dref neu'r ddinas fod yn 255 o gymeriadau neu lai",
    "area:too-long": "Rhaid i'r ardal neu'r sir fod yn 255 o gymeriadau neu lai",
    "postcode:missing": "Rhowch god post y cyfeiriad",
    "postcode:wrong-format": "Rhowch god post llawn yn y DU, er enghraifft AA3 1AB",
    "postcode:too-long": "Rhaid i'r cod post fod yn 10 o gymeriadau neu lai",
    "uprn:wrong-format": "Rhaid i'r UPRN fod yn 1 i 12 digid, neu gael ei adael allan",
    "previousAddress:same-as-address": (
        "Rhaid i'ch cyfeiriad blaenorol fod yn wahanol i'ch cyfeiriad presennol. Newidiwch ef, "
        "neu gadewch ef allan os nad ydych wedi symud yn y 12 mis diwethaf"
    ),
    "previousAddress:missing": "Dewiswch a ydych wedi symud yn y 12 mis diwethaf",
    "previousAddress.street:missing": "Rhowch stryd eich cyfeiriad blaenorol",
    "previousAddress.postcode:missing": (
        "Rhowch god post eich cyfeiriad blaenorol, neu'r wlad os oedd y tu allan i'r DU"
    ),
    "previousAddress.country:missing": "Dewiswch wlad eich cyfeiriad blaenorol",
    "otherAddress:missing": "Dewiswch a ydych hefyd yn byw mewn cyfeiriad arall",
    "otherAddress:not-a-choice": (
        "Dywedwch a ydych hefyd yn byw mewn cyfeiriad arall: none, student neu secondHome"
    ),
    # Open register, postal vote, sole occupancy
    "openRegister:missing": "Dewiswch a gaiff eich manylion eu cynnwys ar y gofrestr agored",
    "openRegister:must-be-true-or-false": (
        "Rhaid i'r ateb am y gofrestr agored fod yn true (cynnwys) neu'n false, heb ddyfynodau"
    ),
    "openRegister:under-16": (
        "Ni all pobl dan 16 oed fod ar y gofrestr agored. Rhaid i'r ateb hwn fod yn false"
    ),
    "postalVote:missing": "Dewiswch a ydych eisiau gwneud cais am bleidlais bost",
    "wanted:missing": "Dewiswch a ydych eisiau gwneud cais am bleidlais bost",
    "formBy:missing": (
        "Dewiswch sut i anfon y ffurflen pleidlais bost atoch: drwy'r post neu drwy e-bost"
    ),
    "formBy:not-a-choice": (
        "Dewiswch sut i anfon y ffurflen pleidlais bost atoch: drwy'r post neu drwy e-bost"
    ),
    "soleOccupancy:missing": (
        "Dewiswch Ie os mai chi yw'r unig berson 16 oed neu'n hŷn sy'n byw yno"
    ),
    # Contact
    "contact:missing": ("Rhowch o leiaf un ffordd o gysylltu â chi: e-bost, ffôn neu'r post"),
    "contact.email:needed-for-postal-vote": (
        "Rhowch y cyfeiriad e-bost i anfon eich ffurflen pleidlais bost iddo"
    ),
    "email:missing": "Rhowch eich cyfeiriad e-bost, neu gadewch ef allan",
    "email:wrong-format": (
        "Rhowch gyfeiriad e-bost yn y fformat cywir, er enghraifft enw@example.com"
    ),
    "email:too-long": "Rhaid i'r cyfeiriad e-bost fod yn 254 o gymeriadau neu lai",
    "phone:missing": "Rhowch eich rhif ffôn, neu gadewch ef allan",
    "phone:wrong-format": "Rhowch rif ffôn o 5 i 30 digid, er enghraifft 01632 960 001",
    "phone:too-long": "Rhaid i'r rhif ffôn fod yn 100 o gymeriadau neu lai",
    "declaration:missing": "Cadarnhewch fod yr wybodaeth yr ydych wedi'i rhoi yn wir",
    "declaration:not-declared": "Cadarnhewch fod yr wybodaeth yr ydych wedi'i rhoi yn wir",
    # On a page of the form, where the API's words would mislead
    "form.contact:missing": (
        "Rhowch o leiaf un ffordd i'ch cyngor gysylltu â chi: cyfeiriad e-bost, rhif ffôn neu "
        "drwy'r post"
    ),
    "form.contact.email:missing": "Rhowch eich cyfeiriad e-bost, neu ei adael yn wag",
    "form.contact.phone:missing": "Rhowch eich rhif ffôn, neu ei adael yn wag",
    "form.country:not-a-choice": "Dewiswch ble'r ydych yn byw",
    "form.gssCode:wrong-format": "Dewiswch eich cyngor o'r rhestr",
    "form.nationalities:not-a-country": "Dewiswch bob cenedligrwydd o'r rhestr",
    "form.otherAddress:not-a-choice": "Dewiswch a ydych hefyd yn byw mewn cyfeiriad arall",
    "form.previousAddress:same-as-address": (
        "Rhaid i'ch cyfeiriad blaenorol fod yn wahanol i'ch cyfeiriad presennol"
    ),
    "form.previousAddress.country:not-a-country": "Dewiswch wlad o'r rhestr",
    "form.previousAddress.postcode:missing": "Rhowch god post eich cyfeiriad blaenorol",
    # Where from
    "country:not-a-choice": (
        "Rhaid i'r wlad fod yn england, scotland, wales, northern-ireland, channel-islands, "
        "isle-of-man neu abroad, neu gael ei gadael allan"
    ),
    "country:missing": "Dewiswch ble'r ydych yn byw",
    "gssCode:wrong-format": (
        "Rhaid i god y cyngor fod yn brif lythyren ac 8 digid, neu gael ei adael allan"
    ),
    "gssCode:missing": "Dewiswch eich cyngor, neu nad ydych yn gwybod pa un ydyw",
    "applicantIp:wrong-format": "Rhaid i gyfeiriad IP yr ymgeisydd fod yn IPv4 neu'n IPv6",
    "timeTakenSeconds:out-of-range": (
        "Rhaid i'r amser a gymerwyd fod rhwng 0 a 10,000,000 eiliad, neu gael ei adael allan"
    ),
    "*:lives-in-northern-ireland": (
        f"{_NOT_HERE} yng Ngogledd Iwerddon. Cysylltwch â Swyddfa Etholiadol Gogledd Iwerddon"
    ),
    "*:lives-in-channel-islands": (
        f"{_NOT_HERE} yn Ynysoedd y Sianel. Cysylltwch â swyddfa etholiadol Taleithiau Jersey neu "
        "Daleithiau Guernsey"
    ),
    "*:lives-in-jersey": (
        f"{_NOT_HERE} yn Jersey. Cysylltwch â swyddfa etholiadol Taleithiau Jersey"
    ),
    "*:lives-in-guernsey": (
        f"{_NOT_HERE} yn Guernsey, Alderney neu Sark. Cysylltwch â swyddfa etholiadol Taleithiau "
        "Guernsey"
    ),
    "*:lives-in-isle-of-man": (
        f"{_NOT_HERE} yn Ynys Manaw. Cysylltwch â swyddfa etholiadau Llywodraeth Ynys Manaw"
    ),
    "*:lives-in-abroad": (
        "Ni all y gwasanaeth hwn dderbyn ceisiadau gan bobl sy'n byw dramor eto. Cysylltwch â "
        "swyddfa cofrestru etholiadol eich cyfeiriad diwethaf yn y DU"
    ),
}
