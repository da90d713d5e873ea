"""The MQTT broker that events are told to."""

from pydantic import Field

from ami_dialer.config.kinds import Host, LocalPath, Port, Seconds, Secret
from ami_dialer.config.section import Section

#: No wildcards, nothing empty between slashes, no `$` at the beginning (brokers keep that for themselves).
TOPIC_PATTERN = r"^[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*$"
CLIENT_PATTERN = r"^[A-Za-z0-9_.-]{1,64}$"


class BrokerTls(Section):
    """TLS towards the broker."""

    ca_file: LocalPath | None = Field(None, description="Certificate authority; without it the system's are used.")
    verify: bool = Field(True, description="Check the certificate and the host name.")


class Mqtt(Section):
    """A broker that hears of everything that happens on the way of a contact. Nothing of the dialer depends on it."""

    host: Host = Field("127.0.0.1", description="The broker.")
    port: Port = Field(1883, description="Its port; 8883 is usual with TLS.")
    username: str | None = Field(None, max_length=200, description="Log-in at the broker.")
    password: Secret | None = Field(None, description="For the log-in: text, {env: NAME} or {file: PATH}.")
    tls: BrokerTls | None = Field(None, description="Set it to connect by TLS.")
    client_id: str = Field("ami-dialer", pattern=CLIENT_PATTERN, description="Each dialer at a broker needs its own.")
    topic: str = Field(
        "ami-dialer",
        max_length=200,
        pattern=TOPIC_PATTERN,
        description="What all topics begin with: TOPIC/campaigns/NAME/STATION/EVENT, TOPIC/status.",
    )
    qos: int = Field(1, ge=0, le=2, description="0: at most once, 1: at least once, 2: exactly once.")
    numbers: bool = Field(True, description="Whether events carry the numbers that are called.")
    buffer: int = Field(
        10_000, ge=100, le=1_000_000, description="Events kept while the broker is away; then the oldest are dropped."
    )
    keep_alive: Seconds = Field(30.0, ge=5, le=3_600, description="So soon the broker tells others that we are gone.")
