"""Abandoned calls as the law and a campaign have them: limits, times, and the message for those who are not served."""

from collections.abc import Iterator
from datetime import date

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.flow import Flow
from ami_dialer.config.policy import countries_of, policy_of
from ami_dialer.config.problems import Path
from ami_dialer.config.schema import Config
from ami_dialer.domain.rulebook import Purpose, Rule, Rulebook, RuleKind
from ami_dialer.rules.abandonment import CONNECT, WINDOW, Connect, Measure
from ami_dialer.rules.compliance.ground import is_exempt

#: `Measure.id` of the campaign's own limit.
OWN = "campaign"


def rules_of(name: str, campaign: Campaign, config: Config, book: Rulebook, today: date) -> tuple[Rule, ...]:
    """The rules about abandoned calls that a campaign is under: those of every country that may be called.

    Whichever states its contacts are in, the strictest figure of the country and its states is kept.
    """
    policy = policy_of(0, name, campaign, config)
    countries = countries_of(config)
    return tuple(
        rule
        for rule in book.at(today)
        if rule.kind is RuleKind.ABANDONMENT
        and campaign.purpose in rule.purposes
        and rule.jurisdiction.partition("-")[0] in countries
        and not is_exempt(rule, policy)
    )


def measures_of(campaign: Campaign, rules: tuple[Rule, ...]) -> tuple[Measure, ...]:
    """What the campaign is measured by: its own limit, and each rule over the time that it names."""
    own = Measure(OWN, campaign.abandonment.limit, WINDOW)
    return (own, *(Measure(rule.id, rule.most or 0.0, rule.seconds or WINDOW) for rule in rules))


def connect_of(rules: tuple[Rule, ...], jurisdictions: tuple[str, ...]) -> Connect:
    """How soon a person there must be talked to: the shortest of the rules, from the moment that each counts from."""
    there = [rule for rule in rules if rule.connect is not None and rule.jurisdiction in jurisdictions]
    if not there:
        return CONNECT
    greeting = [rule.connect for rule in there if rule.connect is not None and not rule.from_answer]
    answer = [rule.connect for rule in there if rule.connect is not None and rule.from_answer]
    return Connect(min(greeting, default=None), min(answer, default=None))


def message_advice(config: Config) -> Iterator[tuple[Path, str]]:
    """What is probably not meant about the message of each campaign."""
    for name, campaign in config.campaigns.items():
        wanted = campaign.abandonment.message
        path: Path = ("campaigns", name, "abandonment", "message")
        if wanted is None:
            if campaign.purpose is Purpose.SALES and campaign.flow is not None:
                yield (
                    ("campaigns", name),
                    "sells and has no message for people whose call cannot be served, which the law asks for: name a "
                    "flow that says who called and offers opt_out, as abandonment: {message: FLOW}; or say what else "
                    "it is for, as purpose: survey",
                )
        elif campaign.flow is None and not campaign.paced:
            yield path, "is never heard: calls go to a dialplan, which has to say something itself"
        elif (flow := config.flows.get(wanted)) is not None:
            yield from ((path, text) for text in _lacks(wanted, flow))


def _lacks(name: str, flow: Flow) -> Iterator[str]:
    """What a message lacks."""
    prompts = list(flow.prompts())
    if not prompts:
        yield f"the flow {name!r} says nothing: people must hear who called"
    if not any(verb.opt_out is not None for verbs in flow.steps.values() for verb in verbs):
        yield f"the flow {name!r} offers no opt_out: people must be able to say that they are not to be called again"
    if any(prompt.say is not None and "{{" in prompt.say for prompt in prompts):
        yield (
            f"the flow {name!r} has merge fields, so it cannot be spoken before it is needed and may fail for the same "
            "reason as the call; leave them out"
        )
