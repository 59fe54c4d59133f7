"""A Chinese address cut into its province, city and district, or why it cannot be.

Knows the divisions of the country by `divisions.txt`. What an address leaves out is taken from what
it names where one place alone fits: 西湖区 in Zhejiang is in Hangzhou; 朝阳区 alone is refused.

Source: GB/T 2260, codes of the administrative divisions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

CITIES = ("11", "12", "31", "50")  # provinces that are one city
COUNTRY = re.compile(r"^(?:中华人民共和国|中国)")
PROVINCE_ENDS = re.compile(r"(?:壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区|省|市)$")
CITY_ENDS = re.compile(r"(?:市|地区|盟)$")
PREFECTURE = re.compile(  # 凉山州 is 凉山彝族自治州
    r"(?:(?:朝鲜|土家|苗|藏|羌|彝|布依|侗|哈尼|壮|傣|白|景颇|傈僳|回|蒙古|柯尔克孜|哈萨克)族?)+自治州$"
)
# cities that had a district of this name until some year since 2000, which only others have today;
# by the first four digits of their codes
FORMER = {
    "东山区": ("4401", "6501"),
    "南关区": ("4102",),
    "城北区": ("4304", "4501"),
    "城区": ("1402", "1404", "4406"),
    "太平区": ("2301",),
    "市中区": ("3708",),
    "新华区": ("4107",),
    "新城区": ("4501",),
    "桥东区": ("1301", "1305"),
    "桥西区": ("1305",),
    "江北区": ("5001",),
    "清河区": ("3208",),
    "矿区": ("1402",),
    "西市区": ("3401",),
    "郊区": ("1404", "3408", "4103", "4105", "4106", "4107"),
    "铁西区": ("4105",),
}
BESIDE_HAN = re.compile(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])")
FILLERS = ("市辖区", "省直辖县级行政区划", "自治区直辖县级行政区划")  # levels that name no place
MARKS = " ,，、/;；_|>·—-"  # between the divisions of an address
UNKNOWN = re.compile(r"^[\u4e00-\u9fff]{1,8}?(?:自治县|自治旗|[区县旗])(?![路街])")
NAMESAKE = re.compile(  # what is called after a place and may stand in another: 上海花园, 杭州湾
    r"[东西南北中]?(?:路|街|大道|巷|弄|里)|湾|村|新村|庄|城|小区|花园|家园|公寓|大厦|广场|饭店|酒店|"
    r"宾馆|大学|学院|中学|小学|医院|银行|公司"
)
DISTRICT_ENDS = ("区", "县", "市")
SHOWN = 4  # places that a reason names


class NoDivision(ValueError):
    """An address cannot be cut; says why."""


@dataclass(frozen=True)
class Place:
    """A division: its code of six digits, its name, and what it is called for short."""

    code: str
    name: str
    short: str = ""


@dataclass(frozen=True)
class Parts:
    """An address in parts; a part that it neither names nor implies is empty."""

    province: str = ""
    city: str = ""
    district: str = ""
    detail: str = ""

    def explain(self, part: str) -> str:
        """Why a part is empty."""
        unknown = UNKNOWN.match(self.detail)
        if part == "district" and unknown:
            return f"{self.city or self.province} has no {unknown[0]} today"
        return f"it names no {part}"


@dataclass(frozen=True)
class _Tree:
    """The divisions by level; a district hangs on its city by the first four digits of its code."""

    provinces: Mapping[str, Place]
    cities: Mapping[str, Place]
    districts: tuple[Place, ...]

    def city_of(self, place: Place) -> Place:
        """The city of a district: its own province in a city of that rank, itself where it hangs
        on the province.
        """
        if place.code[:2] in CITIES:
            return self.provinces[place.code[:2]]
        return self.cities.get(place.code[:4], place)


@lru_cache(maxsize=1)
def _load_tree() -> _Tree:
    provinces, cities, districts = dict[str, Place](), dict[str, Place](), list[Place]()
    lines = Path(__file__).with_name("divisions.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line.startswith("#"):
            continue
        code, name = line.split(" ", 1)
        if code.endswith("0000"):
            provinces[code[:2]] = Place(code, name, PROVINCE_ENDS.sub("", name))
        elif code.endswith("00"):
            cities[code[:4]] = Place(code, name, PREFECTURE.sub("州", CITY_ENDS.sub("", name)))
        else:
            districts.append(Place(code, name))
    return _Tree(provinces, cities, tuple(districts))


def cut_address(text: str) -> Parts:
    """The parts of an address.

    Raises:
        NoDivision: it names no division, several that do not fit, or one of which there are more.

    >>> cut_address("浙江杭州市西湖区文三路138号")
    Parts(province='浙江省', city='杭州市', district='西湖区', detail='文三路138号')
    >>> cut_address("北京市朝阳区建国路93号").city, cut_address("东莞市南城街道").district
    ('北京市', '')
    >>> cut_address("朝阳区建国路93号")
    Traceback (most recent call last):
    mesocosm.data.parsing.chinese.divisions.NoDivision: \
