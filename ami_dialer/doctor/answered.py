"""Does an answered call get from Asterisk to the dialer? A test call is handed over, as a real one would be."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ami_dialer.adapters.asterisk.agi_socket import AgiSocketServer
from ami_dialer.adapters.asterisk.call_server import CallServer
from ami_dialer.adapters.asterisk.fastagi import FastAgiServer, name_of_process
from ami_dialer.doctor.calls import FASTAGI, SCRIPT, TOLD
from ami_dialer.doctor.check import Check
from ami_dialer.doctor.events import told
from ami_dialer.doctor.finding import Result, failed, not_checked, ok
from ami_dialer.doctor.pbx import Pbx
from ami_dialer.domain.errors import AsteriskError
from ami_dialer.ports import CallLeg

_SCRIPT_FILE = "ami-dialer-answered.py"
_GLOBALS = "[globals] of /etc/asterisk/ami-dialer/extensions.conf"
_RELOAD = "then `asterisk -rx 'dialplan reload'`"


@asynccontextmanager
async def _listening(server: CallServer) -> AsyncIterator[str | None]:
    """Take the place of the dialer where none runs; why that is not possible, or None."""
    try:
        await server.start()
    except AsteriskError as taken:
        yield str(taken)
        return
    try:
        yield None
    finally:
        await server.stop(0)


async def _nobody(leg: CallLeg) -> None:
    """No call is waited for while doctor listens."""
    await leg.hang_up()


async def _answered_calls(pbx: Pbx) -> Sequence[Result]:
    if not any(campaign.flow or campaign.paced for campaign in pbx.campaigns.values()):
        return [not_checked("no campaign on this server has a flow, agents or a queue")]
    await pbx.must_have("res_agi.so")
    script = await pbx.variable("AMI_DIALER_AGI")
    if not script:
        return [await _by_fastagi(pbx)]
    results = [await _by_script(pbx, script)]
    if pbx.people:  # agents' lines and codes come over FastAGI in any case
        results.append(await _by_fastagi(pbx))
    return results


async def _by_fastagi(pbx: Pbx) -> Result:
    settings = pbx.config.fastagi
    ours = f"{settings.host}:{settings.port}"
    theirs = await pbx.variable("AMI_DIALER_FASTAGI")
    set_it = f"Set `AMI_DIALER_FASTAGI = {ours}` in {_GLOBALS}, {_RELOAD}"
    if not theirs:
        return failed("the dialplan does not know where the dialer is: AMI_DIALER_FASTAGI is not set", f"{set_it}.")
    async with _listening(FastAgiServer(settings, _nobody)) as taken:
        heard = await pbx.call(FASTAGI, told)
    event = heard.first("UserEvent", UserEvent=TOLD)
    reached = event.header("By") if event else ""
    if not reached:
        return _not_reached(theirs, ours, set_it, taken)
    if taken is None and reached != name_of_process():
        return failed(
            f"at {theirs} answers {reached}, but this dialer listens on {ours}", f"{set_it}, or end that one."
        )
    who = f"{reached} answered" if taken else "no dialer runs, doctor listened there"
    return ok(f"Asterisk reaches {theirs} over FastAGI; {who}")


def _not_reached(theirs: str, ours: str, set_it: str, taken: str | None) -> Result:
    if theirs != ours:
        detail = f"Asterisk hands answered calls to {theirs}, but the dialer listens on {ours}"
        return failed(detail, f"{set_it}; or change fastagi.host and fastagi.port.")
    if taken is not None:
        return failed(
            f"what listens on {ours} is no ami-dialer of this version",
            f"`ss -ltnp` shows the program. End it; where it is an older ami-dialer, start it anew. ({taken})",
        )
    return failed(
        f"Asterisk does not reach {theirs}, where doctor listened",
        "Where Asterisk is on another machine, in a container or chroot with its own network: set fastagi.host to an "
        f"address of this machine that it can reach, the same in {_GLOBALS}, and let the firewall pass it.",
    )


async def _by_script(pbx: Pbx, script: str) -> Result:
    socket = pbx.config.fastagi.socket
    if socket is None:
        return failed(
            f"the dialplan hands answered calls to the script {script}, but the dialer has no socket for it",
            f"Set fastagi.socket, and `AMI_DIALER_SOCKET` to the same path in {_GLOBALS}, {_RELOAD}; or leave "
            "`AMI_DIALER_AGI =` empty there, for FastAGI.",
        )
    async with _listening(AgiSocketServer(pbx.config.fastagi, _nobody)) as taken:
        heard = await pbx.call(SCRIPT, told)
    event = heard.first("UserEvent", UserEvent=TOLD)
    status = event.header("Status") if event else ""
    if status == "SUCCESS":
        return ok(f"Asterisk runs {script}, and it reaches {'the running dialer' if taken else 'doctor'} on {socket}")
    if status == "NOTFOUND":
        folder = await pbx.variable("ASTAGIDIR") or "/var/lib/asterisk/agi-bin"
        path = script if script.startswith("/") else f"{folder}/{script}"
        mend = f"Copy agi/{_SCRIPT_FILE} to {path} and `chmod 755` it."
        return failed(f"Asterisk does not find the script {script}", mend)
    detail = f"Asterisk could not run {script}, or it does not reach the dialer (AGISTATUS {status or 'unknown'})"
    return failed(detail, await _mend_of_script(pbx, socket, taken))


async def _mend_of_script(pbx: Pbx, socket: Path, taken: str | None) -> str:
    known = await pbx.variable("AMI_DIALER_SOCKET")
    if known != str(socket):
        now = f"it is {known}" if known else "unset, the script takes /run/ami-dialer/answered.sock"
        return f"Set `AMI_DIALER_SOCKET = {socket}` ({now}) in {_GLOBALS}, {_RELOAD}."
    return (
        f"`chmod 755` the script; Asterisk's user must be able to write {socket} (fastagi.socket_mode); the Python of "
        "the script's first line must have pyst2. It says more on Asterisk's console (`asterisk -rvvv`)."
        + (f" Doctor could not listen itself: {taken}" if taken else "")
    )


CHECKS = (Check("answered calls", _answered_calls, needs=("events",)),)
