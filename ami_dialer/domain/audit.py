"""The audit trail as a chain: what a record's hash covers, and where a chain that somebody tampered with breaks."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

#: What the first record's hash follows.
BEGINNING = "0" * 64
#: Who removes records may give those behind them new numbers; so many removed in one place are recognised.
_MOST_SHIFTED = 50


class Record(NamedTuple):
    """One record of the audit trail, as it is stored."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    attempt_id: str | None
    #: JSON, as it was hashed.
    detail: str
    hash: str


class Head(NamedTuple):
    """Where the chain ends: the last record and its hash."""

    id: int
    hash: str

    def __str__(self) -> str:
        return f"{self.hash}:{self.id}"


_NOTHING = Head(0, BEGINNING)


class Tampering(StrEnum):
    """What was done to the trail."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    #: The newest records are gone.
    CUT = "cut"
    #: The head does not fit the last record.
    HEAD = "head"
    #: A head that was noted outside is not in the chain.
    NOTED = "noted"


class Break(NamedTuple):
    """A place where the chain does not hold."""

    kind: Tampering
    #: The first and the last record that it is about.
    first: int
    last: int
    why: str


def detail_text(detail: Mapping[str, Any]) -> str:
    """What a record tells besides, as the JSON that is stored and hashed: keys sorted, times in UTC."""
    return orjson.dumps(detail, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z).decode()


def moment(at: datetime) -> str:
    """A time as it is hashed: UTC, with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def link(previous: str, record: Record, number: int | None = None) -> str:
    """The hash of a record that follows one with the hash `previous`: 64 hexadecimal digits.

    SHA-256 of the previous hash, as it is written, and of the record as a JSON list: id, time, actor, action, subject,
    attempt, detail (as text). `number` is the id where it may have been another one.
    """
    covered = (
        record.id if number is None else number,
        moment(record.at),
        record.actor,
        record.action,
        record.subject,
        record.attempt_id,
        record.detail,
    )
    return sha256(previous.encode() + orjson.dumps(covered, default=str)).hexdigest()


class Chain:
    """Follows the chain record by record, from its beginning or from a record that is trusted."""

    def __init__(self, trusted: Head = _NOTHING) -> None:
        self.last = trusted
        self.breaks: list[Break] = []
        #: Records that were looked at.
        self.records = 0
        #: The hash before the last one; None where it is not known.
        self._before: str | None = None
        #: What is added to ids to get those that the records had when they were written.
        self._shift = 0
        #: The break that ends at the last record.
        self._open: Break | None = None

    def follow(self, record: Record) -> None:
        """Take the next record, in the order of ids."""
        self.records += 1
        expected = self.last.id + 1
        if record.id != expected:
            why = f"{_were(expected, record.id - 1)} removed; whether record {record.id:,} is as it was cannot be told"
            self._add(Tampering.REMOVED, expected, record.id - 1, why)
            self._before = self._open = None
        else:
            if link(self.last.hash, record, record.id + self._shift) == record.hash:
                self._open = None
            elif (shift := self._renumbering(record)) is not None:
                self._renumbered(record.id, shift)
            else:
                self._changed(record.id)
            self._before = self.last.hash
        self.last = Head(record.id, record.hash)

    def _renumbering(self, record: Record) -> int | None:
        """What must be added to ids from here on so that they fit; None where nothing makes this record fit."""
        number = record.id + self._shift
        if self._before is not None and link(self._before, record, number - 1) == record.hash:
            return self._shift - 1  # the record between the two is not of this chain
        if self._open is not None:
            for more in range(1, _MOST_SHIFTED + 1):
                if link(self.last.hash, record, number + more) == record.hash:
                    return self._shift + more
        return None

    def _renumbered(self, found: int, shift: int) -> None:
        place, moved = found - 1, shift - self._shift
        self._shift = shift
        if self._open is not None and self._open.first == place:
            self.breaks.pop()  # said of the record before, which had only got another number, or is not of this chain
        self._open = None
        if moved < 0:
            why = f"record {place:,} was inserted, and those behind it renumbered"
            self._add(Tampering.INSERTED, place, place, why)
        else:
            gone = "a record was" if moved == 1 else f"{moved} records were"
            why = f"{gone} removed before record {place:,}, and those behind renumbered"
            self._add(Tampering.REMOVED, place, place, why)

    def _changed(self, found: int) -> None:
        if self._open is not None:
            first = self._open.first
            self.breaks.pop()
            why = (
                f"none of the records {first:,} to {found:,} follows the one before it: they were changed, or records "
                "before them were removed or inserted and these renumbered"
            )
        else:
            first = found
            before = f", or record {found - 1:,} was and its hash made anew" if found > 1 else ""
            why = f"record {found:,} was changed{before}"
        self._open = self._add(Tampering.CHANGED, first, found, why)

    def end(self, head: Head) -> None:
        """All records were taken; `head` is what the database says of the last one."""
        last = self.last
        if head.id not in {last.id, last.id + self._shift}:
            if last.id < head.id:
                why = f"{_were(last.id + 1, head.id)} cut off at the end of the trail"
                self._add(Tampering.CUT, last.id + 1, head.id, why)
            else:
                why = f"{_were(head.id + 1, last.id)} inserted behind the head, or the head was set back"
                self._add(Tampering.INSERTED, head.id + 1, last.id, why)
        elif last.hash != head.hash:
            why = f"the head does not fit record {last.id:,}: the head was changed, or that record and its hash were"
            self._add(Tampering.HEAD, last.id, last.id, why)

    def _add(self, kind: Tampering, first: int, last: int, why: str) -> Break:
        self.breaks.append(Break(kind, first, last, why))
        return self.breaks[-1]


def _were(first: int, last: int) -> str:
    return f"record {first:,} was" if first == last else f"records {first:,} to {last:,} were"
