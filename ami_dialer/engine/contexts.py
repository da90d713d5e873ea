"""Whether dialplans have the contexts that campaigns hand people to: asked again and again, as they can be reloaded."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from ami_dialer.domain.errors import AsteriskError
from ami_dialer.engine.floor import Floor, RunDesk, ServerDesk

log = structlog.get_logger(__name__)

#: How long a context may be gone before no more calls are placed for it. One question costs Asterisk nothing.
ASK_SECONDS = 10.0


@dataclass(slots=True)
class _Asked:
    """One context on one server."""

    #: Why nobody can be handed there, for people; None where they can.
    trouble: str | None
    #: Monotonic time at which it is asked for again.
    again_at: float = 0.0
    asking: bool = False


class Contexts:
    """Keeps `RunDesk.nowhere` of each run whose campaign has a `dialplan`: nobody is called to be handed to nothing."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._asked: dict[tuple[str, str], _Asked] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def look(self, desks: Sequence[RunDesk]) -> None:
        """Ask for what is new, or was asked for a while ago. Costs nothing without such a campaign."""
        now = self._floor.clock.monotonic()
        for desk in desks:
            if (context := desk.campaign.dialplan) is None:
                continue
            for server in {trunk.server.name: trunk.server for trunk in desk.trunks}.values():
                self._see(desk, server, context, now)

    def _see(self, desk: RunDesk, server: ServerDesk, context: str, now: float) -> None:
        key = server.name, context
        if not server.telephony.connected:  # it may come back with another dialplan; meanwhile it is its own trouble
            self._asked.pop(key, None)
            return
        one = self._asked.get(key)
        if one is None:
            one = self._asked[key] = _Asked(f"server {server.name}: whether it has a context {context} is being asked")
        if now >= one.again_at and not one.asking:
            one.asking = True
            task = asyncio.create_task(self._ask(one, server, context), name=f"context {context} on {server.name}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if one.trouble is None:
            desk.nowhere.pop(server.name, None)
        else:
            desk.nowhere[server.name] = one.trouble

    async def _ask(self, one: _Asked, server: ServerDesk, context: str) -> None:
        before, trouble = one.trouble, None
        try:
            if not await server.telephony.extension_exists(context, "s"):
                trouble = f"server {server.name}: its dialplan has no extension s in [{context}], where people would go"
        except ConnectionError:
            trouble = before  # it is asked anew when the link is back
        except AsteriskError as error:  # then it is tried
            log.warning("Asterisk does not tell of its dialplan", server=server.name, context=context, why=str(error))
        except Exception:
            log.exception("whether a dialplan has a context could not be asked", server=server.name, context=context)
            trouble = before
        finally:
            one.asking, one.again_at = False, self._floor.clock.monotonic() + ASK_SECONDS
        if trouble is not None and trouble != before:
            log.error("no calls are placed for a dialplan", server=server.name, context=context, why=trouble)
        one.trouble = trouble
        if trouble != before:
            self._floor.wake.set()

    async def stop(self) -> None:
        """Nothing is asked any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
