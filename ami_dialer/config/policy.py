"""What a campaign and the administrator want, as the verdict takes it."""

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.compliance import Caps, Hours
from ami_dialer.config.schema import Config
from ami_dialer.config.week import minute_of_day, span_of, week_of
from ami_dialer.domain.rulebook import ALWAYS, Per, Scope
from ami_dialer.rules.compliance.policy import Cap, Exemption, Policy

#: Where nothing says which countries are meant: those whose numbers begin with +1 and whose calls cost alike.
DEFAULT_COUNTRIES = frozenset({"US", "CA"})
_DAY = 86_400.0
#: The hours of an emergency.
_ANY_TIME = Hours(earliest="0:00", latest="24:00")


def policy_of(
    campaign_id: int,
    name: str,
    campaign: Campaign,
    config: Config,
    *,
    windows_bind: bool = True,
    emergency: bool = False,
) -> Policy:
    """The policy of a campaign under this configuration; `windows_bind`: whether its contactable timings hold.

    In an `emergency` none of its own hours do. The law's hold, but for those that its exemptions name, and so do
    blocked states: they say whom it calls, not when.
    """
    hours, own = _ANY_TIME if emergency else campaign.hours, config.compliance
    states: dict[str, tuple[int, int] | None] = {state: span_of(span) for state, span in hours.states.items()}
    states |= dict.fromkeys(campaign.hours.blocked_states)
    return Policy(
        campaign_id=campaign_id,
        campaign=name,
        purpose=campaign.purpose,
        # Agents and members of queues speak themselves; a dialplan may well be an artificial voice.
        recorded=campaign.agents is None and campaign.queue is None,
        earliest=minute_of_day(hours.earliest),
        latest=minute_of_day(hours.latest),
        week=week_of(dict(hours.windows)) if hours.windows and windows_bind else ALWAYS,
        zone=hours.zone,
        states=tuple(sorted(states.items())),
        holidays=hours.holidays,
        closed_days=tuple(sorted(hours.closed_days)),
        caps=(*_caps("campaign", campaign.caps, Scope.CAMPAIGN), *_caps("all", own.caps, Scope.ALL)),
        between_calls=campaign.caps.between_calls,
        skip_answered_days=campaign.caps.skip_answered_days,
        abandoned_lockout=campaign.abandonment.lockout,
        consent="" if campaign.consent == "none" else campaign.consent,
        countries=countries_of(config),
        kinds=frozenset(own.number_kinds),
        unknown_zone=own.unknown_zone,
        exemptions=tuple(Exemption(tuple(one.rules), one.basis, one.reason) for one in campaign.exemptions),
    )


def countries_of(config: Config) -> frozenset[str]:
    """The countries that may be called."""
    if config.compliance.countries is not None:
        return frozenset(config.compliance.countries)
    return frozenset(settings.region for settings in config.lists.values()) or DEFAULT_COUNTRIES


def _caps(whose: str, caps: Caps, scope: Scope) -> tuple[Cap, ...]:
    figures = (
        ("per_contact_24h", caps.per_contact_24h, _DAY, Per.CONTACT),
        ("per_contact_7d", caps.per_contact_7d, 7 * _DAY, Per.CONTACT),
        ("per_number_24h", caps.per_number_24h, _DAY, Per.NUMBER),
        ("per_number_7d", caps.per_number_7d, 7 * _DAY, Per.NUMBER),
    )
    return tuple(
        Cap(f"{whose}.{name}", most, seconds, per, scope) for name, most, seconds, per in figures if most is not None
    )
