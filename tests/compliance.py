"""Campaigns that may call the numbers of tests at any hour, and again at once: nothing holds a call back."""

import json

#: As `config.yaml` has it for the lab.
UNRESTRICTED = {
    "hours": {"earliest": "0:00", "latest": "24:00"},
    "caps": {"between_calls": 0},
    "exemptions": [
        {"rules": ["hours", "attempts", "closed"], "basis": "test", "reason": "The numbers of tests ring at nobody's."}
    ],
}


def unrestricted(between: str = ", ") -> str:
    """The same for a configuration file: within braces, or with a line break `between`."""
    return between.join(f"{key}: {json.dumps(value)}" for key, value in UNRESTRICTED.items())
