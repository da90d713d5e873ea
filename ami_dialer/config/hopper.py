"""How far ahead contacts are claimed for dialing."""

from pydantic import Field

from ami_dialer.config.kinds import Seconds
from ami_dialer.config.section import Section


class Hopper(Section):
    """How far ahead contacts are claimed for dialing, and for how long."""

    size: int = Field(200, ge=1, le=10_000, description="Contacts claimed ahead.")
    fill_interval: Seconds = Field(
        300.0, ge=1, le=3_600, description="It is filled up so often, and at once when it is half empty."
    )
    expiry: Seconds = Field(
        1_800.0,
        ge=10,
        le=86_400,
        description="Who was claimed so long ago and could not be called gives the place back to others.",
    )
