"""Events to an MQTT broker: one task that connects, sends, and connects again. The only home of aiomqtt.

Nobody waits for it. `publish` puts an event into a bounded outbox; while the broker is away the oldest are dropped and
counted. With QoS 1 an event may come twice after a broken connection: `id` tells. The status of each campaign and of
the dialer itself is retained, and the broker says `offline` for us when we vanish.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import aiomqtt
import orjson
import structlog

from ami_dialer.adapters.backoff import Backoff
from ami_dialer.config.mqtt import Mqtt
from ami_dialer.domain.events import SCHEMA_VERSION, Event
from ami_dialer.ports import Clock

log = structlog.get_logger(__name__)

#: Messages whose acknowledgement is waited for together. Mosquitto sends 20 at a time to us by default; this is ours.
_AT_ONCE = 100
#: A broker that does not acknowledge for so long is taken for gone.
_ACKNOWLEDGE_SECONDS = 10.0
#: At the end the outbox may take so long to empty.
_LAST_SECONDS = 3.0
_OFFLINE = orjson.dumps({"version": SCHEMA_VERSION, "state": "offline"})
#: Not allowed in a topic (MQTT 3.1.1, 4.7), and our own separator.
_UNFIT = str.maketrans(dict.fromkeys("+#/\x00", "_"))


class MqttEvents:
    """Tells events to a broker. `start` before the first `publish`; `stop` sends what it can."""

    def __init__(self, settings: Mqtt, clock: Clock, backoff: Backoff | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._outbox: deque[tuple[str, bytes]] = deque()
        #: What is retained, by topic; told again to a broker that may have lost it.
        self._retained: dict[str, bytes] = {}
        self._untold: set[str] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._count = 0
        #: Ids of events: this start of the dialer, and a number that counts up.
        self._id_base = f"{int(clock.now().timestamp() * 1000):x}"
        #: Events that were dropped because the broker was away too long.
        self.dropped = 0
        self.sent = 0
        #: Why it is not connected, for people; None when it is.
        self.trouble: str | None = "not connected yet"

    def start(self) -> None:
        """Begin to connect, and keep connected."""
        self._task = asyncio.create_task(self._run(), name="mqtt")

    def publish(self, event: Event) -> None:
        """Tell an event, soon. Never blocks, never raises."""
        self._count += 1
        topic = "/".join(
            (self._settings.topic, *_place(event.campaign), event.name.station, event.name.what.translate(_UNFIT))
        )
        data = event.data
        if not self._settings.numbers and "number" in data:
            data = {key: value for key, value in data.items() if key != "number"}
        payload = {
            "version": SCHEMA_VERSION,
            "id": f"{self._id_base}-{self._count}",
            "event": event.name.value,
            "at": event.at,
            "campaign": event.campaign,
            **data,
        }
        if len(self._outbox) >= self._settings.buffer:
            self._outbox.popleft()
            self._dropped_one()
        self._outbox.append((topic, orjson.dumps(payload, option=orjson.OPT_UTC_Z, default=str)))
        self._wake.set()

    def status(self, campaign: str, state: str, at: datetime, **more: object) -> None:
        """Retain where a campaign stands: whoever subscribes later hears it at once."""
        topic = "/".join((self._settings.topic, *_place(campaign), "status"))
        payload = {"version": SCHEMA_VERSION, "campaign": campaign, "state": state, "at": at, **more}
        text = orjson.dumps(payload, option=orjson.OPT_UTC_Z, default=str)
        if self._retained.get(topic) != text:
            self._retained[topic] = text
            self._untold.add(topic)
            self._wake.set()

    async def stop(self) -> None:
        """Send what is left, for a few seconds, say good-bye, disconnect."""
        self._stopping = True
        self._wake.set()
        if self._task is None:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._task), _LAST_SECONDS)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._outbox:
            log.warning("events were not told to the MQTT broker", events=len(self._outbox), why=self.trouble)

    def _dropped_one(self) -> None:
        self.dropped += 1
        if self.dropped == 1:
            log.warning("the MQTT broker is away; the oldest events are dropped", kept=self._settings.buffer)

    @property
    def _status_topic(self) -> str:
        return f"{self._settings.topic}/status"

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._connected()
            except (aiomqtt.MqttError, OSError, ValueError) as error:
                self._say(str(error) or type(error).__name__)
            if not self._stopping:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._until_stopping(), self._backoff.next())

    async def _until_stopping(self) -> None:
        while not self._stopping:
            await self._wake.wait()
            self._wake.clear()

    async def _connected(self) -> None:
        settings = self._settings
        async with aiomqtt.Client(
            settings.host,
            settings.port,
            username=settings.username,
            password=settings.password.get_secret_value() if settings.password else None,
            identifier=settings.client_id,
            will=aiomqtt.Will(self._status_topic, _OFFLINE, qos=settings.qos, retain=True),
            keepalive=round(settings.keep_alive),
            timeout=_ACKNOWLEDGE_SECONDS,
            max_inflight_messages=_AT_ONCE,
            max_concurrent_outgoing_calls=_AT_ONCE,
            tls_context=self._tls(),
        ) as client:
            self._stands()
            online = orjson.dumps({"version": SCHEMA_VERSION, "state": "online", "at": self._clock.now()})
            await client.publish(self._status_topic, online, qos=settings.qos, retain=True)
            self._untold.update(self._retained)  # the broker may be another one, or have forgotten
            while True:
                self._wake.clear()
                await self._tell_statuses(client)
                await self._tell_events(client)
                if self._stopping:
                    await client.publish(self._status_topic, _OFFLINE, qos=settings.qos, retain=True)
                    return
                if not self._outbox and not self._untold:
                    await self._something(client)

    async def _something(self, client: aiomqtt.Client) -> None:
        """Wait for something to tell. Raises MqttError when the connection ends meanwhile."""
        waiting = asyncio.create_task(self._wake.wait())
        reading = asyncio.create_task(_read(client))
        try:
            await asyncio.wait({waiting, reading}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
        finally:
            waiting.cancel()
            reading.cancel()
            await asyncio.gather(waiting, reading, return_exceptions=True)

    async def _tell_statuses(self, client: aiomqtt.Client) -> None:
        while self._untold:
            topic = self._untold.pop()
            try:
                await client.publish(topic, self._retained[topic], qos=self._settings.qos, retain=True)
            except BaseException:
                self._untold.add(topic)
                raise

    async def _tell_events(self, client: aiomqtt.Client) -> None:
        while self._outbox:
            taken = [self._outbox.popleft() for _ in range(min(_AT_ONCE, len(self._outbox)))]
            publishing = [client.publish(topic, payload, qos=self._settings.qos) for topic, payload in taken]
            results: Sequence[BaseException | None] = await asyncio.gather(*publishing, return_exceptions=True)
            failed = [message for message, result in zip(taken, results, strict=True) if result is not None]
            self.sent += len(taken) - len(failed)
            self._outbox.extendleft(reversed(failed))
            for result in results:
                if result is not None:
                    raise result

    def _tls(self) -> ssl.SSLContext | None:
        tls = self._settings.tls
        if tls is None:
            return None
        context = ssl.create_default_context(cafile=str(tls.ca_file) if tls.ca_file else None)
        if not tls.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _stands(self) -> None:
        self._backoff.reset()
        log.info("connected to the MQTT broker", broker=f"{self._settings.host}:{self._settings.port}")
        self.trouble = None
        if self.dropped:
            log.warning("events were dropped while the MQTT broker was away", events=self.dropped)
            self.dropped = 0

    def _say(self, trouble: str) -> None:
        report = log.debug if self.trouble == trouble else log.warning
        report("no connection to the MQTT broker; calls go on", why=trouble)
        self.trouble = trouble


async def _read(client: aiomqtt.Client) -> None:
    """We subscribe to nothing, so this only ends with the connection."""
    async for _ in client.messages:
        pass


def _place(campaign: str | None) -> tuple[str, ...]:
    return () if campaign is None else ("campaigns", campaign.translate(_UNFIT))
