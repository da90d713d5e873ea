"""What the person's side of a call with an agent goes through: waiting, recording, one line or a queue."""

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.attempt import Attempt
from ami_dialer.ports import CallLeg


async def wait(leg: CallLeg, campaign: Campaign) -> None:
    """Nobody is free yet: what the person hears meanwhile."""
    if campaign.dialing.waiting_music is not None:
        await leg.music(campaign.dialing.waiting_music)


async def connect(leg: CallLeg, channel: str) -> bool:
    """Bridge the person with an agent's line. True when that is over and the person is still there; see CallLeg."""
    return await leg.connect(channel)


async def queue(leg: CallLeg, campaign: Campaign, name: str) -> bool:
    """Hand the person to a queue; see CallLeg."""
    return await leg.queue(name, campaign.dialing.customer_wait, campaign.dialing.waiting_music)


async def record(leg: CallLeg, attempt: Attempt, campaign: Campaign) -> bool:
    """Begin to record, where the campaign does: the file is named by the attempt. True where `attempt` has changed."""
    if not campaign.recording.enabled or attempt.recording is not None:
        return False
    file = recording_of(attempt)
    await leg.record(file)
    attempt.recording = file
    return True


def recording_of(attempt: Attempt) -> str:
    """Where the recording of a call is, below Asterisk's folder of recordings: DAY/ATTEMPT.wav, the day in UTC."""
    return f"ami-dialer/{attempt.claimed_at:%Y-%m-%d}/{attempt.id}.wav"
