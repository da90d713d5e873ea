"""Which contacts of its lists a campaign calls: conditions on their columns, joined with all, any and not."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Optional

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from ami_dialer.config.problems import of_section
from ami_dialer.config.section import Section

#: Columns that every contact has. A contact's own field of the same name goes before; `phone` is always the number.
BUILT_IN = ("phone", "priority", "time_zone", "country", "state", "label")
#: So many conditions of a filter are possible, and so deep within each other: each is looked at for every contact.
MAX_CONDITIONS = 200
MAX_DEPTH = 10
#: What a field may hold to be a number. More digits than a computer's usual numbers hold are no quantity, but an id.
NUMBER_PATTERN = r"^[+-]?[0-9]{1,15}([.][0-9]{1,15})?$"
#: What a field may begin with to be a date.
DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"

_NUMBER = re.compile(NUMBER_PATTERN)
_DATE = re.compile(DATE_PATTERN + r"\Z")


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _one_or_several(value: object) -> object:
    return value if isinstance(value, list) or value is None else [value]


def is_date(bound: str) -> bool:
    """Whether an operand is a date (YYYY-MM-DD); the others are numbers."""
    return _DATE.match(bound) is not None


def _bound(text: str) -> str:
    if is_date(text):
        try:
            date.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{text!r} is no day of the calendar") from None
    elif not _NUMBER.match(text):
        raise ValueError(f"{text!r} is neither a number nor a date; write 18, 2.5 or 2026-01-31")
    return text


Text = Annotated[str, Field(max_length=300), BeforeValidator(_as_text)]
SomeText = Annotated[str, Field(min_length=1, max_length=300), BeforeValidator(_as_text)]
Bound = Annotated[str, BeforeValidator(_as_text), AfterValidator(_bound)]
Texts = Annotated[list[Text], BeforeValidator(_one_or_several)]


class Condition(Section):
    """A condition on the columns of a contact: a column with one operator, or all, any or not of others.

    Text is compared without case. Numbers are compared as numbers; a field that is none never fits. Dates
    (YYYY-MM-DD) are compared with fields that begin with a date.
    """

    column: str | None = Field(
        None,
        min_length=1,
        max_length=300,
        description="A field of the contact, or one of phone, priority, time_zone, country, state, label.",
    )
    is_: Texts | None = Field(
        None, alias="is", min_length=1, max_length=1_000, description="This text, or one of these: [CA, NV]."
    )
    contains: SomeText | None = Field(None, description="This text stands somewhere in it.")
    begins_with: SomeText | None = Field(None, description="It begins with this text.")
    ends_with: SomeText | None = Field(None, description="It ends with this text.")
    more_than: Bound | None = Field(None, description="A number or a date that is more.")
    at_least: Bound | None = Field(None, description="The same or more.")
    less_than: Bound | None = Field(None, description="A number or a date that is less.")
    at_most: Bound | None = Field(None, description="The same or less.")
    between: list[Bound] | None = Field(
        None, min_length=2, max_length=2, description="[first, last], both of which fit too."
    )
    empty: bool | None = Field(None, description="true: it holds nothing, or is not there; false: it holds something.")
    all: list["Condition"] | None = Field(
        None, min_length=1, max_length=MAX_CONDITIONS, description="Each of these holds."
    )
    any: list["Condition"] | None = Field(
        None, min_length=1, max_length=MAX_CONDITIONS, description="At least one of these holds."
    )
    not_: Optional["Condition"] = Field(None, alias="not", validate_default=True, description="This one does not hold.")

    @model_validator(mode="before")
    @classmethod
    def _only_unknown(cls, data: object) -> object:
        """Where a key is not known, nothing is told of what seems to be missing for it."""
        if isinstance(data, dict) and not set(data) <= KEYS:
            known = {key: value for key, value in data.items() if key in KEYS and value is not None}
            if not set(known) & JOINS:
                filled = {} if set(known) & OPERATORS else {"empty": True}
                return {"column": "?", **filled, **data}
        return data

    @field_validator("between")
    @classmethod
    def _in_order(cls, between: list[str] | None) -> list[str] | None:
        if between is None:
            return None
        first, last = between
        if is_date(first) != is_date(last):
            raise ValueError("has a number and a date; write two numbers or two dates")
        if (first > last) if is_date(first) else (float(first) > float(last)):
            raise ValueError(f"has {first} before {last}; write the lower one first")
        return between

    @field_validator("not_")  # the last field, so that all others are known
    @classmethod
    def _one_thing(cls, negated: "Condition | None", info: ValidationInfo) -> "Condition | None":
        broken_or_given = {name.rstrip("_") for name in _FIELDS if info.data.get(name, "broken") is not None}
        given = [key for key in _FIELDS.values() if key.rstrip("_") in broken_or_given]
        if negated is not None:
            given.append("not")
        operators = [key for key in given if key in OPERATORS]
        joins = [key for key in given if key in JOINS]
        told = None
        if joins and (len(joins) > 1 or len(given) > 1):
            told = f"has {' and '.join(given)}; all, any and not stand alone, write each as a condition of its own"
        elif not joins and not given:
            told = "has no condition; write {column: …, is: …}, or all, any or not"
        elif not joins and "column" not in given:
            told = f"has {operators[0]}, and no column that it is about; write {{column: …, {operators[0]}: …}}"
        elif not joins and not operators:
            told = f"has a column and no operator; write one of {', '.join(_OPERATORS_IN_ORDER)}"
        elif len(operators) > 1:
            told = f"has {' and '.join(operators)}; a condition has one operator, join several with all"
        if told:
            raise of_section([((), told)])
        return negated


#: Name of each field in Python, and the key as it is written; all but the last, `not`.
_FIELDS = {name: field.alias or name for name, field in Condition.model_fields.items() if name != "not_"}
JOINS = frozenset({"all", "any", "not"})
KEYS = frozenset(_FIELDS.values()) | JOINS
_OPERATORS_IN_ORDER = tuple(key for key in _FIELDS.values() if key not in JOINS and key != "column")
OPERATORS = frozenset(_OPERATORS_IN_ORDER)


def whole(condition: Condition) -> Condition:
    """The filter of a campaign. Raises ValueError where it is too large."""
    if _depth(condition) > MAX_DEPTH:
        raise ValueError(f"is more than {MAX_DEPTH} conditions deep; write it flatter")
    count = sum(1 for _ in within(condition))
    if count > MAX_CONDITIONS:
        raise ValueError(f"has {count} conditions; at most {MAX_CONDITIONS} are possible")
    return condition


Filter = Annotated[Condition, AfterValidator(whole)]


def _parts(condition: Condition) -> list[Condition]:
    return condition.all or condition.any or ([] if condition.not_ is None else [condition.not_])


def _depth(condition: Condition) -> int:
    return 1 + max((_depth(part) for part in _parts(condition)), default=0)


def within(condition: Condition) -> Iterator[Condition]:
    """The condition and all that it is made of."""
    yield condition
    for part in _parts(condition):
        yield from within(part)


def columns_of(condition: Condition) -> list[str]:
    """The columns that a filter looks at, each once."""
    return list(dict.fromkeys(part.column for part in within(condition) if part.column is not None))


def told(condition: Condition) -> str:
    """A condition in a few words: `state is CA or NV`."""
    if condition.column is None:
        if condition.not_ is not None:
            return f"not ({told(condition.not_)})"
        joined = " or " if condition.any else " and "
        return joined.join(told(part) if part.column or part.not_ else f"({told(part)})" for part in _parts(condition))
    if condition.empty is not None:
        return f"{condition.column} is {'' if condition.empty else 'not '}empty"
    if condition.between is not None:
        return f"{condition.column} is between {' and '.join(condition.between)}"
    if condition.is_ is not None:
        return f"{condition.column} is {' or '.join(text or 'empty' for text in condition.is_)}"
    operator = next(key for key in _OPERATORS_IN_ORDER[1:] if getattr(condition, key) is not None)
    words = operator.replace("_", " ")
    linked = f"is {words}" if operator.endswith(("_than", "least", "most")) else words
    return f"{condition.column} {linked} {getattr(condition, operator)}"


def demands(condition: Condition, *, holds: bool = True) -> Iterator[tuple[Condition, bool]]:
    """What a filter asks for, one after the other: conditions, each with whether it must hold.

    A contact is called where every one of them is met; the first that is not keeps it out.
    """
    if condition.not_ is not None:
        yield from demands(condition.not_, holds=not holds)
    elif (condition.all is not None and holds) or (condition.any is not None and not holds):
        for part in _parts(condition):
            yield from demands(part, holds=holds)
    else:
        yield condition, holds
