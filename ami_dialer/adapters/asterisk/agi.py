"""pyst2's AGI class with the traps closed that our verbs meet (docs/adr/0003).

Knows no socket and no event loop. Statements about Asterisk are read from res/res_agi.c of branch 22.
"""

import re
from typing import IO, Protocol

from asterisk.agi import AGI, AGIAppError, AGIError, AGIHangup, AGIResultHangup, AGIUsageError

#: Longest command Asterisk reads in one piece (AGI_BUF_LEN 8192, with newline and NUL).
MAX_COMMAND = 8_190
#: Lines of a usage text (code 520) that are read before giving up; the longest in Asterisk 22 has some 40.
MAX_USAGE_LINES = 200

_REPLY = re.compile(r"(\d{3})([ -])(.*)", re.DOTALL)
_PAIR = re.compile(r"(\w+)=(\S*)(?: \((.*)\))?")
#: Control characters end or garble an AGI line, and no escape exists for them.
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_TRYING = "100"
#: Result of an EXEC of an application that is not loaded.
_NO_APPLICATION = "-2"


class Lines(Protocol):
    """Both directions of the connection to Asterisk; `readline` may wait, and returns "" at its end."""

    def readline(self) -> str:
        """The next line with its newline."""
        ...

    def write(self, text: str, /) -> object:
        """Send text."""
        ...

    def flush(self) -> object:
        """See that it goes out."""
        ...


class ConnectionEndedError(AGIHangup):
    """Asterisk is not there any more, and has not said HANGUP before, as it does at every hang-up (run_agi)."""


class FileNotPlayedError(AGIAppError):
    """STREAM FILE failed on a channel that is alive: Asterisk cannot open the file."""


class _Silence:
    """Takes the place of standard error, where pyst2 would write every line of every call."""

    def write(self, text: str, /) -> None:
        pass

    def flush(self) -> None:
        pass


