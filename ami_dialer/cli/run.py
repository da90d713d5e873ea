"""`ami-dialer run`: the dialer itself."""

import asyncio
import gc
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import structlog
import uvloop
from rich.console import Console

from ami_dialer import app
from ami_dialer.cli import logs
from ami_dialer.cli.crash import log_folder
from ami_dialer.cli.live import LiveView
from ami_dialer.cli.output import amount, load_config, print_json
from ami_dialer.cli.watch import Look, Watch
from ami_dialer.config.schema import Config
from ami_dialer.domain.errors import AsteriskError, DialerError, StoreError
from ami_dialer.engine.lifecycle import Engine

log = structlog.get_logger(__name__)

#: Seconds between two looks at the engine: often enough for a view that feels alive.
_LOOK_SECONDS = 0.5
#: The log behind the live view, when the configuration names no file.
_LOG_NAME = "ami-dialer.log"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command("run")
@click.option("--until-done", is_flag=True, help="End when no campaign is running any more.")
@click.option("--plain", is_flag=True, help="Log lines instead of the live view, on a terminal too.")
@click.option("--json", "as_json", is_flag=True, help="Log as JSON lines, and print a summary as JSON at the end.")
@click.pass_obj
def command(config_file: Path, *, until_done: bool, plain: bool, as_json: bool) -> None:
    """Run the dialer: call the contacts of every running campaign until it is stopped.

    SIGTERM or Ctrl-C: no new calls, calls in progress may go on for `engine.grace`; a second one hangs them up.
    On a terminal a live view is shown, and the log goes to a file.
    """
    config = load_config(config_file)
    view = None
    if not plain and not as_json and sys.stdout.isatty():
        click.echo("Reading lists whose file has changed ...", err=True)
        view = LiveView(Console(), logs.configure_behind_view(config.logging, log_folder(config_file) / _LOG_NAME))
    else:
        logs.configure(config.logging, as_json=as_json)
    session = _Session(config, view, until_done=until_done)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(session.run())
    if session.last is not None:
        _print_summary(session.ended, session.last, as_json=as_json)


def _settle_memory() -> None:
    """What was loaded for the start stays: without this a collection looks at all of it, and calls wait that long."""
    gc.collect()
    gc.freeze()


