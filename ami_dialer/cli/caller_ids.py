"""`ami-dialer caller-id`: the numbers that calls show, how they were used today, and taking one out of use."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from ami_dialer.adapters.clock import SystemClock, machine_zone
from ami_dialer.cli.opening import changing, reading
from ami_dialer.cli.output import json_option, load_config, print_json, print_rows
from ami_dialer.config.problems import nearest
from ami_dialer.config.schema import Config
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.domain.region import area_of, region_of
from ami_dialer.rules.caller_id import number_shown
from ami_dialer.store import caller_ids
from ami_dialer.store.caller_ids import Retired, RetiringError, Shown

_HEADING = ("number", "pool", "area", "calls", "limit", "answered", "rate", "last used", "retired")


@click.group("caller-id")
def command() -> None:
    """The numbers that calls show as coming from: the pools of the configuration."""


@command.command("list")
@json_option
@click.pass_obj
def list_command(config_file: Path, *, as_json: bool) -> None:
    """Each number of each pool, and what was done with it since midnight.

    Calls of all campaigns count. A number that is answered much less than its neighbours may be marked as spam by the
    carriers: `ami-dialer caller-id retire` takes it out of use.
    """
    config = load_config(config_file)
    shown, retired = asyncio.run(_look(config))
    rows = list(_rows(config, shown, retired))
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo("there are no caller ids: write a pool under caller_ids of the configuration")
        return
    print_rows(_HEADING, [_cells(row) for row in rows], right=frozenset({3, 4, 5, 6}))


async def _look(config: Config) -> tuple[list[Shown], list[Retired]]:
    now = SystemClock().now()
    zone = ZoneInfo(machine_zone())
    midnight = datetime.combine(now.astimezone(zone).date(), time(), tzinfo=zone)
    async with reading(config) as database:
        shown = await caller_ids.shown(database, midnight, midnight, living=True)
        return shown, await caller_ids.retired(database)


def _rows(config: Config, shown: list[Shown], retired: list[Retired]) -> Iterator[dict[str, Any]]:
    used: dict[str, tuple[int, int, datetime]] = {}
    for one in shown:
        calls, answered, before = used.get(number_shown(one.caller_id), (0, 0, one.last))
        used[number_shown(one.caller_id)] = (calls + one.calls, answered + one.answered, max(before, one.last))
    by_hand = {one.number: one for one in retired}
    in_pools: list[tuple[str, str | None, int, bool]] = [
        (one.number, name, pool.per_day if one.per_day is None else one.per_day, one.retired)
        for name, pool in config.caller_ids.items()
        for one in pool.numbers
    ]
    pooled = {number for number, *_ in in_pools}
    fixed = {number_shown(one.caller_id) for one in config.campaigns.values() if one.caller_id is not None}
    others: list[tuple[str, str | None, int, bool]] = [
        (number, None, 0, False) for number in sorted({*fixed, *used} - pooled)
    ]
    for number, pool_name, per_day, in_file in in_pools + others:
        calls, answered, last = used.get(number) or (0, 0, None)
        known = region_of(number) if number.startswith("+") else None
        yield {
            "number": number,
            "pool": pool_name,
            "country": known.country or None if known else None,
            "state": known.state if known else None,
            "area": (area_of(number) or None) if known else None,
            "calls_today": calls,
            "limit": per_day or None,
            "answered_today": answered,
            "answer_rate": round(answered / calls, 4) if calls else None,
            "last_used_today": last,
            "retired": _retired(by_hand.get(number), in_file=in_file),
        }


def _retired(by_hand: Retired | None, *, in_file: bool) -> dict[str, Any] | None:
    if in_file:
        return {"by": "config.yaml", "at": None, "reason": None}
    if by_hand is None:
        return None
    return {"by": by_hand.actor, "at": by_hand.at, "reason": by_hand.reason}


def _cells(row: dict[str, Any]) -> tuple[object, ...]:
    place = " ".join(part for part in (row["country"], row["state"], row["area"]) if part)
    rate = "-" if row["answer_rate"] is None else f"{row['answer_rate']:.0%}"
    retired = row["retired"]
    said = "-" if retired is None else f"by {retired['by']}" + (f": {retired['reason']}" if retired["reason"] else "")
    limit = row["limit"] or "-"
    return (
        *(row["number"], row["pool"] or "-", place or "-", row["calls_today"], limit, row["answered_today"], rate),
        *(row["last_used_today"], said),
    )


@command.command("retire")
@click.argument("number")
@click.option("--reason", help="Kept with it, at most 300 characters.")
@json_option
@click.pass_obj
def retire_command(config_file: Path, number: str, reason: str | None, *, as_json: bool) -> None:
    """Take NUMBER (as +15551234567) out of use in every pool; a running dialer heeds it within seconds.

    For good, write `retired: true` beside the number in the configuration.
    """
    config = load_config(config_file)
    if reason is not None and len(reason) > 300:
        raise click.BadParameter("it has more than 300 characters", param_hint="--reason")
    _known(config, number)
    asyncio.run(_retire(config, number, reason))
    if as_json:
        print_json({"number": number, "retired": True, "reason": reason})
        return
    click.echo(f"{number} is not used any more; back with: ami-dialer caller-id restore {number}")
    for name, campaign in config.campaigns.items():
        if campaign.caller_id is not None and number_shown(campaign.caller_id) == number:
            click.echo(f"campaign {name} has it as its caller_id and goes on showing it; change it there", err=True)


async def _retire(config: Config, number: str, reason: str | None) -> None:
    async with changing(config) as database:
        await caller_ids.retire(database, number, reason, SystemClock().now())


@command.command("restore")
@click.argument("number")
@json_option
@click.pass_obj
def restore_command(config_file: Path, number: str, *, as_json: bool) -> None:
    """Use NUMBER again that was retired by `ami-dialer caller-id retire`."""
    config = load_config(config_file)
    if any(one.number == number and one.retired for pool in config.caller_ids.values() for one in pool.numbers):
        raise RetiringError(f"{number} is retired in the configuration; take `retired: true` out there")
    asyncio.run(_restore(config, number))
    if as_json:
        print_json({"number": number, "retired": False})
    else:
        click.echo(f"{number} is used again")


async def _restore(config: Config, number: str) -> None:
    async with changing(config) as database:
        await caller_ids.restore(database, number, SystemClock().now())


def _known(config: Config, number: str) -> None:
    """Raises NotFoundError for a number of no pool."""
    known = [one.number for pool in config.caller_ids.values() for one in pool.numbers]
    if number not in known:
        raise NotFoundError(f"no pool under caller_ids has the number {number!r}{nearest(number, known)}")
