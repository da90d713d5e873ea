"""The live view of `ami-dialer run`: how one look at the dialer is drawn, and drawn again."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ami_dialer.cli.logs import Tail
from ami_dialer.cli.output import amount
from ami_dialer.cli.watch import Look, RunLook, ServerLook
from ami_dialer.domain.attempt import AttemptState

#: What people call the states of a call.
_CALL_WORDS = {
    AttemptState.CLAIMED: "being placed",
    AttemptState.ORIGINATING: "dialling",
    AttemptState.RINGING: "ringing",
    AttemptState.ANSWERED: "answered",
    AttemptState.IN_FLOW: "in the flow",
    AttemptState.CONNECTED: "with an agent",
}
#: Fewer log lines than this are not worth their heading.
_FEWEST_LINES = 3


class LiveView:
    """Draws looks on the terminal's second screen, and gives the terminal back as it was.

    A frame is written by a thread: a terminal that does not read (Ctrl-S, a slow line) must not hold up calls.
    """

    def __init__(self, console: Console, tail: Tail) -> None:
        self._console = console
        self._tail = tail
        self._live = Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False)
        self._drawing: asyncio.Task[None] | None = None
        self._broken = False

    def open(self) -> None:
        """Take the terminal."""
        self._live.start()

    def show(self, look: Look, heading: str) -> None:
        """Draw, unless the frame before is still being written."""
        if self._broken or (self._drawing is not None and not self._drawing.done()):
            return
        lines = list(self._tail.lines)
        self._drawing = asyncio.create_task(asyncio.to_thread(self._draw, look, heading, lines))

    def _draw(self, look: Look, heading: str, lines: list[str]) -> None:
        try:
            self._live.update(draw(self._console, look, heading, lines, self._tail.file), refresh=True)
        except OSError:  # the terminal is gone; the dialer goes on
            self._broken = True

    async def close(self) -> None:
        """Give the terminal back."""
        if self._drawing is not None:
            await asyncio.wait([self._drawing], timeout=1.0)
        with suppress(OSError):
            self._live.stop()


def draw(console: Console, look: Look, heading: str, lines: list[str], log_file: Path) -> RenderableType:
    """One frame for the terminal as it is now. What does not fit is cut off at the log."""
    parts: list[RenderableType] = [_line(heading, "bold"), Text("")]
    if look.database_trouble:
        parts.append(Text(f"database: {look.database_trouble}", style="bold red"))
    if not look.runs:
        parts += [
            Text("no campaign is running; start one with: ami-dialer campaign start NAME", style="yellow"),
            Text(""),
        ]
    for run in look.runs:
        parts += _run(run)
    parts += [_server(server) for server in look.servers]
    left = console.size.height - sum(len(console.render_lines(part)) for part in parts) - 3
    if left >= _FEWEST_LINES and lines:
        parts += [Text(""), _line(f"log, whole in {log_file}", "dim italic")]
        parts += [_line(line, _style_of(line)) for line in lines[-left:]]
    return Group(*parts)


def _run(run: RunLook) -> Iterable[RenderableType]:
    over = run.done + run.excluded
    bar = Table.grid(padding=(0, 1), expand=True)
    bar.add_column(no_wrap=True)
    bar.add_column(ratio=1)
    bar.add_column(no_wrap=True, justify="right")
    total = max(run.contacts or 0, 1)
    share = f"{over}/{run.contacts} contacts  {100 * over // total:3d} %" if run.contacts is not None else "counting"
    state = "" if run.going_on else " (over)"
    bar.add_row(
        Text.assemble((run.campaign, "bold cyan"), f"  run {run.run}{state}"),
        ProgressBar(total=total, completed=over),
        share,
    )
    yield bar
    now = ", ".join(f"{run.calls[state]} {word}" for state, word in _CALL_WORDS.items() if run.calls.get(state))
    yield _line(f"  calls now      {sum(run.calls.values())}{f': {now}' if now else ''}")
    rate = f", {100 * run.answered // run.attempts} % answered" if run.attempts else ""
    yield _line(f"  rate           {run.calls_per_minute} calls in the last minute, {run.attempts} ended{rate}")
    outcomes = ", ".join(f"{name} {count}" for name, count in run.dispositions.items()) or "none yet"
    excluded = f"; {amount(run.excluded, 'contact')} excluded" if run.excluded else ""
    yield _folded("  outcomes       ", f"{outcomes}{excluded}")
    if run.going_on:
        yield _folded("  next call      ", run.why or "at once", "yellow" if run.why else "")
    yield Text("")


def _server(server: ServerLook) -> RenderableType:
    sign, style = ("● ", "green") if server.trouble is None else ("○ ", "red")
    calls = f"{server.calls} of {server.max_calls} calls"
    return _folded(Text(sign, style=style), f"{server.name}  {calls}, {server.trouble or 'connected'}")


def _folded(heading: Text | str, text: str, style: str = "") -> RenderableType:
    """A heading with a text that may need more than one line beside it."""
    grid = Table.grid()
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(heading, Text(text, style=style))
    return grid


def _style_of(line: str) -> str:
    words = line.split(" ", 2)
    level = words[1] if len(words) > 1 else ""
    return {"warning": "yellow", "error": "red", "critical": "bold red"}.get(level, "dim")


def _line(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
