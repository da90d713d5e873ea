"""Runs pyst2's blocking verbs in the event loop, without a thread: where a verb blocks, its greenlet waits.

The same trick as SQLAlchemy's `greenlet_spawn`; greenlet comes with it.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from greenlet import getcurrent, greenlet

P = ParamSpec("P")
T = TypeVar("T")


async def in_greenlet(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `call`, which may use `wait_for`; cancelling raises CancelledError in `call` where it waits."""
    inner = greenlet(call)
    result = inner.switch(*args, **kwargs)
    while not inner.dead:
        try:
            value = await result
        except BaseException:  # noqa: BLE001 - cancellation too belongs to the code that waits
            result = inner.throw(*sys.exc_info())
        else:
            result = inner.switch(value)
    return result  # type: ignore[no-any-return] # switch() returns whatever `call` returned


def wait_for(awaitable: Awaitable[T]) -> T:
    """Wait, in code run by `in_greenlet`, for something asynchronous."""
    parent = getcurrent().parent
    if parent is None:
        raise RuntimeError("wait_for outside of in_greenlet")
    return parent.switch(awaitable)  # type: ignore[no-any-return] # in_greenlet sends back what was awaited
