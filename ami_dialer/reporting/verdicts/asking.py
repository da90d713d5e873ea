"""Who asks for a verdict: campaigns as they would call now, and the rules of law they are judged by."""

from collections.abc import Sequence
from dataclasses import dataclass

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.policy import policy_of
from ami_dialer.config.rulebook import load
from ami_dialer.config.schema import Config
from ami_dialer.domain.campaign import CampaignStatus
from ami_dialer.domain.errors import ConfigError, NotFoundError
from ami_dialer.domain.rulebook import Rulebook
from ami_dialer.rules.compliance.policy import Policy
from ami_dialer.store import campaigns, documents, rulebooks, runs
from ami_dialer.store.campaigns import Standing
from ami_dialer.store.database import Database
from ami_dialer.store.runs import Run

#: What a campaign says of calls when it says nothing. Its lists, trunk and flow are nobody's.
_USUAL = {"lists": ["none"], "trunks": ["none"], "flow": "none"}


@dataclass(frozen=True, slots=True)
class Asking:
    """A campaign: with the document of the run that goes on, else as it is written."""

    #: Empty: no campaign, only the law with the usual wishes.
    name: str
    #: 0 where it is not stored yet: it never called anybody.
    id: int
    document: Campaign
    #: The run that goes on.
    run: Run | None = None
    #: The campaign is written otherwise now: that counts from its next run on.
    rewritten: bool = False

    def policy(self, config: Config) -> Policy:
        """What it is judged by, beside the law."""
        return policy_of(self.id, self.name, self.document, config)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of law that calls would be judged by."""

    rulebook: Rulebook
    #: Their version as `ami-dialer rules versions` has it; None where the dialer never adopted them.
    version: int | None
    #: What is to be known of them; may be empty.
    note: str = ""


async def every_campaign(database: Database, config: Config) -> Sequence[Asking]:
    """Each campaign that is written or stored, but for archived ones: they call nobody."""
    stored = {one.name: one for one in await campaigns.standings(database)}
    names = dict.fromkeys([*config.campaigns, *stored])
    calling = [name for name in names if name not in stored or stored[name].status is not CampaignStatus.ARCHIVED]
    return [await _asking(database, config, name, stored.get(name)) for name in calling]


async def one_campaign(database: Database, config: Config, name: str) -> Asking:
    """The campaign of this name, archived or not. Raises NotFoundError that lists the names there are."""
    stored = {one.name: one for one in await campaigns.standings(database)}
    if name not in stored and name not in config.campaigns:
        known = ", ".join(dict.fromkeys([*config.campaigns, *stored])) or "none"
        raise NotFoundError(f"no campaign is named {name!r}; there are: {known}")
    return await _asking(database, config, name, stored.get(name))


async def _asking(database: Database, config: Config, name: str, stored: Standing | None) -> Asking:
    written = config.campaigns.get(name)
    if stored is None:
        return Asking(name, 0, config.campaigns[name])
    run = await runs.newest(database, stored.id)
    if run is not None and run.ended_at is None:
        return Asking(name, stored.id, run.document, run, rewritten=written is not None and written != run.document)
    return Asking(name, stored.id, written or documents.read_document(Campaign, name, stored.document))


def the_law_alone() -> Asking:
    """A campaign that says nothing: sales calls from 9:00 to 21:00."""
    return Asking("", 0, Campaign.model_validate(_USUAL))


async def rules_of(database: Database, config: Config) -> Rules:
    """The version that was adopted last, as a running dialer has it; the files where none was yet."""
    files: Rulebook | None = None
    try:
        files = load(config.compliance.rules)
    except ConfigError as error:
        note = f"the rule files hold mistakes ({len(error.problems)}; ami-dialer rules check)"
    held = await rulebooks.in_force(database)
    if held is not None:
        key, rulebook = held
        if files is None:
            return Rules(rulebook, key, f"{note}: this version stays in force")
        differs = "the rule files differ from it: the next start of the dialer takes them (ami-dialer rules diff)"
        return Rules(rulebook, key, "" if files.digest == rulebook.digest else differs)
    if files is None:
        return Rules(load(None), None, f"{note}: these are the packaged rules")
    return Rules(files, None)
