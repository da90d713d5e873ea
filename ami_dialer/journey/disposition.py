"""Station 8, disposition: how it ended, and why. One end reason from events, hang-up cause and flow together."""

from datetime import datetime, timedelta

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.dispositions import meanings_of
from ami_dialer.config.schema import Config
from ami_dialer.domain.abandonment import AnsweredCall
from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.callback import CallbackSource
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.meaning import FORGOTTEN, Meaning
from ami_dialer.rules.abandonment import Answered, Connect, outcome
from ami_dialer.rules.ending import EndFacts, end_reason
from ami_dialer.store import attempts, dnc_loading, revoking
from ami_dialer.store.callback_writes import Wanted
from ami_dialer.store.revoking import Barring, OptOuts
from ami_dialer.store.writer import Kind, Write

#: What answered was no person, by AMD. A fax is known by its tone: nobody was hung up on.
_MACHINES = frozenset({EndReason.MACHINE, EndReason.SILENCE})
#: A person answered, and it was not they who ended the call.
_OURS = frozenset({EndReason.FLOW_FAILED, EndReason.LOST})


def conclude(
    attempt: Attempt,
    campaign: Campaign,
    classified: EndReason | None,
    *,
    cause: int | None,
    reason: int | None,
    now: datetime,
    withdrawn: bool = False,
) -> None:
    """End an attempt whose call is over, with `cause` of the hang-up and `reason` of a failed Originate.

    `withdrawn`: we gave it up while it rang.
    """
    facts = EndFacts(
        answered=attempt.answered_at is not None,
        classified=classified,
        in_flow=attempt.flow_at is not None,
        flow_end=attempt.flow_end,
        withdrawn=withdrawn,
        connected=attempt.connected_at is not None,
        to_dialplan=campaign.dialplan is not None and not campaign.paced,
        amd_done=attempt.amd_status is not None or not campaign.amd.enabled,
        cause=cause,
        reason=reason,
    )
    attempt.cause = cause
    attempt.end(end_reason(facts), now)


def answered(
    attempt: Attempt, campaign: Campaign, campaign_id: int, connect: Connect, *, cut_off: bool = False
) -> AnsweredCall | None:
    """What the ledger of abandonment keeps of an attempt that has ended; None where nobody answered.

    `connect`: how soon the law wants the person to be talked to; `cut_off`: we hung up on them. Keeps the moment from
    which they count with the attempt, where AMD did not tell it.
    """
    end, at = attempt.end_reason, attempt.answered_at
    if at is None or attempt.ended_at is None or end is None or end is EndReason.FAX:
        return None
    machine = end in _MACHINES
    if not machine and attempt.greeting_end_at is None:
        attempt.greeting_end_at = at
    # Who hung up while AMD listened never came to the dialplan.
    handed_on = campaign.dialplan is not None and not campaign.paced
    to_dialplan = handed_on and end is EndReason.CONNECTED and attempt.amd_status != "HANGUP"
    found, delay = outcome(
        Answered(
            answered_at=at,
            ended_at=attempt.ended_at,
            greeting_end_at=attempt.greeting_end_at,
            reached_at=(attempt.classified_at or at) if to_dialplan else attempt.heard_at,
            machine=machine,
            ours=cut_off or end in _OURS,
        ),
        connect,
    )
    return AnsweredCall(attempt.id, campaign_id, at, found, delay)


def meaning(attempt: Attempt, config: Config, campaign: Campaign) -> Meaning:
    """What the result of an attempt that has ended means: of its outcome, else of its disposition.

    Raises ValueError for one that has neither.
    """
    found = meanings_of(config, campaign).effective(attempt.outcome, attempt.disposition)
    if found is None:
        raise ValueError(f"attempt {attempt.id} has not ended")
    return found


def forgotten(attempt: Attempt, campaign: Campaign) -> list[Write]:
    """The result of a call that an agent had and has given none yet: it stands until they do, or for good."""
    asked = campaign.wrap_up.limit > 0 and (campaign.agents is not None or campaign.queue is not None)
    if attempt.connected_at is None or attempt.outcome is not None or not asked:
        return []
    attempt.outcome = FORGOTTEN
    return [attempts.outcome(attempt)]


def opt_outs(attempt: Attempt, campaign: Campaign, result: Meaning, to: OptOuts, now: datetime) -> list[Write]:
    """What an attempt that has ended puts on the opt-out list by its result.

    A result that means `do_not_call` says that the person asked for it: consent is revoked too. The opt-out of a flow
    did both already.
    """
    by_result = result.do_not_call and attempt.end_reason is not EndReason.OPTED_OUT
    named = {result.title, str(attempt.disposition)} & set(campaign.dnc_dispositions)
    if not by_result and not named:
        return []
    reason = f"a call ended as {result.title if by_result or result.title in named else attempt.disposition}"
    if not by_result:
        row = dnc_loading.row(to.list_id, attempt.number, reason, "disposition", now, attempt_id=attempt.id)
        return [Write(Kind.DNC, row)]
    source = "key" if attempt.flow_at is not None else "agent"
    said = revoking.revocation(attempt.number, to.scope, source, now, evidence=reason, attempt_id=attempt.id)
    barring = Barring(to.list_id, reason, "disposition")
    return list(revoking.writes(revoking.honoured(said, to.deadlines, now), barring, now))


def call_back(attempt: Attempt, result: Meaning, campaign: Campaign, campaign_id: int, now: datetime) -> Wanted | None:
    """The callback that a result asks for whose contact named no time; None where it asks for none.

    It comes at the end of what the campaign takes callbacks for where it would come later.
    """
    if not result.callback or result.do_not_call or attempt.end_reason is EndReason.OPTED_OUT:
        return None
    return Wanted(
        campaign_id=campaign_id,
        contact_id=attempt.contact_id,
        number=attempt.number,
        at=now + timedelta(seconds=min(result.callback_after, campaign.callbacks.horizon)),
        source=CallbackSource.DISPOSITION,
        asked_in=attempt.id,
    )


def lose(attempt: Attempt, now: datetime) -> None:
    """End an attempt whose call vanished while nobody watched: Asterisk does not hold it any more.

    What the flow saw stands: a hang-up, its own end, or that it lost Asterisk in the middle (LOST). A person whose
    flow ended with the dialer has been spoken to and is not called again for it; anything else is LOST.
    """
    spoken_to = EndReason.HUNG_UP if attempt.flow_at is not None else EndReason.LOST
    end = attempt.flow_end or (EndReason.CONNECTED if attempt.connected_at is not None else spoken_to)
    if attempt.flow_end in {None, EndReason.LOST}:  # nobody saw a person hang up; Asterisk may have gone down
        attempt.detail = attempt.detail or "the dialer was not connected to Asterisk when the call ended"
    attempt.end(end, now)
