"""What campaigns with agents or a queue need beyond the rest. Nothing is shown where a server has no such campaign."""

from collections.abc import Iterator, Mapping, Sequence

from ami_dialer.adapters.asterisk.applications import AGENT_CONTEXT, MEMBER_CONTEXT, RECORD_CONTEXT
from ami_dialer.config.campaign import Campaign
from ami_dialer.doctor.check import Check
from ami_dialer.doctor.events import over
from ami_dialer.doctor.finding import Result, Status, failed, ok, warning
from ami_dialer.doctor.pbx import Pbx
from ami_dialer.doctor.privileges import with_classes

#: Extension of [ami-dialer-agent] whose call waits in a holding bridge for a second.
_CHECK = "check"
#: Names of asterisk_conf/features.conf.
_CODES = tuple(
    f"ami-dialer-{code}" for code in ("hold", "transfer", "dnc", "callback", "disposition", "record", "hangup")
)
_INSTALL = (
    "Copy asterisk_conf/ of this version to /etc/asterisk/ami-dialer/ again, keeping your addresses and secret; "
    "`asterisk -rx 'dialplan reload'`."
)
_FEATURES = (
    "Have `#include ami-dialer/features.conf` at the end of features.conf (FreePBX: "
    'features_applicationmap_custom.conf), then `asterisk -rx "module reload features"`.'
)
#: The line of asterisk_conf/manager.conf that lets a line in its bridge be seen.
FILTER = f"eventfilter(action(include),name(BridgeLeave),header(Context),method(exact)) = {AGENT_CONTEXT}"


def _campaigns(pbx: Pbx) -> Mapping[str, Campaign]:
    return {name: one for name, one in pbx.campaigns.items() if one.agents is not None or one.queue is not None}


def _modules_of(campaigns: Sequence[Campaign]) -> Iterator[tuple[str, str]]:
    if any(campaign.agents is not None for campaign in campaigns):
        yield "app_bridgewait.so", "agents wait in it"
        yield "bridge_holding.so", "agents wait in it"
    if any(campaign.queue is not None for campaign in campaigns):
        yield "app_queue.so", "queues"
    if any(campaign.recording.enabled for campaign in campaigns):
        yield "app_mixmonitor.so", "records calls"


async def _agents(pbx: Pbx) -> Sequence[Result]:
    campaigns = _campaigns(pbx)
    if not campaigns:
        return []
    used = list(campaigns.values())
    results = [await _modules(pbx, used), await _contexts(pbx, used), await _codes(pbx), await _classes(pbx, used)]
    bad = [result for result in results if result.status is not Status.OK]
    if any(result.status is Status.FAILED for result in bad):
        return bad
    if any(campaign.agents is not None for campaign in used):
        bad.extend(await _told(pbx))
    return bad or [ok(f"contexts, codes and privileges are there; for {', '.join(campaigns)}")]


async def _modules(pbx: Pbx, campaigns: Sequence[Campaign]) -> Result:
    for module, purpose in _modules_of(campaigns):
        if await pbx.variable(f"IFMODULE({module})") == "0":
            mend = f"`asterisk -rx 'module load {module}'`, and see that modules.conf has no `noload = {module}`."
            return failed(f"{module} is not loaded; {purpose}", mend, subject=module)
    return ok("modules")


async def _contexts(pbx: Pbx, campaigns: Sequence[Campaign]) -> Result:
    wanted = {pbx.config.agent_lines.context: ("s", "supervise", "after", _CHECK), MEMBER_CONTEXT: ("before",)}
    if any(campaign.recording.enabled for campaign in campaigns):
        wanted[RECORD_CONTEXT] = ("s",)
    for context, extensions in wanted.items():
        missing = [extension for extension in extensions if not await pbx.exists(context, extension)]
        if missing:
            return failed(f"context {context} has no extension {', '.join(missing)}", _INSTALL, subject=context)
    return ok("contexts")


