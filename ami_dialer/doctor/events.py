"""Does everything a call tells arrive here? Proved by a call."""

from collections.abc import Sequence

from ami_dialer.doctor.calls import CHECK_CONTEXT, EVENTS, SOUND, TOLD, Heard
from ami_dialer.doctor.check import Check
from ami_dialer.doctor.finding import Result, failed, ok
from ami_dialer.doctor.pbx import Pbx
from ami_dialer.doctor.privileges import with_classes

#: The lines of asterisk_conf/manager.conf that let the events of our calls pass.
FILTERS = {
    "Newchannel": "eventfilter(action(include),name(Newchannel),header(Uniqueid),method(starts_with)) = amid-",
    "Newstate": "eventfilter(action(include),name(Newstate),header(Uniqueid),method(starts_with)) = amid-",
    "OriginateResponse": "eventfilter(action(include),name(OriginateResponse)) =",
    "UserEvent": "eventfilter(action(include),name(UserEvent)) =",
    "Hangup": "eventfilter(action(include),name(Hangup),header(Uniqueid),method(starts_with)) = amid-",
}


def _class(event: str) -> str:
    return "user" if event == "UserEvent" else "call"


def over(heard: Heard) -> object:
    """The call has ended."""
    return heard.first("Hangup", Uniqueid=heard.unique_id)


def told(heard: Heard) -> object:
    """The call has told what it tried."""
    return heard.first("UserEvent", UserEvent=TOLD)


async def _events(pbx: Pbx) -> Sequence[Result]:
    """A call through the same context as campaigns' calls; with AMD(), where Asterisk has it."""
    amd = await pbx.variable("IFMODULE(app_amd.so)") == "1"
    heard = await pbx.call(
        "amd" if amd else "direct",
        over,
        context=pbx.server.answered_context,
        variables=(("AMI_DIALER_NEXT", CHECK_CONTEXT),),
    )
    response = heard.first("OriginateResponse")
    if response is not None and response.header("Response") != "Success":
        return [failed(f"the test call failed: reason {response.header('Reason')}", _log(pbx))]
    missing = [name for name in EVENTS if heard.first(name) is None]
    if "UserEvent" in missing and len(missing) < len(EVENTS):
        second = await pbx.call(SOUND, told, variables=(("AMI_DIALER_SOUND", pbx.config.fastagi.closing_prompt),))
        if told(second):
            missing.remove("UserEvent")
            if amd:
                return [failed("AMD() was run on a test call and reported nothing", _log(pbx))]
    if missing:
        return [_not_heard(missing, await pbx.of_manager_conf("read"), pbx.server.username)]
    verdict = heard.first("UserEvent", UserEvent="AmiDialerAmd")
    said = f"; AMD() said {verdict.header('Status')} of a steady tone" if verdict else ""
    return [ok(f"a test call told all of its way: {', '.join(EVENTS)}{said}")]


def _log(pbx: Pbx) -> str:
    return (
        "Look into Asterisk's log at the time of the call (`asterisk -rvvv` shows it live), and copy asterisk_conf/ of "
        f"this version again: context {pbx.server.answered_context} may be another one."
    )


def _not_heard(missing: Sequence[str], read: str, user: str) -> Result:
    """`read` is the line of manager.conf; "" where it cannot be seen."""
    classes = {_class(name) for name in missing}
    lacking = {name for name in classes if name not in with_classes(read, set()).split(",")} if read else classes
    if "all" in with_classes(read, set()).split(","):
        lacking = set()
    mends = []
    if lacking:
        mends.append(f"`read = {with_classes(read, lacking)}`")
    if not read or not lacking:
        mends += [f"`{FILTERS[name]}`" for name in missing]
    what = "by the read classes" if read and lacking else "by an event filter"
    return failed(
        f"a test call was placed, but {', '.join(missing)} did not arrive: kept back {what}",
        f"In [{user}] of manager.conf: {', '.join(mends)}; then `asterisk -rx 'manager reload'`.",
    )


CHECKS = (Check("events", _events, needs=("privileges", "dialplan")),)
