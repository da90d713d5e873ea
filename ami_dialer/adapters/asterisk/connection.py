"""One AMI connection, used once: it logs in, answers for its actions, and ends for good."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

import structlog
from panoramisk import Manager
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from ami_dialer.adapters.asterisk.actions import AckAction, check_sendable
from ami_dialer.adapters.asterisk.faults import (
    ActionRefusedError,
    AnswerLateError,
    LinkDownError,
    LinkLostError,
    LoginRefusedError,
    UnsendableError,
)
from ami_dialer.adapters.asterisk.messages import AmiEvent
from ami_dialer.adapters.asterisk.protocol import AmiProtocol
from ami_dialer.adapters.asterisk.tls import tls_context
from ami_dialer.config.schema import Server

log = structlog.get_logger(__name__)

Handler = Callable[[AmiEvent], None]
_Answer = Message | list[Message]

#: For TCP, TLS, login and privileges together. Asterisk itself waits 1 s before it turns a login down.
OPEN_TIMEOUT = 10.0
#: Event classes we read: channels, bridges and OriginateResponse are `call`, UserEvent is `user`, keys of agents are
#: `dtmf`, members of queues are `agent`. Asterisk sends of these what the user's `read =` has. `system` is out, and
#: FullyBooted with it, which Asterisk sends only to who reads that class (manager.c, action_login).
EVENT_MASK = "call,user,dtmf,agent"
#: Actions we always send, and the write class of manager.conf that allows each (manager.c, __init_manager). Redirect,
#: MixMonitorMute and PlayDTMF need the class of Hangup, QueueStatus none.
NEEDED = {"Originate": "originate", "Hangup": "call", "CoreShowChannels": "reporting"}


class AmiConnection(Manager):
    """A panoramisk Manager with one life: no queue of actions, no reconnecting, no unanswered Ping."""

    def __init__(
        self,
        settings: Server,
        handlers: Mapping[str, Handler],
        mark: str,
        more_marks: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """`handlers` take the events named by their keys, and of those only the ones that hold `mark`.

        Or one of `more_marks` of that name.
        """
        self._handlers = {name.encode(): handler for name, handler in handlers.items()}
        marks = {
            name.encode(): tuple(text.encode() for text in (mark, *(more_marks or {}).get(name, ())))
            for name in handlers
        }
        super().__init__(
            loop=asyncio.get_running_loop(),
            host=settings.host,
            port=settings.port,
            ssl=tls_context(settings.tls) if settings.tls else False,
            username=settings.username,
            secret=settings.secret.get_secret_value(),
            events="off",
            protocol_factory=partial(AmiProtocol, self, marks),
        )
        self.ping_delay = self.ping_interval = settings.keep_alive
        self._ping_timeout = settings.keep_alive_timeout
        self._pinging: asyncio.Task[None] | None = None
        self._why: str | None = None
        #: Done when the connection has ended, with the reason for people.
        self.lost: asyncio.Future[str] = self.loop.create_future()

    @property
    def usable(self) -> bool:
        """Whether actions can be sent: logged in, not ended, and Asterisk reads what it is sent."""
        return (
            self.authenticated and self.protocol is not None and not self.protocol.closed and not self.protocol.clogged
        )

    async def open(self) -> None:
        """Connect, log in, and see that the user may do what we need; all or an exception.

        Raises LoginRefusedError; an OSError, which LinkLostError and AnswerLateError are, for whatever may be
        better next time; ActionRefusedError.
        """
        try:
            check_sendable({"Username": self.config["username"], "Secret": self.config["secret"]})
        except UnsendableError as wrong:
            raise LoginRefusedError(f"Username or secret of the manager user cannot be sent: {wrong}.") from None
        try:
            async with asyncio.timeout(OPEN_TIMEOUT):
                await self.connect()
                await self._logged_in()
                await self._allowed()
        except TimeoutError:
            raise AnswerLateError(
                self._why or f"no greeting and login within {OPEN_TIMEOUT:g} s; is it the manager port?"
            ) from None
        except LinkLostError as lost:
            raise LinkLostError(self._why or str(lost)) from None

    async def _logged_in(self) -> None:
        if self.authenticated_future is None:
            raise LinkLostError("the connection went down at once")
        answer = await self.authenticated_future
        if self.authenticated:
            return
        message = _messages(answer)[0].message
        if message == "Authentication failed":
            raise LoginRefusedError(
                f"Asterisk refused the manager user {self.config['username']!r} ({message}). Compare "
                "username and secret with the user's section in manager.conf, and see that its deny and "
                "permit lines let this machine in; Asterisk's own log says which of them it was. Then "
                "restart the dialer."
            )
        # "Login Already In Use" (allowmultiplelogin=no) and whatever else may pass by itself.
        raise LinkLostError(f"Asterisk did not let us log in: {message}")

    async def _allowed(self) -> None:
        """Ask for the actions this user may send: a missing privilege is told now, not at the first call."""
        [listed] = await self.request(AckAction({"Action": "ListCommands"}), OPEN_TIMEOUT)
        missing = {privilege for action, privilege in NEEDED.items() if action not in listed}
        if missing:
            raise LoginRefusedError(
                f"The manager user {self.config['username']!r} may not do what the dialer needs. Add "
                f"{', '.join(sorted(missing))} to its `write =` line in manager.conf, run `manager reload` "
                "in Asterisk and restart the dialer."
            )

    async def subscribe(self, timeout: float) -> None:
        """Ask for events. Actions sent after this one are carried out by an Asterisk that reports to us."""
        await self.request(AckAction({"Action": "Events", "EventMask": EVENT_MASK}), timeout)

    async def request(self, action: Action, timeout: float) -> list[Message]:
        """Send `action` once, and return its answer; more than one message for a list.

        Raises UnsendableError or LinkDownError (nothing was sent); ActionRefusedError; AnswerLateError or
        LinkLostError (sent, and nobody knows).
        """
        if not self.usable:
            raise LinkDownError("there is no working connection to Asterisk's manager")
        future = self.send_action(action)
        try:
            async with asyncio.timeout(timeout):
                answer = await future
        except TimeoutError:
            raise AnswerLateError(f"no answer to {action['Action']} within {timeout:g} s") from None
        finally:
            self.protocol.responses.pop(action.id, None)
        messages = _messages(answer)
        if messages[0].response == "Error":
            raise ActionRefusedError(messages[0].message)
        return messages

    def send_action(
        self, action: Action | dict[str, str], as_list: bool | None = None, **kwargs: str
    ) -> asyncio.Future[_Answer]:
        """The one way out. Raises UnsendableError; panoramisk's own login passes here too."""
        if not isinstance(action, Action):
            action = AckAction(action)
        action.update(kwargs)
        check_sendable(action)
        answer: asyncio.Future[_Answer] = self.protocol.send(action, as_list=as_list)
        return answer

    def hear(self, name: bytes, event: AmiEvent) -> None:
        """Hand an event to its one handler. Events come in the order in which Asterisk sent them."""
        self._handlers[name](event)

    def connection_made(self, f: asyncio.Task[tuple[asyncio.Transport, AMIProtocol]]) -> None:
        """TCP stands or does not; where it does panoramisk sends the login. `open` has the exception."""
        if f.cancelled() or f.exception() is not None or f.result()[1].closed:
            return
        super().connection_made(f)

    def login(self, future: asyncio.Future[_Answer]) -> bool:
        """The login was answered, or the link went down before."""
        if future.cancelled() or future.exception() is not None:
            return False
        return super().login(future)

    def ping(self) -> None:
        """Send a Ping and watch for its answer; panoramisk's timer calls this."""
        self._pinging = self.loop.create_task(self._ping())

    async def _ping(self) -> None:
        try:
            await self.request(AckAction({"Action": "Ping"}), self._ping_timeout)
        except AnswerLateError:
            self.give_up(f"Asterisk did not answer a Ping within {self._ping_timeout:g} s")
        except LinkDownError:
            self.give_up("Asterisk no longer reads what it is sent")
        except ActionRefusedError as refused:
            self.give_up(f"Asterisk refused a Ping: {refused}")
        except LinkLostError:
            pass
        else:
            self.pinger = self.loop.call_later(self.ping_interval, self.ping)

    def give_up(self, why: str) -> None:
        """End the connection now. Unsent bytes are thrown away: nothing may reach Asterisk after this."""
        self._why = self._why or why
        self._rest_timers()
        if self.protocol is not None:
            self.protocol.transport.abort()

    async def log_off(self, timeout: float) -> None:
        """End the connection as Asterisk likes it."""
        self._why = self._why or "logged off"
        try:
            await self.request(AckAction({"Action": "Logoff"}), timeout)
        except (ConnectionError, ActionRefusedError):
            log.debug("ami_logoff_unanswered")
        self.give_up(self._why)

    def connection_lost(self, exc: Exception | None) -> None:
        """The protocol says that the connection has ended."""
        self.authenticated = False
        self._rest_timers()
        if not self.lost.done():
            self.lost.set_result(self._why or (str(exc) if exc else "Asterisk closed the connection"))

    def _rest_timers(self) -> None:
        if self.pinger is not None:
            self.pinger.cancel()
            self.pinger = None


def _messages(answer: _Answer) -> list[Message]:
    return answer if isinstance(answer, list) else [answer]
