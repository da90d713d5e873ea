"""What a file with the rules of one jurisdiction may hold."""

import re
from datetime import date
from functools import cache
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from ami_dialer.config.kinds import Seconds
from ami_dialer.config.lists import WebAddress
from ami_dialer.config.problems import Path, of_section, several
from ami_dialer.config.section import Section
from ami_dialer.config.week import week_of
from ami_dialer.domain.rulebook import ALWAYS, Certainty, Per, Purpose, Rule, RuleKind, Scope

_JURISDICTION = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?")
_ID = re.compile(r"[a-z]{2}(?:-[a-z0-9]{1,3})?\.[a-z][a-z0-9-]{0,40}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_YEARLY = re.compile(r"\d\d-\d\d", re.ASCII)
_PERCENT = re.compile(r"\s*(\d{1,3}(?:\.\d{1,6})?)\s*%\s*", re.ASCII)
#: No retry rule or cap looks further back.
LONGEST = 10 * 366 * 86_400.0

#: What a rule of each kind must say, and what it may say beside it. All other figures are refused: they would have
#: no effect, and whoever wrote them thinks otherwise.
FIGURES: dict[RuleKind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    RuleKind.HOURS: (("spans",), ()),
    RuleKind.CLOSED: ((), ("holidays", "dates", "yearly")),
    RuleKind.ATTEMPTS: (("most", "seconds"), ("per", "scope")),
    RuleKind.LOCKOUT: (("seconds",), ()),
    RuleKind.CONVERSATION: (("seconds",), ("per", "scope")),
    RuleKind.CONSENT: (("needs",), ()),
    RuleKind.ABANDONMENT: (("most", "seconds", "connect"), ("from_answer",)),
    RuleKind.RING: (("seconds",), ()),
    RuleKind.REVOCATION: ((), ("seconds", "business_days")),
    RuleKind.DUTY: ((), ("seconds", "business_days", "most")),
}
#: Kinds of which one figure of several is enough.
_EITHER = {RuleKind.CLOSED, RuleKind.REVOCATION}
_ALL_FIGURES = (
    *("spans", "holidays", "dates", "yearly", "most", "seconds", "connect", "from_answer", "business_days"),
    *("per", "scope", "needs"),
)


def read_date(value: object) -> object:
    """A day written as 2021-07-01; pydantic alone would take numbers and times for days too."""
    if not isinstance(value, str):
        return value
    if not _DATE.fullmatch(value):
        raise ValueError(f"{value!r} is no date; write it as 2021-07-01")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r}: there is no such day; write one of the calendar, as 2021-07-01") from None


def _day_of_year(value: str) -> str:
    _month_and_day(value)
    return value


def _month_and_day(value: str) -> tuple[int, int]:
    """`06-14` as June 14; a leap year has every day that a year may have."""
    if not _YEARLY.fullmatch(value):
        raise ValueError(f"{value!r} is no day of every year; write month and day, as 06-14")
    try:
        found = date.fromisoformat(f"2024-{value}")
    except ValueError:
        raise ValueError(f"{value!r}: there is no such day; write month and day, as 06-14") from None
    return found.month, found.day


def _share(value: object) -> object:
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    return float(match[1]) / 100 if match else value


def _jurisdiction(value: str) -> str:
    if not _JURISDICTION.fullmatch(value):
        raise ValueError(f"{value!r} is no jurisdiction; write it as US or US-FL (ISO 3166)")
    return value


def _id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError(f"{value!r} is no id; write the jurisdiction in small letters, a dot, a word: us-fl.hours")
    return value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _week(written: dict[str, list[str]]) -> dict[str, list[str]]:
    if not written:
        raise ValueError("names no day, so that nobody could ever be called; write the days and spans that are open")
    found: list[tuple[Path, str]] = []
    for days, spans in written.items():
        try:
            week_of({days: spans})
        except ValueError as error:
            found.append(((days,), str(error)))
    if found:
        raise several(found)
    week_of(written)  # names of days twice
    return written


Day = Annotated[date, BeforeValidator(read_date)]
Spans = Annotated[list[str], BeforeValidator(_listed), Field(min_length=1)]
Text = Annotated[str, Field(min_length=1, max_length=500)]


