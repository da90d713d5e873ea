"""A campaign's filter as SQL, the same on both databases. What is written in it goes into bound parameters only."""

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from ami_dialer.config.filter import DATE_PATTERN, NUMBER_PATTERN, Condition, demands, is_date, told
from ami_dialer.store.tables import contacts, regions

#: excluded_by of an enrolment takes 300 characters.
_LONGEST = 300
#: Names that SQLite finds in JSON by a path; the others (quotes, letters beyond ASCII) it must look for one by one.
_PLAIN = re.compile(r'[^"\\\x00-\x1f\x7f-\U0010ffff]+')
_NUMBER = re.compile(NUMBER_PATTERN)
_DATE = re.compile(DATE_PATTERN)


class _Field(FunctionElement[str]):
    """A contact's field by its name; NULL where the contact has none of that name."""

    type = Text()
    inherit_cache = True


class _OddField(FunctionElement[str]):
    """The same for any name."""

    type = Text()
    inherit_cache = True


class _Folded(FunctionElement[str]):
    """Text in lower case, letters beyond ASCII too."""

    type = Text()
    inherit_cache = True


class _FoldedAscii(FunctionElement[str]):
    """The same, to be compared with ASCII only: SQLite's own function is enough for it, and ten times as fast."""

    type = Text()
    inherit_cache = True


class _Number(FunctionElement[float]):
    """The number that a text is; NULL where it is none."""

    type = Float()
    inherit_cache = True


class _Date(FunctionElement[str]):
    """The date that a text begins with; NULL where it begins with none."""

    type = Text()
    inherit_cache = True


def _folded(text: object) -> str | None:
    return None if text is None else str(text).lower()


def _number(text: object) -> float | None:
    return float(str(text)) if text is not None and _NUMBER.fullmatch(str(text)) else None


def _date(text: object) -> str | None:
    found = None if text is None else _DATE.match(str(text))
    return None if found is None else found[0]


#: SQLite has no functions for these; the connection is given ours (store/database.py). Each takes one argument.
SQLITE_FUNCTIONS: dict[str, Callable[[object], object]] = {
    "folded_text": _folded,
    "number_of": _number,
    "date_of": _date,
}


