"""Puts the reasons in order: what stops everybody before what stops some, the most contacts first."""

from collections.abc import Callable, Iterator
from datetime import datetime

from ami_dialer.domain.agent import FREE, AgentState
from ami_dialer.domain.campaign import CampaignStatus
from ami_dialer.domain.engine_status import EngineStatus, LimitSeen, RunSeen
from ami_dialer.domain.enrolment import Exclusion
from ami_dialer.reporting.why.reason import Facts, Reason, Why

#: How a time is shown to people.
Shown = Callable[[datetime | None], str]
#: Entries or rules that are named of those that took contacts out.
_NAMED = 3


def ranked(facts: Facts, shown: Shown) -> list[Reason]:
    """Why the campaign's next call does not start, the decisive reason first; empty where it does."""
    if facts.status is not CampaignStatus.RUNNING:
        return [_status(facts, shown)]
    if not facts.dialer_running:
        return [_not_running(facts), *_people(facts, shown)]
    stopped, capacity, people = list(_stopped(facts, shown)), list(_capacity(facts)), list(_people(facts, shown))
    if facts.queue.due or _in_hopper(facts):
        return stopped + capacity + people
    return stopped + people + capacity


def _status(facts: Facts, shown: Shown) -> Reason:
    name, left = facts.campaign, facts.queue.left
    command = f"ami-dialer campaign {{}} {name}"
    match facts.status:
        case CampaignStatus.DRAFT if facts.starts_with_dialer and not facts.dialer_running:
            text, todo = "it has never run and starts with the dialer, which is not running", "ami-dialer run"
        case CampaignStatus.DRAFT if not facts.anybody:
            lists = ", ".join(facts.lists)
            text, todo = f"it was not started, and its lists hold nobody: {lists}", f"ami-dialer list import {lists}"
        case CampaignStatus.DRAFT:
            text, todo = "it was not started", command.format("start")
        case CampaignStatus.SCHEDULED:
            if not facts.dialer_running:
                text = f"its next start is {shown(facts.next_start_at)}, and no dialer is running to make it"
                todo = "ami-dialer run"
            else:
                text, todo = f"its schedule starts it {shown(facts.next_start_at)}", ""
        case CampaignStatus.PAUSED:
            text, todo = "it is paused", command.format("resume")
        case CampaignStatus.COMPLETED:
            text = f"its run is completed: {facts.run_why or _over(facts)}"
            todo = command.format("rerun")
        case CampaignStatus.STOPPED:
            text, todo = "its run was stopped, which is final", command.format("rerun")
        case CampaignStatus.FAILED:
            text, todo = f"it failed: {facts.trouble or facts.run_why or 'nobody knows why'}", command.format("rerun")
        case _:
            text, todo = "it is archived", command.format("restore")
    return Reason(Why.STATUS, text, left, facts.next_start_at, todo)


def _over(facts: Facts) -> str:
    queue = facts.queue
    if not queue.contacts:
        return "it had nobody to call"
    if queue.excluded == queue.contacts:
        return f"all {queue.contacts:,} contacts were excluded"
    return f"{queue.done:,} contacts are done, {queue.excluded:,} excluded"


def _not_running(facts: Facts) -> Reason:
    return Reason(Why.NOT_RUNNING, "no dialer is running on this database", facts.queue.left, todo="ami-dialer run")


def _stopped(facts: Facts, shown: Shown) -> Iterator[Reason]:
    """What stops every contact of the run, whoever is due."""
    seen, left = facts.seen, facts.queue.left
    if facts.ends_at is not None and facts.at >= facts.ends_at:
        yield Reason(Why.SCHEDULE_END, f"the end of its schedule came, {shown(facts.ends_at)}", left)
    if seen is None:
        text = "the dialer is running and has not said yet what it sees: it may be starting"
        yield Reason(Why.SILENT, text, left, todo="ask again in some seconds; its log says more")
        return
    if seen.outdated(facts.at):
        age = (facts.at - seen.at).total_seconds()
        text = f"the dialer is running, but has said nothing for {age:.0f} s: most likely its database takes no writes"
        yield Reason(Why.SILENT, text, left, todo="look at its log")
    if seen.database_trouble is not None:
        text = f"the database takes no writes: {seen.database_trouble}"
        yield Reason(Why.DATABASE, text, left, todo="ami-dialer doctor")
    if seen.draining:
        yield Reason(Why.STOPPING, "the dialer is stopping", left, todo="ami-dialer run, when it has ended")
    if facts.run is None:
        return
    if (why := seen.taken_out.get(facts.run)) is not None:
        yield Reason(Why.TAKEN_OUT, why, left, todo="mend that and start the dialer anew")
    elif seen.run(facts.run) is None:
        yield Reason(Why.NOT_TAKEN_UP, "the dialer takes it up with its next tick", left)


