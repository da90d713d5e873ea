"""Actions as they go out: every header checked, every comma escaped.

Limits are those of Asterisk 22's main/manager.c.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from panoramisk.actions import Action

from ami_dialer.adapters.asterisk.faults import UnsendableError
from ami_dialer.domain.calls import OriginateRequest

#: `inbuf[1025]` less its closing zero. A line counts with its CR LF, or get_input discards it as too long.
MAX_LINE_BYTES = 1024
#: AST_MAX_MANHEADERS; more gives "Too many lines in message".
MAX_HEADERS = 128
#: action_originate copies Channel and CallerID into `char tmp[256]` and cuts off the rest without a word.
MAX_COPIED_BYTES = 255
#: AST_MAX_PUBLIC_UNIQUEID.
MAX_UNIQUE_ID = 149
#: The second half of a Local channel. core_unreal.c appends the same by itself; we state what we rely on.
SECOND_LEG = ";2"

#: Asterisk ends a line at a bare LF too, and C strings at NUL.
_BREAKS = re.compile(r"[\r\n\x00]")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
#: A name such as `SHELL(x)` would be a dialplan function being written to.
_VARIABLE_NAME = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]*")
#: What the dialplan expands, should the text ever be evaluated there.
_EXPANDED = re.compile(r"\$[{\[]")
#: What __ast_app_separate_args (main/app.c) treats as more than itself when it splits a `Variable:` line.
_SEPARATORS = re.compile(r'[\\,"()\[\]]')


class AckAction(Action):
    """An action that is over with its first response; what follows under its ActionID is an event.

    panoramisk's own Action waits for the OriginateResponse and swallows it, and never ends for QueueAdd.
    """

    @property
    def multi(self) -> bool:
        """Never a list."""
        return False


def check_sendable(headers: Mapping[str, str | Sequence[str]]) -> None:
    """Raise UnsendableError unless each header reaches Asterisk as the one header it is."""
    lines = list(_lines(headers))
    if len(lines) > MAX_HEADERS:
        raise UnsendableError(f"{len(lines)} headers; Asterisk takes {MAX_HEADERS}")
    for name, value in lines:
        if not _HEADER_NAME.fullmatch(name):
            raise UnsendableError(f"{name[:40]!r} is no name for an AMI header")
        if _BREAKS.search(value):
            raise UnsendableError(f"{name} holds a line break or NUL; it would end the header early")
        if len(_encoded(name, f"{name}: {value}\r\n")) > MAX_LINE_BYTES:
            raise UnsendableError(f"{name} is longer than the {MAX_LINE_BYTES} bytes Asterisk reads in a line")


def _lines(headers: Mapping[str, str | Sequence[str]]) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        for one in (value,) if isinstance(value, str) else value:
            yield name, one


def _encoded(name: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise UnsendableError(f"{name} holds half a character") from None


def originate(request: OriginateRequest) -> dict[str, str | Sequence[str]]:
    """The headers of the Originate of `request`: asynchronous, and found again by its ChannelId.

    Earlymedia stays off: with it the call would enter the dialplan at the first sound of the network, and AMD
    would listen to the ringing. Raises UnsendableError.
    """
    if len(request.attempt_id) + len(SECOND_LEG) > MAX_UNIQUE_ID:
        raise UnsendableError(f"the attempt's id is longer than {MAX_UNIQUE_ID - len(SECOND_LEG)} characters")
    headers: dict[str, str | Sequence[str]] = {
        "Action": "Originate",
        "ActionID": request.attempt_id,
        "ChannelId": request.attempt_id,
        "OtherChannelId": request.attempt_id + SECOND_LEG,
        "Channel": _plain("Channel", _kept_whole(request.channel)),
        "Context": _plain("Context", request.context),
        "Exten": _plain("Exten", request.extension),
        "Priority": "1",
        "Timeout": str(request.ring_seconds * 1000),
        "Async": "true",
    }
    if request.caller_id is not None:
        headers["CallerID"] = _plain("CallerID", request.caller_id)
    if request.variables:
        headers["Variable"] = [assignment(name, value) for name, value in request.variables]
    return headers


def assignment(name: str, value: str) -> str:
    """`name=value` for a `Variable:` header, escaped so that the channel gets `value` and nothing else."""
    if not _VARIABLE_NAME.fullmatch(name):
        raise UnsendableError(f"{name[:40]!r} is no name for a channel variable")
    escaped = _SEPARATORS.sub(r"\\\g<0>", _unexpanded(name, value))
    return f"{name}={escaped}"


def _kept_whole(channel: str) -> str:
    """A Local channel with /n: without it Asterisk takes the leg we watch away at the first bridge."""
    local = channel.startswith("Local/") and "/" not in channel.removeprefix("Local/")
    return f"{channel}/n" if local else channel


def _plain(name: str, value: str) -> str:
    if len(_encoded(name, value)) > MAX_COPIED_BYTES:
        raise UnsendableError(f"{name} is longer than the {MAX_COPIED_BYTES} bytes Asterisk keeps of it")
    return _unexpanded(name, value)


def _unexpanded(name: str, value: str) -> str:
    if _EXPANDED.search(value):
        raise UnsendableError(f"{name} holds a dialplan expression (${{…}} or $[…])")
    return value
