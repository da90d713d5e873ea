"""What doctor looks at on this machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ami_dialer.config.flow import Flow
from ami_dialer.config.schema import Config


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine doctor runs on, as the user that runs it."""

    config: Config
    #: For messages.
    config_file: Path


def flows_of_campaigns(config: Config, trunks: Mapping[str, object] | None = None) -> dict[str, Flow]:
    """The flows that campaigns use; only of campaigns over one of `trunks`, where given."""
    return {
        campaign.flow: config.flows[campaign.flow]
        for campaign in config.campaigns.values()
        if campaign.flow is not None and (trunks is None or set(trunks) & set(campaign.trunks))
    }


def voices(config: Config) -> list[str]:
    """The voices that texts of these campaigns are spoken with; none where nothing is spoken."""
    found: dict[str, None] = {}
    for flow in flows_of_campaigns(config).values():
        if any(prompt.say is not None for prompt in flow.prompts()):
            found.setdefault(flow.voice or config.speech.voice)
    return list(found)
