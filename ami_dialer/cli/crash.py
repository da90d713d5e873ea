"""A fault of the program itself: a short message for the user, the traceback into a file for the report."""

import os
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path

from ami_dialer import __version__
from ami_dialer.cli.output import load_config
from ami_dialer.domain.errors import DialerError

#: EX_SOFTWARE of sysexits.h.
EXIT_CODE = 70
#: With this in the environment the traceback goes to the terminal.
DEBUG_VARIABLE = "AMI_DIALER_DEBUG"
_NAME = "ami-dialer-crash.log"


def log_folder(config_file: Path) -> Path:
    """Where a log goes when nothing else is said: beside the SQLite file, else beside the configuration."""
    with suppress(DialerError):
        url = load_config(config_file).database.url
        if url.startswith("sqlite:///"):
            return Path(url.removeprefix("sqlite:///")).parent
    return config_file.absolute().parent


def told(error: Exception, config_file: Path) -> str:
    """Keep the traceback, and say in a sentence or two what happened and where it is."""
    text = f"ami-dialer {__version__}\n{''.join(traceback.format_exception(error))}\n"
    what = f"a fault in ami-dialer itself stopped it ({type(error).__name__}: {error})"
    for folder in (log_folder(config_file), Path(tempfile.gettempdir())):
        file = folder / _NAME
        with suppress(OSError):
            # The traceback may hold a contact's data: for this user's eyes.
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "a", encoding="utf-8") as out:
                out.write(text)
            return f"{what}.\nThe traceback is at the end of {file}; please add it to a bug report."
    return f"{what}.\nThe traceback could not be written anywhere; set {DEBUG_VARIABLE}=1 to see it."