def _capacity(facts: Facts) -> Iterator[Reason]:
    """What the engine lacks for one more call."""
    seen = facts.seen
    run = seen.run(facts.run) if seen is not None and facts.run is not None else None
    if seen is None or run is None or seen.outdated(facts.at):
        return
    ready = facts.queue.due + _in_hopper(facts)
    found = [*_emergency(seen, run, ready), *_servers(seen, run, ready), *_limits(seen, run, ready)]
    if run.restraint and sum(run.calls.values()):
        todo = "ami-dialer abandonment says more"
        found.append(Reason(Why.ABANDONMENT, run.restraint, ready, todo=todo))
    if run.all_in_calls:
        text = "all who are due, or their numbers, are in a call already or offered to an agent"
        found.append(Reason(Why.BUSY, text, run.hopper))
    found += _agents(run, ready, facts)
    if not found and run.why and ready:
        found.append(Reason(Why.ENGINE, run.why, ready))
    yield from found


def _emergency(seen: EngineStatus, run: RunSeen, ready: int) -> Iterator[Reason]:
    others = [one.campaign for one in seen.runs if one.emergency and (one.hopper or one.calls)]
    if others and not run.emergency:
        yield Reason(Why.EMERGENCY, f"the emergency run of {', '.join(others)} goes before all others", ready)


def _servers(seen: EngineStatus, run: RunSeen, ready: int) -> Iterator[Reason]:
    trouble = {one.name: one.trouble for one in seen.servers}
    trunks = [one for one in seen.trunks if one.name in run.trunks]
    told = dict.fromkeys(why for one in trunks if (why := trouble.get(one.server)))
    if told and all(trouble.get(one.server) for one in trunks):
        yield Reason(Why.SERVER, "; ".join(told), ready, todo="ami-dialer doctor")


def _limits(seen: EngineStatus, run: RunSeen, ready: int) -> Iterator[Reason]:
    if run.limit.full:
        todo = "max_calls of the campaign raises it"
        yield Reason(Why.LIMIT, f"it has its {_most(run.limit)} at once", ready, todo=todo)
    if seen.limit.full:
        text = f"all campaigns together have their {_most(seen.limit)} at once{_others(seen.limit, run)}"
        yield Reason(Why.LIMIT, text, ready, todo="engine.max_calls raises it")
    servers = {one.name: one for one in seen.servers}
    usable = [one for one in seen.trunks if one.name in run.trunks and not servers[one.server].trouble]
    if not usable or not all(one.limit.full or servers[one.server].limit.full for one in usable):
        return
    for trunk in usable:
        server = servers[trunk.server]
        what, limit = ("server", server.limit) if server.limit.full else ("trunk", trunk.limit)
        name = server.name if server.limit.full else trunk.name
        text = f"{what} {name} has its {_most(limit)} at once{_others(limit, run)}"
        yield Reason(Why.LIMIT, text, ready, todo=f"max_calls of the {what} raises it")


def _agents(run: RunSeen, ready: int, facts: Facts) -> Iterator[Reason]:
    """What those who take the calls leave to be wished for."""
    if not run.paced or not (ready or run.for_own):
        return
    if not run.agents:
        who = "member of its queue is there" if facts.member_queue else "agent is logged in"
        yield Reason(Why.NO_AGENT, run.pacing or f"no {who}", ready, todo=_come(facts))
    elif not any(run.agents.get(state) for state in FREE):
        yield Reason(Why.NO_FREE_AGENT, run.pacing or "nobody is free", ready, todo=_be_free(run, facts))
    elif run.for_own and run.why:
        text = "contacts whose turn it is wait for their own agents"
        todo = "own_agent.wait says for how long, own_agent.others whether anybody else gets them then"
        yield Reason(Why.OWN_AGENT, text, run.for_own, todo=todo)


def _come(facts: Facts) -> str:
    """What to do where nobody is there."""
    if facts.member_queue is None:
        return f"agents dial in, or: ami-dialer agent login NUMBER; ami-dialer agents --campaign {facts.campaign}"
    return (
        f"see that the queue is there, with members whose phones are registered: queue show {facts.member_queue} on "
        "Asterisk's command line tells"
    )


