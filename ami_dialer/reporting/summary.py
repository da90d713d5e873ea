"""The bundle of a number as a person reads it: one page in plain text, oldest first."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

#: Characters of an audit record's detail that are shown.
_DETAIL = 100
_Row = Mapping[str, Any]


def summary(found: _Row) -> str:
    """What is known of the number, in sentences; times are UTC."""
    return "\n".join(_printable(line) for line in _lines(found)) + "\n"


def _printable(line: str) -> str:
    """Texts of strangers must not reach the terminal of whoever reads the file."""
    return "".join(character if character.isprintable() else "?" for character in line)


def _lines(found: _Row) -> Iterator[str]:
    yield f"Everything about {found['number']}"
    yield f"Made {_time(found['made_at'])} by {found['made_by']}. Times are UTC."
    yield "everything.json has all of it; calls.csv and audit.csv the calls and the audit trail for spreadsheets."
    yield from _contacts(found["contacts"])
    yield from _barred(found["do_not_call"])
    yield from _consents(found["consents"], found["reassignments"])
    yield from _runs(found["enrolments"])
    yield from _calls(found["attempts"], found["number"])
    yield from _rules(found["rulebooks"])
    yield from _trail(found["audit"], found["audit_head"])


def _contacts(contacts: Sequence[_Row]) -> Iterator[str]:
    yield from _heading("Contacts", contacts, "The number is no contact's and was in no run.")
    for one in contacts:
        yield f"  contact {one['id']}, since {_time(one['created_at'])}: {_fields(one['fields'])}"
        phones = [
            f"{one['number']}{_label(one)}",
            *(f"{each['number']}{_label(each)}" for each in one["further_phones"]),
        ]
        yield f"    phones: {', '.join(phones)}"
        where = ", ".join(part for part in (one["country"], one["state"], one["time_zone"] or one["zones"]) if part)
        yield f"    where: {where or 'not known'}"
        for each in one["lists"]:
            yield f"    in list {each['name']}, which it came into {_time(each['came_at'])}"
        if not one["lists"]:
            yield "    on no list any more"


def _label(phone: _Row) -> str:
    return f" ({phone['label']})" if phone["label"] else ""


def _fields(fields: object) -> str:
    if not isinstance(fields, Mapping) or not fields:
        return "no fields"
    return ", ".join(f"{name}: {value}" for name, value in fields.items() if value)


def _barred(entries: Sequence[_Row]) -> Iterator[str]:
    yield from _heading("Do-not-call lists", entries, "It stands on none, and never did.")
    for one in entries:
        ends = f", until {_time(one['expires_at'])}" if one["expires_at"] else ""
        removed = f"; taken off {_time(one['removed_at'])}" if one["removed_at"] else ""
        source = f"{one['source']}, in call {one['attempt_id']}" if one["attempt_id"] else one["source"]
        whole = "" if one["number"][-1] != "*" else f" (all of {one['number']})"
        yield f"  {_time(one['added_at'])}  {one['list']}: {one['reason']}{whole} ({source}){ends}{removed}"


def _consents(records: Sequence[_Row], reassigned: Sequence[_Row]) -> Iterator[str]:
    yield from _heading("Consent", [*records, *reassigned], "Nothing is recorded.")
    for one in records:
        what = f"{one['strength']} consent" if one["granted"] else "revoked"
        ends = f", until {_time(one['expires_at'])}" if one["expires_at"] else ""
        yield f"  {_time(one['at'])}  {what} for {one['scope']} ({one['source']}{ends}) {one['evidence']}".rstrip()
        if one["honour_by"]:
            yield f"    to be honoured by {_time(one['honour_by'])}; honoured {_time(one['honoured_at'])}"
    for one in reassigned:
        yield f"  {_time(one['disconnected_at'])}  given up by its holder ({one['source']})"


def _runs(enrolments: Sequence[_Row]) -> Iterator[str]:
    yield from _heading("Runs", enrolments, "It was in no run.")
    for one in enrolments:
        why = f": {one['exclusion']}, {one['excluded_by']}" if one["exclusion"] else ""
        held = f", held by {one['held_by']}" if one.get("held_by") else ""
        yield (
            f"  {_time(one['created_at'])}  {one['campaign']}, run {one['run_id']}, as contact {one['contact_id']}: "
            f"{one['state']}{why}{held}, {one['attempts']} attempts"
        )


def _calls(attempts: Sequence[_Row], number: str) -> Iterator[str]:
    yield from _heading("Calls", attempts, "It was never called.")
    for one in attempts:
        other = "" if one["number"] == number else f" to {one['number']}"
        yield f"  {_time(one['claimed_at'])}  {one['campaign']}, run {one['run_id']}, call {one['id']}{other}"
        yield f"    {_times(one)}"
        caller = f"caller id {one['caller_id']}; " if one["caller_id"] else ""
        why = f" ({one['detail']})" if one["detail"] else ""
        yield f"    {caller}ended as {one['end_reason'] or 'not yet'}, {one['disposition'] or 'going on'}{why}"
        for answer in one["answers"]:
            worth = "" if answer["valid"] else ", not valid"
            yield f"    {_time(answer['at'])}  {answer['question']}: pressed {answer['digits'] or 'nothing'}{worth}"
        for each in one["answered_calls"]:
            yield f"    counts as {each['outcome']} in the ledger of abandoned calls"
        if one["recording"]:
            yield f"    recording: {one['recording']}"
        yield from _verdict(one)


def _times(call: _Row) -> str:
    told = (
        ("dialled", "originated_at"),
        ("ringing", "ringing_at"),
        ("answered", "answered_at"),
        ("greeting ended", "greeting_end_at"),
        ("connected", "flow_at"),
        ("with an agent", "connected_at"),
        ("ended", "ended_at"),
    )
    return ", ".join(f"{word} {call[name]:%H:%M:%S.%f}"[:-3] for word, name in told if call[name]) or "not dialled"


def _verdict(call: _Row) -> Iterator[str]:
    verdict = call["verdict"]
    if not verdict:
        yield "    no verdict is kept with it: an earlier version called"
        return
    until = f" until {verdict['until']}" if verdict.get("until") else ""
    by = f", where {verdict['rule']} ends it" if verdict.get("rule") else ""
    yield f"    allowed at {verdict.get('at', 'the time of the call')}{until}{by}"
    yield f"    time zones {', '.join(verdict.get('zones', ())) or 'not known'}, from {verdict.get('by', 'nothing')}"
    if verdict.get("exempt"):
        yield f"    the campaign was exempt from: {', '.join(verdict['exempt'])}"
    yield f"    by version {verdict.get('book')} of the rules: {', '.join(call['rules']) or 'none of law'}"


def _rules(books: Sequence[_Row]) -> Iterator[str]:
    yield from _heading("The rules of law that held for these calls", books, "None.")
    for book in books:
        adopted = f"adopted {_time(book['created_at'])}, from {book['origin']}"
        yield f"  version {book['id']}, {book['digest'][:12]}, {adopted}"
        for rule in book["rules"]:
            ends = f" to {rule['ends']}" if rule["ends"] else ""
            yield f"    {rule['id']}: {rule['says']}"
            yield f"      in force from {rule['effective']}{ends}; {rule['certainty']}; {rule['source']} {rule['url']}"
            if rule.get("note"):
                yield f"      {rule['note']}"


def _trail(records: Sequence[_Row], head: _Row) -> Iterator[str]:
    yield from _heading("Audit trail", records, "Nothing is recorded about it.")
    for one in records:
        detail = one["detail"] if len(one["detail"]) <= _DETAIL else f"{one['detail'][:_DETAIL]}…"
        yield f"  {one['id']:>8}  {one['at']}  {one['actor']}  {one['action']}  {one['subject']}  {detail}"
    yield ""
    yield f"The trail ends with record {head['id']}, hash {head['hash']}."
    yield "docs/compliance.md says how each record is hashed with the one before it, and what that proves."


def _heading(title: str, rows: Sequence[object], none: str) -> Iterator[str]:
    yield from ("", title)
    if not rows:
        yield f"  {none}"


def _time(at: datetime | None) -> str:
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"
