"""The chain of the audit trail: whatever is done to its records shows, and says where."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_dialer.domain.audit import BEGINNING, Chain, Head, Record, Tampering, detail_text, link

pytestmark = pytest.mark.unit

AT = datetime(2026, 3, 2, 15, 0, 0, 123456, tzinfo=UTC)


def trail(length: int) -> list[Record]:
    made: list[Record] = []
    for number in range(1, length + 1):
        at = AT + timedelta(seconds=number)
        record = Record(number, at, "ann", "dnc.add", f"+1212555{number:04d}", None, f'{{"n":{number}}}', "")
        made.append(hashed(record, made[-1].hash if made else BEGINNING))
    return made


def hashed(record: Record, previous: str) -> Record:
    return record._replace(hash=link(previous, record))


def breaks(records: Sequence[Record], head: Record | None = None) -> list[tuple[Tampering, int, int]]:
    """What is found in these; the head says `head`, or what the last one says."""
    chain = Chain()
    for record in records:
        chain.follow(record)
    end = head or (records[-1] if records else None)
    chain.end(Head(0, BEGINNING) if end is None else Head(end.id, end.hash))
    return [each[:3] for each in chain.breaks]


def renumbered(records: Sequence[Record]) -> list[Record]:
    return [record._replace(id=number) for number, record in enumerate(records, 1)]


@pytest.mark.parametrize("length", [0, 1, 2, 50])
def test_a_trail_that_nobody_touched_holds(length: int) -> None:
    assert breaks(trail(length)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"at": AT},
        {"actor": "bob"},
        {"action": "dnc.remove"},
        {"subject": "+12125559999"},
        {"attempt_id": "amid-1"},
        {"detail": '{"n":3}'},
        {"hash": "f" * 64},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("place", [0, 3, 8])
def test_a_record_that_was_changed_is_named(change: dict[str, object], place: int) -> None:
    records = trail(9)
    records[place] = records[place]._replace(**change)
    if "hash" in change:  # the next one shows it, or the head
        last = trail(9)[-1]
        expected = [(Tampering.CHANGED, place + 1, min(place + 2, 9))]
        assert breaks(records, last)[0] == expected[0]
    else:
        assert breaks(records, trail(9)[-1]) == [(Tampering.CHANGED, place + 1, place + 1)]


def test_a_record_that_was_changed_with_its_hash_made_anew_shows_at_the_next_one_or_at_the_head() -> None:
    records = trail(9)
    records[3] = hashed(records[3]._replace(subject="+12125559999"), records[2].hash)
    assert breaks(records) == [(Tampering.CHANGED, 5, 5)]
    records = trail(9)
    records[8] = hashed(records[8]._replace(subject="+12125559999"), records[7].hash)
    assert breaks(records, trail(9)[-1]) == [(Tampering.HEAD, 9, 9)]


@pytest.mark.parametrize(("first", "last"), [(1, 1), (4, 4), (4, 7), (1, 8)])
def test_records_that_were_removed_are_named(first: int, last: int) -> None:
    records = [record for record in trail(9) if not first <= record.id <= last]
    assert breaks(records) == [(Tampering.REMOVED, first, last)]


@pytest.mark.parametrize("left", [0, 1, 8])
def test_a_tail_that_was_cut_off_shows_by_the_head(left: int) -> None:
    assert breaks(trail(9)[:left], trail(9)[-1]) == [(Tampering.CUT, left + 1, 9)]


def test_a_record_that_was_added_behind_the_head_is_named() -> None:
    assert breaks(trail(9), trail(7)[-1]) == [(Tampering.INSERTED, 8, 9)]


@pytest.mark.parametrize("place", [1, 4, 7])
@pytest.mark.parametrize("with_hash", [True, False])
def test_a_record_that_was_inserted_is_named_though_the_others_got_new_numbers(place: int, *, with_hash: bool) -> None:
    records = trail(9)
    forged = Record(place + 1, AT, "ann", "consent.grant", "+12125550001", None, "{}", "f" * 64)
    forged = hashed(forged, records[place - 1].hash) if with_hash else forged
    found = breaks(renumbered([*records[:place], forged, *records[place:]]))
    assert found == [(Tampering.INSERTED, place + 1, place + 1)]


@pytest.mark.parametrize("gone", [1, 3])
def test_records_that_were_removed_are_missed_though_the_others_got_new_numbers(gone: int) -> None:
    records = trail(9)
    found = breaks(renumbered([*records[:4], *records[4 + gone :]]))
    assert found == [(Tampering.REMOVED, 5, 5)]


def test_many_records_that_do_not_follow_each_other_are_one_break() -> None:
    records = trail(9)
    records[2:6] = [record._replace(detail="{}", hash="f" * 64) for record in records[2:6]]
    [(kind, first, last)] = breaks(records)
    assert (kind, first, last) == (Tampering.CHANGED, 3, 7)


def test_what_comes_after_a_break_is_looked_at_too() -> None:
    records = trail(9)
    records[1] = records[1]._replace(actor="bob")
    del records[4]
    assert breaks(records[:-1], records[-1]) == [
        (Tampering.CHANGED, 2, 2),
        (Tampering.REMOVED, 5, 5),
        (Tampering.CUT, 9, 9),
    ]


def test_the_chain_can_be_followed_from_a_head_that_is_trusted() -> None:
    records = trail(9)
    records[1] = records[1]._replace(actor="bob")
    chain = Chain(Head(4, records[3].hash))
    for record in records[4:]:
        chain.follow(record)
    chain.end(Head(9, records[8].hash))
    assert (chain.breaks, chain.records) == ([], 5)


@given(
    st.lists(st.integers(0, 11), max_size=14),
    st.integers(0, 11),
    st.sampled_from(["actor", "action", "subject", "detail"]),
)
def test_no_choice_and_order_of_records_passes_but_the_true_one(places: list[int], changed: int, name: str) -> None:
    """Records taken out, repeated and exchanged, with and without new numbers, one of them changed."""
    true = trail(12)
    chosen = [true[place] for place in places]
    for records in (renumbered(chosen), [record._replace(id=n) for n, record in zip(places, chosen, strict=True)]):
        assert (breaks(records, true[-1]) == []) == (records == true)
    true[changed] = true[changed]._replace(**{name: "other"})
    assert breaks(true, trail(12)[-1]) == [(Tampering.CHANGED, changed + 1, changed + 1)]


@given(st.text(), st.text(), st.dictionaries(st.text(), st.none() | st.text() | st.integers(-(2**53), 2**53)))
def test_the_hash_can_be_made_with_any_json(actor: str, subject: str, detail: dict[str, object]) -> None:
    """As docs/compliance.md says it, with Python's own json."""
    record = Record(7, AT, actor, "call", subject, None, detail_text(detail), "")
    covered = [7, "2026-03-02T15:00:00.123456+00:00", actor, "call", subject, None, record.detail]
    text = BEGINNING + json.dumps(covered, ensure_ascii=False, separators=(",", ":"))
    assert link(BEGINNING, record) == sha256(text.encode()).hexdigest()
    assert json.loads(record.detail) == detail
