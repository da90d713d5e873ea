"""Commands set logging up for the whole process; a test gives it back as it was."""

import logging
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("ami_dialer")
    before = (root.level, ours.level, logging.raiseExceptions)
    yield
    for handler in [handler for handler in root.handlers if handler.name == "ami_dialer"]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(before[0])
    ours.setLevel(before[1])
    logging.raiseExceptions = before[2]
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
