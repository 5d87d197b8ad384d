"""Every sentence about an answer that needs correcting: one catalogue for the API and the form.

A key is where and what: `firstName:missing`, `previousName.firstName:too-long`. A sentence that
holds wherever a field stands is under its last name only (`postcode:wrong-format`), one that
holds for every field under `*`. A sentence says what to do, in the manner of the GOV.UK Design
System, and never repeats what was typed. Welsh (`cy`) is None until it is translated; then the
English is shown.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from electoral.events import Language

Fact = int | str  # what a sentence needs to be told, in braces: {minimum_age}

_INDEX = re.compile(r"/[0-9]+(?=/|$)")


class Message(NamedTuple):
    """One sentence in both languages."""

    en: str
    cy: str | None = None

    def in_language(self, language: Language) -> str:
        return self.cy if language == "cy" and self.cy is not None else self.en


def sentence(pointer: str, code: str, language: Language = "en", **facts: Fact) -> str:
    """Say what is wrong with the field at a pointer."""
    message = next(CATALOGUE[key] for key in _keys(pointer, code) if key in CATALOGUE)
    text = message.in_language(language)
    return text.format(**facts) if facts else text


def _keys(pointer: str, code: str) -> Iterator[str]:
    path = _INDEX.sub("", pointer).strip("/").replace("/", ".")
    yield f"{path}:{code}"
    yield f"{path.rpartition('.')[2]}:{code}"
    yield f"*:{code}"
    yield "*:not-valid"


_NAME_CHARACTERS = "must not include < > | or characters that cannot be seen or printed"

CATALOGUE: dict[str, Message] = {
    # Any field
    "*:missing": Message("Answer this question"),
    "*:unknown-field": Message(
        "This field is not part of an application. Check how it is spelled, or leave it out"
    ),
    "*:not-valid": Message("This answer cannot be read. Check it and enter it again"),
    "*:must-be-text": Message("This must be text, in quotation marks"),
    "*:must-be-true-or-false": Message("This must be true or false, without quotation marks"),
    "*:must-be-a-whole-number": Message("This must be a whole number, without quotation marks"),
    "*:must-be-an-object": Message("This must be a JSON object with named fields"),
    "*:must-be-a-list": Message("This must be a JSON list"),
    "*:characters-not-allowed": Message(
        "This must not include characters that cannot be seen or printed"
    ),
    "*:too-long": Message("This is too long. Shorten it"),
    "*:too-many": Message("There are too many entries in this list. Leave some out"),
    "*:wrong-format": Message("This is not in the correct format"),
    "*:not-a-choice": Message("Choose one of the answers that are offered"),
    "*:out-of-range": Message("This number is too small or too large"),
    "*:not-a-country": Message("Choose a country from the list, by its two-letter ISO 3166 code"),
    # The application as a whole
    "type:missing": Message("Say which type of application this is"),
    "type:not-a-choice": Message("The type must be ordinary, overseas, forces or crown"),
    "type:not-yet-supported": Message(
        "This service can only take ordinary applications so far. Contact the electoral "
        "registration office to apply as an overseas, armed forces or crown elector"
    ),
    "source:not-a-choice": Message("The source must be web or assisted, or left out"),
    "source:not-the-credentials": Message(
        "The source must be the one that your credential is for, or left out"
    ),
    "language:missing": Message("Say which language you want to be written to in"),
    "language:not-a-choice": Message("The language must be en for English or cy for Welsh"),
    # Names
    "firstName:missing": Message("Enter your first name"),
    "firstName:too-long": Message("First name must be 35 characters or fewer"),
    "firstName:characters-not-allowed": Message(f"First name {_NAME_CHARACTERS}"),
    "middleNames:too-long": Message("Middle names must be 100 characters or fewer"),
    "middleNames:characters-not-allowed": Message(f"Middle names {_NAME_CHARACTERS}"),
    "lastName:missing": Message("Enter your last name"),
    "lastName:too-long": Message("Last name must be 35 characters or fewer"),
    "lastName:characters-not-allowed": Message(f"Last name {_NAME_CHARACTERS}"),
    "previousName.firstName:missing": Message("Enter your previous first name"),
    "previousName.firstName:too-long": Message(
        "Previous first name must be 35 characters or fewer"
    ),
    "previousName.lastName:missing": Message("Enter your previous last name"),
    "previousName.lastName:too-long": Message("Previous last name must be 35 characters or fewer"),
    "changeReason:too-long": Message(
        "The reason your name changed must be 500 characters or fewer"
    ),
    # Date of birth
    "dateOfBirth:missing": Message("Enter your date of birth, or say why you cannot give it"),
    "dateOfBirth:wrong-format": Message(
        "Enter your date of birth as year, month and day, like 1987-03-31"
    ),
    "dateOfBirth:not-a-real-date": Message(
        "Date of birth must be a real date. Check the day and the month"
    ),
    "dateOfBirth:in-the-future": Message("Date of birth must be in the past"),
    "dateOfBirth:too-long-ago": Message(
        "Date of birth must be less than 115 years ago. Check the year"
    ),
    "dateOfBirth:too-young": Message(
        "You must be {minimum_age} or over to register to vote. Check your date of birth, or "
        "apply again when you are {minimum_age}"
    ),
    "dateOfBirth:too-young-england": Message(
        "You must be {minimum_age} or over to register to vote in England. Check your date of "
        "birth and your address, or apply again when you are {minimum_age}"
    ),
    "dateOfBirth:too-young-scotland": Message(
        "You must be {minimum_age} or over to register to vote in Scotland. Check your date of "
        "birth and your address, or apply again when you are {minimum_age}"
    ),
    "dateOfBirth:too-young-wales": Message(
        "You must be {minimum_age} or over to register to vote in Wales. Check your date of "
        "birth and your address, or apply again when you are {minimum_age}"
    ),
    "noDateOfBirth:give-one-only": Message(
        "Give your date of birth or say why you cannot, not both"
    ),
    "noDateOfBirth.reason:missing": Message("Say why you cannot give your date of birth"),
    "noDateOfBirth.ageRange:missing": Message("Choose how old you are"),
    "noDateOfBirth.ageRange:not-a-choice": Message("Choose how old you are from the list"),
    "noDateOfBirth.ageRange:not-online": Message(
        "You cannot use this service if you are under 18 or do not know your age, and cannot give "
        "your date of birth. Contact your electoral registration office instead"
    ),
    "noDateOfBirth.ageRange:not-in-england": Message(
        "In England, choose 18 to 75 (18to75) or over 75 (over75)"
    ),
    "noDateOfBirth.ageRange:not-in-scotland": Message(
        "In Scotland, choose 16 to 17 (16to17) or 18 or over (over18)"
    ),
    "noDateOfBirth.ageRange:not-in-wales": Message(
        "In Wales, choose 16 to 17 (16to17) or 18 or over (over18)"
    ),
    "reason:missing": Message("Enter a reason"),
    "reason:too-long": Message("The reason must be 500 characters or fewer"),
    # National Insurance number
    "nino:missing": Message("Enter your National Insurance number, or say why you cannot give it"),
    "nino:wrong-format": Message(
        "Enter a National Insurance number that is 2 letters, 6 numbers, then A, B, C or D, "
        "like QQ 12 34 56 C"
    ),
    "nino:never-issued": Message(
        "No National Insurance number begins with these 2 letters. Check your number, for "
        "example on a payslip or a letter about tax or benefits"
    ),
    "noNino:give-one-only": Message(
        "Give your National Insurance number or say why you cannot, not both"
    ),
    "noNino.reason:missing": Message("Say why you cannot give your National Insurance number"),
    # Nationality
    "nationalities:missing": Message("Choose your nationality, or say why you cannot give it"),
    "nationalities:too-many": Message(
        "Choose up to 3 nationalities besides British and Irish. Leave the others out"
    ),
    "nationalities:repeated": Message("Give each nationality once"),
    "nationalities:not-a-country": Message(
        "Choose each nationality from the list, by its two-letter ISO 3166 code, like GB for "
        "British or IE for Irish"
    ),
    "nationalities:no-franchise": Message(
        "People of this nationality cannot register to vote. Check that you have entered all "
        "your nationalities"
    ),
    "nationalities:no-franchise-england": Message(
        "People of this nationality cannot register to vote in England. Check that you have "
        "entered all your nationalities, or contact your electoral registration office"
    ),
    "nationalities:no-franchise-scotland": Message(
        "People of this nationality cannot register to vote in Scotland. Check that you have "
        "entered all your nationalities, or contact your electoral registration office"
    ),
    "nationalities:no-franchise-wales": Message(
        "People of this nationality cannot register to vote in Wales. Check that you have "
        "entered all your nationalities, or contact your electoral registration office"
    ),
    "noNationality:give-one-only": Message("Give your nationality or say why you cannot, not both"),
    "noNationality.reason:missing": Message("Say why you cannot give your nationality"),
    "euRetainedRights:missing": Message(
        "Say if you have lived legally in the UK, the Channel Islands or the Isle of Man since "
        "before 31 December 2020"
    ),
    # Addresses
    "address:missing": Message("Enter your address"),
    "street:missing": Message("Enter the street of the address"),
    "property:too-long": Message(
        "The name or number of the property must be 255 characters or fewer"
    ),
    "street:too-long": Message("Street must be 255 characters or fewer"),
    "locality:too-long": Message("Locality must be 255 characters or fewer"),
    "town:too-long": Message("Town or city must be 255 characters or fewer"),
    "area:too-long": Message("Area or county must be 255 characters or fewer"),
    "postcode:missing": Message("Enter the postcode of the address"),
    "postcode:wrong-format": Message("Enter a full UK postcode, like AA3 1AB"),
    "postcode:too-long": Message("Postcode must be 10 characters or fewer"),
    "uprn:wrong-format": Message("The UPRN must be 1 to 12 digits, or left out"),
    "previousAddress:same-as-address": Message(
        "Your previous address must be different from your current address. Change it, or leave "
        "it out if you have not moved in the last 12 months"
    ),
    "previousAddress.street:missing": Message("Enter the street of your previous address"),
    "previousAddress.postcode:missing": Message(
        "Enter the postcode of your previous address, or the country if it was outside the UK"
    ),
    "otherAddress:missing": Message("Say if you also live at another address"),
    "otherAddress:not-a-choice": Message(
        "Say if you also live at another address: none, student or secondHome"
    ),
    # Open register, postal vote, sole occupancy
    "openRegister:missing": Message("Say if your details may be included on the open register"),
    "openRegister:must-be-true-or-false": Message(
        "The open register answer must be true (include) or false, without quotation marks"
    ),
    "openRegister:under-16": Message(
        "Under-16s cannot be on the open register. This answer must be false"
    ),
    "postalVote:missing": Message("Say if you want to apply for a postal vote"),
    "wanted:missing": Message("Say if you want to apply for a postal vote"),
    "formBy:missing": Message("Say how to send you the postal vote form: by post or email"),
    "formBy:not-a-choice": Message("Say how to send you the postal vote form: by post or email"),
    "soleOccupancy:missing": Message("Say if you are the only person aged 16 or over living there"),
    # Contact
    "contact:missing": Message("Give at least one way to contact you: email, phone or post"),
    "email:missing": Message("Enter your email address, or leave it out"),
    "email:wrong-format": Message(
        "Enter an email address in the correct format, like name@example.com"
    ),
    "email:too-long": Message("Email address must be 254 characters or fewer"),
    "phone:missing": Message("Enter your phone number, or leave it out"),
    "phone:wrong-format": Message("Enter a phone number of 5 to 30 digits, like 01632 960 001"),
    "phone:too-long": Message("Phone number must be 100 characters or fewer"),
    "declaration:missing": Message("Confirm that the information you have provided is true"),
    "declaration:not-declared": Message(
        "Confirm that the information you have provided is true. You cannot apply without"
    ),
    # Where from
    "country:not-a-choice": Message(
        "Country must be england, scotland, wales, northern-ireland, channel-islands, "
        "isle-of-man or abroad, or left out"
    ),
    "gssCode:wrong-format": Message(
        "The council's code must be a capital letter and 8 digits, or left out"
    ),
    "applicantIp:wrong-format": Message("The applicant's IP address must be IPv4 or IPv6"),
    "timeTakenSeconds:out-of-range": Message(
        "The time taken must be from 0 to 10,000,000 seconds, or left out"
    ),
    "*:lives-in-northern-ireland": Message(
        "You cannot use this service to register in Northern Ireland. Contact the Electoral "
        "Office for Northern Ireland"
    ),
    "*:lives-in-channel-islands": Message(
        "You cannot use this service to register in the Channel Islands. Contact the electoral "
        "office of the States of Jersey or of the States of Guernsey"
    ),
    "*:lives-in-jersey": Message(
        "You cannot use this service to register in Jersey. Contact the electoral office of the "
        "States of Jersey"
    ),
    "*:lives-in-guernsey": Message(
        "You cannot use this service to register in Guernsey, Alderney or Sark. Contact the "
        "electoral office of the States of Guernsey"
    ),
    "*:lives-in-isle-of-man": Message(
        "You cannot use this service to register in the Isle of Man. Contact the Isle of Man "
        "Government's elections office"
    ),
    "*:lives-in-abroad": Message(
        "This service cannot take applications from people who live abroad yet. Contact the "
        "electoral registration office of your last address in the UK"
    ),
}
