"""Orders: what commands and programs ask agents' steps for. They wrote it into SQL, and the answer goes there too."""

import asyncio

import structlog

from ami_dialer.domain.agent import Step
from ami_dialer.domain.errors import DialerError, StoreError
from ami_dialer.engine.agents.steps import Steps
from ami_dialer.engine.floor import Floor
from ami_dialer.store import agent_orders
from ami_dialer.store.agent_orders import STALE_SECONDS, Order

log = structlog.get_logger(__name__)


class Orders:
    """Takes up orders and carries them out, each by itself: a phone that rings holds up nobody else's step."""

    def __init__(self, floor: Floor, steps: Steps) -> None:
        self._floor = floor
        self._steps = steps
        #: Those that are being carried out, by key.
        self._tasks: dict[int, asyncio.Task[None]] = {}
        #: One after the other for each agent, in the order in which they came; a phone that rings is its owner's.
        self._turns: dict[str, asyncio.Lock] = {}
        #: What came of those whose answer the database did not take yet: nothing is carried out twice.
        self._answers: dict[int, tuple[bool, str]] = {}

    async def look(self) -> None:
        """Take up what was ordered since. Raises StoreError."""
        for order in await agent_orders.waiting(self._floor.database):
            if order.id not in self._tasks:
                self._tasks[order.id] = asyncio.create_task(self._carry_out(order), name=f"order {order.id}")
        if not self._tasks:
            self._turns.clear()

    async def stop(self) -> None:
        """Leave what is being carried out; whoever asked is told that nobody answered."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def settle(self) -> None:
        """Wait until all that was taken up is answered."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _carry_out(self, order: Order) -> None:
        try:
            async with self._turns.setdefault(_whose_turn(order), asyncio.Lock()):
                if await agent_orders.answer(self._floor.database, order.id) is not None:
                    return  # whoever ordered it has given up meanwhile
                ok, answer = self._answers.get(order.id) or await self._answer(order)
            self._answers[order.id] = ok, answer
            await agent_orders.done(self._floor.database, order.id, ok, answer, self._floor.clock.now())
            del self._answers[order.id]
        except StoreError as error:
            log.warning("an order could not be answered", order=order.id, agent=order.agent, why=str(error))
        finally:
            del self._tasks[order.id]

    async def _answer(self, order: Order) -> tuple[bool, str]:
        if order.stale(self._floor.clock.now()):
            return False, f"it was not carried out within {STALE_SECONDS:g} s; ask again"
        try:
            answer = await self._steps.carry_out(order.step, order.agent, order.argument)
        except DialerError as refused:
            return False, str(refused)
        except Exception as error:
            log.exception("an order broke", order=order.id, step=order.step, agent=order.agent)
            return False, f"it broke, which is a fault of the dialer: {type(error).__name__}; its log says more"
        log.info("an order was carried out", order=order.id, agent=order.agent, step=order.step, by=order.actor)
        return True, answer


def _whose_turn(order: Order) -> str:
    """Whose steps wait for this one."""
    return str(order.argument.get("by", "")) if order.step is Step.SUPERVISE else order.agent