class FlowAgi(AGI):
    """The verbs of a flow over any pair of line streams.

    Each verb raises AGIHangup when the call is over: on a `HANGUP` line, end of input, code 511 (dead
    channel), a broken pipe, or a result of -1 that means it. Other trouble raises AGIError.
    """

    def __init__(self, lines: Lines, env: dict[str, str]) -> None:
        """Take an environment that was read already."""
        # AGI.__init__ is not called: it installs a SIGHUP handler and reads. These are all its attributes.
        self.stdin = lines
        self.stdout = lines
        self.stderr = _Silence()
        self.env = env
        self._got_sighup = False
        #: A command was sent and not answered; a word of the hang-up may have come first.
        self._due = False

    def _quote(self, string: str | float) -> str:
        """A quoted argument that Asterisk's parse_args reads as `string`; control characters are spaces."""
        text = _CONTROL.sub(" ", str(string))
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def send_command(self, command: str, *args: object) -> None:
        """Send one line. Raises AGIError rather than send a second line or one that Asterisk would cut."""
        line = " ".join((command, *map(str, args))).strip()
        if _CONTROL.search(line):
            raise AGIError(f"refused to send an AGI command with a control character: {line!r}")
        if len(line.encode(errors="replace")) > MAX_COMMAND:
            raise AGIError(f"refused to send an AGI command of {len(line)} characters; Asterisk reads {MAX_COMMAND}")
        self.stdout.write(line + "\n")
        self.stdout.flush()
        self._due = True

    def get_result(self, stdin: IO[str] | None = None) -> dict[str, tuple[str, str]]:  # noqa: ARG002
        """The reply to the command sent last, as {key: (value, text in parentheses)}."""
        code, rest = self._reply()
        while code == _TRYING:
            code, rest = self._reply()
        match code:
            case "200":
                return _pairs(rest)
            case "511":
                raise AGIResultHangup(rest)
            case "520":
                raise AGIUsageError(rest)
            case _:
                raise AGIError(f"Asterisk answered {code} {rest}")

    def stream_file(self, filename: str, escape_digits: str = "", sample_offset: int = 0) -> str:
        """Play a file; the digit that cut it short, or "". Raises FileNotPlayedError."""
        try:
            return super().stream_file(self._quote(filename), escape_digits, sample_offset)
        except AGIHangup:
            raise
        except AGIAppError as failed:
            # Result -1 means two things: the caller hung up, or ast_openstream failed (endpos is 0 then, but
            # may be 0 at a hang-up as well). WAIT FOR DIGIT tells: it answers -1 or 511 on a channel that is
            # hung up.
            self.wait_for_digit(1)
            raise FileNotPlayedError(filename) from failed

    def wait_for_digit(self, timeout: int = 2_000) -> str:
        """The next digit within `timeout` milliseconds, or ""."""
        try:
            return super().wait_for_digit(timeout)
        except AGIHangup:
            raise
        except AGIAppError as failed:
            raise AGIResultHangup("hung up while waiting for a digit") from failed

    def run_application(self, name: str, arguments: str) -> None:
        """Run an application of the dialplan to its end. AGIAppError where there is none of that name."""
        try:
            answer = self.execute("EXEC", name, self._quote(arguments))
        except AGIHangup:
            raise
        except AGIAppError:
            # -1: the application wants the channel hung up, as most do when it is already. ChanSpy() does so as well
            # where there is nobody to hear; WAIT FOR DIGIT tells, see stream_file.
            self.wait_for_digit(1)
            return
        if answer["result"][0] == _NO_APPLICATION:
            raise AGIError(f"Asterisk has no application {name}")

    def run_subroutine(self, context: str, argument: str) -> None:
        """Run extension s of a context, as Gosub() does, up to its Return()."""
        self.execute("GOSUB", context, "s", 1, self._quote(argument))

    def read_variable(self, name: str) -> str:
        """A channel variable; "" where it is not set."""
        value, text = self.execute("GET VARIABLE", name)["result"]
        return text if value == "1" else ""

    def last_words(self, expression: str) -> str:
        """What an expression of the dialplan gives on a channel that is hung up. Nothing may be asked after it.

        Asterisk answers GET FULL VARIABLE on such channels too. The answer to the command before is waited for: of two
        commands at once it leaves the second one in its buffer.
        """
        if self._due:
            self._answer()
        self.send_command("GET FULL VARIABLE", self._quote(expression))
        found = _PAIR.search(self._answer())
        return "" if found is None else found[3] or ""

    def _answer(self) -> str:
        """The next line that is an answer, on a channel that is hung up."""
        line = "HANGUP"
        while line == "HANGUP":
            line = self.stdin.readline().strip()
        if not line:
            raise ConnectionEndedError("the connection is closed")
        return line

    def write_variable(self, name: str, value: str) -> None:
        """Set a channel variable, or a function such as CHANNEL(musicclass)."""
        self.execute("SET VARIABLE", self._quote(name), self._quote(value))

    def go_on(self, context: str, extension: str) -> None:
        """Where the dialplan goes on when the session is over: priority 1 of this extension."""
        self.execute("SET CONTEXT", context)
        self.execute("SET EXTENSION", extension)
        self.execute("SET PRIORITY", 1)

    def _reply(self) -> tuple[str, str]:
        line = self._line()
        self._due = False
        reply = _REPLY.fullmatch(line)
        if reply is None:
            raise AGIError(f"not an AGI reply: {line[:80]!r}")
        code, dash, rest = reply.groups()
        if code == "520" and dash == "-":
            rest = self._usage(rest)
        return code, rest

    def _usage(self, first: str) -> str:
        lines = [first]
        for _ in range(MAX_USAGE_LINES):
            line = self._line()
            if line.startswith("520"):
                return "\n".join(lines)
            lines.append(line)
        raise AGIError("Asterisk sent a usage text without an end")

    def _line(self) -> str:
        line = self.stdin.readline()
        if not line:
            raise ConnectionEndedError("the connection is closed")
        line = line.strip()
        if line == "HANGUP":
            raise AGIHangup("Asterisk says HANGUP")
        return line


def _pairs(text: str) -> dict[str, tuple[str, str]]:
    pairs = {key: (value, data) for key, value, data in _PAIR.findall(text)}
    if "result" not in pairs:
        raise AGIError(f"a reply without a result: {text[:80]!r}")
    value, data = pairs["result"]
    if data == "hangup":
        raise AGIResultHangup("hung up during the command")
    if value == "-1":
        raise AGIAppError("the command failed, or the caller hung up")
    return pairs
