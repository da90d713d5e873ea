"""What the people and machines of the lab do: one table, from which dialplan, documentation and tests follow.

A number of the lab is `+1 AAA 555 NNNN`: the area code AAA chooses the behaviour, NNNN is free, so that each behaviour
has ten thousand numbers. phonenumbers calls them valid, yet no subscriber has one: the North American plan gives 555 to
no carrier's customers. A list of the lab sent out over a real trunk by mistake wakes nobody. All area codes are on
US Eastern time, so that calling hours treat the whole table alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ami_dialer.domain.ending import EndReason

#: Lines of each behaviour: the last four digits.
LINES = 10_000
#: Seed of the mixed range where the settings give none.
DEFAULT_SEED = 1
#: Of `Behaviour.talks`: as long as the agent does.
UNTIL_AGENT = 0
#: An answer: the last four digits of the number that was called, as the world's dialplan writes them.
LAST_FOUR = "${EXTEN:-4}"

_R = EndReason


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What happens when a number with this area code is called."""

    area: str
    name: str
    #: One sentence, for the table.
    does: str
    #: Subroutine of the world's dialplan and its arguments.
    dialplan: str
    #: How the attempt ends with AMD on, in a flow whose only question takes 1, 2 or 3 and opts out at 9.
    ends: EndReason
    #: `AMDSTATUS` that the PBX finds, FAX for a fax tone; None where nobody answers or hangs up before it is known.
    amd: str | None = None
    #: What is pressed at each question; the last entry also at all further ones.
    presses: tuple[str, ...] = ()
    #: Seconds that they talk with an agent, whom they wait for: the call ends `connected`; with nobody, `abandoned`.
    talks: int | None = None

    def number(self, line: int) -> str:
        """The number of `line` (0 to 9999) in E.164."""
        if not 0 <= line < LINES:
            raise ValueError(f"line {line} is not between 0 and {LINES - 1}")
        return f"+1{self.area}555{line:04d}"

    def numbers(self, count: int, first: int = 0) -> list[str]:
        """`count` numbers, from line `first` on."""
        return [self.number(first + i) for i in range(count)]

    def answer(self, question: int, number: str = "") -> str:
        """What is pressed at the question of this place, from 0, by whoever has this number; "" for nothing."""
        pressed = self.presses[min(question, len(self.presses) - 1)] if self.presses else ""
        return pressed.replace(LAST_FOUR, number[-4:])


def _person(area: str, name: str, does: str, ends: EndReason, *presses: str, after: int = 1) -> Behaviour:
    return Behaviour(area, name, does, f"person,s,1({after},{'-'.join(presses)})", ends, "HUMAN", presses)


def _presses(area: str, digit: str) -> Behaviour:
    ends = {"9": _R.OPTED_OUT}.get(digit, _R.COMPLETED if digit in "123" else _R.NO_INPUT)
    return _person(area, f"presses-{digit}", f"Person who presses {digit} at each question.", ends, digit)


def _talks(area: str, name: str, does: str, talks: int, *, waits: int = 60, ends: EndReason = _R.NO_INPUT) -> Behaviour:
    return Behaviour(area, name, does, f"talks,s,1(1,{waits},{talks},${{EXTEN}})", ends, "HUMAN", talks=talks)


BEHAVIOURS: tuple[Behaviour, ...] = (
    _person("201", "answers-1s", "Person who answers after 1 s, says hello, listens, presses nothing.", _R.NO_INPUT),
    _person("202", "answers-5s", "The same, answers after 5 s.", _R.NO_INPUT, after=5),
    _person("203", "answers-12s", "The same, answers after 12 s.", _R.NO_INPUT, after=12),
    _presses("301", "1"),
    _presses("302", "2"),
    _presses("304", "3"),
    _presses("305", "4"),
    _presses("313", "5"),
    _presses("315", "6"),
    _presses("321", "7"),
    _presses("326", "8"),
    _presses("330", "0"),
    _person("401", "opts-out", "Person who presses 9, the opt-out of the lab's flows.", _R.OPTED_OUT, "9"),
    _person(
        "404",
        "presses-wrong",
        "Person who presses 7 at each question, which no flow of the lab takes.",
        _R.NO_INPUT,
        "7",
    ),
    _person("407", "wrong-then-right", "Person who presses 7 first and then 1.", _R.COMPLETED, "7", "1"),
    _person(
        "410",
        "presses-1-then-2",
        "Person who presses 1 at the first question and 2 at the next ones.",
        _R.COMPLETED,
        "1",
        "2",
    ),
    _person("412", "presses-42", "Person who presses 4 and 2, for questions that take two digits.", _R.NO_INPUT, "42"),
    _person(
        "914",
        "presses-2-then-line",
        "Person who presses 2 at the first question and the last four digits of the number at the next ones.",
        _R.COMPLETED,
        "2",
        LAST_FOUR,
    ),
    Behaviour(
        "413",
        "hangs-up-in-prompt",
        "Person who hangs up one second into the prompt.",
        "hangs-up-in-prompt,s,1(1)",
        _R.HUNG_UP,
        "HUMAN",
    ),
    Behaviour(
        "419",
        "hangs-up-at-once",
        "Person who says hello and hangs up, while AMD still listens.",
        "hangs-up-at-once,s,1(1)",
        _R.ABANDONED,
    ),
    Behaviour(
        "508",
        "machine-long",
        "Answering machine with a long greeting and a beep.",
        "recording,s,1(2,@machine-long&@beep)",
        _R.MACHINE,
        "MACHINE",
    ),
    Behaviour(
        "513",
        "machine-short",
        "Answering machine with a short greeting and a beep.",
        "recording,s,1(2,@machine-short&@beep)",
        _R.MACHINE,
        "MACHINE",
    ),
    Behaviour("516", "silent", "Answers and says nothing at all.", "recording,s,1(1,@silence)", _R.SILENCE, "MACHINE"),
    Behaviour("517", "fax", "Fax machine: 2100 Hz for three seconds.", "recording,s,1(1,@fax)", _R.FAX, "FAX"),
    Behaviour("603", "busy", "Busy: SIP 486, Q.850 cause 17.", "refused,s,1(17)", _R.BUSY),
    Behaviour("607", "congestion", "No line free: SIP 503, Q.850 cause 34.", "refused,s,1(34)", _R.CONGESTION),
    Behaviour("609", "no-answer", "Rings for three minutes; nobody answers.", "rings,s,1(180)", _R.NO_ANSWER),
    Behaviour(
        "610", "unallocated", "Number that does not exist: SIP 404, Q.850 cause 1.", "refused,s,1(1)", _R.INVALID_NUMBER
    ),
    Behaviour(
        "614", "declined", "Person who declines the call: SIP 603, Q.850 cause 21.", "declined,s,1(1)", _R.REJECTED
    ),
    _talks("561", "talks-2s", "Person who waits for an agent, talks with them for 2 s and hangs up.", 2),
    _talks("570", "talks-5s", "The same, talks for 5 s.", 5),
    _talks("585", "talks-15s", "The same, talks for 15 s.", 15),
    _talks("631", "talks-on", "Person who waits for an agent and talks until the agent hangs up.", UNTIL_AGENT),
    _talks(
        "646",
        "impatient",
        "Person who hangs up where no agent is there 2 s after hello; else talks for 3 s.",
        3,
        waits=2,
        ends=_R.HUNG_UP,
    ),
)

