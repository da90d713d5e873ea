import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog

from ami_dialer.cli import logs
from ami_dialer.config.schema import Logging
from ami_dialer.domain.errors import ConfigError

pytestmark = pytest.mark.unit

Written = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Log with these settings, and give what stands in the file, a dict for each line."""

    def write(say: Callable[[], None], **settings: Any) -> list[dict[str, Any]]:
        file = tmp_path / "logs" / "ami-dialer.log"
        logs.configure(Logging.model_validate({"file": str(file), **settings}))
        say()
        return [json.loads(line) for line in file.read_text().splitlines()]

    return write


def ours() -> Any:
    return structlog.get_logger("ami_dialer.engine.dispatch")


def test_a_line_has_time_level_message_and_fields(written: Written) -> None:
    [line] = written(lambda: ours().info("attempt ended", attempt="amid-019aa3e2b1c-0123456789", cause=17))
    assert line["timestamp"].endswith("Z")
    assert (line["level"], line["event"], line["cause"]) == ("info", "attempt ended", 17)
    assert line["attempt"] == "amid-019aa3e2b1c-0123456789"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+15551234567", "+…4567"),
        ("PJSIP/15551234567@carrier", "PJSIP/…4567@carrier"),
        ("Local/5551234567@from-internal", "Local/…4567@from-internal"),
        ("'+15551234567' is not a valid number", "'+…4567' is not a valid number"),
        ("amid-01951234567-0123456789", "amid-01951234567-0123456789"),
        ("PJSIP/carrier-00000012", "PJSIP/carrier-00000012"),
        ("2026-11-22T07:23:01.227390Z", "2026-11-22T07:23:01.227390Z"),
        ("waits 1800 s", "waits 1800 s"),
    ],
)
def test_phone_numbers_are_cut_and_other_digits_are_not(text: str, shown: str) -> None:
    assert logs.mask(text) == shown


def test_numbers_are_masked_in_messages_fields_and_errors(written: Written) -> None:
    def say() -> None:
        why = ValueError("no route to +15551234567")
        ours().error("call to 15551234567 failed", channel="PJSIP/15551234567@carrier", exc_info=why)

    [line] = written(say)
    assert "15551234567" not in json.dumps(line)
    assert line["channel"] == "PJSIP/…4567@carrier"
    assert "ValueError" in line["exception"]


def test_at_level_debug_numbers_stay_whole(written: Written) -> None:
    [line] = written(lambda: ours().debug("call", number="+15551234567"), level="debug")
    assert line["number"] == "+15551234567"


def test_what_is_below_the_level_is_not_written(written: Written) -> None:
    def say() -> None:
        ours().info("quiet")
        ours().warning("loud")

    assert [line["event"] for line in written(say, level="warning")] == ["loud"]


def test_the_logging_of_libraries_comes_out_alike_but_only_what_goes_wrong(written: Written) -> None:
    def say() -> None:
        logging.getLogger("sqlalchemy.engine").info("SELECT 1")
        logging.getLogger("panoramisk").warning("odd line")
        logging.getLogger("ami_dialer.adapters.asterisk.call_server").info("call", extra={"peer": "x"})

    lines = written(say)
    assert [(line["event"], line["level"]) for line in lines] == [("odd line", "warning"), ("call", "info")]
    assert lines[1]["peer"] == "x"


def test_a_file_that_cannot_be_written_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"logging\.file: .*cannot be written"):
        logs.configure(Logging.model_validate({"file": str(tmp_path / "file" / "x.log")}))


def test_behind_the_live_view_the_last_lines_are_kept_short(tmp_path: Path) -> None:
    tail = logs.configure_behind_view(Logging(), tmp_path / "x.log")
    ours().info("attempt ended", action="attempt_ended", number="+15551234567", detail=None)
    ours().warning("two\nlines")
    first, second = tail.lines
    assert first[8:] == " attempt ended  number=+…4567"
    assert second[8:] == " warning two"
    assert len((tmp_path / "x.log").read_text().splitlines()) == 2
