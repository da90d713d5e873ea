"""Asterisk's clock, and its own limits."""

from collections.abc import Sequence
from datetime import UTC, datetime

from ami_dialer.adapters.asterisk import questions
from ami_dialer.doctor.check import Check
from ami_dialer.doctor.finding import Result, not_checked, ok, warning
from ami_dialer.doctor.pbx import PATIENCE, Pbx

#: Seconds. Times in Asterisk's log and CDR and those of `ami-dialer trace` are compared by people.
_CLOCKS_MAY_DIFFER = 2.0
#: RTP and RTCP each take a port.
_PORTS_A_CALL = 2


async def _clock(pbx: Pbx) -> Sequence[Result]:
    before = pbx.clock.now()
    told = await pbx.variable("STRFTIME(,UTC,%Y-%m-%dT%H:%M:%S.%3q)")
    ours = before + (pbx.clock.now() - before) / 2
    try:
        theirs = datetime.fromisoformat(told).replace(tzinfo=UTC)
    except ValueError:
        return [not_checked("Asterisk has no STRFTIME(): func_strings.so is not loaded")]
    apart = (theirs - ours).total_seconds()
    if abs(apart) > _CLOCKS_MAY_DIFFER:
        which = "ahead of" if apart > 0 else "behind"
        return [
            warning(
                f"Asterisk's clock is {abs(apart):.1f} s {which} this machine's",
                "Let both follow NTP: `timedatectl set-ntp true`, or chrony; `timedatectl` tells whether they do.",
            )
        ]
    return [ok(f"the clocks are {abs(apart):.1f} s apart")]


async def _call_limits(pbx: Pbx) -> Sequence[Result]:
    pbx.must_be_allowed("CoreSettings")
    wanted = pbx.server.max_calls
    settings = await questions.answer(pbx.link, PATIENCE, Action="CoreSettings")
    allowed = _number(settings.get("CoreMaxCalls", ""))
    results = []
    if 0 < allowed < wanted:
        results.append(
            warning(
                f"Asterisk takes {allowed} calls at once (maxcalls of asterisk.conf), the dialer may place {wanted}",
                f"Raise maxcalls, or set servers.{pbx.name}.max_calls to less than {allowed}.",
            )
        )
    first, last = [_number(await pbx.variable(f"AST_CONFIG(rtp.conf,general,{key})")) for key in ("rtpstart", "rtpend")]
    room = (last - first + 1) // _PORTS_A_CALL
    if first and last and room < wanted:
        results.append(
            warning(
                f"Asterisk has RTP ports {first} to {last}: {room} calls, the dialer may place {wanted}",
                f"Raise rtpend in rtp.conf, or lower servers.{pbx.name}.max_calls.",
            )
        )
    return results or [ok(f"Asterisk has room for the {wanted} calls of servers.{pbx.name}.max_calls")]


def _number(text: str) -> int:
    """0 where it is none."""
    return int(text) if text.strip().isdecimal() else 0


CHECKS = (
    Check("clock", _clock, needs=("log-in",)),
    Check("call limits", _call_limits, needs=("log-in",)),
)
