"""When to try again. A connection ends for good; this decides on the next one."""

import asyncio
import socket
import ssl
from collections.abc import Callable

import structlog

from ami_dialer.adapters.asterisk.connection import AmiConnection
from ami_dialer.adapters.asterisk.faults import ActionRefusedError, LoginRefusedError
from ami_dialer.adapters.backoff import Backoff

log = structlog.get_logger(__name__)

#: How long Asterisk may take to turn events on.
_SUBSCRIBE_TIMEOUT = 10.0
_LOG_OFF_TIMEOUT = 2.0


class Reconnector:
    """Keeps one connection up: tries, waits, tries again; stops where trying does harm."""

    def __init__(
        self,
        name: str,
        make: Callable[[], AmiConnection],
        on_link: Callable[[bool], None],
        backoff: Backoff,
    ) -> None:
        self._name = name
        self._make = make
        self._on_link = on_link
        self._backoff = backoff
        self._log = log.bind(server=name)
        self._failures = 0
        self._leaving = False
        #: The connection that stands, logged in.
        self.connection: AmiConnection | None = None
        #: Why there is none, for people.
        self.trouble: str | None = "not connected yet"
        #: The login was refused, which no further try can mend.
        self.refused = False
        #: Set while there is nothing to wait for: connected, refused for good, or stopped.
        self.settled = asyncio.Event()

    async def run(self) -> None:
        """Stay connected until cancelled, or until Asterisk refuses the login."""
        try:
            while not self._leaving:
                try:
                    await self._connect_once()
                except LoginRefusedError as refused:
                    self.trouble = str(refused)
                    self.refused = True
                    self._log.error("ami_login_refused", reason=self.trouble)
                    return
                except (OSError, ActionRefusedError) as failure:
                    self._failed(_words(failure))
                except Exception:  # a bug of ours must not leave the dialer without a link for the rest of the night
                    log.exception("ami_link_fault", server=self._name)
                    self._failed("a fault in the dialer itself; its log has more")
                await asyncio.sleep(self._backoff.next())
        finally:
            self.settled.set()

    async def _connect_once(self) -> None:
        connection = self._make()
        try:
            await connection.open()
            self._up(connection)
            await connection.subscribe(_SUBSCRIBE_TIMEOUT)
            self._backoff.reset()
            self._failed(await connection.lost)
        finally:
            connection.give_up("given up")
            self._down()

    def _up(self, connection: AmiConnection) -> None:
        self._log.info("ami_connected", version=connection.protocol.version, after_failures=self._failures)
        self._failures = 0
        self.connection = connection
        self.trouble = None
        self._on_link(True)
        self.settled.set()

    def _down(self) -> None:
        if self.connection is not None:
            self.connection = None
            self.settled.clear()
            self._on_link(False)

    def _failed(self, why: str) -> None:
        """Say it once loudly; a night without Asterisk must not fill the log."""
        self.trouble = why
        if self._leaving:
            return
        self._failures += 1
        say = self._log.warning if self._failures == 1 else self._log.debug
        say("ami_link_failed", reason=why, failures=self._failures)

    async def log_off(self) -> None:
        """Say good-bye, where there is a connection, and do not come back."""
        self._leaving = True
        if self.connection is not None:
            await self.connection.log_off(_LOG_OFF_TIMEOUT)


def _words(failure: Exception) -> str:
    """A failure to connect, for people."""
    match failure:
        case ConnectionRefusedError():
            return (
                f"nothing listens on the manager port ({failure}); is Asterisk running, does manager.conf say "
                "`enabled = yes`, and are host and port of the server right?"
            )
        case socket.gaierror():
            return f"the host name is not known ({failure.strerror})"
        case ssl.SSLError():
            return f"no TLS with the manager port ({failure}); see `tls` of the server and `tlsenable` in manager.conf"
        case _:
            return str(failure) or type(failure).__name__
