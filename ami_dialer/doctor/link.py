"""The way in: manager port, TLS, log-in."""

import asyncio
import socket
import ssl
from collections.abc import Sequence

from ami_dialer.adapters.asterisk import questions
from ami_dialer.adapters.asterisk.connection import AmiConnection
from ami_dialer.adapters.asterisk.faults import ActionRefusedError, LoginRefusedError
from ami_dialer.adapters.asterisk.tls import tls_context
from ami_dialer.config.schema import Server
from ami_dialer.doctor.check import Check
from ami_dialer.doctor.finding import Result, failed, ok, warning
from ami_dialer.doctor.pbx import PATIENCE, Pbx
from ami_dialer.domain.attempt import ATTEMPT_ID_PREFIX

_BANNER = b"Asterisk Call Manager/"


async def _manager_port(pbx: Pbx) -> Sequence[Result]:
    server = pbx.server
    where = f"{server.host}:{server.port}"
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(server.host, server.port)
    except TimeoutError:
        mend = f"A firewall on the way drops packets, or {server.host} is off. See servers.{pbx.name}.host and port."
        return [failed(f"{where} does not answer within {PATIENCE:g} s", mend)]
    except socket.gaierror as error:
        return [failed(f"{server.host} is not known: {error.strerror}", f"See servers.{pbx.name}.host.")]
    except OSError as error:
        return [failed(f"{where}: {error.strerror or error}", _not_listening(pbx.name, server))]
    try:
        if server.tls is not None:
            return [ok(f"{where} accepts connections")]
        return [await _greeting(reader, where, server)]
    finally:
        writer.close()


def _not_listening(name: str, server: Server) -> str:
    return (
        f"Is Asterisk running there (`asterisk -rx 'core show uptime'`)? [general] of its manager.conf needs "
        f"`enabled = yes`, `port = {server.port}` and a bindaddr that {server.host} is one of; then "
        f"`asterisk -rx 'manager reload'`. Or change servers.{name}.host and port."
    )


async def _greeting(reader: asyncio.StreamReader, where: str, server: Server) -> Result:
    try:
        async with asyncio.timeout(PATIENCE):
            line = await reader.readline()
    except TimeoutError:
        mend = "If it is the TLS port, add `tls: {}` to the server; else take the port of manager.conf's [general]."
        return failed(f"{where} accepts connections but says nothing", mend)
    except (OSError, ValueError) as error:
        return failed(f"{where} broke off: {error}", _not_listening("NAME", server))
    if not line.startswith(_BANNER):
        mend = "Another program has this port. Take the port of [general] in manager.conf, 5038 as shipped."
        return failed(f"{where} is no manager port; it says {line[:40].decode('utf-8', 'replace').strip()!r}", mend)
    return ok(f"{where} is a manager port (AMI {line.removeprefix(_BANNER).decode('ascii', 'replace').strip()})")


async def _tls(pbx: Pbx) -> Sequence[Result]:
    server = pbx.server
    if server.tls is None:
        return []
    key = f"servers.{pbx.name}.tls"
    try:
        context = tls_context(server.tls)
    except OSError as error:
        return [failed(f"{server.tls.ca_file} cannot be used: {error.strerror or error}", f"See {key}.ca_file.")]
    try:
        async with asyncio.timeout(PATIENCE):
            _, writer = await asyncio.open_connection(
                server.host, server.port, ssl=context, server_hostname=server.host
            )
    except ssl.SSLCertVerificationError as error:
        return [
            failed(
                f"the certificate is refused: {error.verify_message}",
                f"Set {key}.ca_file to the authority that signed tlscertfile of manager.conf, and "
                f"servers.{pbx.name}.host to a name that stands in the certificate.",
            )
        ]
    except (OSError, TimeoutError) as error:
        return [
            failed(
                f"no TLS on {server.host}:{server.port}: {error or 'no answer'}",
                f"[general] of manager.conf needs `tlsenable = yes`, `tlsbindaddr = {server.host}:{server.port}` and "
                f"`tlscertfile`; then `asterisk -rx 'manager reload'`. Or take {key} out.",
            )
        ]
    writer.close()
    if not server.tls.verify:
        return [warning("TLS, but the certificate is not checked", f"Set {key}.ca_file and take verify: false out.")]
    return [ok("TLS, and the certificate is good")]


async def _log_in(pbx: Pbx) -> Sequence[Result]:
    """Once only: fail2ban bans whoever tries again and again."""
    user = pbx.server.username
    connection = AmiConnection(pbx.server, pbx.line.handlers, ATTEMPT_ID_PREFIX)
    pbx.connection = connection
    try:
        await connection.open()
    except LoginRefusedError:
        # Logged in, and some privilege is missing: told by the check of privileges.
        if not connection.authenticated:
            return [failed(f"Asterisk refused the manager user {user!r}", _refused(user, pbx.name))]
    except (OSError, ActionRefusedError) as trouble:
        return [
            failed(
                str(trouble),
                f"`asterisk -rx 'manager show connected'` lists who is logged in. {user} needs "
                "`allowmultiplelogin = yes` in manager.conf (the default): doctor logs in beside a running dialer.",
            )
        ]
    listed = await questions.answer(connection, PATIENCE, Action="ListCommands")
    pbx.allowed = frozenset(name.lower() for name in listed)
    await connection.subscribe(PATIENCE)
    return [ok(f"as {user}")]


def _refused(user: str, name: str) -> str:
    return (
        "Asterisk tells only its own log why (/var/log/asterisk/messages or full). "
        f"\"nonexistent user '{user}'\": write the section [{user}] of asterisk_conf/manager.conf, `manager reload`. "
        f"\"failed to authenticate as '{user}'\": servers.{name}.secret is not the `secret =` of that section. "
        f"\"failed to pass IP ACL as '{user}'\": add this machine's address there as `permit =`."
    )


CHECKS = (
    Check("manager port", _manager_port),
    Check("TLS", _tls, needs=("manager port",)),
    Check("log-in", _log_in, needs=("manager port", "TLS")),
)