def _be_free(run: RunSeen, facts: Facts) -> str:
    """What to do where nobody is free."""
    shows = f"ami-dialer agents --campaign {facts.campaign}"
    if not run.agents.get(AgentState.ON_BREAK):
        return shows
    if facts.member_queue is None:
        return f"{shows}; ami-dialer agent ready NUMBER ends a break"
    return f"{shows}; ami-dialer agent ready NUMBER, by number or interface, ends a pause"


def _most(limit: LimitSeen) -> str:
    return f"{limit.max_calls:,} {'call' if limit.max_calls == 1 else 'calls'}"


def _others(limit: LimitSeen, run: RunSeen) -> str:
    """How many of the calls are not its own: what its share leaves to others."""
    others = limit.calls - sum(run.calls.values())
    return f", {others:,} of them other campaigns'" if others > 0 else ""


def _people(facts: Facts, shown: Shown) -> list[Reason]:
    """Whom it waits for; where nobody is left, what became of all."""
    queue = facts.queue
    if not queue.left:
        return [_nobody_left(facts)]
    found = [one for one in places(facts, shown) if one.kind in {Why.HELD, Why.RETRY, Why.CALLBACK}]
    if not found and not queue.due and queue.claimed and not _in_hopper(facts):
        found.append(Reason(Why.CALLS, "all that is left is being called", queue.claimed))
    return sorted(found, key=lambda one: -one.contacts)


def _nobody_left(facts: Facts) -> Reason:
    queue = facts.queue
    waits = "; it waits for what comes into its live lists" if facts.live else ""
    if not queue.contacts:
        return Reason(
            Why.EMPTY, f"its lists hold nobody: {', '.join(facts.lists)}{waits}", todo="ami-dialer list import"
        )
    kind = Why.EXCLUDED if queue.excluded == queue.contacts else Why.DONE
    what = "everybody is excluded" if kind is Why.EXCLUDED else "everybody is done or excluded"
    return Reason(kind, f"{what}{waits}", queue.contacts)


def _in_hopper(facts: Facts) -> int:
    return max(0, facts.queue.claimed - sum(facts.calls.values()))


def places(facts: Facts, shown: Shown) -> list[Reason]:
    """Where the run's contacts stand: the counts add up to all of them."""
    queue = facts.queue
    in_calls = min(queue.claimed, sum(facts.calls.values()))
    if facts.run_over:
        left = queue.left - in_calls
        found = [Reason(Why.STATUS, f"not called any more: run {facts.run} is over", left)]
    else:
        found = [
            Reason(Why.DUE, "due, and next", queue.due),
            Reason(Why.CLAIMED, "in the hopper", queue.claimed - in_calls),
            *_later(facts, shown),
        ]
    states = ", ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in facts.calls.items())
    found.append(Reason(Why.CALLS, f"in calls: {states}", in_calls))
    found += _excluded(facts)
    made = ", ".join(f"{name} {count:,}" for name, count in facts.dispositions.items())
    found.append(Reason(Why.DONE, f"done; attempts: {made or 'none'}", queue.done))
    return [one for one in found if one.contacts]


def _later(facts: Facts, shown: Shown) -> Iterator[Reason]:
    """Who waits and is not due."""
    queue = facts.queue
    for rule, later in queue.held:
        text = f"held back by {rule}, the first until {shown(later.first)}"
        yield Reason(Why.HELD, text, later.contacts, later.first)
    for kind, what, later in (
        (Why.RETRY, "waiting for their next try", queue.retries),
        (Why.CALLBACK, "waiting for their callback", queue.callbacks),
    ):
        first = "" if later.first is None else f", the first at {shown(later.first)}"
        yield Reason(kind, what + first, later.contacts, later.first)


def _excluded(facts: Facts) -> Iterator[Reason]:
    told = 0
    for kind in Exclusion:
        rows = [one for one in facts.excluded if one.exclusion is kind]
        if rows:
            named = ", ".join(f"{one.by or 'unknown'} {one.contacts:,}" for one in rows[:_NAMED])
            more = f" and {len(rows) - _NAMED:,} more" if len(rows) > _NAMED else ""
            contacts = sum(one.contacts for one in rows)
            told += contacts
            yield Reason(Why.EXCLUDED, f"{kind.label}: {named}{more}", contacts)
    if rest := facts.queue.excluded - told:  # counted a moment later
        yield Reason(Why.EXCLUDED, "excluded", rest)
