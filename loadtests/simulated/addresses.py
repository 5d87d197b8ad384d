"""Addresses made up around a real postcode."""

from simulated.chance import Draws
from simulated.places import Place
from simulated.uprns import uprn_of

STREETS = {
    "england": (
        *(
            "High Street",
            "Station Road",
            "Church Lane",
            "Victoria Road",
            "Green Lane",
            "The Crescent",
        ),
        *(
            "Park Avenue",
            "St Mary's Close",
            "King’s Road",
            "Mill Hill",
            "Queensway",
            "Manor Drive",
        ),
    ),
    "wales": (
        *(
            "Heol y Bont",
            "Ffordd Caerdydd",
            "Stryd Fawr",
            "Lôn Tŷ Croes",
            "Station Road",
        ),
        *("Maes-y-Coed", "Rhodfa’r Môr", "Stryd yr Eglwys", "Clos Ŷd Melyn"),
    ),
    "scotland": (
        *(
            "Princes Street",
            "Sràid na h-Eaglaise",
            "Kirk Wynd",
            "Glebe Park",
            "Main Street",
        ),
        *("Rathad na Mara", "Bonnyrigg Road", "Commercial Quay", "Drove Loan"),
    ),
}
HOUSES = (
    "The Old Forge",
    "Rose Cottage",
    "Tŷ Gwyn",
    "Taigh Bàn",
    "Flat 2/1",
    "Unit 7, Wharf 3",
)
LOCALITIES = ("Upper Town", "Westfield", "Pentre", "Milton", "Old Quarter")
TOWNS = (
    "Ashford",
    "Bridgend",
    "Carlton",
    "Dunmore",
    "Eastleigh",
    "Fairford",
    "Glanrhyd",
    "Hythe",
)
AREAS = ("Northshire", "Southshire", "Midshire", "Dyfed", "Lothian")
ABROAD = ("IE", "FR", "ES", "US", "AU", "IN")

Address = dict[str, object]


def address_at(place: Place, draws: Draws) -> Address:
    """An address at this place; typed by hand, it is shorter, as typed ones are."""
    address: Address = {}
    if place.house:
        address["property"] = str(place.house)
    elif draws.below(100) < 97:
        address["property"] = _property(draws)
    address["street"] = draws.among(STREETS[place.nation or "england"])
    if place.house:
        if draws.below(100) < 15:
            address["locality"] = draws.among(LOCALITIES)
        address["town"] = draws.among(TOWNS)
        if draws.below(100) < 30:
            address["area"] = draws.among(AREAS)
        address["uprn"] = uprn_of(place.postcode, place.house)
    address["postcode"] = _as_typed(place.postcode, draws)
    return address


def address_abroad(draws: Draws) -> Address:
    address: Address = {
        "property": str(1 + draws.below(400)),
        "street": draws.among(("Rue de l'Église", "Hauptstraße", "Main Street", "Calle Mayor")),
        "town": draws.among(("Lyon", "Köln", "Springfield", "Cork")),
        "country": draws.among(ABROAD),
    }
    if draws.below(2):
        address["postcode"] = str(10_000 + draws.below(89_999))
    return address


def _property(draws: Draws) -> str:
    if draws.below(10) == 0:
        return draws.among(HOUSES)
    return str(1 + draws.below(250))


def _as_typed(postcode: str, draws: Draws) -> str:
    """Mostly as it is written; some people leave out the space or the capitals."""
    style = draws.below(100)
    if style >= 3:
        return postcode
    return (
        postcode.lower(),
        postcode.replace(" ", ""),
        postcode.replace(" ", "").lower(),
    )[style]
