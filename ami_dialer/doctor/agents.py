"""What campaigns with agents or a queue need beyond the rest. Nothing is shown where a server has no such campaign."""

from collections.abc import Iterator, Mapping, Sequence

from ami_dialer.adapters.asterisk.applications import AGENT_CONTEXT, MEMBER_CONTEXT, RECORD_CONTEXT
from ami_dialer.config.campaign import Campaign
from ami_dialer.doctor.calls import CHECK_CONTEXT, KEYS, LEFT, PRESSED, RECORD
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
_RTP_TIMEOUT = (
    "In each of these endpoints: `rtp_timeout = 30` and `rtp_timeout_hold = 300` (FreePBX: Advanced tab of the "
    "extension), then `asterisk -rx 'module reload res_pjsip.so'`. Phones must send sound in silence too."
)
#: Its context for people who are transferred to a queue.
QUEUE_CONTEXT = "ami-dialer-queue"
#: The line of asterisk_conf/manager.conf that lets a line in its bridge be seen.
FILTER = "eventfilter(action(include),name({event}),header(Context),method(exact)) = " + AGENT_CONTEXT


def _modules_of(campaigns: Sequence[Campaign]) -> Iterator[tuple[str, str, bool]]:
    """Each module with what it is for, and whether calls fail without it."""
    if any(campaign.agents is not None for campaign in campaigns):
        yield "app_bridgewait.so", "agents wait in it", True
        yield "bridge_holding.so", "agents wait in it", True
        yield "app_chanspy.so", "supervisors listen by it", False
    if any(campaign.queue is not None for campaign in campaigns):
        yield "app_queue.so", "it has the queues", True
        yield "app_stack.so", "members' phones are made ready by it", True
        yield "res_pjsip_header_funcs.so", "members' phones are told by it to answer by themselves", False
    if any(campaign.recording.enabled for campaign in campaigns):
        yield "app_mixmonitor.so", "it records calls", True
        yield "format_wav.so", "recordings are WAV files", True
        yield "app_stack.so", "recordings are begun by it", True
    yield "bridge_builtin_features.so", "agents' codes need it", True
    yield "res_musiconhold.so", "people hear it while they are on hold", False


async def _agents(pbx: Pbx) -> Sequence[Result]:
    campaigns = pbx.people
    if not campaigns:
        return []
    used = list(campaigns.values())
    modules = await _modules(pbx, used)
    if any(result.status is Status.FAILED for result in modules):
        return modules
    results = [
        *modules,
        await _contexts(pbx, used),
        *await _codes(pbx),
        await _classes(pbx, used),
        *await _music(pbx, campaigns),
        *await _phones(pbx),
    ]
    bad = [result for result in results if result.status is not Status.OK]
    if any(result.status is Status.FAILED for result in bad):
        return bad
    if any(campaign.agents is not None for campaign in used):
        bad.extend(await _told(pbx))
    return bad or [ok(f"contexts, codes and privileges are there; for {', '.join(campaigns)}")]


async def _modules(pbx: Pbx, campaigns: Sequence[Campaign]) -> list[Result]:
    results = []
    for module, purpose, needed in dict.fromkeys(_modules_of(campaigns)):
        if await pbx.variable(f"IFMODULE({module})") == "0":
            mend = f"`asterisk -rx 'module load {module}'`, and see that modules.conf has no `noload = {module}`."
            results.append((failed if needed else warning)(f"{module} is not loaded; {purpose}", mend, subject=module))
    return results


async def _contexts(pbx: Pbx, campaigns: Sequence[Campaign]) -> Result:
    wanted: dict[str, list[str]] = {
        pbx.config.agent_lines.context: ["s", "connecting", "waiting", "supervise", "after", _CHECK],
        MEMBER_CONTEXT: ["before"],
        CHECK_CONTEXT: [KEYS],
    }
    if any(campaign.queue is not None and campaign.wrap_up.call_back for campaign in campaigns):
        wanted[MEMBER_CONTEXT].append("wrap-up")
    if any(campaign.recording.enabled for campaign in campaigns):
        wanted[RECORD_CONTEXT] = ["s"]
        wanted[CHECK_CONTEXT].append(RECORD)
    targets = [target for campaign in campaigns for target in campaign.transfer.to.values()]
    if queues := [target.queue for target in targets if target.queue is not None]:
        wanted[QUEUE_CONTEXT] = queues
    for context, extensions in wanted.items():
        missing = [extension for extension in extensions if not await pbx.exists(context, extension)]
        if missing:
            whole = f"there is no context {context}"
            part = f"context {context} has no extension {', '.join(missing)}"
            return failed(part if await pbx.exists(context) else whole, _INSTALL, subject=context)
    return ok("contexts")


