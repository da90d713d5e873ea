"""A scripted manager port, and a telephony connected to it."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.ami_peer import AmiPeer
from tests.unit.adapters.ami.world import Dialer, dialing, server


@pytest.fixture
async def peer() -> AsyncIterator[AmiPeer]:
    async with AmiPeer() as scripted:
        yield scripted


@pytest.fixture
async def dialer(peer: AmiPeer) -> AsyncIterator[Dialer]:
    async with dialing(server(peer)) as connected:
        yield connected
