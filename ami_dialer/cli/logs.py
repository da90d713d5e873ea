"""What is logged, how, and where to: structlog for our own messages and for those of the libraries.

Messages are constant sentences; what varies stands in fields. Phone numbers are cut to their last four digits
unless the level is debug: a log is copied into tickets, and who was called is nobody's business there.
"""

import logging
import re
import sys
from collections import deque
from pathlib import Path
from typing import Any, TextIO

import orjson
import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from ami_dialer.config.schema import Logging
from ami_dialer.domain.errors import ConfigError

#: A phone number as the dialer writes it: E.164 or its digits. Ids of attempts (`amid-…-…`), times and channel
#: names (`…-00000012`) never begin so: a letter, a dash or a point stands before their digits.
_NUMBER = re.compile(r"(?<![\w.-])(\+?)\d{4,11}(\d{4})(?!\w)")
#: Of our loggers, and of the handlers that are ours to replace.
_OURS = "ami_dialer"


def mask(text: str) -> str:
    """The text with every phone number cut to its last four digits."""
    return _NUMBER.sub(r"\1…\2", text)


class Tail(logging.Handler):
    """Keeps the last lines for the live view."""

    def __init__(self, file: Path, lines: int = 50) -> None:
        super().__init__()
        #: Where the whole log is.
        self.file = file
        self.lines: deque[str] = deque(maxlen=lines)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one more line."""
        self.lines.append(self.format(record).splitlines()[0])


def configure(settings: Logging, *, as_json: bool = False) -> None:
    """Log to the file of the configuration, or to standard error. Raises ConfigError."""
    handler = logging.StreamHandler(sys.stderr) if settings.file is None else _file(settings.file)
    terminal: TextIO | None = sys.stderr if settings.file is None and sys.stderr.isatty() else None
    _begin(settings, [_formatted(handler, settings, _renderer(settings, terminal, as_json=as_json))])


def configure_quiet() -> None:
    """For commands that print their own results: only what goes wrong is logged, to standard error."""
    configure(Logging(level="warning", format="console"))


def configure_behind_view(settings: Logging, file: Path) -> Tail:
    """Log to a file, since the live view has the terminal, which shows the last lines. Raises ConfigError."""
    file = settings.file or file
    tail = Tail(file)
    _formatted(tail, settings, _short_line)
    behind = _formatted(_file(file), settings, _renderer(settings, None, as_json=False))
    _begin(settings, [behind, tail])
    return tail


def _begin(settings: Logging, handlers: list[logging.Handler]) -> None:
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if handler.name == _OURS]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        handler.name = _OURS
        root.addHandler(handler)
    # Libraries tell a story of their own at `info`; only what goes wrong in them concerns an administrator.
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger(_OURS).setLevel(level)
    logging.captureWarnings(capture=True)
    # A log that cannot be written (disk full) must not print tracebacks over the terminal.
    logging.raiseExceptions = False
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_shared(), ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _shared() -> list[Processor]:
    """What is done to our messages and to those of libraries alike."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _file(path: Path) -> logging.Handler:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        why = f"{path} cannot be written ({error.strerror}); name a file in a folder that this user may write to"
        raise ConfigError([f"logging.file: {why}"]) from error


def _formatted(handler: logging.Handler, settings: Logging, renderer: Processor) -> logging.Handler:
    formatter = ProcessorFormatter(
        foreign_pre_chain=_shared(),
        processors=[
            ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )
    handler.setFormatter(formatter if settings.level == "debug" else _Masked(formatter))
    return handler


class _Masked(logging.Formatter):
    """Masks the finished line, so that no field, message or error text is forgotten."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        return mask(self._inner.format(record))


def _renderer(settings: Logging, terminal: TextIO | None, *, as_json: bool) -> Processor:
    lines = settings.format == "json" or (settings.format == "auto" and terminal is None)
    if as_json or lines:
        return _json_line
    return structlog.dev.ConsoleRenderer(colors=terminal is not None, pad_event_to=0)


def _json_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _short_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """`15:04:05 warning the message  field=value`: what a line of the live view has room for."""
    time, level, message = event.pop("timestamp", ""), event.pop("level", ""), event.pop("event", "")
    hidden = {"action", "exception"}
    fields = " ".join(f"{name}={_short(value)}" for name, value in event.items() if name not in hidden and value)
    shown = f"{level} " if level not in {"info", "debug"} else ""
    return f"{time[11:19]} {shown}{message}  {fields}".rstrip()


def _short(value: Any) -> str:  # noqa: ANN401 - fields are whatever was logged
    return str(value).replace("\n", " ")
