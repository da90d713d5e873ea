"""What may go out, and as what it arrives: the attack on AMI and the dialplan."""

import asyncio
import re
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_dialer.adapters.asterisk.actions import (
    MAX_HEADERS,
    MAX_LINE_BYTES,
    AckAction,
    assignment,
    check_sendable,
    originate,
)
from ami_dialer.adapters.asterisk.faults import UnsendableError
from ami_dialer.domain.calls import OriginateRequest
from tests.unit.adapters.ami.world import ATTEMPT, request

pytestmark = pytest.mark.unit

ATTACKS = [
    "x\r\nAction: Command\r\nCommand: core stop now",
    "x\nApplication: System",
    "x\rAsync: false",
    "x\x00y",
    "${SHELL(id)}",
    "$[1+1]",
]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("field", ["channel", "context", "extension", "caller_id"])
def test_no_field_of_a_request_carries_an_attack(field: str, attack: str) -> None:
    with pytest.raises(UnsendableError):
        check_sendable(originate(request(**{field: f"PJSIP/{attack}"})))


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_variable_carries_an_attack(attack: str) -> None:
    with pytest.raises(UnsendableError):
        check_sendable(originate(request(variables=(("NAME", attack),))))


@pytest.mark.parametrize("name", ["SHELL(id)", "A,B", "A=B", "", "A B", "___A", "A\nB", "${A}", "A]"])
def test_a_variable_has_a_plain_name_or_none(name: str) -> None:
    with pytest.raises(UnsendableError, match="no name for a channel variable"):
        originate(request(variables=((name, "1"),)))


def _written(headers: Mapping[str, str | Sequence[str]]) -> bytes:
    """What panoramisk makes of the headers."""
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        return str(AckAction(headers)).encode()
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80))
def test_whatever_the_texts_either_nothing_goes_out_or_the_same_headers_with_those_texts(
    channel: str, caller_id: str, value: str
) -> None:
    wanted = OriginateRequest(
        ATTEMPT, f"PJSIP/{channel}", "answered", "amd", 30, caller_id=caller_id, variables=(("NAME", value),)
    )
    try:
        headers = originate(wanted)
        check_sendable(headers)
    except UnsendableError:
        return
    wire = _written(headers)
    lines = re.split(rb"[\r\n\x00]+", wire.removesuffix(b"\r\n"))
    names = sorted(line.split(b": ")[0] for line in lines if line)
    assert names == sorted(name.encode() for name in headers)
    assert f"Channel: PJSIP/{channel}".encode() in lines
    assert f"CallerID: {caller_id}".encode() in lines


def _split_as_asterisk_does(line: str) -> list[str]:
    """__ast_app_separate_args of main/app.c with ',' and remove_chars, in Python."""
    parts, current, depth, bracket, quoted = [], "", 0, 0, False
    characters = iter(line)
    for character in characters:
        if character == "\\":
            current += next(characters, "")
        elif character == '"':
            quoted = not quoted
        elif character == "," and not depth and not bracket and not quoted:
            parts.append(current)
            current = ""
        else:
            depth = max(0, depth + (character == "(") - (character == ")"))
            bracket = max(0, bracket + (character == "[") - (character == "]"))
            current += character
    return [*parts, current]


@given(st.text(st.sampled_from('ab,"\\()[]=; $'), max_size=20))
def test_a_value_with_commas_quotes_and_brackets_arrives_as_it_was_and_makes_no_second_variable(value: str) -> None:
    if "$[" in value:
        with pytest.raises(UnsendableError):
            assignment("NAME", value)
    else:
        assert _split_as_asterisk_does(assignment("NAME", value)) == [f"NAME={value}"]


def test_a_line_of_1024_bytes_goes_and_one_more_does_not() -> None:
    room = MAX_LINE_BYTES - len("Data: \r\n")
    check_sendable({"Action": "X", "Data": "x" * room})
    check_sendable({"Action": "X", "Data": "é" * (room // 2)})
    for text in ("x" * (room + 1), "é" * (room // 2 + 1)):
        with pytest.raises(UnsendableError, match="1024 bytes"):
            check_sendable({"Action": "X", "Data": text})


def test_128_headers_go_and_one_more_does_not() -> None:
    check_sendable({"Action": "X", "Variable": ["A=1"] * (MAX_HEADERS - 1)})
    with pytest.raises(UnsendableError, match="129 headers"):
        check_sendable({"Action": "X", "Variable": ["A=1"] * MAX_HEADERS})


@pytest.mark.parametrize("name", ["Evil: x", "A\r\nB", "", "A B", "Action:"])
def test_a_header_has_a_plain_name_or_does_not_go(name: str) -> None:
    with pytest.raises(UnsendableError, match="no name for an AMI header"):
        check_sendable({"Action": "X", name: "1"})


@pytest.mark.parametrize("field", ["channel", "caller_id"])
def test_what_asterisk_would_cut_off_does_not_go(field: str) -> None:
    with pytest.raises(UnsendableError, match="255 bytes"):
        originate(request(**{field: "PJSIP/" + "1" * 250}))


def test_an_id_too_long_for_asterisk_does_not_go() -> None:
    with pytest.raises(UnsendableError, match="147 characters"):
        originate(request("amid-" + "0" * 143))


@pytest.mark.parametrize(
    ("channel", "sent"),
    [
        ("Local/15551234567@from-internal", "Local/15551234567@from-internal/n"),
        ("Local/15551234567@from-internal/n", "Local/15551234567@from-internal/n"),
        ("Local/15551234567@from-internal/nj", "Local/15551234567@from-internal/nj"),
        ("PJSIP/15551234567@carrier", "PJSIP/15551234567@carrier"),
    ],
)
def test_a_local_channel_stays_in_the_call(channel: str, sent: str) -> None:
    assert originate(request(channel=channel))["Channel"] == sent
