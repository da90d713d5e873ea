"""Everything about one number in one file that can be handed on: what was done, by which rules, and the proof."""

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import IO, Any
from zoneinfo import ZoneInfo

import orjson

from ami_dialer.domain.audit import Head, Record, moment
from ami_dialer.domain.formulas import neutral
from ami_dialer.reporting.summary import summary
from ami_dialer.store import about_number, audit_log
from ami_dialer.store.about_number import Row
from ami_dialer.store.database import Database

#: Columns of `calls.csv`.
_CALL_COLUMNS = (
    "id",
    "campaign",
    "run",
    "number",
    "ordinal",
    "caller_id",
    "originated_at",
    "answered_at",
    "greeting_end_at",
    "flow_at",
    "connected_at",
    "agent",
    "ended_at",
    "end_reason",
    "disposition",
    "amd_status",
    "recording",
    "detail",
    "rule",
    "allowed_until",
)
_AUDIT_COLUMNS = ("id", "at", "actor", "action", "subject", "attempt_id", "detail", "previous", "hash")


async def collect(database: Database, number: str, now: datetime, actor: str) -> dict[str, Any]:
    """All that is known of a number in E.164, as JSON can hold it. Raises StoreError."""
    rows = await about_number.load(database, number)
    runs = {row["id"]: row for row in rows["runs"]}
    attempts = [_attempt(row, runs, rows) for row in rows["attempts"]]
    books = {call["verdict"]["book"] for call in attempts if "book" in (call["verdict"] or {})}
    stored = await about_number.load_rulebooks(database, books)
    rulebooks = [_rulebook(row, attempts, runs) for row in stored]
    ends = await audit_log.ends(database)
    records = await audit_log.about(database, number, [row["id"] for row in rows["attempts"]], _moments(rows))
    return {
        "number": number,
        "made_at": now,
        "made_by": actor,
        "contacts": [_contact(row, rows) for row in rows["contacts"]],
        "enrolments": [
            {**row, "campaign": runs[row["run_id"]]["campaign"] if row["run_id"] in runs else None}
            for row in rows["enrolments"]
        ],
        "runs": rows["runs"],
        "attempts": attempts,
        "rulebooks": rulebooks,
        "do_not_call": rows["do_not_call"],
        "consents": rows["consents"],
        "reassignments": rows["reassignments"],
        "audit": [_audited(record, previous) for record, previous in records],
        "audit_head": _head(ends.head),
    }


def _contact(row: Row, rows: Mapping[str, Sequence[Row]]) -> Row:
    further = [_without(one, "contact_id") for one in rows["phones"] if one["contact_id"] == row["id"]]
    lists = [_without(one, "contact_id") for one in rows["lists"] if one["contact_id"] == row["id"]]
    return {**row, "further_phones": further, "lists": lists}


def _attempt(row: Row, runs: Mapping[int, Row], rows: Mapping[str, Sequence[Row]]) -> Row:
    of_attempt = {
        kind: [_without(one, "attempt_id") for one in rows[kind] if one["attempt_id"] == row["id"]]
        for kind in ("answers", "answered_calls", "amd_reviews")
    }
    verdict = _parsed(row["verdict"])
    return {**row, "campaign": runs[row["run_id"]]["campaign"], "verdict": verdict, **of_attempt, "rules": []}


def _parsed(text: str | None) -> Any:  # noqa: ANN401 - JSON
    try:
        return None if text is None else orjson.loads(text)
    except orjson.JSONDecodeError:
        return {"text": text}


def _rulebook(row: Row, attempts: Sequence[Row], runs: Mapping[int, Row]) -> Row:
    """The rules of one version that calls were judged by; each call gets their ids."""
    wanted: dict[tuple[str, str], Row] = {}
    for call in attempts:
        verdict = call["verdict"] or {}
        if verdict.get("book") != row["id"]:
            continue
        campaign = runs[call["run_id"]]["document"]
        rules = _asked(orjson.loads(row["document"]), verdict, campaign, call["claimed_at"])
        call["rules"] = [rule["id"] for rule in rules]
        wanted.update(((rule["id"], str(rule["effective"])), rule) for rule in rules)
    return {**_without(row, "document"), "rules": list(wanted.values())}


def _asked(rules: Sequence[Row], verdict: Mapping[str, Any], campaign: Mapping[str, Any], at: datetime) -> list[Row]:
    """The rules of law that held for a call: of its jurisdictions and purpose, on its day.

    Those about consent only where the campaign had them asked: nobody may read that it was there.
    """
    purpose, consent = campaign.get("purpose", "sales"), campaign.get("consent", "none") != "none"
    days = {at.astimezone(ZoneInfo(zone)).date().isoformat() for zone in verdict.get("zones") or ("UTC",)}
    return [
        rule
        for rule in rules
        if rule["jurisdiction"] in verdict.get("law", ())
        and purpose in rule["purposes"]
        and (consent or rule["kind"] != "consent")
        and any(rule["effective"] <= day and (rule["ends"] is None or day < rule["ends"]) for day in days)
    ]


def _moments(rows: Mapping[str, Sequence[Row]]) -> set[tuple[str, datetime]]:
    """When the number came into lists, by subject: where very many came at once, the record is about the list."""
    came = {(f"list:{row['name']}", row["came_at"]) for row in rows["lists"]}
    return came | {(f"dnc:{row['list']}", row["added_at"]) for row in rows["do_not_call"]}


def _audited(record: Record, previous: str | None) -> Row:
    # The detail as it was hashed: it can be hashed again.
    return {**record._asdict(), "at": moment(record.at), "previous": previous or ("0" * 64 if record.id == 1 else None)}


def _head(head: Head) -> Row:
    return {"id": head.id, "hash": head.hash}


def _without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name not in names}


def write(found: Mapping[str, Any], out: IO[bytes]) -> dict[str, int]:
    """Write the bundle as a ZIP file. Returns how many of each kind it holds."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("summary.txt", summary(found))
        options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
        bundle.writestr("everything.json", orjson.dumps(found, default=str, option=options))
        bundle.writestr("calls.csv", _csv(_CALL_COLUMNS, [_call_cells(call) for call in found["attempts"]]))
        bundle.writestr("audit.csv", _csv(_AUDIT_COLUMNS, found["audit"]))
    return {name: len(found[name]) for name in ("contacts", "attempts", "do_not_call", "consents", "audit")}


def _call_cells(call: Row) -> Row:
    verdict: Mapping[str, Any] = call["verdict"] or {}
    return defaultdict(str, call) | {
        "run": call["run_id"],
        "rule": verdict.get("rule"),
        "allowed_until": verdict.get("until"),
    }


def _csv(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([neutral(_cell(row.get(name))) for name in columns] for row in rows)
    return text.getvalue().encode("utf-8-sig")  # Excel takes CSV without a BOM for the code page of the machine


def _cell(value: object) -> str:
    if value is None:
        return ""
    return moment(value) if isinstance(value, datetime) else str(value)
