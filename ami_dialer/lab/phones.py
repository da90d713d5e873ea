"""The phones of agents that the world plays: one table, from which dialplan and documentation follow.

Each phone has a plan: what it presses, when, and when it hangs up. A plan of the table may be exchanged while the world
runs, by setting the variables of the world's dialplan that `Plan.variables` gives. A phone either calls the PBX and
stays on the line (nailed up), or is called by it, as a member of a queue.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

#: Agent numbers of the table are 101 for phone 01 and so on; all have this PIN.
FIRST_AGENT, PIN = 101, "2580"
#: What the phones of the table call, to log in.
LOGIN_EXTENSION = "7000"
#: Keys of a plan: hang up.
BYE = "bye"


@dataclass(frozen=True, slots=True)
class Press:
    """Something that is pressed during a call."""

    #: Whole seconds after the press before, or after the call's beginning; at least 1.
    after: int
    #: 0-9 * # and w, half a second; R is the result. Or BYE.
    keys: str
    #: The call ends by it: the phone's next is the wrap-up.
    over: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a phone does."""

    #: Pressed at each prompt until it is logged in.
    login: tuple[str, ...] = ()
    #: Seconds until it answers a call of the PBX; None: never.
    answers: int | None = 0
    #: Pressed when a contact is offered, one after the other and from the beginning again; empty: none is offered.
    preview: tuple[str, ...] = ()
    in_call: tuple[Press, ...] = ()
    #: Pressed in wrap-up, by the contact: see `result`. An empty text: nothing.
    results: tuple[str, ...] = ("1",)
    #: After so many calls, what is pressed: the first at once, the others each at a prompt. Or (BYE,).
    after: tuple[int, tuple[str, ...]] | None = None

    def result(self, number: str) -> str:
        """What is pressed in wrap-up after a call with the contact of this number."""
        return self.results[int(number[-4:]) % len(self.results)]

    def variables(self, phone: str) -> dict[str, str]:
        """The variables of the world's dialplan that make the phone 01 to 20 do this."""
        calls, keys = self.after or (0, ())
        presses = [f"{one.after}:{one.keys}{':over' if one.over else ''}" for one in self.in_call]
        values = {
            "LOGIN": "-".join(self.login),
            "ANSWERS": "never" if self.answers is None else str(self.answers),
            "PREVIEW": "-".join(self.preview),
            "IN_CALL": "-".join(presses),
            "RESULTS": "-".join(self.results),
            "AFTER": f"{calls}:{'-'.join(keys)}" if keys else "",
        }
        return {f"P{phone}_{key}": value for key, value in values.items()}


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone of the world."""

    #: 01 to 20.
    phone: str
    #: One sentence, for the table.
    does: str
    plan: Plan

    @property
    def name(self) -> str:
        """Its endpoint in the PBX: `PJSIP/NAME` reaches it."""
        return f"phone{self.phone}"

    @property
    def agent(self) -> str:
        """The agent number that it logs in with."""
        return str(FIRST_AGENT + int(self.phone) - 1)


def login(agent: str, pin: str = PIN) -> tuple[str, ...]:
    """What is pressed to log in."""
    return (f"{agent}#", f"{pin}#")


#: No phone of the table talks for ever.
_AT_LAST = Press(30, "*0", over=True)
#: What the phones of the table do: sentence and plan, without the login.
_HABITS: tuple[tuple[str, Plan], ...] = (
    *[("Answers at once; result 1, 2 or 3 by the contact.", Plan(results=("1", "2", "3")))] * 8,
    ("Ends each call after 3 s with *0; result 1.", Plan(in_call=(Press(3, "*0", over=True),))),
    ("Ends each call after 8 s with *0; result 2.", Plan(in_call=(Press(8, "*0", over=True),), results=("2",))),
    (
        "Holds after 1 s (*1) and goes on 3 s later, with people who talk longer; result 1.",
        Plan(in_call=(Press(1, "*1"), Press(3, "1"))),
    ),
    (
        "Do not call (*3) after 1 s, confirmed with 1 4 s later, with people who talk longer; result 1.",
        Plan(in_call=(Press(1, "*3"), Press(4, "1"))),
    ),
    ("Presses 8 in wrap-up, which no menu of the lab has, and 1 three seconds later.", Plan(results=("8wwwwww1",))),
    ("Presses nothing in wrap-up.", Plan(results=("",))),
    ("Hangs up in the middle of each call, after 2 s.", Plan(in_call=(Press(2, BYE),))),
    ("Hangs up while it waits, after two calls; result 1.", Plan(after=(2, (BYE,)))),
    ("Break after two calls (* 1 1), and back; result 1.", Plan(after=(2, ("*", "1", "1", "1")))),
    ("Answers after 3 s; result 1.", Plan(answers=3)),
    ("Never answers.", Plan(answers=None)),
    ("Logs in with a wrong PIN first; result 1.", Plan(login=(*login("120", "9999"), *login("120")))),
)


def _phone(place: int, does: str, plan: Plan) -> Phone:
    made = Phone(f"{place:02}", does, plan)
    ends = any(press.over or press.keys == BYE for press in plan.in_call)
    in_call = plan.in_call if ends else (*plan.in_call, _AT_LAST)
    return replace(made, plan=replace(plan, login=plan.login or login(made.agent), in_call=in_call))


PHONES: tuple[Phone, ...] = tuple(_phone(place, *habit) for place, habit in enumerate(_HABITS, 1))


def plans_conf() -> Iterator[str]:
    """The lines of the world's phones.conf: plans, and where calls of and to the phones begin."""
    yield "; Generated from ami_dialer/lab/phones.py by `ami-dialer lab up`."
    yield "[globals](+)"
    for phone in PHONES:
        yield f"; {phone.name}: {phone.does}"
        for name, value in phone.plan.variables(phone.phone).items():
            yield f"{name} = {value}"
    for context, extension in (("phones-called", "called"), ("phones-placed", "placed")):
        yield f"[{context}]"
        for phone in PHONES:
            yield f"exten => {phone.name},1,Set(PHONE={phone.phone})"
            yield f" same => n,Goto(phone,{extension},1)"


def pjsip_conf(world_sip: int) -> Iterator[str]:
    """The lines of the PBX's phones.conf: an endpoint for each phone, which is at this SIP port of the world."""
    yield "; Generated from ami_dialer/lab/phones.py by `ami-dialer lab up`."
    for phone in PHONES:
        yield f"[{phone.name}](phone)"
        yield f"aors = {phone.name}"
        yield f"[{phone.name}](phone-aor)"
        yield f"contact = sip:{phone.name}@127.0.0.1:{world_sip}"


def as_markdown() -> str:
    """The table of docs/lab.md."""
    lines = ["| phone | agent | what it does |", "|---|---|---|"]
    lines += [f"| {phone.name} | {phone.agent} | {phone.does} |" for phone in PHONES]
    return "\n".join(lines) + "\n"
