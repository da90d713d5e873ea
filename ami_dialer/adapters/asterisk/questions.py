"""Asking Asterisk for facts over AMI; for `ami-dialer doctor`."""

from collections.abc import Mapping

from panoramisk.actions import Action

from ami_dialer.adapters.asterisk.actions import AckAction
from ami_dialer.adapters.asterisk.connection import AmiConnection

#: A header by its name; upper and lower case do not count.
Answer = Mapping[str, str]


async def answer(connection: AmiConnection, timeout: float, **headers: str) -> Answer:
    """The one answer to an action: `await answer(link, 5.0, Action="Ping")`. Raises what `request` raises."""
    return (await connection.request(AckAction(headers), timeout))[0]


async def entries(connection: AmiConnection, timeout: float, **headers: str) -> list[Answer]:
    """The events that an action for a list is answered with, without what opens and closes it."""
    messages = await connection.request(Action(headers), timeout)
    return [message for message in messages if "EventList" not in message]


async def originate(connection: AmiConnection, timeout: float, headers: Mapping[str, str | list[str]]) -> None:
    """Send an Originate; returns when Asterisk has taken it."""
    await connection.request(AckAction(headers), timeout)
