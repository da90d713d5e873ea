"""What may stand in `config.yaml`: each key with its type, its default and a sentence.

Unknown keys are errors. Times are seconds, written as `30`, `30s`, `5m`, `2h` or `1d`. Lists, flows and
campaigns are documents: the same objects are stored in SQL. `load` finds the line of each error given here.
"""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from ami_dialer.config.agents import Agent, AgentLines, AgentNumber
from ami_dialer.config.caller_ids import CallerIdPool
from ami_dialer.config.campaign import Campaign
from ami_dialer.config.compliance import Compliance
from ami_dialer.config.dispositions import DispositionMeaning, Title
from ami_dialer.config.flow import Flow
from ami_dialer.config.kinds import (
    DialplanName,
    Host,
    LocalPath,
    Name,
    Port,
    Seconds,
    Secret,
    SoundPath,
    Surroundings,
    Voice,
)
from ami_dialer.config.lists import ContactList, DncList, DoNotCall, Fetching
from ami_dialer.config.mqtt import Mqtt
from ami_dialer.config.section import Section

DIAL_PATTERN = r"^[A-Za-z0-9_]+/[A-Za-z0-9_.:@{}/;=-]+$"
PREFIX_PATTERN = r"^[0-9*#]{0,16}$"
#: Goes into AGI commands; 200 characters leave room for the name of a sound.
FOLDER_PATTERN = r"^/[ -~]{0,199}$"
MODE_PATTERN = r"^0[0-7]{3}$"
#: Goes into a line of AMI and into manager.conf.
USERNAME_PATTERN = r"^[A-Za-z0-9_.@-]{1,80}$"


class Tls(Section):
    """TLS towards Asterisk's manager port (`tlsenable` in manager.conf)."""

    ca_file: LocalPath | None = Field(None, description="Certificate authority; without it the system's are used.")
    verify: bool = Field(True, description="Check the certificate and the host name.")


class Server(Section):
    """One Asterisk and its limits."""

    host: Host = Field("127.0.0.1", description="Where the manager port listens.")
    port: Port = Field(5038, description="Manager port; 5039 is usual with TLS.")
    username: str = Field("ami-dialer", pattern=USERNAME_PATTERN, description="User of manager.conf.")
    secret: Secret = Field(description="Its secret: text, {env: NAME} or {file: PATH}.")
    tls: Tls | None = Field(None, description="Set it to connect by TLS.")
    max_calls: int = Field(50, ge=1, le=10_000, description="Calls of the dialer at once on this server.")
    calls_per_second: float = Field(10.0, gt=0, le=1_000, description="New calls a second on this server.")
    keep_alive: Seconds = Field(10.0, ge=1, le=300, description="A Ping is sent this often.")
    keep_alive_timeout: Seconds = Field(5.0, ge=0.5, le=60, description="Without its answer the link is given up.")
    answered_context: DialplanName = Field(
        "ami-dialer-answered",
        description="Context of asterisk_conf/extensions.conf that takes answered calls.",
    )


class Trunk(Section):
    """A way out of a server, with its own limits."""

    server: Name = Field(description="Name under `servers`.")
    dial: str = Field(
        pattern=DIAL_PATTERN,
        description="Dial string: PJSIP/{number}@carrier for a trunk, "
        "Local/{number}@from-internal for the PBX's own outbound routes.",
    )
    number_format: Literal["e164", "digits", "national"] = Field(
        "digits",
        description="How {number} is written: e164 +15551234567, digits 15551234567, national 5551234567.",
    )
    prefix: str = Field(
        "",
        pattern=PREFIX_PATTERN,
        description="Digits put before the number, e.g. 9 for an outside line.",
    )
    max_calls: int = Field(30, ge=1, le=10_000, description="Calls at once on this trunk.")
    calls_per_second: float = Field(5.0, gt=0, le=1_000, description="New calls a second on this trunk.")

    @field_validator("dial")  # of the field alone, so that it is told together with other mistakes of the trunk
    @classmethod
    def _has_number(cls, dial: str) -> str:
        if dial.count("{number}") != 1 or re.search(r"[{}]", dial.replace("{number}", "")):
            raise ValueError(
                "the dial string needs {number} exactly once and no other braces, e.g. PJSIP/{number}@carrier"
            )
        return dial


def _database_url(url: str, info: ValidationInfo) -> str:
    """Check the scheme, and let the path of an SQLite file begin at the folder of the configuration file."""
    parts = urlsplit(url)
    if parts.scheme not in {"sqlite", "postgresql"}:
        raise ValueError(
            f"begins with {parts.scheme!r}; write sqlite:///path/to/file.db or postgresql://user@host/name"
        )
    if not url.isprintable():
        raise ValueError("holds a control character; write it on one line")
    if parts.scheme == "postgresql":
        _ = parts.port  # raises ValueError where it is no number
        if not parts.path.strip("/"):
            raise ValueError("names no database; write postgresql://user@host/name")
    elif isinstance(info.context, Surroundings):
        return _sqlite_url(url, info.context.folder)
    return url


def _sqlite_url(url: str, folder: Path) -> str:
    path = url.removeprefix("sqlite:///")
    if path in {url, "", ":memory:"}:
        raise ValueError("names no file; write sqlite:///path/to/file.db (three slashes, or four and the whole path)")
    return f"sqlite:///{folder / path}"


class Database(Section):
    """Where everything is kept."""

    url: Annotated[str, AfterValidator(_database_url)] = Field(
        "sqlite:///var/ami-dialer.db",
        validate_default=True,
        description="sqlite:///relative/path.db, sqlite:////absolute/path.db or postgresql://user@host/name.",
    )
    password: Secret | None = Field(None, description="For PostgreSQL: text, {env: NAME} or {file: PATH}.")
    commit_interval: Seconds = Field(
        0.02,
        ge=0,
        le=1,
        description="Writes of so long go into one commit, those that nobody waits for of four times so long. "
        "More than some 50 ms is felt by those who are called.",
    )


