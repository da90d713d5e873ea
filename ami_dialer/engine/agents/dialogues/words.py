"""The sentences that agents hear. Spoken by the speech program, in the voice of `agent_lines.voice`."""

from collections.abc import Iterable, Mapping

from ami_dialer.domain.agent import AgentState

NUMBER = "Please enter your agent number, and then press pound."
PIN = "Please enter your PIN, and then press pound."
WRONG = "Number and PIN do not match."
LOCKED = "This agent is locked. Please ask your supervisor. Good bye."
NO_SUPERVISOR = "You may not listen to calls. Good bye."
NOT_LOGGED_IN = "You are not logged in. Good bye."
WELCOME = "You are logged in and ready. Press star for the menu."
WELCOME_IDLE = "You are logged in. No campaign is running whose calls you take: they come when one starts."
OTHER_PHONE = "You have logged in on another phone. Good bye."
BUSY_ELSEWHERE = "You are in a call on another phone. End it, and log in again. Good bye."
LOGGED_OUT = "You are logged out. Good bye."
LOGGED_OUT_LATER = "You will be logged out after this call."
NOT_OFFERED = "This is not one of the choices."
TROUBLE = "Something went wrong. Please try again."
BACK = "You are ready."
MENU = "For a break press 1. To log out press 2. To hear your state press 3. To go back press star."
RESULT_LOST = "The time is over. The call has no result."
DIALLED = "Calling."
SKIPPED = "Skipped."
CONFIRM_DNC = "Press 1 if this number must never be called again. Press 2 to go back."
BARRED = "This number will not be called any more."
ON_HOLD = "The person is on hold. Press any key to go on."
RESUMED = "Go on."
NO_TRANSFER = "Calls of this campaign may not be transferred."
EXTENSION = "Enter the extension, and then press pound."
TRANSFERRED = "Transferring."
DAY = "On which day? Press 1 for today, 2 for tomorrow, or enter month and day with four digits. Then press pound."
TIME = "At what time? Enter four digits on a clock of twenty-four hours, in the time zone of the person."
NO_TIME = "There is no such time, or it is over."
NO_CALLBACK = "No callback was taken."
PAUSED = "The recording is paused."
UNPAUSED = "The recording goes on."
WHOM = "Enter the number of the agent whose call you want to hear, and then press pound."
HOW = "Press 4 to listen, 5 to whisper to the agent, 6 to talk to both. You can change that at any time."
NOBODY = "This agent has no line that you could hear now."

_STATES = {
    AgentState.READY: "You are ready.",
    AgentState.RESERVED: "A call is being placed for you.",
    AgentState.PREVIEWING: "A contact is offered to you.",
    AgentState.IN_CALL: "You are in a call.",
    AgentState.WRAP_UP: "Your call is over.",
}


def state(now: AgentState, reason: str | None, calls: int) -> str:
    """What an agent is doing, and how many calls they had."""
    had = f"You have had {calls} {'call' if calls == 1 else 'calls'}."
    return f"{on_break(reason) if now is AgentState.ON_BREAK else _STATES.get(now, '')} {had}"


def on_break(reason: str | None) -> str:
    """That they are on a break."""
    return f"You are on a break: {reason}." if reason else "You are on a break."


def break_later(reason: str) -> str:
    """That it begins after the call."""
    return f"Your break begins after this call: {reason}."


def back_from_break(reason: str | None) -> str:
    """What can be done on a break."""
    return f"{on_break(reason)} When you are back press 1. To log out press 2."


def choices(names: Mapping[str, str]) -> str:
    """Press 1 for this, 2 for that."""
    return " ".join(f"For {name} press {' '.join(digits)}." for digits, name in names.items())


def campaigns(names: Iterable[str]) -> str:
    """Which campaigns there are; 1 is all of them."""
    listed = {"1": "all campaigns", **{str(digit): _spoken(name) for digit, name in enumerate(names, 2)}}
    several = "For several press their digits one after the other, and then pound."
    return f"Whose calls do you take? {choices(listed)} {several}"


def results(titles: Mapping[str, str]) -> str:
    """The menu of results."""
    return f"What came of the call? {choices(titles)}"


def given(title: str) -> str:
    """Which result was taken."""
    return f"{title}."


def preview(contact: str, *, may_skip: bool) -> str:
    """Who is offered, and what can be done."""
    skip = " To skip press 2." if may_skip else ""
    return f"{contact or 'A contact without a name'}. To dial press 1.{skip}"


def other_server(name: str) -> str:
    """That a call cannot be heard from here."""
    return f"This agent is on the Asterisk server {_spoken(name)}. Only phones of that server can hear the call."


def called_back(told: Mapping[str, str]) -> str:
    """When the person will be called back: what `callback_time.told` says."""
    return f"The person is called back {told['callback_day']} at {told['callback_time']}."


def _spoken(name: str) -> str:
    return name.replace("-", " ").replace("_", " ")