#: Area code of the mixed range.
MIXED_AREA = "716"
#: The mixed range: of 100 calls, so many behave like this. Drawn by number and seed, so a number keeps its behaviour.
MIXED: tuple[tuple[str, int], ...] = (
    ("presses-1", 20),
    ("presses-2", 12),
    ("answers-1s", 6),
    ("hangs-up-in-prompt", 5),
    ("hangs-up-at-once", 2),
    ("opts-out", 2),
    ("machine-long", 15),
    ("machine-short", 10),
    ("no-answer", 14),
    ("busy", 6),
    ("congestion", 2),
    ("unallocated", 3),
    ("silent", 2),
    ("fax", 1),
)

BY_NAME: dict[str, Behaviour] = {behaviour.name: behaviour for behaviour in BEHAVIOURS}
_BY_AREA: dict[str, Behaviour] = {behaviour.area: behaviour for behaviour in BEHAVIOURS}

#: MINSTD (Park and Miller, CACM 36, 1993): exact in the 64-bit arithmetic of dialplan expressions.
_MULTIPLIER, _MODULUS = 48_271, 2_147_483_647


def draw(line: int, seed: int) -> int:
    """A number from 0 to 99 for a line of the mixed range; the world's dialplan computes the same."""
    first = (line + 1 + seed * LINES) * _MULTIPLIER % _MODULUS
    return first * _MULTIPLIER % _MODULUS * _MULTIPLIER % _MODULUS % 100


def behaviour_of(number: str, seed: int = DEFAULT_SEED) -> Behaviour:
    """What the number in E.164 does in the lab; a mixed number is drawn. Raises KeyError for numbers the lab lacks."""
    area, middle, line = number[2:5], number[5:8], number[8:]
    if not number.startswith("+1") or middle != "555" or len(line) != 4 or not line.isdigit():
        raise KeyError(number)
    if area != MIXED_AREA:
        return _BY_AREA[area]
    left = draw(int(line), seed)
    for name, share in MIXED:
        if left < share:
            return BY_NAME[name]
        left -= share
    raise AssertionError("the shares of MIXED add up to 100")


def mixed_numbers(count: int, first: int = 0) -> list[str]:
    """`count` numbers of the mixed range, from line `first` on."""
    return [f"+1{MIXED_AREA}555{first + i:04d}" for i in range(count)]


def numbers_conf() -> Iterator[str]:
    """The lines of the world's numbers.conf."""
    yield "; Generated from ami_dialer/lab/behaviours.py by `ami-dialer lab up`."
    for behaviour in BEHAVIOURS:
        yield f"; {behaviour.does}"
        yield f"exten => _{behaviour.area}555XXXX,1,Gosub({behaviour.dialplan})"
    yield "; The mixed range: MINSTD by line and seed, then the shares."
    start = f"(${{EXTEN:-4}} + 1 + ${{SEED}} * {LINES})"
    yield f"exten => _{MIXED_AREA}555XXXX,1,Set(DRAW=$[{start} * {_MULTIPLIER} % {_MODULUS}])"
    yield f" same => n,Set(DRAW=$[${{DRAW}} * {_MULTIPLIER} % {_MODULUS}])"
    yield f" same => n,Set(DRAW=$[${{DRAW}} * {_MULTIPLIER} % {_MODULUS} % 100])"
    limit = 0
    for name, share in MIXED:
        limit += share
        yield f" same => n,GotoIf($[${{DRAW}} < {limit}]?{BY_NAME[name].area}${{EXTEN:3}},1)"


def as_markdown() -> str:
    """The table of docs/lab.md."""
    lines = [
        "| number | name | what happens | AMD finds | ends as |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| +1 {b.area} 555 NNNN | {b.name} | {b.does} | {b.amd or '-'} | {b.ends} |" for b in BEHAVIOURS]
    shares = ", ".join(f"{share} % {name}" for name, share in MIXED)
    lines.append(f"| +1 {MIXED_AREA} 555 NNNN | mixed | Drawn by number and seed: {shares}. | | |")
    return "\n".join(lines) + "\n"
