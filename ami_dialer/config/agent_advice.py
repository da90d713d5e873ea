"""Campaigns whose calls go to agents: what is probably not meant."""

from collections.abc import Iterator

from ami_dialer.config.agents import Dialing
from ami_dialer.config.campaign import Campaign
from ami_dialer.config.problems import Path
from ami_dialer.config.schema import Config

#: Settings that only count where somebody takes the calls, and those that need a person.
_OF_PACED = ("dialing",)
_OF_PEOPLE = ("wrap_up", "own_agent", "recording", "transfer")
#: What makes another section count, by its name.
_SWITCHES = {
    "recording": "without `enabled: true`",
    "transfer": "without a target under `to`, or any_extension",
}


def agent_advice(config: Config) -> Iterator[tuple[Path, str]]:
    """Every warning about agents, with its place."""
    yield from _agents(config)
    for name, campaign in config.campaigns.items():
        at: Path = ("campaigns", name)
        people = campaign.agents is not None or campaign.queue is not None
        yield from _without_effect(at, campaign, people=people)
        yield from _unknown(at, campaign, config)
        if campaign.paced and campaign.abandonment.message is None:
            yield (
                at,
                "has no message for people whom nobody has time for, who hear the closing prompt alone then: name a "
                "flow that says who called and offers opt_out, as abandonment: {message: FLOW}",
            )
        if people:
            yield from _dialing(at, campaign)
            yield from _call_back(at, campaign)
            yield from _recording(at, campaign)


def _agents(config: Config) -> Iterator[tuple[Path, str]]:
    """Agents whom no call can reach, and phones that two have."""
    first = next(iter(config.servers), "")
    phones: dict[tuple[str, str], str] = {}
    for number, agent in config.agents.items():
        if agent.pin_hash is None and (agent.supervisor or agent.phone is None):
            does = "listen to calls" if agent.supervisor else "log in"
            mend = "write pin_hash, which `ami-dialer agent pin` prints"
            yield ("agents", number), f"has no PIN, and so cannot {does} by phone; {mend}"
        if agent.phone is not None:
            other = phones.setdefault((agent.server or first, agent.phone), number)
            if other != number:
                yield ("agents", number, "phone"), f"is the phone of agent {other} too; a phone belongs to one agent"


def _without_effect(at: Path, campaign: Campaign, *, people: bool) -> Iterator[tuple[Path, str]]:
    if not campaign.paced:
        for key in _OF_PACED:
            if _written(campaign, key):
                yield (*at, key), "has no effect: it needs agents, a queue, or sessions of a dialplan"
    if not people:
        for key in _OF_PEOPLE:
            if _written(campaign, key):
                yield (*at, key), "has no effect: it needs agents or a queue"
    for key, switch in _SWITCHES.items() if people else ():
        if _written(campaign, key) and not (
            campaign.recording.enabled if key == "recording" else campaign.transfer.allowed
        ):
            yield (*at, key), f"has no effect {switch}"
    if campaign.queue is not None and campaign.own_agent.map is not None:
        text = "has no effect with a queue: which member gets a call is the queue's own strategy"
        yield (*at, "own_agent", "map"), text


def _call_back(at: Path, campaign: Campaign) -> Iterator[tuple[Path, str]]:
    if campaign.queue is None and not campaign.wrap_up.call_back:
        yield (*at, "wrap_up", "call_back"), "has no effect: it needs a queue; agents stay on the line after a call"


def _written(campaign: Campaign, key: str) -> bool:
    """Whether a section says anything but what holds without it."""
    section = getattr(campaign, key)
    return bool(section.model_dump() != type(section)().model_dump())


def _unknown(at: Path, campaign: Campaign, config: Config) -> Iterator[tuple[Path, str]]:
    if not isinstance(campaign.agents, list):
        return
    for place, number in enumerate(campaign.agents):
        if number not in config.agents:
            text = f"no agent {number} is under `agents`; where none is made either, by `ami-dialer agent add {number}`"
            yield (*at, "agents", place), f"{text}, nobody can log in as that one"


def _dialing(at: Path, campaign: Campaign) -> Iterator[tuple[Path, str]]:
    dialing = campaign.dialing
    if dialing.mode == "power":
        return
    if dialing.call_ratio != Dialing().call_ratio:
        yield (*at, "dialing", "call_ratio"), f"has no effect with mode {dialing.mode}; write mode: power for it"
    if dialing.damper.mode != "disabled":
        yield (*at, "dialing", "damper"), f"has no effect with mode {dialing.mode}, which has no ratio to go down"


def _recording(at: Path, campaign: Campaign) -> Iterator[tuple[Path, str]]:
    if campaign.recording.enabled and campaign.recording.announce is None:
        yield (
            (*at, "recording"),
            "is not announced: in California, Florida, Pennsylvania, Washington and other states, and in much of "
            "Europe, everybody in a call has to agree to its recording; let agents say it, or write announce: TEXT, "
            "which is heard before the agent and makes the call an abandoned one where both take more than 2 s",
        )
