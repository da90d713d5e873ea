"""Schedules of campaigns as the rules take them."""

from collections.abc import Iterator
from datetime import datetime

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.problems import Path
from ami_dialer.config.schema import Config
from ami_dialer.rules.schedule import Plan, next_start


def plan_of(campaign: Campaign, machine_zone: str) -> Plan | None:
    """The schedule of a campaign; None where it has none. `machine_zone` is for those that name no zone."""
    schedule = campaign.schedule
    if schedule is None:
        return None
    return Plan(
        start=datetime.fromisoformat(schedule.start),
        zone=schedule.zone or campaign.hours.zone or machine_zone,
        end=None if schedule.end is None else datetime.fromisoformat(schedule.end),
        every=schedule.every,
        interval=schedule.interval,
        until=None if schedule.until is None else datetime.fromisoformat(schedule.until),
        catch_up=schedule.missed == "catch-up",
    )


def schedule_advice(config: Config, now: datetime, machine_zone: str) -> Iterator[tuple[Path, str]]:
    """Schedules that start nothing any more."""
    for name, campaign in config.campaigns.items():
        plan = plan_of(campaign, machine_zone)
        if plan is not None and next_start(plan, now) is None:
            yield ("campaigns", name, "schedule"), "lies wholly in the past and starts nothing; write a later `start`"
