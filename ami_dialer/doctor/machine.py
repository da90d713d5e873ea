"""What doctor looks at on this machine."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.flow import Flow
from ami_dialer.config.lists import OptOutLine
from ami_dialer.config.schema import Config


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine doctor runs on, as the user that runs it."""

    config: Config
    #: For messages.
    config_file: Path


def campaigns_over(config: Config, trunks: Collection[str] | None) -> Mapping[str, Campaign]:
    """The campaigns that may call over one of `trunks`; all of them where None."""
    return {
        name: campaign
        for name, campaign in config.campaigns.items()
        if trunks is None or set(trunks) & set(campaign.trunks)
    }


def _flows(config: Config, trunks: Collection[str] | None) -> Iterator[tuple[str, Flow]]:
    """The flows that people hear, each with what it is."""
    for name, campaign in campaigns_over(config, trunks).items():
        if campaign.flow is not None:
            yield f"flow {campaign.flow}", config.flows[campaign.flow]
        message = campaign.abandonment.message
        if message is not None and (campaign.flow is not None or campaign.paced):
            yield f"flow {message}, the message of campaign {name}", config.flows[message]


def players(config: Config, trunks: Collection[str] | None = None) -> dict[str, str]:
    """Each sound file that flows of these campaigns play, with who plays it."""
    found: dict[str, str] = {}
    for who, flow in _flows(config, trunks):
        for prompt in flow.prompts():
            if prompt.play is not None:
                found.setdefault(prompt.play, who)
    return found


def speakers(config: Config, trunks: Collection[str] | None = None) -> dict[str, list[str]]:
    """Each voice that something is spoken with for these campaigns, and what; empty where nothing is spoken."""
    usual = config.speech.voice
    found: list[tuple[str, str]] = []
    for who, flow in _flows(config, trunks):
        if any(prompt.say is not None for prompt in flow.prompts()):
            found.append((flow.voice or usual, who))
    campaigns = campaigns_over(config, trunks)
    for name, campaign in campaigns.items():
        if campaign.agents is None and campaign.queue is None:
            continue
        if campaign.recording.enabled and campaign.recording.announce is not None:
            found.append((usual, f"recording.announce of campaign {name}"))
        found.append((config.agent_lines.voice or usual, "what agents hear"))
    if config.do_not_call.opt_out_line != OptOutLine():
        found.append((usual, "the opt-out line"))
    voices: dict[str, list[str]] = {}
    for voice, who in dict.fromkeys(found):
        voices.setdefault(voice, []).append(who)
    return voices


#: What a check says where `speakers` finds none.
NOTHING_SPOKEN = (
    "no flow in use has a `say`, and no campaign has agents or a queue; only an opt-out line would speak, where you "
    "have one and gave it no sounds of its own"
)