def _arguments(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> list[str]:  # noqa: ANN401
    return [compiler.process(clause, **kw) for clause in element.clauses]


@compiles(_Field, "sqlite")
def _field_sqlite(element: _Field, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    fields, _, path = element.clauses
    return f"json_extract({compiler.process(fields, **kw)}, {compiler.process(path, **kw)})"


@compiles(_OddField, "sqlite")
def _odd_field_sqlite(element: _OddField, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    fields, name = _arguments(element, compiler, **kw)
    return f"(SELECT value FROM json_each({fields}) WHERE key = {name})"  # noqa: S608 - both are SQL already


@compiles(_Field, "postgresql")
@compiles(_OddField, "postgresql")
def _field_postgresql(element: _Field | _OddField, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    fields, name, *_ = element.clauses
    return f"({compiler.process(fields, **kw)} ->> {compiler.process(name, **kw)})"


@compiles(_Folded, "sqlite")
@compiles(_FoldedAscii, "sqlite")
@compiles(_Number, "sqlite")
@compiles(_Date, "sqlite")
def _own_function(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    name = {_Folded: "folded_text", _FoldedAscii: "lower", _Number: "number_of", _Date: "date_of"}[type(element)]
    return f"{name}({_arguments(element, compiler, **kw)[0]})"


@compiles(_Folded, "postgresql")
@compiles(_FoldedAscii, "postgresql")
def _folded_postgresql(element: _Folded | _FoldedAscii, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    # The database's own locale may know ASCII alone.
    return f'lower({_arguments(element, compiler, **kw)[0]} COLLATE "und-x-icu")'


@compiles(_Number, "postgresql")
def _number_postgresql(element: _Number, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    text = _arguments(element, compiler, **kw)[0]
    return f"CASE WHEN {text} ~ '{NUMBER_PATTERN}' THEN {text}::double precision END"


@compiles(_Date, "postgresql")
def _date_postgresql(element: _Date, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    text = _arguments(element, compiler, **kw)[0]
    return f"substring({text} from '{DATE_PATTERN}') COLLATE \"C\""


def field_text(name: str) -> ColumnElement[str]:
    """A contact's own field; NULL where it has none of that name."""
    if _PLAIN.fullmatch(name):
        return _Field(contacts.c.fields, literal(name, Text()), literal(f'$."{name}"', Text()))
    return _OddField(contacts.c.fields, literal(name, Text()))


def _of_region(column: ColumnElement[str]) -> ColumnElement[str]:
    return select(column).where(regions.c.id == contacts.c.region_id).correlate(contacts).scalar_subquery()


def _built_in(name: str) -> ColumnElement[Any] | None:
    match name:
        case "priority":
            return cast(contacts.c.priority, Text())
        case "time_zone" | "label":
            return contacts.c[name]
        case "country" | "state":
            return _of_region(regions.c[name])
        case _:
            return None


def value_of(column: str) -> ColumnElement[str]:
    """What a contact holds in a column, as text; empty where it has no such column."""
    if column == "phone":
        return contacts.c.number
    built_in = _built_in(column)
    values = [field_text(column), literal("", Text())] if built_in is None else [field_text(column), built_in, ""]
    return func.coalesce(*values, type_=Text())


def holds(condition: Condition) -> ColumnElement[bool]:
    """Whether a condition holds for a row of contacts; never NULL."""
    if condition.all is not None:
        return and_(*(holds(part) for part in condition.all))
    if condition.any is not None:
        return or_(*(holds(part) for part in condition.any))
    if condition.not_ is not None:
        return not_(holds(condition.not_))
    value = value_of(condition.column or "")
    if condition.empty is not None:
        return func.trim(value) == "" if condition.empty else func.trim(value) != ""
    texts = [*(condition.is_ or ()), condition.contains, condition.begins_with, condition.ends_with]
    written = "".join(text for text in texts if text is not None)
    if condition.is_ is None and not written:
        return _of_order(value, condition)
    return _of_text(_FoldedAscii(value) if written.isascii() else _Folded(value), condition)


def _of_text(value: ColumnElement[str], condition: Condition) -> ColumnElement[bool]:
    if condition.is_ is not None:
        return value.in_([text.lower() for text in condition.is_])
    if condition.contains is not None:
        return value.contains(condition.contains.lower(), autoescape=True)
    if condition.begins_with is not None:
        return value.startswith(condition.begins_with.lower(), autoescape=True)
    return value.endswith((condition.ends_with or "").lower(), autoescape=True)


def _of_order(value: ColumnElement[str], condition: Condition) -> ColumnElement[bool]:
    first, last = condition.between or (None, None)
    bounds = [
        (condition.more_than, "__gt__"),
        (condition.at_least or first, "__ge__"),
        (condition.less_than, "__lt__"),
        (condition.at_most or last, "__le__"),
    ]
    held = [getattr(_ordered(value, bound), operator)(_operand(bound)) for bound, operator in bounds if bound]
    return func.coalesce(and_(*held), False)


def _ordered(value: ColumnElement[str], bound: str) -> ColumnElement[Any]:
    return _Date(value) if is_date(bound) else _Number(value)


def _operand(bound: str) -> ColumnElement[Any]:
    return literal(bound, Text()) if is_date(bound) else literal(float(bound), Float())


def kept_out_by(condition: Condition) -> ColumnElement[str]:
    """For a row of contacts: the condition that it does not meet, in words; NULL where it meets the filter.

    Of several that all must hold, the first.
    """
    unmet = [
        (not_(holds(part)) if wanted else holds(part), (told(part) if wanted else f"not ({told(part)})")[:_LONGEST])
        for part, wanted in demands(condition)
    ]
    return case(*((fails, literal(words, Text())) for fails, words in unmet), else_=None)
