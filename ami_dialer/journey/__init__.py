"""The way of a contact: one file per station, in this order. No station knows another; the engine passes on."""

STATIONS = (
    "intake",
    "scrub",
    "hopper",
    "pacing",
    "originate",
    "amd",
    "flow",
    "disposition",
    "retry",
    "report",
)
