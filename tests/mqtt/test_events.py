"""What a broker hears, and what becomes of events while it does not."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL

import pytest

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.adapters.mqtt import MqttEvents
from ami_dialer.config.mqtt import Mqtt
from ami_dialer.domain.events import Event, EventName
from tests.mqtt.conftest import AT, event, listening, telling, until

pytestmark = pytest.mark.mqtt
ENDED = "ami-dialer/campaigns/survey/disposition/ended"


async def test_an_event_is_told_on_the_topic_of_its_campaign_and_station(broker):
    async with listening(broker) as listener, telling(broker) as events:
        events.publish(event())
        await listener.until(lambda: listener.of(ENDED))
    [heard] = listener.of(ENDED)
    assert heard.pop("id")
    assert heard == {
        "version": 1,
        "event": "disposition.ended",
        "at": "2026-03-02T15:00:00Z",
        "campaign": "survey",
        "attempt": "amid-1",
        "number": "+12125550123",
    }


async def test_an_event_of_no_campaign_has_a_topic_of_its_own(broker):
    async with listening(broker) as listener, telling(broker, topic="pbx/dialer") as events:
        events.publish(Event(EventName.IMPORTED, AT, None, {"list": "people", "added": 3}))
        await listener.until(lambda: listener.of("pbx/dialer/intake/imported"))
    assert listener.of("pbx/dialer/intake/imported")[0]["added"] == 3


async def test_numbers_stay_inside_where_the_administrator_says_so(broker):
    async with listening(broker) as listener, telling(broker, numbers=False) as events:
        events.publish(event())
        await listener.until(lambda: listener.of(ENDED))
    assert "number" not in listener.of(ENDED)[0]


async def test_a_name_cannot_leave_its_level_of_the_topic(broker):
    async with listening(broker) as listener, telling(broker) as events:
        events.publish(Event(EventName.ENDED, AT, "a/b+#", {}))
        await listener.until(lambda: listener.of("ami-dialer/campaigns/a_b__/disposition/ended"))


async def test_events_come_in_order_and_none_is_lost(broker):
    async with listening(broker) as listener, telling(broker) as events:
        for number in range(500):
            events.publish(event(number))
        await listener.until(lambda: len(listener.of(ENDED)) == 500)
    assert [heard["attempt"] for heard in listener.of(ENDED)] == [f"amid-{number}" for number in range(500)]


async def test_the_status_of_a_campaign_is_retained_for_who_comes_later(broker):
    async with telling(broker) as events:
        events.status("survey", "running", AT, waiting=5)
        async with listening(broker) as early:
            await early.until(lambda: early.of("ami-dialer/campaigns/survey/status"))
        async with listening(broker) as late:
            await late.until(lambda: late.of("ami-dialer/campaigns/survey/status"))
    [(_, payload, retained)] = [one for one in late.heard if one[0].endswith("survey/status")]
    assert payload == {
        "version": 1,
        "campaign": "survey",
        "state": "running",
        "at": "2026-03-02T15:00:00Z",
        "waiting": 5,
    }
    assert retained


async def test_the_dialer_is_online_and_offline_again(broker):
    async with listening(broker) as listener:
        async with telling(broker):
            await listener.until(lambda: listener.of("ami-dialer/status"))
        await listener.until(lambda: len(listener.of("ami-dialer/status")) == 2)
    assert [heard["state"] for heard in listener.of("ami-dialer/status")] == ["online", "offline"]


DIALER = """
import asyncio, sys
from ami_dialer.adapters.clock import SystemClock
from ami_dialer.adapters.mqtt import MqttEvents
from ami_dialer.config.mqtt import Mqtt

async def main():
    MqttEvents(Mqtt(port=int(sys.argv[1])), SystemClock()).start()
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_the_broker_says_offline_for_a_dialer_that_is_killed(broker):
    async with listening(broker) as listener:
        dialer = await asyncio.create_subprocess_exec(sys.executable, "-c", DIALER, str(broker.port), stdout=DEVNULL)
        await listener.until(lambda: listener.of("ami-dialer/status"))
        dialer.kill()
        await dialer.wait()
        await listener.until(lambda: len(listener.of("ami-dialer/status")) == 2)
    assert listener.of("ami-dialer/status")[-1]["state"] == "offline"


async def test_what_happens_while_the_broker_is_down_is_told_when_it_is_back(broker):
    async with telling(broker) as events:
        events.status("survey", "running", AT)
        await until(lambda: events.trouble is None)
        broker.kill()
        events.publish(event(1))
        await until(lambda: events.trouble is not None)
        events.publish(event(2))
        broker.start()
        async with listening(broker) as listener:
            events.publish(event(3))
            await listener.until(lambda: any(heard["attempt"] == "amid-3" for heard in listener.of(ENDED)))
            await listener.until(lambda: listener.of("ami-dialer/campaigns/survey/status"))
        assert events.dropped == 0


async def test_a_broker_that_stays_away_costs_the_oldest_events_and_nothing_else(broker):
    broker.kill()
    async with telling(broker, buffer=100) as events:
        for number in range(150):
            events.publish(event(number))
        assert events.dropped == 50
        broker.start()
        async with listening(broker) as listener:
            await until(lambda: events.sent >= 100)
            events.publish(event(999))
            await listener.until(lambda: any(heard["attempt"] == "amid-999" for heard in listener.of(ENDED)))
        assert events.dropped == 0


async def test_a_frozen_broker_holds_nobody_up(broker):
    async with telling(broker, buffer=200) as events:
        await until(lambda: events.trouble is None)
        broker.freeze()
        try:
            for number in range(1_000):
                events.publish(event(number))
            await asyncio.sleep(0)
            assert events.dropped >= 700
        finally:
            broker.thaw()


async def test_a_wrong_password_is_said_and_tried_again(broker, tmp_path):
    broker.kill()
    passwords = tmp_path / "passwords"
    passwords.write_text("", encoding="ascii")
    broker.start("allow_anonymous false", f"password_file {passwords}")
    async with telling(broker, username="dialer", password="wrong") as events:
        await until(lambda: "not connected yet" not in str(events.trouble))
        assert "ot authori" in events.trouble


def test_the_payload_is_plain_json():
    settings = Mqtt()
    events = MqttEvents(settings, SystemClock())
    events.publish(event())
    _, payload = events._outbox[0]
    assert json.loads(payload)["event"] == "disposition.ended"
