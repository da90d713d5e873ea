"""FlowAgi: what goes out is one line, and what comes in never hangs or confuses it (docs/adr/0003)."""

import string

import pytest
from asterisk.agi import AGIAppError, AGIError, AGIHangup, AGIUsageError
from hypothesis import given
from hypothesis import strategies as st

from ami_dialer.adapters.asterisk.agi import MAX_COMMAND, MAX_USAGE_LINES, FileNotPlayedError, FlowAgi
from tests.fakes.agi_peer import DEAD, parse_args

pytestmark = pytest.mark.unit


class Tape:
    """Lines that Asterisk will say, and what was said to it; the end of the tape is the end of the connection."""

    def __init__(self, *says: str) -> None:
        self.says = list(says)
        self.written = ""

    def readline(self) -> str:
        return self.says.pop(0) + "\n" if self.says else ""

    def write(self, text: str, /) -> None:
        self.written += text

    def flush(self) -> None:
        pass


def agi_hearing(*says: str) -> tuple[FlowAgi, Tape]:
    tape = Tape(*says)
    return FlowAgi(tape, {}), tape


@pytest.mark.parametrize(
    ("reply", "digit"),
    [
        ("200 result=0 endpos=8000", ""),
        ("200 result=49 endpos=1200", "1"),
        ("200 result=35 endpos=0", "#"),
        ("200 result=42 endpos=0", "*"),
    ],
)
def test_given_a_reply_to_a_prompt_then_the_key_is_read(reply, digit):
    agi, tape = agi_hearing(reply)
    assert agi.stream_file("hello", "12#*") == digit
    assert tape.written == 'STREAM FILE "hello" "12#*" 0\n'


def test_given_a_reply_to_a_wait_then_the_key_is_read():
    agi, tape = agi_hearing("200 result=53", "200 result=0")
    assert agi.wait_for_digit(2500) == "5"
    assert agi.wait_for_digit(10) == ""
    assert tape.written == "WAIT FOR DIGIT 2500\nWAIT FOR DIGIT 10\n"


@pytest.mark.parametrize(
    "says",
    [
        [],
        ["HANGUP"],
        ["HANGUP", "200 result=0"],
        [DEAD],
        ["200 result=-1"],
        ["100 Trying"],
        ["100 Trying", "HANGUP"],
        ["200 result=1 (hangup)"],
        ["520-Invalid command syntax.  Proper usage follows:", "HANGUP"],
        ["520-Invalid command syntax.  Proper usage follows:", "Usage: WAIT FOR DIGIT <timeout>"],
    ],
)
def test_given_a_sign_of_hang_up_when_waiting_then_it_is_one(says):
    agi, _ = agi_hearing(*says)
    with pytest.raises(AGIHangup):
        agi.wait_for_digit(1000)


@pytest.mark.parametrize("sign", [["HANGUP"], [DEAD], ["200 result=-1"], []])
def test_given_a_failed_prompt_when_the_channel_is_dead_then_it_was_a_hang_up(sign):
    agi, _ = agi_hearing("200 result=-1 endpos=0", *sign)
    with pytest.raises(AGIHangup):
        agi.stream_file("hello")


@pytest.mark.parametrize("sign", ["200 result=0", "200 result=49"])
def test_given_a_failed_prompt_when_the_channel_is_alive_then_the_file_is_missing(sign):
    agi, tape = agi_hearing("200 result=-1 endpos=0", sign)
    with pytest.raises(FileNotPlayedError, match="hello"):
        agi.stream_file("hello")
    assert tape.written.splitlines()[1] == "WAIT FOR DIGIT 1"


def test_given_100_trying_then_the_reply_is_the_line_after_it():
    agi, _ = agi_hearing("100 Trying", "200 result=50")
    assert agi.wait_for_digit(1000) == "2"


def test_given_a_usage_text_then_it_is_read_to_its_end_and_the_next_reply_fits():
    agi, _ = agi_hearing(
        "520-Invalid command syntax.  Proper usage follows:",
        "Usage: X",
        "",
        "520 End of proper usage.",
        "200 result=49",
    )
    with pytest.raises(AGIUsageError, match="Usage: X"):
        agi.stream_file("hello")
    assert agi.wait_for_digit(1) == "1"


def test_given_a_usage_text_without_an_end_then_reading_it_ends():
    agi, tape = agi_hearing("520-Invalid command syntax.", *["more"] * (MAX_USAGE_LINES * 2))
    with pytest.raises(AGIError, match="without an end"):
        agi.wait_for_digit(1)
    assert len(tape.says) >= MAX_USAGE_LINES - 1


@pytest.mark.parametrize(
    "says", ["510 Invalid or unknown command", "hello", "200", "200 ", "200 endpos=1", "2000 result=1"]
)
def test_given_another_reply_then_it_is_an_error_but_no_hang_up(says):
    agi, _ = agi_hearing(says)
    with pytest.raises(AGIError) as error:
        agi.wait_for_digit(1)
    assert not isinstance(error.value, AGIAppError)


def test_given_a_variable_with_parentheses_and_equal_signs_then_it_comes_whole():
    agi, tape = agi_hearing("200 result=1 (k=v (c) ü)")
    assert agi.get_variable("NAME") == "k=v (c) ü"
    assert tape.written == 'GET VARIABLE "NAME"\n'


ATTACKS = st.one_of(
    st.text(),
    st.text(alphabet=string.whitespace + '"\\\x00\x1b\x85\u2028' + "SET VARIABLE"),
    st.sampled_from(['x"\nSET VARIABLE A "1', 'x" "" 0\r\nHANGUP', "x\\", 'x\\"\nEXEC System "rm"', "${SHELL(id)}"]),
)


@given(sound=ATTACKS, keys=ATTACKS)
def test_given_any_text_as_a_sound_then_one_command_of_five_words_goes_out(sound, keys):
    agi, tape = agi_hearing("200 result=0")
    try:
        agi.stream_file(sound, keys)
    except AGIError:
        assert tape.written == ""
        return
    assert tape.written.count("\n") == 1
    assert not any(c in tape.written[:-1] for c in "\r\0")
    words = parse_args(tape.written[:-1])
    assert words[:2] == ["STREAM", "FILE"]
    assert len(words) == 5


@given(text=st.text(alphabet=st.characters(blacklist_categories=("Cc", "Cs", "Zl")), max_size=200))
def test_given_a_text_without_control_characters_then_asterisk_reads_back_the_same(text):
    agi, tape = agi_hearing("200 result=1")
    agi.set_variable("X", text)
    assert parse_args(tape.written[:-1])[3:] == (
        [text] if text.replace("\u2029", "") == text else [text.replace("\u2029", " ")]
    )


def test_given_a_command_longer_than_asterisk_reads_then_it_is_refused():
    agi, tape = agi_hearing("200 result=0")
    with pytest.raises(AGIError, match=str(MAX_COMMAND)):
        agi.stream_file("x" * MAX_COMMAND)
    assert tape.written == ""


@given(says=st.lists(st.one_of(st.text(), st.from_regex(r"\A(100|200|510|511|520-?)[ -].{0,20}\Z")), max_size=8))
def test_given_any_lines_from_asterisk_then_a_verb_ends_with_a_key_or_an_agi_error(says):
    agi, _ = agi_hearing(*says)
    try:
        digit = agi.stream_file("hello", "123")
    except AGIError:
        return
    assert len(digit) <= 1
