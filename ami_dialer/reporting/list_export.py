"""A list as CSV or as JSON lines: one row for each contact, in the order in which they came."""

import csv
from collections.abc import Callable
from typing import TextIO

import orjson

from ami_dialer.domain.export_columns import before_fields
from ami_dialer.domain.formulas import neutral
from ami_dialer.store.database import Database
from ami_dialer.store.listed import ListedContact, Shape, in_order, shape_of

#: Told how many contacts were looked at. An export looks at each contact twice.
Progress = Callable[[int], None]


async def write_csv(database: Database, list_id: int, out: TextIO, progress: Progress) -> int:
    """Write a list as CSV, which `ami-dialer list import` reads back as the same contacts. Returns how many.

    One portion is in memory at a time.
    """
    shape = await shape_of(database, list_id, progress)
    writer = csv.writer(out)
    writer.writerow([neutral(name) for name in (*before_fields(shape.further), *shape.fields)])
    count = 0
    async for portion in in_order(database, list_id, shape.until):
        writer.writerows(_cells(one, shape) for one in portion)
        count += len(portion)
        progress(len(portion))
    return count


def _cells(one: ListedContact, shape: Shape) -> list[str]:
    cells = [one.number, one.label or ""]
    for phone in one.further:
        cells += (phone.number, phone.label or "")
    cells += ("", "") * (shape.further - len(one.further))
    cells += (one.time_zone or "", str(one.priority), one.region.country, one.region.state or "")
    cells += [str(one.fields.get(name, "")) for name in shape.fields]
    return [neutral(cell) for cell in cells]


async def write_jsonl(database: Database, list_id: int, out: TextIO, progress: Progress) -> int:
    """Write a list as JSON, one contact a line. Returns how many. One portion is in memory at a time."""
    count = 0
    async for portion in in_order(database, list_id):
        out.writelines(orjson.dumps(as_dict(one)).decode() + "\n" for one in portion)
        count += len(portion)
        progress(2 * len(portion))
    return count


def as_dict(one: ListedContact) -> dict[str, object]:
    """A contact for programs."""
    return {
        "contact": one.contact_id,
        "phone": one.number,
        "label": one.label,
        "further": [{"phone": phone.number, "label": phone.label} for phone in one.further],
        "time_zone": one.time_zone,
        "priority": one.priority,
        "country": one.region.country,
        "state": one.region.state,
        "zones": one.region.zones,
        "added_at": one.added_at,
        "fields": one.fields,
    }
