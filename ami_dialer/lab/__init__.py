"""A PBX and a simulated world to call: two real Asterisks on loopback, where the dialled number chooses what happens.

`behaviours` is the table of numbers, `phones` that of agents' phones; `settings` says where a lab lives; `control`
starts and ends it.
"""

from .behaviours import BEHAVIOURS, BY_NAME, LAST_FOUR, MIXED, Behaviour, behaviour_of, mixed_numbers
from .control import LabStatus, down, instances, status, taken_ports, up
from .provision import install
from .received import calls_received
from .settings import LabSettings, Ports

__all__ = [
    "BEHAVIOURS",
    "BY_NAME",
    "LAST_FOUR",
    "MIXED",
    "Behaviour",
    "LabSettings",
    "LabStatus",
    "Ports",
    "behaviour_of",
    "calls_received",
    "down",
    "install",
    "instances",
    "mixed_numbers",
    "status",
    "taken_ports",
    "up",
]