class _Session:
    """One run of the process, from the first look to the last."""

    def __init__(self, config: Config, view: LiveView | None, *, until_done: bool) -> None:
        self._config = config
        self._view = view
        self._until_done = until_done
        self._signalled = asyncio.Event()
        self._signalled_again = asyncio.Event()
        #: Why it ended: `signal`, `done`, `refused`, `fault`.
        self.ended = "signal"
        self.last: Look | None = None
        self._refusals: list[str] = []
        #: The task that starts the engine, as long as it does.
        self._starting: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Start, wait, stop. Raises DialerError."""
        self._starting = asyncio.current_task()
        with _signals(self._on_signal):
            try:
                await self._run()
            except asyncio.CancelledError:
                if not self._signalled.is_set():
                    raise
                log.info("stopped before it had begun", action="stopped")

    async def _run(self) -> None:
        async with app.engine(self._config) as engine:
            watch = Watch(engine)
            try:
                await engine.start()
                self._starting = None
                _settle_memory()
                async with self._shown(watch):
                    await self._wait(engine)
                    await self._stop(engine)
            except BaseException:
                await engine.stop(0.0)
                raise
            self.last = await watch.look()
            self._complain(engine)

    def _on_signal(self) -> None:
        (self._signalled_again if self._signalled.is_set() else self._signalled).set()
        if self._starting is not None:  # nobody has been called yet: a long import need not be waited for
            self._starting.cancel()

    async def _wait(self, engine: Engine) -> None:
        """Until a signal comes, or nothing is left that could be done."""
        idle_since: float | None = None
        # A run that another command has just started is found within a tick.
        patience = 2 * self._config.engine.tick
        while not await _within(_LOOK_SECONDS, self._signalled):
            now = engine.floor.clock.monotonic()
            idle_since = (idle_since or now) if engine.idle else None
            if self._until_done and idle_since is not None and now - idle_since >= patience:
                self.ended = "done"
                return
            if engine.fault is not None:
                self.ended = "fault"
                return
            if all(desk.telephony.refused for desk in engine.floor.servers.values()):
                self.ended = "refused"
                self._refusals = [f"{name}: {desk.telephony.trouble}" for name, desk in engine.floor.servers.items()]
                return
        log.info("stopping", action="stopping", calls=len(engine.floor.calls), grace_s=self._config.engine.grace)

    async def _stop(self, engine: Engine) -> None:
        stopping = asyncio.create_task(engine.stop(self._config.engine.grace))
        again = asyncio.create_task(self._signalled_again.wait())
        await asyncio.wait({stopping, again}, return_when=asyncio.FIRST_COMPLETED)
        again.cancel()
        if not stopping.done():
            log.warning("stopping at once", calls=len(engine.floor.calls))
            engine.hurry()
        await stopping

    @asynccontextmanager
    async def _shown(self, watch: Watch) -> AsyncIterator[None]:
        """Look at the engine all the while, and draw it where there is a view."""
        looking = asyncio.create_task(self._look(watch))
        if self._view is not None:
            self._view.open()
        try:
            yield
        finally:
            looking.cancel()
            [end] = await asyncio.gather(looking, return_exceptions=True)
            if isinstance(end, Exception):
                log.error("the view of the dialer broke", why=repr(end))
            if self._view is not None:
                await self._view.close()

    async def _look(self, watch: Watch) -> None:
        while True:
            look = await watch.look()
            if self._view is not None:
                self._view.show(look, self._heading(look))
            await asyncio.sleep(_LOOK_SECONDS)

    def _complain(self, engine: Engine) -> None:
        """What must not pass for a good end. Raises DialerError, or the fault of ours that ended it."""
        if engine.fault is not None:
            raise engine.fault
        writer = engine.floor.writer
        if writer.waiting:
            lost, why = amount(writer.waiting, "write"), writer.trouble or "they took too long"
            raise StoreError(f"database {engine.floor.database.label}: {lost} could not be saved: {why}")
        if self._refusals:
            raise AsteriskError("\n".join(self._refusals))
        if self._until_done and engine.unusable:
            raise DialerError("\n".join(engine.unusable))

    def _heading(self, look: Look) -> str:
        minutes, seconds = divmod(int(look.seconds), 60)
        since = f"ami-dialer  {minutes // 60}:{minutes % 60:02d}:{seconds:02d}  {amount(look.calls, 'call')} now"
        if not self._signalled.is_set():
            return f"{since}  (Ctrl-C stops)"
        return f"{since}  stopping, at most {self._config.engine.grace:g} s; Ctrl-C again hangs up"


@contextmanager
def _signals(on_signal: Callable[[], None]) -> Iterator[None]:
    """Signals that stop the dialer go to `on_signal` inside the block. SIGHUP stays ignored under nohup."""
    loop = asyncio.get_running_loop()
    taken = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    for number in taken:
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Whether the event came within so many seconds."""
    try:
        await asyncio.wait_for(event.wait(), timeout=seconds)
    except TimeoutError:
        return False
    return True


def _print_summary(ended: str, look: Look, *, as_json: bool) -> None:
    if as_json:
        summary: dict[str, Any] = {"ended": ended, "seconds": round(look.seconds, 1)}
        print_json({**summary, "runs": [asdict(run) for run in look.runs]})
        return
    for run in look.runs:
        outcomes = ", ".join(f"{name} {count}" for name, count in run.dispositions.items()) or "no call ended"
        state = "goes on at the next start" if run.going_on else "over"
        done = f"{run.done + run.excluded} of {amount(run.contacts or 0, 'contact')} done"
        click.echo(f"{run.campaign}, run {run.run} ({state}): {done}; {amount(run.attempts, 'attempt')}: {outcomes}")
    if not look.runs:
        click.echo("No campaign was running. Start one with: ami-dialer campaign start NAME")
