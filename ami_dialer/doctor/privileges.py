"""What kind of Asterisk it is, and what our user may do there."""

import re
from collections.abc import Sequence

from ami_dialer.adapters.asterisk import questions
from ami_dialer.adapters.asterisk.connection import NEEDED
from ami_dialer.doctor.check import Check
from ami_dialer.doctor.finding import Result, failed, ok, warning
from ami_dialer.doctor.pbx import PATIENCE, Pbx

#: The oldest Asterisk with all the dialplan uses: TONE_DETECT() came with 18.6.
OLDEST = 18
#: What the tests run against.
TESTED = 22
#: Actions nobody needs who only places calls, and the class that allows each (manager.c, __init_manager).
RISKY = {
    "Command": "command",
    "ModuleLoad": "system",
    "UpdateConfig": "config",
    "DialplanExtensionAdd": "dialplan",
    "AGI": "agi",
}


async def _version(pbx: Pbx) -> Sequence[Result]:
    pbx.must_be_allowed("CoreSettings")
    version = (await questions.answer(pbx.link, PATIENCE, Action="CoreSettings")).get("AsteriskVersion", "")
    number = re.search(r"\d+", version)
    if number is None:
        return [warning(f"version {version!r}", f"Tested is {TESTED}; {OLDEST} is the oldest that can work.")]
    if int(number[0]) < OLDEST:
        return [failed(f"Asterisk {version}", f"Bring it to {TESTED} (LTS); {OLDEST} is the oldest that can work.")]
    if int(number[0]) != TESTED:
        mend = f"The dialer is tested with {TESTED}. Try a small list first."
        return [warning(f"Asterisk {version}", mend)]
    return [ok(f"Asterisk {version}")]


async def _privileges(pbx: Pbx) -> Sequence[Result]:
    user = pbx.server.username
    missing = {action: privilege for action, privilege in NEEDED.items() if action.lower() not in pbx.allowed}
    if missing:
        now = await pbx.of_manager_conf("write") if "getvar" in pbx.allowed else ""
        line = with_classes(now, set(missing.values()) if now else set(NEEDED.values()))
        return [
            failed(
                f"{user} may not send {', '.join(missing)}: lacks the write class {', '.join(set(missing.values()))}",
                f"In [{user}] of manager.conf: `write = {line}`; then `asterisk -rx 'manager reload'`.",
            )
        ]
    risky = sorted({privilege for action, privilege in RISKY.items() if action.lower() in pbx.allowed})
    if risky:
        return [
            warning(
                f"{user} may do all the dialer needs, and more: {', '.join(risky)}",
                f"Whoever gets at this secret rules the PBX. In [{user}] of manager.conf: "
                f"`write = {','.join(dict.fromkeys(NEEDED.values()))}`; then `asterisk -rx 'manager reload'`.",
            )
        ]
    return [ok(f"{user} may send {', '.join(NEEDED)}; none of {', '.join(RISKY.values())}")]


def with_classes(line: str, missing: set[str]) -> str:
    """The classes of a `read =` or `write =` line with those that are missing, in the order of asterisk_conf."""
    there = [part for part in re.split(r"[\s,|]+", line) if part]
    return ",".join(
        [*there, *(name for name in ("originate", "call", "reporting", "user", "dtmf", "agent") if name in missing)]
    )


CHECKS = (
    Check("version", _version, needs=("log-in",)),
    Check("privileges", _privileges, needs=("log-in",)),
)