朝阳区 is in 北京市 or 长春市; write the city
    """
    tree = _load_tree()
    rest = COUNTRY.sub("", join_han(text)).lstrip(MARKS)
    province, rest = _take_province(tree, rest)
    city, rest = _take_city(tree, _drop(rest), province)
    district, rest = _take_district(tree, _drop(rest), province, city)
    if not (province or city or district):
        raise NoDivision("it names no province, city or district at its beginning")
    return _complete(tree, province, city, district, rest.lstrip(MARKS))


def join_han(text: str) -> str:
    """A text without the spaces beside Chinese characters, and with one between other words: those
    part numbers.

    >>> join_han("北京市 朝阳区 建国路 93 号  3-2  501"), join_han("SOHO Tower 3 座")
    ('北京市朝阳区建国路93号3-2 501', 'SOHO Tower 3座')
    """
    return re.sub(r"\s+", " ", BESIDE_HAN.sub("", text.strip()))


def _drop(text: str, *names: str) -> str:
    """What follows some names, and words of levels that name no place, at a text's beginning."""
    for name in (*names, *FILLERS):
        text = text.lstrip(MARKS).removeprefix(name)
    return text.lstrip(MARKS)


def _complete(
    tree: _Tree, province: Place | None, city: Place | None, district: Place | None, rest: str
) -> Parts:
    """The parts, with those above the lowest one that is named."""
    lowest = district or city or province
    assert lowest is not None
    above = tree.provinces[lowest.code[:2]]
    if district:
        owner = tree.city_of(district)
        name = "" if owner == district else district.name
        return Parts(above.name, owner.name, name, rest)
    if city is None and above.code[:2] in CITIES:
        city = above
    return Parts(above.name, city.name if city else "", "", rest)


def _take_province(tree: _Tree, text: str) -> tuple[Place | None, str]:
    """The province that an address begins with; a city of a longer name goes before."""
    for place in tree.provinces.values():
        if text.startswith(place.name):
            return place, text[len(place.name) :]
    for place in tree.provinces.values():
        if _begins_short(tree, text, place.short):
            return place, text[len(place.short) :].removeprefix("省")
    return None, text


def _begins_short(tree: _Tree, text: str, short: str) -> bool:
    """Whether an address begins with a short name, and neither with a longer name of a place nor
    with a road or building that is called after it.
    """
    if not text.startswith(short):
        return False
    places, rest = (*tree.cities.values(), *tree.districts), text[len(short) :]
    if NAMESAKE.match(rest) and not any(rest.startswith(place.name) for place in places):
        return False
    return not any(len(p.name) > len(short) and text.startswith(p.name) for p in places)


def _take_city(tree: _Tree, text: str, province: Place | None) -> tuple[Place | None, str]:
    """The city that an address continues with.

    Raises:
        NoDivision: it is one of another province.
    """
    if province and province.code[:2] in CITIES:
        return None, _drop(text, province.name)
    found = _longest(p for p in tree.cities.values() if text.startswith(p.name))
    found = found or _take_short(tree, text, province)
    if not found:
        return None, text
    name = found.name if text.startswith(found.name) else found.short
    _check_inside(found, province)
    return found, text[len(name) :]


def _take_short(tree: _Tree, text: str, province: Place | None) -> Place | None:
    """The city whose short name an address continues with; one that a district elsewhere has too
    needs a district of its own behind it.
    """
    able = [
        place
        for place in tree.cities.values()
        if len(place.short) > 1
        and _is_within(place, province)
        and _begins_short(tree, text, place.short)
    ]
    found = _longest(able)
    if found is None or province or not _is_district(tree, found.short):
        return found
    rest = _drop(text[len(found.short) :])
    own = (place for place in tree.districts if place.code[:4] == found.code[:4])
    return found if any(rest.startswith(place.name) for place in own) else None


def _is_district(tree: _Tree, short: str) -> bool:
    """Whether a district is called by a short name too."""
    names = {short + end for end in DISTRICT_ENDS}
    return any(place.name in names for place in tree.districts)


def _take_district(
    tree: _Tree, text: str, province: Place | None, city: Place | None
) -> tuple[Place | None, str]:
    """The district that an address continues with.

    Raises:
        NoDivision: several places have one of that name, or another city has it.
    """
    named = [place for place in tree.districts if text.startswith(place.name)]
    longest = _longest(place for place in named if _is_inside(place, province, city))
    if longest:
        _check_one_city(tree, longest.name, province, city)
        return longest, text[len(longest.name) :]
    owner = city or province
    if owner and named and not _list_former(tree, named[0].name, province, city):
        raise NoDivision(f"{named[0].name} is not in {owner.name}")
    return None, text


def _check_one_city(tree: _Tree, name: str, province: Place | None, city: Place | None) -> None:
    """Refuse a district that several cities have, or had."""
    same = (place for place in tree.districts if place.name == name)
    cities = {tree.city_of(place).name for place in same if _is_inside(place, province, city)}
    if not city:
        cities.update(_list_former(tree, name, province, city))
    if len(cities) > 1:
        raise NoDivision(f"{name} is in {_join_names(cities)}; write the city")


def _list_former(tree: _Tree, name: str, province: Place | None, city: Place | None) -> list[str]:
    """The cities that had a district of a name in other years."""
    places = (tree.cities[code] for code in FORMER.get(name, ()))
    return [place.name for place in places if _is_inside(place, province, city)]


def _longest(places: Iterable[Place]) -> Place | None:
    return max(places, key=lambda place: len(place.name), default=None)


def _is_within(place: Place, province: Place | None) -> bool:
    return province is None or place.code[:2] == province.code[:2]


def _check_inside(city: Place, province: Place | None) -> None:
    """Refuse a city of another province."""
    if province and not _is_within(city, province):
        raise NoDivision(f"{city.name} is not in {province.name}")


def _is_inside(place: Place, province: Place | None, city: Place | None) -> bool:
    """Whether a district is in a city, or in a province where no city is named."""
    if city:
        return place.code[:4] == city.code[:4]
    return _is_within(place, province)


def _join_names(cities: Iterable[str]) -> str:
    """Some cities in words."""
    names = sorted(cities)
    shown = " or ".join(names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} or others"