class FastAgi(Section):
    """The server that answered calls are handed to."""

    host: Host = Field(
        "127.0.0.1", description="Address to listen on. There is no log-in on this port: keep it on loopback."
    )
    port: Port = Field(4573, description="Port to listen on; the dialplan's AMI_DIALER_FASTAGI names the same.")
    socket: LocalPath | None = Field(
        None,
        description="Unix socket for the classic AGI script agi/ami-dialer-answered.py; off when not set.",
    )
    socket_mode: str = Field(
        "0660",
        pattern=MODE_PATTERN,
        description="Its permissions; Asterisk's user must be able to connect.",
    )
    max_calls: int = Field(
        2_000,
        ge=1,
        description="Answered calls served at once; those beyond hear the campaign's message for abandoned calls, or "
        "the closing prompt.",
    )
    closing_prompt: SoundPath = Field(
        "ami-dialer/closing",
        description="Sound heard when a flow breaks and the campaign has no message for abandoned calls: nobody "
        "listens to silence.",
    )


class Speech(Section):
    """Text to speech: programs that read text on standard input and write sound on standard output."""

    command: list[str] = Field(
        default=["espeak-ng", "-v", "{voice}", "--stdin", "--stdout"],
        min_length=1,
        description="Reads text, writes a WAV; {voice} is filled in.",
    )
    convert: list[str] = Field(
        default="sox -t wav - -t raw -r 8000 -c 1 -b 16 -e signed-integer -".split(),  # noqa: SIM905 - one line
        min_length=1,
        description="Makes 8 kHz mono 16 bit signed linear (.sln) of it.",
    )
    voice: Voice = Field("en-us", description="Voice of flows that name none.")
    timeout: Seconds = Field(10.0, gt=0, le=120, description="A command that takes longer is ended.")
    directory: LocalPath = Field(
        Path("var/sounds"),
        validate_default=True,
        description="Where spoken texts are kept. Asterisk reads them there, so it must be able to.",
    )
    asterisk_directory: str | None = Field(
        None,
        pattern=FOLDER_PATTERN,
        description="The same folder as Asterisk sees it, where that differs (container, chroot).",
    )


class Engine(Section):
    """How the process itself behaves."""

    tick: Seconds = Field(
        1.0,
        ge=0.1,
        le=15,
        description="So often the dialer sees what was paused, resumed or started; when something happens it does not "
        "wait for it.",
    )
    max_calls: int = Field(0, ge=0, le=100_000, description="Calls at once, of all campaigns together; 0: no limit.")
    grace: Seconds = Field(60.0, ge=0, le=3_600, description="On SIGTERM calls in progress may go on this long.")
    sync: Seconds = Field(
        30.0,
        ge=1,
        le=3_600,
        description="So often runs are given what was added to their live lists; half a minute lets it be called "
        "within one.",
    )
    originate_timeout: Seconds = Field(
        10.0,
        ge=1,
        le=60,
        description="Asterisk must have acknowledged an Originate by then; else its fate is asked for.",
    )


class Logging(Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Nothing below it is logged.")
    format: Literal["auto", "console", "json"] = Field(
        "auto", description="auto: console on a terminal, JSON lines otherwise."
    )
    file: LocalPath | None = Field(None, description="Append here instead of standard error.")


class Config(Section):
    """The whole file."""

    database: Database = Field(default_factory=Database, description="Where everything is kept.")
    servers: dict[Name, Server] = Field(min_length=1, description="The Asterisk servers, by a name of your own.")
    trunks: dict[Name, Trunk] = Field(min_length=1, description="The ways out, by a name of your own.")
    fastagi: FastAgi = Field(default_factory=FastAgi, description="The server that answered calls are handed to.")
    speech: Speech = Field(default_factory=Speech, description="Text to speech.")
    engine: Engine = Field(default_factory=Engine, description="How the process itself behaves.")
    logging: Logging = Field(default_factory=Logging, description="What is logged, and how.")
    fetching: Fetching = Field(default_factory=Fetching, description="Limits of what lists may be fetched from.")
    compliance: Compliance = Field(default_factory=Compliance, description="What no campaign can change.")
    do_not_call: DoNotCall = Field(default_factory=DoNotCall, description="What goes on do-not-call lists by itself.")
    mqtt: Mqtt | None = Field(None, description="Set it to tell a broker everything that happens.")
    lists: dict[Name, ContactList] = Field(default_factory=dict, description="Contacts, by the list's name.")
    mappings: dict[Name, dict[str, str]] = Field(
        default_factory=dict, description="Which column of a file is what, for lists that share it: {our name: column}."
    )
    dnc_lists: dict[Name, DncList] = Field(
        default_factory=dict, description="Do-not-call lists, by name; those that campaigns name need not be here."
    )
    caller_ids: dict[Name, CallerIdPool] = Field(
        default_factory=dict, description="Pools of numbers that calls are shown as coming from, by name."
    )
    disposition_sets: dict[Name, dict[Title, DispositionMeaning]] = Field(
        default_factory=dict, description="The results that calls can have, by the set's name and their titles."
    )
    agents: dict[AgentNumber, Agent] = Field(
        default_factory=dict, description="People who take calls, by the number that they log in with."
    )
    agent_lines: AgentLines = Field(default_factory=AgentLines, description="What agents hear, and can choose.")
    flows: dict[Name, Flow] = Field(default_factory=dict, description="What answered calls go through, by name.")
    campaigns: dict[Name, Campaign] = Field(default_factory=dict, description="What is to be done, by name.")