class WrittenRule(Section):
    """One rule of law."""

    id: Annotated[str, AfterValidator(_id)] = Field(
        description="Stable name: the jurisdiction in small letters, a dot, a word, as us-fl.hours."
    )
    purposes: list[Purpose] = Field(min_length=1, description="What the calls are for that it is about.")
    recorded: bool = Field(False, description="true: it is only about calls that play recorded or artificial voice.")
    spans: Annotated[dict[str, Spans], AfterValidator(_week)] | None = Field(
        None, description='When calls may be made: {mon-fri: "09:00-21:30"}. A day that is not named is closed.'
    )
    holidays: list[Text] = Field(default_factory=list, description="Names of the holidays package; `*` for all.")
    dates: list[Day] = Field(default_factory=list, description="Single days without calls.")
    yearly: list[Annotated[str, AfterValidator(_day_of_year)]] = Field(
        default_factory=list, description="Days of every year without calls, as month and day: 06-14."
    )
    most: Annotated[float, BeforeValidator(_share)] | None = Field(
        None, gt=0, le=10_000, description="So many calls at most; with abandonment a share, as 3%."
    )
    seconds: Seconds | None = Field(None, gt=0, le=LONGEST, description="A time: 15, 24h, 7d.")
    connect: Seconds | None = Field(None, gt=0, le=60, description="Time to an agent, from the end of the greeting on.")
    from_answer: bool = Field(False, description="true: that time runs from the answer, not from the greeting's end.")
    business_days: int | None = Field(None, ge=1, le=366, description="Working days.")
    per: Per = Field(Per.NUMBER, description="Whose calls are counted.")
    scope: Scope = Field(Scope.ALL, description="Calls of which campaigns are counted.")
    needs: Literal["express", "written"] | None = Field(None, description="Which consent recorded voice needs.")
    says: Text = Field(description="The rule in a sentence.")
    source: Text = Field(description="Statute, rule or statement.")
    url: WebAddress = Field(description="Where it can be read.")
    effective: Day = Field(alias="from", description="The first day on which it is in force.")
    ends: Day | None = Field(None, alias="to", description="The first day on which it is in force no more.")
    checked: Day = Field(description="When somebody last looked at the source.")
    certainty: Certainty = Field(description="verified, reported or disputed.")
    note: str = Field("", max_length=1_000, description="What is to be known beside it.")
    # The last field, so that all that a kind needs beside it is known.
    kind: RuleKind = Field(description="What the rule is about.")

    @field_validator("kind")
    @classmethod
    def _whole(cls, kind: RuleKind, info: ValidationInfo) -> RuleKind:
        """What is needed for the kind is there, and nothing that does not belong to it."""
        given = info.data
        written = {name for name in _ALL_FIGURES if name in given and given[name] != _unwritten(name)}
        needed, further = FIGURES[kind]
        found: list[tuple[Path, str]] = [
            ((), f"a rule of kind {kind} needs `{name}`: {cls.model_fields[name].description}")
            for name in needed
            if name in given and name not in written
        ]
        if kind in _EITHER and set(further) <= given.keys() and not written & set(further):
            found.append(((), f"a rule of kind {kind} needs {' or '.join(f'`{name}`' for name in further)}"))
        found += [
            ((name,), f"does not belong to a rule of kind {kind}; take it out, it would do nothing")
            for name in _ALL_FIGURES
            if name in written and name not in needed + further
        ]
        if kind is RuleKind.ABANDONMENT and (given.get("most") or 0) > 1:
            found.append((("most",), "is a share here; write it as 3% or 0.03"))
        if kind is RuleKind.ATTEMPTS and (given.get("most") or 1) % 1:
            found.append((("most",), "is a number of calls here; write a whole number"))
        if given.get("ends") and given.get("effective") and given["ends"] <= given["effective"]:
            found.append((("to",), "is not after `from`, so that the rule is never in force; mend one of the two"))
        if found:
            raise of_section(found)
        return kind


@cache
def _unwritten(name: str) -> object:
    """What a figure is where nothing is written; asking pydantic anew each time would take most of the loading."""
    return WrittenRule.model_fields[name].get_default(call_default_factory=True)


class RuleFile(Section):
    """The rules of one jurisdiction."""

    jurisdiction: Annotated[str, AfterValidator(_jurisdiction)] = Field(description="ISO 3166: US, US-FL.")
    name: Text = Field(description="Its name, for people.")
    rules: list[WrittenRule] = Field(max_length=500, description="Its rules.")


def to_rule(written: WrittenRule, jurisdiction: str) -> Rule:
    """The rule that is written."""
    return Rule(
        id=written.id,
        jurisdiction=jurisdiction,
        kind=written.kind,
        purposes=frozenset(written.purposes),
        recorded=written.recorded,
        says=" ".join(written.says.split()),
        source=" ".join(written.source.split()),
        url=written.url,
        effective=written.effective,
        ends=written.ends,
        checked=written.checked,
        certainty=written.certainty,
        note=" ".join(written.note.split()),
        week=ALWAYS if written.spans is None else week_of(written.spans),
        holidays=tuple(written.holidays),
        dates=tuple(sorted(written.dates)),
        yearly=tuple(sorted(map(_month_and_day, written.yearly))),
        most=written.most,
        seconds=written.seconds,
        connect=written.connect,
        from_answer=written.from_answer,
        business_days=written.business_days,
        per=written.per,
        scope=written.scope,
        needs=written.needs or "",
    )