async def _codes(pbx: Pbx) -> Result:
    """Whether features.conf has every code; it may have been changed without a reload, which cannot be asked."""
    missing = [code for code in _CODES if await pbx.variable(f"AST_CONFIG(features.conf,applicationmap,{code})") == ""]
    if missing:
        detail = f"features.conf has no {', '.join(missing)}: agents cannot press these codes in a call"
        return warning(detail, _FEATURES, subject="features.conf")
    return ok("codes")


async def _classes(pbx: Pbx, campaigns: Sequence[Campaign]) -> Result:
    user = pbx.server.username
    queues = any(campaign.queue is not None for campaign in campaigns)
    read, write = await pbx.of_manager_conf("read"), await pbx.of_manager_conf("write")
    there = set(with_classes(read, set()).split(","))
    lacking = {name for name, used in (("dtmf", True), ("agent", queues)) if used and read and name not in there}
    if lacking and "all" not in there:
        mend = f"In [{user}] of manager.conf: `read = {with_classes(read, lacking)}`; `asterisk -rx 'manager reload'`."
        what = "keys of waiting agents" if "dtmf" in lacking else "members of queues"
        return failed(f"{user} is not told of {what}: lacks the read class {', '.join(sorted(lacking))}", mend)
    if queues and "queuepause" not in pbx.allowed:
        line = f"`write = {with_classes(write, {'agent'})}`" if write else "`agent` in its `write =` line"
        mend = f"In [{user}] of manager.conf: {line}; then `asterisk -rx 'manager reload'`."
        return failed(f"{user} may not pause members of queues for their wrap-up", mend)
    return ok("privileges")


async def _told(pbx: Pbx) -> Sequence[Result]:
    """A test call waits as an agent's line does; its way out of the bridge must be told."""
    heard = await pbx.call(_CHECK, over, context=pbx.config.agent_lines.context)
    if heard.first("BridgeLeave") is not None:
        return []
    mend = (
        f"In [{pbx.server.username}] of manager.conf: `{FILTER}` and the other lines for agents of "
        "asterisk_conf/manager.conf; then `asterisk -rx 'manager reload'`."
    )
    return [failed("a test call waited like an agent, but that was not told: kept back by an event filter", mend)]


async def _queues(pbx: Pbx) -> Sequence[Result]:
    results = []
    for name, campaign in pbx.campaigns.items():
        wanted = [(campaign.queue, f"campaigns.{name}.queue")] if campaign.queue is not None else []
        for digit, target in campaign.transfer.to.items():
            if target.queue is not None:
                wanted.append((target.queue, f"campaigns.{name}.transfer.to.{digit}.queue"))
            elif target.extension is not None:
                results.append(await _extension(pbx, name, digit, campaign.transfer.context, target.extension))
        results += [await _queue(pbx, queue, key) for queue, key in wanted]
    return results


async def _queue(pbx: Pbx, queue: str, key: str) -> Result:
    await pbx.must_have("app_queue.so")
    if await pbx.variable(f"QUEUE_EXISTS({queue})") != "1":
        mend = f"Write it into queues.conf (FreePBX: Applications, Queues), or change {key} in config.yaml."
        return failed(f"Asterisk has no queue {queue}", mend, subject=queue)
    members = await pbx.variable(f"QUEUE_MEMBER({queue},logged)")
    if members in {"", "0"}:
        mend = "Calls are placed as soon as a member can take one: `asterisk -rx 'queue show'` lists them."
        return warning(f"queue {queue} has no member who is logged in", mend, subject=queue)
    return ok(f"queue {queue} has {members} members who are logged in", subject=queue)


async def _extension(pbx: Pbx, campaign: str, digit: str, context: str, extension: str) -> Result:
    if await pbx.exists(context, extension):
        return ok(f"{extension} of {context}, where calls are transferred to, is there", subject=extension)
    mend = f"Change campaigns.{campaign}.transfer in config.yaml (`to.{digit}`, `context`), or write the extension."
    return failed(f"context {context} has no {extension}: calls cannot be transferred to it", mend, subject=extension)


CHECKS = (
    Check("agents", _agents, needs=("log-in", "dialplan")),
    Check("queues", _queues, needs=("log-in",)),
)
