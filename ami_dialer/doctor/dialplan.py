"""Modules and contexts."""

import re
from collections.abc import Iterator, Sequence

from ami_dialer.doctor.calls import AFTER_AMD, CHECK_CONTEXT, FAR_END, FASTAGI, SCRIPT, SOUND
from ami_dialer.doctor.check import Check
from ami_dialer.doctor.finding import Result, Status, failed, not_checked, ok, warning
from ami_dialer.doctor.pbx import Pbx

_INSTALL = (
    "Copy asterisk_conf/ of this version to /etc/asterisk/ami-dialer/, have `#include ami-dialer/extensions.conf` in "
    "extensions.conf (FreePBX: extensions_custom.conf), then `asterisk -rx 'dialplan reload'`."
)
#: The channel drivers that dial strings name. Local is in the core.
_DRIVERS = {"PJSIP": "chan_pjsip.so", "SIP": "chan_sip.so", "IAX2": "chan_iax2.so", "DAHDI": "chan_dahdi.so"}
#: Extensions that the dialer, and AMD() within them, send answered calls to.
_ANSWERED = ("amd", "direct", "flow", "bye")
_LOCAL = re.compile(r"Local/[^@/]+@([A-Za-z0-9_-]+)")


def _modules_of(pbx: Pbx) -> Iterator[tuple[str, str, bool]]:
    """Each module with what it is for, and whether campaigns fail without it."""
    campaigns = pbx.campaigns.values()
    yield "pbx_config.so", "reads extensions.conf", True
    yield "app_userevent.so", "reports from the dialplan", True
    yield "app_playback.so", "plays the closing prompt", True
    yield "app_amd.so", "detects answering machines", any(campaign.amd.enabled for campaign in campaigns)
    yield (
        "res_agi.so",
        "hands answered calls to the dialer",
        any(campaign.flow or campaign.paced for campaign in campaigns),
    )
    yield "format_sln.so", "reads spoken texts", bool(pbx.speakers)
    yield "app_controlplayback.so", "lets doctor try sounds", False
    yield "res_tonedetect.so", "detects fax machines, which count as answering machines without it", False
    for driver in dict.fromkeys(trunk.dial.partition("/")[0] for trunk in pbx.trunks.values()):
        if driver in _DRIVERS:
            yield _DRIVERS[driver], f"dials {driver}/…", True


async def _modules(pbx: Pbx) -> Sequence[Result]:
    results, loaded = [], []
    for module, purpose, needed in _modules_of(pbx):
        state = await pbx.variable(f"IFMODULE({module})")
        if state == "":
            return [not_checked("Asterisk has no IFMODULE(): func_module.so is not loaded")]
        if state == "1":
            loaded.append(module.removesuffix(".so"))
            continue
        mend = (
            f"`asterisk -rx 'module load {module}'`, and see that modules.conf has no `noload = {module}`. Where the "
            "file is missing: Debian's package is asterisk-modules; in a build of your own, `make menuselect`."
        )
        tell = failed if needed else warning
        results.append(tell(f"{module} is not loaded; it {purpose}", mend, subject=module))
    return results or [ok(", ".join(loaded))]


async def _dialplan(pbx: Pbx) -> Sequence[Result]:
    """The two contexts of asterisk_conf/extensions.conf, with every extension."""
    ours = {
        pbx.server.answered_context: _ANSWERED,
        CHECK_CONTEXT: (FAR_END, AFTER_AMD, SOUND, FASTAGI, SCRIPT),
    }
    if not await pbx.exists(CHECK_CONTEXT) and await pbx.variable("IFMODULE(func_dialplan.so)") == "0":
        return [not_checked("Asterisk has no DIALPLAN_EXISTS(): func_dialplan.so is not loaded")]
    results = [await _extensions(pbx, context, extensions) for context, extensions in ours.items()]
    bad = [result for result in results if result.status is not Status.OK]
    return bad or [ok(" and ".join(ours))]


async def _extensions(pbx: Pbx, context: str, extensions: Sequence[str]) -> Result:
    if not await pbx.exists(context):
        mend = _INSTALL
        if context == pbx.server.answered_context != "ami-dialer-answered":
            mend += f" Or is servers.{pbx.name}.answered_context meant otherwise?"
        return failed(f"there is no context {context}", mend, subject=context)
    missing = [extension for extension in extensions if not await pbx.exists(context, extension)]
    if missing:
        return failed(f"context {context} has no extension {', '.join(missing)}", _INSTALL, subject=context)
    return ok(context, subject=context)


async def _contexts(pbx: Pbx) -> Sequence[Result]:
    """The administrator's own contexts, which campaigns and trunks name."""
    results = []
    for name, campaign in pbx.campaigns.items():
        if campaign.dialplan is not None:
            why, key = f"campaign {name} hands people to it", f"campaigns.{name}.dialplan"
            results.append(await _context(pbx, campaign.dialplan, "s", why, key))
    for name, trunk in pbx.trunks.items():
        if (local := _LOCAL.match(trunk.dial)) is not None:
            why, key = f"trunk {name} dials into it", f"trunks.{name}.dial"
            results.append(await _context(pbx, local[1], "", why, key))
    return results


async def _context(pbx: Pbx, context: str, extension: str, why: str, key: str) -> Result:
    if await pbx.exists(context, extension):
        return ok(f"is there; {why}", subject=context)
    what = f"has no extension {extension}" if extension and await pbx.exists(context) else "is not there"
    mend = f"Write it into extensions.conf and `asterisk -rx 'dialplan reload'`, or change {key} in config.yaml."
    return failed(f"context {context} {what}; {why}", mend, subject=context)


CHECKS = (
    Check("modules", _modules, needs=("log-in",)),
    Check("dialplan", _dialplan, needs=("log-in",)),
    Check("contexts", _contexts, needs=("log-in",)),
)
