"""Every sentence about an answer that needs correcting: one catalogue for the API and the form.

A key is where and what: `firstName:missing`, `previousName.firstName:too-long`. A sentence that
holds wherever a field stands is under its last name only (`postcode:wrong-format`), one that
holds for every field under `*`. What the form says in other words than the API, whose fields have
names and codes, is under `form.` and the whole key. A sentence says what to do, in the manner of
the GOV.UK Design System, and never repeats what was typed. The same in Welsh: `messages_in_welsh`;
a test finds what has no Welsh yet.
"""

import re
from collections.abc import Iterator, Mapping

from electoral.events import Language

from registration.messages_in_welsh import WELSH

Fact = int | str  # what a sentence needs to be told, in braces: {minimum_age}

_INDEX = re.compile(r"/[0-9]+(?=/|$)")


def sentence(pointer: str, code: str, language: Language = "en", **facts: Fact) -> str:
    """Say what is wrong with the field at a pointer."""
    key = next(key for key in _keys(pointer, code) if key in ENGLISH)
    text = WELSH.get(key, ENGLISH[key]) if language == "cy" else ENGLISH[key]
    return text.format(**facts) if facts else text


def sentence_on_page(pointer: str, code: str, language: Language) -> str | None:
    """Say it in the form's own words; None where they are those of `sentence`."""
    key = f"form.{_path(pointer)}:{code}"
    return (WELSH if language == "cy" else ENGLISH).get(key)


def _path(pointer: str) -> str:
    return _INDEX.sub("", pointer).strip("/").replace("/", ".")


def _keys(pointer: str, code: str) -> Iterator[str]:
    path = _path(pointer)
    yield f"{path}:{code}"
    yield f"{path.rpartition('.')[2]}:{code}"
    yield f"*:{code}"
    yield "*:not-valid"


_NAME_CHARACTERS = "must not include < > | or characters that cannot be seen or printed"

