"""What is allowed but probably not meant: warnings, each with its place."""

import ipaddress
import stat
from collections.abc import Iterator
from pathlib import Path as FilePath
from urllib.parse import urlsplit

from ami_dialer.config.abandonment import message_advice
from ami_dialer.config.agent_advice import agent_advice
from ami_dialer.config.caller_id_advice import caller_id_advice
from ami_dialer.config.flow import Flow
from ami_dialer.config.problems import Path, Problem
from ami_dialer.config.schema import Config
from ami_dialer.config.targets import flows_in, targets
from ami_dialer.config.yaml_lines import Document


def advice(document: Document, config: Config, folder: FilePath) -> list[Problem]:
    """Every warning; `folder` is the one of the configuration file."""
    found = [
        *_open_secrets(document, folder),
        *_servers(config),
        *_open_ports(config),
        *_password_in_url(config),
        *_unheeded(config),
        *message_advice(config),
        *agent_advice(config),
        *caller_id_advice(config),
        *(pair for name, flow in config.flows.items() for pair in _flow(name, flow, flows_in(document).get(name))),
    ]
    return [document.problem(path, text) for path, text in found]


def _open_secrets(document: Document, folder: FilePath) -> Iterator[tuple[Path, str]]:
    """Warned of, not refused: containers mount secrets readable for all, and nobody else is inside."""
    for path, value in _references(document.data, ()):
        file = folder / value
        try:
            mode = file.stat().st_mode
        except (OSError, ValueError):
            continue
        if mode & (stat.S_IROTH | stat.S_IWOTH):
            yield path, f"every user of this machine may read {str(file)!r}; chmod o= it"


def _references(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    """Each `{file: PATH}` that stands for a secret."""
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key in ("secret", "password") and isinstance(inner, dict) and isinstance(inner.get("file"), str):
            yield (*path, key), inner["file"]
        else:
            yield from _references(inner, (*path, key))


def _servers(config: Config) -> Iterator[tuple[Path, str]]:
    seen: dict[tuple[str, int], str] = {}
    for name, server in config.servers.items():
        where = (server.host, server.port)
        if where in seen:
            yield (
                ("servers", name),
                f"is the same Asterisk as {seen[where]!r}; its limits would count twice, keep one of them",
            )
        seen.setdefault(where, name)
        if server.tls is None and not _is_loopback(server.host):
            yield (
                ("servers", name, "host"),
                "the secret crosses the network in clear; set tls: {} and the TLS port",
            )


def _open_ports(config: Config) -> Iterator[tuple[Path, str]]:
    if not _is_loopback(config.fastagi.host):
        yield (
            ("fastagi", "host"),
            "the FastAGI port has no log-in and is not on loopback; let a firewall keep it to your Asterisk",
        )


def _unheeded(config: Config) -> Iterator[tuple[Path, str]]:
    """Do-not-call lists that keep nobody from being called."""
    heeded = {name for campaign in config.campaigns.values() for name in campaign.dnc}
    heeded |= {config.do_not_call.global_list or ""}
    written: list[tuple[Path, str]] = [(("dnc_lists", name), name) for name in config.dnc_lists]
    if "opt_out_line" in config.do_not_call.model_fields_set:
        written.append((("do_not_call", "opt_out_line", "list"), config.do_not_call.opt_out_line.list))
    for path, name in written:
        if name not in heeded and config.campaigns:
            yield (
                path,
                f"no campaign heeds the do-not-call list {name!r}; name it under their `dnc`, or as global_list "
                "of do_not_call",
            )


def _password_in_url(config: Config) -> Iterator[tuple[Path, str]]:
    if urlsplit(config.database.url).password:
        yield (
            ("database", "url"),
            "holds a password; write it as `password: {file: PATH}` or {env: NAME} beside it",
        )


def _flow(name: str, flow: Flow, written: object) -> Iterator[tuple[Path, str]]:
    ways: dict[str, set[str]] = {step: set() for step in flow.steps}
    for path, target in targets(written):
        if target not in ways:
            return  # told as a mistake; once it is mended, more may be reached
        if path[0] == "steps":
            ways[str(path[1])].add(target)
    reached, ahead = set(), [flow.first_step]
    while ahead:
        step = ahead.pop()
        if step not in reached:
            reached.add(step)
            ahead += sorted(ways[step])
    for step in flow.steps:
        if step not in reached:
            yield (
                ("flows", name, "steps", step),
                f"nothing goes to this step; the call begins at {flow.first_step!r}",
            )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
