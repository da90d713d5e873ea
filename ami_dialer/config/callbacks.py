"""Callbacks: calls at a time that somebody asked for."""

from pydantic import Field

from ami_dialer.config.kinds import Seconds
from ami_dialer.config.section import Section


class Callbacks(Section):
    """Calls at a time that the contact asked for."""

    late: Seconds = Field(
        900.0, ge=60, le=86_400, description="One that was not placed so long after its time is missed."
    )
    horizon: Seconds = Field(
        90 * 86_400.0, ge=3_600, le=366 * 86_400, description="No callback is taken for later than in so long."
    )