ENGLISH: Mapping[str, str] = {
    # Any field
    "*:missing": "Answer this question",
    "*:unknown-field": (
        "This field is not part of an application. Check how it is spelled, or leave it out"
    ),
    "*:not-valid": "This answer cannot be read. Check it and enter it again",
    "*:must-be-text": "This must be text, in quotation marks",
    "*:must-be-true-or-false": "This must be true or false, without quotation marks",
    "*:must-be-a-whole-number": "This must be a whole number, without quotation marks",
    "*:must-be-an-object": "This must be a JSON object with named fields",
    "*:must-be-a-list": "This must be a JSON list",
    "*:characters-not-allowed": "This must not include characters that cannot be seen or printed",
    "*:too-long": "This is too long. Shorten it",
    "*:too-many": "There are too many entries in this list. Leave some out",
    "*:wrong-format": "This is not in the correct format",
    "*:not-a-choice": "Select one of the answers that are offered",
    "*:out-of-range": "This number is too small or too large",
    "*:not-a-country": "Select a country from the list, by its two-letter ISO 3166 code",
    # The application as a whole
    "type:missing": "Say which type of application this is",
    "type:not-a-choice": "The type must be ordinary, overseas, forces or crown",
    "type:not-yet-supported": (
        "This service can only take ordinary applications so far. Contact the electoral "
        "registration office to apply as an overseas, armed forces or crown elector"
    ),
    "source:not-a-choice": "The source must be web or assisted, or left out",
    "source:not-the-credentials": (
        "The source must be the one that your credential is for, or left out"
    ),
    "language:missing": "Say which language you want to be written to in",
    "language:not-a-choice": "The language must be en for English or cy for Welsh",
    # Names
    "firstName:missing": "Enter your first name",
    "firstName:too-long": "First name must be 35 characters or fewer",
    "firstName:characters-not-allowed": f"First name {_NAME_CHARACTERS}",
    "middleNames:too-long": "Middle names must be 100 characters or fewer",
    "middleNames:characters-not-allowed": f"Middle names {_NAME_CHARACTERS}",
    "lastName:missing": "Enter your last name",
    "lastName:too-long": "Last name must be 35 characters or fewer",
    "lastName:characters-not-allowed": f"Last name {_NAME_CHARACTERS}",
    "previousName.firstName:missing": "Enter your previous first name",
    "previousName.firstName:too-long": "Previous first name must be 35 characters or fewer",
    "previousName.lastName:missing": "Enter your previous last name",
    "previousName.lastName:too-long": "Previous last name must be 35 characters or fewer",
    "previousName:missing": "Select if you have changed your name",
    "changeReason:too-long": "The reason your name changed must be 500 characters or fewer",
    # Date of birth
    "dateOfBirth:missing": "Enter your date of birth, or say why you cannot give it",
    "dateOfBirth:wrong-format": (
        "Enter your date of birth as year, month and day, like 1987-03-31"
    ),
    "dateOfBirth:not-a-real-date": (
        "Date of birth must be a real date. Check the day and the month"
    ),
    "dateOfBirth:in-the-future": "Date of birth must be in the past",
    "dateOfBirth:too-long-ago": "Date of birth must be less than 115 years ago. Check the year",
    "dateOfBirth.day:missing": "Date of birth must include a day",
    "dateOfBirth.month:missing": "Date of birth must include a month",
    "dateOfBirth.year:missing": "Date of birth must include a year",
    "dateOfBirth.year:wrong-format": "Year must include 4 numbers",
    "dateOfBirth:too-young": (
        "You must be {minimum_age} or over to register to vote. Check your date of birth, or "
        "apply again when you are {minimum_age}"
    ),
    "dateOfBirth:too-young-england": (
        "You must be {minimum_age} or over to register to vote in England. Check your date of "
        "birth and your address, or apply again when you are {minimum_age}"
    ),
    "dateOfBirth:too-young-scotland": (
        "You must be {minimum_age} or over to register to vote in Scotland. Check your date of "
        "birth and your address, or apply again when you are {minimum_age}"
    ),
    "dateOfBirth:too-young-wales": (
        "You must be {minimum_age} or over to register to vote in Wales. Check your date of "
        "birth and your address, or apply again when you are {minimum_age}"
    ),
    "noDateOfBirth:give-one-only": "Give your date of birth or say why you cannot, not both",
    "noDateOfBirth.reason:missing": "Say why you cannot give your date of birth",
    "noDateOfBirth.ageRange:missing": "Select how old you are",
    "noDateOfBirth.ageRange:not-a-choice": "Select how old you are from the list",
    "noDateOfBirth.ageRange:not-online": (
        "You cannot use this service if you are under 18 or do not know your age, and cannot give "
        "your date of birth. Contact your electoral registration office instead"
    ),
    "noDateOfBirth.ageRange:not-in-england": "In England, select 18 to 75 or over 75",
    "noDateOfBirth.ageRange:not-in-scotland": "In Scotland, select 16 to 17 or 18 or over",
    "noDateOfBirth.ageRange:not-in-wales": "In Wales, select 16 to 17 or 18 or over",
    "reason:missing": "Enter a reason",
    "reason:too-long": "The reason must be 500 characters or fewer",
    # National Insurance number
    "nino:missing": "Enter your National Insurance number, or say why you cannot give it",
    "nino:wrong-format": (
        "Enter a National Insurance number that is 2 letters, 6 numbers, then A, B, C or D, "
        "like QQ 12 34 56 C"
    ),
    "nino:never-issued": (
        "No National Insurance number begins with these 2 letters. Check your number, for "
        "example on a payslip or a letter about tax or benefits"
    ),
    "noNino:give-one-only": "Give your National Insurance number or say why you cannot, not both",
    "noNino.reason:missing": "Say why you cannot give your National Insurance number",
    # Nationality
    "nationalities:missing": "Select your nationality, or say why you cannot give it",
    "nationalities.other:missing": "Select your country of nationality from the list",
    "nationalities:too-many": (
        "Select up to 3 nationalities besides British and Irish. Leave the others out"
    ),
    "nationalities:repeated": "Give each nationality once",
    "nationalities:not-a-country": (
        "Select each nationality from the list, by its two-letter ISO 3166 code, like GB for "
        "British or IE for Irish"
    ),
    "nationalities:no-franchise": (
        "People of this nationality cannot register to vote. Check that you have entered all "
        "your nationalities"
    ),
    "nationalities:no-franchise-england": (
        "People of this nationality cannot register to vote in England. Check that you have "
        "entered all your nationalities, or contact your electoral registration office"
    ),
    "nationalities:no-franchise-scotland": (
        "People of this nationality cannot register to vote in Scotland. Check that you have "
        "entered all your nationalities, or contact your electoral registration office"
    ),
    "nationalities:no-franchise-wales": (
        "People of this nationality cannot register to vote in Wales. Check that you have "
        "entered all your nationalities, or contact your electoral registration office"
    ),
    "noNationality:give-one-only": "Give your nationality or say why you cannot, not both",
    "noNationality.reason:missing": "Say why you cannot give your nationality",
    "euRetainedRights:missing": (
        "Select yes if you have lived legally in the UK, the Channel Islands or the Isle of Man "
        "since before 31 December 2020"
    ),
    # Addresses
    "address:missing": "Enter your address",
    "address.uprn:missing": "Select your address, or that it is not listed",
    "address.uprn:not-a-choice": "Select your address from the list",
    "street:missing": "Enter the street of the address",
    "property:too-long": "The name or number of the property must be 255 characters or fewer",
    "street:too-long": "Street must be 255 characters or fewer",
    "locality:too-long": "Locality must be 255 characters or fewer",
    "town:too-long": "Town or city must be 255 characters or fewer",
    "area:too-long": "Area or county must be 255 characters or fewer",
    "postcode:missing": "Enter the postcode of the address",
    "postcode:wrong-format": "Enter a full UK postcode, like AA3 1AB",
    "postcode:too-long": "Postcode must be 10 characters or fewer",
    "uprn:wrong-format": "The UPRN must be 1 to 12 digits, or left out",
    "previousAddress:same-as-address": (
        "Your previous address must be different from your current address. Change it, or leave "
        "it out if you have not moved in the last 12 months"
    ),
    "previousAddress:missing": "Select if you have moved in the last 12 months",
    "previousAddress.country:missing": "Select the country of your previous address",
    "previousAddress.street:missing": "Enter the street of your previous address",
    "previousAddress.postcode:missing": (
        "Enter the postcode of your previous address, or the country if it was outside the UK"
    ),
    "otherAddress:missing": "Select if you also live at another address",
    "otherAddress:not-a-choice": (
        "Say if you also live at another address: none, student or secondHome"
    ),
    # Open register, postal vote, sole occupancy
    "openRegister:missing": "Select if your details may be included on the open register",
    "openRegister:must-be-true-or-false": (
        "The open register answer must be true (include) or false, without quotation marks"
    ),
    "openRegister:under-16": (
        "Under-16s cannot be on the open register. This answer must be false"
    ),
    "postalVote:missing": "Select if you want to apply for a postal vote",
    "wanted:missing": "Select if you want to apply for a postal vote",
    "formBy:missing": "Select how to send you the postal vote form: by post or email",
    "formBy:not-a-choice": "Select how to send you the postal vote form: by post or email",
    "soleOccupancy:missing": "Select yes if you are the only person aged 16 or over living there",
    # Contact
    "contact:missing": "Give at least one way to contact you: email, phone or post",
    "contact.email:needed-for-postal-vote": (
        "Enter the email address to send your postal vote form to"
    ),
    "email:missing": "Enter your email address, or leave it out",
    "email:wrong-format": "Enter an email address in the correct format, like name@example.com",
    "email:too-long": "Email address must be 254 characters or fewer",
    "phone:missing": "Enter your phone number, or leave it out",
    "phone:wrong-format": "Enter a phone number of 5 to 30 digits, like 01632 960 001",
    "phone:too-long": "Phone number must be 100 characters or fewer",
    "declaration:missing": "Confirm that the information you have provided is true",
    "declaration:not-declared": "Confirm that the information you have provided is true",
    # On a page of the form, where the API's words would mislead
    "form.contact:missing": (
        "Give your council at least one way to contact you: an email address, a phone number or "
        "by post"
    ),
    "form.contact.email:missing": "Enter your email address, or leave it empty",
    "form.contact.phone:missing": "Enter your phone number, or leave it empty",
    "form.country:not-a-choice": "Select where you live",
    "form.gssCode:wrong-format": "Select your council from the list",
    "form.nationalities:not-a-country": "Select each nationality from the list",
    "form.otherAddress:not-a-choice": "Select if you also live at another address",
    "form.previousAddress:same-as-address": (
        "Your previous address must be different from your current address"
    ),
    "form.previousAddress.country:not-a-country": "Select a country from the list",
    "form.previousAddress.postcode:missing": "Enter the postcode of your previous address",
    # Where from
    "country:missing": "Select where you live",
    "country:not-a-choice": (
        "Country must be england, scotland, wales, northern-ireland, channel-islands, "
        "isle-of-man or abroad, or left out"
    ),
    "gssCode:missing": "Select your council, or that you do not know it",
    "gssCode:wrong-format": (
        "The council's code must be a capital letter and 8 digits, or left out"
    ),
    "applicantIp:wrong-format": "The applicant's IP address must be IPv4 or IPv6",
    "timeTakenSeconds:out-of-range": (
        "The time taken must be from 0 to 10,000,000 seconds, or left out"
    ),
    "*:lives-in-northern-ireland": (
        "You cannot use this service to register in Northern Ireland. Contact the Electoral "
        "Office for Northern Ireland"
    ),
    "*:lives-in-channel-islands": (
        "You cannot use this service to register in the Channel Islands. Contact the electoral "
        "office of the States of Jersey or of the States of Guernsey"
    ),
    "*:lives-in-jersey": (
        "You cannot use this service to register in Jersey. Contact the electoral office of the "
        "States of Jersey"
    ),
    "*:lives-in-guernsey": (
        "You cannot use this service to register in Guernsey, Alderney or Sark. Contact the "
        "electoral office of the States of Guernsey"
    ),
    "*:lives-in-isle-of-man": (
        "You cannot use this service to register in the Isle of Man. Contact the Isle of Man "
        "Government's elections office"
    ),
    "*:lives-in-abroad": (
        "This service cannot take applications from people who live abroad yet. Contact the "
        "electoral registration office of your last address in the UK"
    ),
}