async def _codes(pbx: Pbx) -> list[Result]:
    """Whether features.conf has every code; it may have been changed without a reload, which cannot be asked."""
    results = []
    if not await pbx.variable("AMI_DIALER_CODES"):
        detail = "the dialplan has no AMI_DIALER_CODES: agents can press no code, and their keys may not be heard"
        results.append(failed(detail, _INSTALL, subject="AMI_DIALER_CODES"))
    missing = [code for code in _CODES if await pbx.variable(f"AST_CONFIG(features.conf,applicationmap,{code})") == ""]
    if missing:
        detail = f"features.conf has no {', '.join(missing)}: agents cannot press these codes in a call"
        results.append(warning(detail, _FEATURES, subject="features.conf"))
    return results


async def _music(pbx: Pbx, campaigns: Mapping[str, Campaign]) -> list[Result]:
    results = []
    for name, campaign in campaigns.items():
        music = campaign.dialing.waiting_music
        if music is not None and not await pbx.variable(f"AST_CONFIG(musiconhold.conf,{music},mode)"):
            detail = f"musiconhold.conf has no class {music}, which people of campaign {name} wait with: silence"
            mend = f"Write it there and `asterisk -rx 'moh reload'`, or change campaigns.{name}.dialing.waiting_music."
            results.append(warning(detail, mend, subject=music))
    return results


async def _phones(pbx: Pbx) -> list[Result]:
    """The phones that agents have by configuration, where Asterisk knows of each of that kind what it is."""
    results, unwatched = [], []
    for number, agent in pbx.config.agents.items():
        ours = (agent.server or next(iter(pbx.config.servers))) == pbx.name
        if not ours or agent.phone is None or not agent.phone.startswith("PJSIP/"):
            continue
        if await pbx.variable(f"DEVICE_STATE({agent.phone})") == "INVALID":
            mend = f"Make the endpoint, or change agents.{number}.phone in config.yaml."
            results.append(warning(f"Asterisk has no {agent.phone}, the phone of agent {number}", mend, subject=number))
        elif await pbx.variable(f"PJSIP_ENDPOINT({agent.phone.removeprefix('PJSIP/')},rtp_timeout)") == "0":
            unwatched.append(agent.phone)
    if unwatched:
        detail = (
            f"{', '.join(unwatched)}: a phone that dies without a word is not noticed, and people are put through to it"
        )
        results.append(warning(detail, _RTP_TIMEOUT, subject="rtp_timeout"))
    return results


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
    """A test call waits as an agent's line does: a key that is pressed and its way out of the bridge must be told."""
    heard = await pbx.call(_CHECK, over, context=pbx.config.agent_lines.context, far_end=KEYS)
    kept_back = [event for event in (PRESSED, LEFT) if heard.first(event) is None]
    if not kept_back:
        return []
    lines = " and ".join(f"`{FILTER.format(event=event)}`" for event in kept_back)
    mend = (
        f"In [{pbx.server.username}] of manager.conf: {lines}, and the other lines for agents of "
        "asterisk_conf/manager.conf; then `asterisk -rx 'manager reload'`."
    )
    events = " and ".join(kept_back)
    return [failed(f"a test call waited like an agent, but {events} did not arrive: kept back by a filter", mend)]


async def _queues(pbx: Pbx) -> Sequence[Result]:
    results = []
    for name, campaign in pbx.campaigns.items():
        wanted = [(campaign.queue, f"campaigns.{name}.queue")] if campaign.queue is not None else []
        for digit, target in campaign.transfer.to.items():
            if target.queue is not None:
                wanted.append((target.queue, f"campaigns.{name}.transfer.to.{digit}.queue"))
            elif target.extension is not None:
                results.append(await _extension(pbx, name, digit, campaign.transfer.context, target.extension))
        if campaign.transfer.any_extension and not await pbx.exists(campaign.transfer.context):
            detail = f"there is no context {campaign.transfer.context}: nobody can be transferred"
            mend = f"Change campaigns.{name}.transfer.context in config.yaml to the one that your phones dial from."
            results.append(failed(detail, mend, subject=campaign.transfer.context))
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
