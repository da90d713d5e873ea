"""Asking Asterisk for facts over AMI, and placing test calls; for `ami-dialer doctor`.

Each raises what `AmiConnection.request` raises.
"""

from collections.abc import Mapping

from panoramisk.actions import Action

from ami_dialer.adapters.asterisk import actions
from ami_dialer.adapters.asterisk.actions import AckAction
from ami_dialer.adapters.asterisk.connection import AmiConnection
from ami_dialer.domain.calls import OriginateRequest

#: Headers by name; upper and lower case do not count.
Answer = Mapping[str, str]


async def answer(connection: AmiConnection, timeout: float, **headers: str) -> Answer:
    """Send an action, e.g. `Action="Ping"`; the one answer to it."""
    return (await connection.request(AckAction(headers), timeout))[0]


async def entries(connection: AmiConnection, timeout: float, **headers: str) -> list[Answer]:
    """Send an action that is answered by a list; its entries."""
    messages = await connection.request(Action(headers), timeout)
    return [message for message in messages if "EventList" not in message]


async def place(connection: AmiConnection, timeout: float, request: OriginateRequest) -> None:
    """Send an Originate; returns when Asterisk has taken it. Raises UnsendableError too."""
    await connection.request(AckAction(actions.originate(request)), timeout)
