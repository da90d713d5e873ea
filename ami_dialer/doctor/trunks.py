"""Trunks: configured in Asterisk, registered, and is anybody there?"""

import re
from collections.abc import Sequence

from ami_dialer.config.schema import Trunk
from ami_dialer.doctor.check import Check, NotCheckedError
from ami_dialer.doctor.finding import Result, failed, not_checked, ok, warning
from ami_dialer.doctor.pbx import Pbx

#: PJSIP/{number}@endpoint or PJSIP/endpoint/sip:{number}@host.
_PJSIP = re.compile(r"PJSIP/(?:[^@/]*@([^/]+)|([^@/]+)/.*)$")
_RELOAD = "`asterisk -rx 'module reload res_pjsip.so'`"
#: Words of PJSIP_CONTACT(…,status) (pjsip_options.c of Asterisk 22).
_REACHABLE = "Reachable"
_UNASKED = {"NonQualified", "Unqualified", "Created", "Unknown", ""}


async def _trunks(pbx: Pbx) -> Sequence[Result]:
    if not pbx.trunks:
        return [not_checked(f"no trunk is on server {pbx.name}")]
    registrations = await _registrations(pbx)
    return [await _trunk(pbx, name, trunk, registrations) for name, trunk in pbx.trunks.items()]


async def _registrations(pbx: Pbx) -> dict[str, str]:
    """Status of each outbound registration, by its name and by its endpoint."""
    if "pjsipshowregistrationsoutbound" not in pbx.allowed:  # without that module there are none
        return {}
    found = {}
    for entry in await pbx.entries("PJSIPShowRegistrationsOutbound"):
        for key in ("ObjectName", "Endpoint"):
            if entry.get(key):
                found[entry[key]] = entry.get("Status", "")
    return found


async def _trunk(pbx: Pbx, name: str, trunk: Trunk, registrations: dict[str, str]) -> Result:
    technology = trunk.dial.partition("/")[0]
    if technology == "Local":
        return ok(f"{trunk.dial}: the PBX's own routes dial; see contexts", subject=name)
    match = _PJSIP.match(trunk.dial)
    if match is None:
        return not_checked(f"{trunk.dial}: doctor knows PJSIP and Local only; place a call by hand", subject=name)
    endpoint = match[1] or match[2]
    try:
        return await _endpoint(pbx, name, endpoint, registrations.get(endpoint, "Registered"))
    except NotCheckedError as obstacle:
        return not_checked(str(obstacle), subject=name)


async def _endpoint(pbx: Pbx, name: str, endpoint: str, registration: str) -> Result:
    for module in ("chan_pjsip.so", "func_pjsip_endpoint.so", "func_pjsip_aor.so", "func_pjsip_contact.so"):
        await pbx.must_have(module)
    state = await pbx.variable(f"DEVICE_STATE(PJSIP/{endpoint})")
    aors = await pbx.variable(f"PJSIP_ENDPOINT({endpoint},aors)")
    if not aors and state in {"INVALID", ""}:
        return failed(
            f"Asterisk has no PJSIP endpoint {endpoint}",
            f"Write it into pjsip.conf (example: asterisk_conf/pjsip.conf) and {_RELOAD}, or "
            f"change trunks.{name}.dial. `asterisk -rx 'pjsip show endpoints'` lists those there are.",
            subject=name,
        )
    if registration != "Registered":
        return failed(
            f"the registration of {endpoint} is {registration}",
            f"See `asterisk -rx 'pjsip show registrations'`; compare user and password of its auth section with the "
            f"carrier's, then `asterisk -rx 'pjsip send register {endpoint}'`.",
            subject=name,
        )
    return await _contacts(pbx, name, endpoint, aors)


async def _contacts(pbx: Pbx, name: str, endpoint: str, aors: str) -> Result:
    ids = [contact for aor in _items(aors) for contact in _items(await pbx.variable(f"PJSIP_AOR({aor},contact)"))]
    if not ids:
        return failed(
            f"endpoint {endpoint} has no contact: Asterisk does not know where to send calls",
            f"Its aor in pjsip.conf needs `contact = sip:HOST`, or the far end must register; "
            f"`asterisk -rx 'pjsip show aor {endpoint}'`.",
            subject=name,
        )
    states = {await _uri(pbx, contact): await pbx.variable(f"PJSIP_CONTACT({contact},status)") for contact in ids}
    answering = [uri for uri, state in states.items() if state == _REACHABLE]
    if answering:
        return ok(f"{', '.join(answering)} answers OPTIONS", subject=name)
    if set(states.values()) <= _UNASKED:
        return warning(
            f"nobody knows whether {', '.join(states)} answers: Asterisk does not ask",
            f"Set `qualify_frequency = 60` in the aor of {endpoint} in pjsip.conf, then {_RELOAD}.",
            subject=name,
        )
    told = ", ".join(f"{uri} is {state}" for uri, state in states.items())
    return failed(
        f"the far end does not answer OPTIONS: {told}",
        f"Is it up, is the address right, does a firewall let SIP pass? `asterisk -rx 'pjsip set logger on'` "
        f"shows the packets, `asterisk -rx 'pjsip qualify {endpoint}'` asks again. "
        "For a carrier that never answers OPTIONS set `qualify_frequency = 0`.",
        subject=name,
    )


async def _uri(pbx: Pbx, contact: str) -> str:
    return await pbx.variable(f"PJSIP_CONTACT({contact},uri)") or contact


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


CHECKS = (Check("trunks", _trunks, needs=("log-in",)),)
