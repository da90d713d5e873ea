"""Blocking code in the event loop without a thread."""

import asyncio

import pytest

from ami_dialer.adapters.asterisk.greenlets import in_greenlet, wait_for

pytestmark = pytest.mark.unit


async def later(value: str) -> str:
    await asyncio.sleep(0)
    return value


async def test_given_blocking_code_that_waits_then_it_gets_what_was_awaited():
    def code(first: str) -> str:
        return first + wait_for(later("b")) + wait_for(later("c"))

    assert await in_greenlet(code, "a") == "abc"


async def test_given_an_awaited_error_then_the_waiting_code_can_catch_it():
    async def fails() -> None:
        raise OSError("gone")

    def code() -> str:
        try:
            wait_for(fails())
        except OSError as error:
            return str(error) + wait_for(later("!"))
        return "not raised"

    assert await in_greenlet(code) == "gone!"


async def test_given_an_error_of_the_code_then_it_comes_out():
    def code() -> None:
        wait_for(later(""))
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await in_greenlet(code)


async def test_given_a_cancelled_wait_then_the_code_is_left_and_cleans_up():
    cleaned: list[str] = []

    def code() -> None:
        try:
            wait_for(asyncio.Event().wait())
        finally:
            cleaned.append("yes")

    task = asyncio.create_task(in_greenlet(code))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned == ["yes"]


def test_given_no_greenlet_then_waiting_is_a_fault_of_the_program():
    waiting = later("a")
    with pytest.raises(RuntimeError, match="outside"):
        wait_for(waiting)
    waiting.close()
