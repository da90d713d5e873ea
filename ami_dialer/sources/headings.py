"""How people head a column of phones, in several spellings and languages."""

import re
import unicodedata
from typing import NamedTuple

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Za-z])")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_KEY = re.compile(r"phone|phone_[1-9][0-9]?|phone\.[^\s.](?:[^.]*[^\s.])?")
#: A number as it is written: seven digits at least, and nothing but what stands between digits.
_NUMBER = re.compile(r"\+?[\d\s().\-/]{7,25}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d\d?[./]\d\d?[./]\d{2,4}")

#: Words that make a column one of phones, and the label they give; "" gives none.
_PHONES = {
    **dict.fromkeys(("phone", "phones", "telephone", "tel", "telefon", "telefono", "fon", "msisdn"), ""),
    **dict.fromkeys(("phonenumber", "telephonenumber", "telefonnummer"), ""),
    **dict.fromkeys(("mobile", "cell", "cellular", "cellphone", "mobilephone", "handy", "mobil", "celular"), "mobile"),
    **dict.fromkeys(("movil", "gsm", "handphone"), "mobile"),
    **dict.fromkeys(("landline", "homephone", "festnetz"), "home"),
    **dict.fromkeys(("workphone", "officephone", "businessphone"), "work"),
}
#: Words beside them that say which phone.
_WHICH = {
    **dict.fromkeys(("primary", "main", "first", "preferred", "contact", "customer"), ""),
    **dict.fromkeys(("home", "private", "residential", "evening", "privat"), "home"),
    **dict.fromkeys(("work", "office", "business", "day", "daytime", "company", "direct"), "work"),
    **dict.fromkeys(("other", "alt", "alternate", "alternative", "secondary", "second", "additional"), "other"),
}
#: Words that say nothing; `e` and `164` are E.164.
_FILLING = {"number", "numbers", "no", "nr", "num", "e", "164", "nummer", "numero", "line"}
#: Headings that mean a phone where nothing else does.
_WEAK = {"number", "contact_number", "primary_number", "customer_number", "caller_id", "cli", "nummer", "numero"}
_RANKS = {"": 0, "mobile": 1, "home": 2, "work": 3, "other": 4}
_WEAK_RANK = 9


class Heading(NamedTuple):
    """What a heading says of a column of phones."""

    #: Lower is dialled first; then the column on the left is. From (9, 0) on it is a guess.
    rank: tuple[int, int]
    #: Empty where it does not say.
    label: str


def plain(name: str) -> str:
    """A heading in small letters without accents, its words joined by underscores: `Téléphone 2` is `telephone_2`."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return _NOT_WORD.sub("_", _CAMEL.sub("_", ascii_only).casefold()).strip("_")


def phone_heading(name: str) -> Heading | None:
    """What the heading says; None where it is no heading of phones, like `phone_type`."""
    words = plain(name).split("_")
    number = next((int(word) for word in words if word.isdecimal() and len(word) == 1), 1)
    rest = [word for word in words if word not in _FILLING and not (word.isdecimal() and len(word) == 1)]
    kinds = [_PHONES[word] for word in rest if word in _PHONES]
    which = [_WHICH[word] for word in rest if word in _WHICH]
    if kinds and len(kinds) + len(which) == len(rest):
        label = next((kind for kind in [*which, *kinds] if kind), "")
        return Heading((_RANKS[label], number), label)
    if plain(name) in _WEAK:
        return Heading((_WEAK_RANK, number), "")
    return None


def is_phone_key(ours: str) -> bool:
    """Whether a mapping's name on our side is that of a phone: `phone`, `phone_2`, `phone.mobile`."""
    return _KEY.fullmatch(ours) is not None


def label_of_key(ours: str) -> str | None:
    """The label that a mapping's name gives: `mobile` of `phone.mobile`; None of `phone_2`."""
    return ours.partition(".")[2] or None


def looks_like_a_number(text: str) -> bool:
    """Whether a heading is no heading but somebody's phone number."""
    digits = sum(character.isdecimal() for character in text)
    return digits >= 7 and _NUMBER.fullmatch(text.strip()) is not None and _DATE.fullmatch(text.strip()) is None
