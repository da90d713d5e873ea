"""Who gives a command, for the audit trail."""

import os
import pwd
from contextlib import suppress
from pathlib import Path

#: What /proc says of a process that nobody has logged in for.
_NOBODY = 2**32 - 1


def actor() -> str:
    """The machine's user; of sudo the one who called it too: `root (ann)`.

    Whoever called it is taken from what the kernel keeps of the log-in, where it does, which nobody can set anew; else
    from what sudo says.
    """
    user = _name(os.getuid())
    behind = _logged_in() or os.environ.get("SUDO_USER", "")
    return f"{user} ({behind})" if behind not in {"", user} else user


def _logged_in() -> str:
    with suppress(OSError, ValueError):
        uid = int(Path("/proc/self/loginuid").read_text(encoding="ascii"))
        if uid != _NOBODY:
            return _name(uid)
    return ""


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # as in containers
        return f"uid {uid}"
