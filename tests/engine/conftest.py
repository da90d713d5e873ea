"""The clockwork, with the same dialer as the journey's tests."""

from tests.journey.conftest import house

__all__ = ["house"]
