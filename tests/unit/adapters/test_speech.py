"""Speaking by the configured programs: real espeak-ng and sox, and small programs that misbehave on purpose."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from ami_dialer.adapters.speech import TtsSpeech
from ami_dialer.config.schema import Speech
from ami_dialer.ports import SpeechFailedError

pytestmark = pytest.mark.unit

#: 0.1 s of 8 kHz 16 bit silence.
SOUND = "import sys; sys.stdout.buffer.write(bytes(1600)); "


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


def speech(tmp_path: Path, **settings: Any) -> TtsSpeech:
    copy = python("import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())")
    values = {"convert": copy, "directory": tmp_path / "sounds", **settings}
    return TtsSpeech(Speech.model_validate(values))


def counting(tmp_path: Path, then: str = "") -> list[str]:
    """A program that leaves a line in a file each time it runs, and makes a sound."""
    count = f"open({str(tmp_path / 'count')!r}, 'a').write('x\\n'); "
    return python(f"import sys; text = sys.stdin.read(); {count}{then}sys.stdout.buffer.write(bytes(1600))")


def runs(tmp_path: Path) -> int:
    return len((tmp_path / "count").read_text().splitlines())


async def test_given_espeak_and_sox_when_a_text_is_spoken_then_asterisk_can_play_it(tmp_path):
    tts = TtsSpeech(Speech(directory=tmp_path / "sounds"))
    path = await tts.sound_for("Hello, this is a test call.", "en-us")
    assert Path(path).parent == tmp_path / "sounds"
    made = Path(path + ".sln").read_bytes()
    assert not made.startswith(b"RIFF")
    # 8 kHz, 16 bit: a sentence of this length takes between one and five seconds.
    assert 16_000 < len(made) < 80_000
    assert list((tmp_path / "sounds").iterdir()) == [Path(path + ".sln")]


async def test_given_sox_cannot_convert_then_its_own_words_are_passed_on(tmp_path):
    tts = TtsSpeech(Speech(command=python("print('no sound')"), directory=tmp_path))
    with pytest.raises(SpeechFailedError, match=r"sox ended with 2: sox FAIL formats"):
        await tts.sound_for("Hello", "en-us")


async def test_given_more_than_may_be_kept_then_what_was_not_used_for_longest_goes_first(tmp_path):
    tts = speech(tmp_path, command=counting(tmp_path))
    spoken = {text: Path(await tts.sound_for(text, "en") + ".sln") for text in ("old", "used", "new")}
    for age, file in enumerate(reversed(spoken.values())):
        os.utime(file, (1_000_000 - age, 1_000_000 - age))
    others = tmp_path / "sounds" / "hold-music.sln"
    others.write_bytes(bytes(9_999))
    await tts.sound_for("used", "en")
    size = spoken["old"].stat().st_size
    assert tts.trim() == 0
    assert tts.trim(2 * size) == 1
    assert [text for text, file in spoken.items() if file.exists()] == ["used", "new"]
    assert tts.trim(size) == 1
    assert [text for text, file in spoken.items() if file.exists()] == ["used"]
    assert others.exists()


async def test_given_no_folder_yet_then_there_is_nothing_to_trim(tmp_path):
    assert speech(tmp_path).trim(0) == 0


async def test_given_a_text_spoken_before_then_no_program_runs(tmp_path):
    tts = speech(tmp_path, command=counting(tmp_path))
    first = await tts.sound_for("Hello", "en")
    assert await tts.sound_for("Hello", "en") == first
    assert await speech(tmp_path, command=counting(tmp_path)).sound_for("Hello", "en") == first
    assert runs(tmp_path) == 1


async def test_given_another_text_voice_or_program_then_it_is_another_sound(tmp_path):
    tts = speech(tmp_path, command=counting(tmp_path))
    other = speech(tmp_path, command=counting(tmp_path, "pass; "))
    paths = {
        await tts.sound_for("Hello", "en"),
        await tts.sound_for("Hello", "fr"),
        await tts.sound_for("Hello.", "en"),
        await other.sound_for("Hello", "en"),
    }
    assert len(paths) == 4


async def test_given_many_callers_of_one_text_then_it_is_spoken_once(tmp_path):
    tts = speech(tmp_path, command=counting(tmp_path))
    paths = await asyncio.gather(*(tts.sound_for("Hello", "en") for _ in range(20)))
    assert len(set(paths)) == 1
    assert runs(tmp_path) == 1


async def test_given_one_of_two_who_wait_is_cancelled_then_the_other_gets_the_sound(tmp_path):
    tts = speech(tmp_path, command=counting(tmp_path))
    gone = asyncio.create_task(tts.sound_for("Hello", "en"))
    stays = asyncio.create_task(tts.sound_for("Hello", "en"))
    await asyncio.sleep(0)
    gone.cancel()
    assert Path(await stays + ".sln").exists()
    assert runs(tmp_path) == 1


@pytest.mark.parametrize("text", ["--help", "-f /etc/passwd", "$(touch x); `touch x`", 'a"b\\c', "{voice}", "ünï ☎"])
async def test_given_a_text_that_looks_like_code_then_the_program_reads_it_as_text(text, tmp_path):
    seen = tmp_path / "seen"
    command = python(f"import sys; open({str(seen)!r}, 'wb').write(sys.stdin.buffer.read()); {SOUND}")
    await speech(tmp_path, command=command).sound_for(text, "en")
    assert seen.read_text() == text


async def test_given_a_voice_then_it_is_filled_in_as_one_argument(tmp_path):
    seen = tmp_path / "seen"
    command = [*python(f"import sys; open({str(seen)!r}, 'w').write(repr(sys.argv[1:])); {SOUND}"), "-v", "{voice}"]
    await speech(tmp_path, command=command).sound_for("Hello", "en-us+f3")
    assert seen.read_text() == "['-v', 'en-us+f3']"


async def test_given_asterisk_sees_the_folder_elsewhere_then_the_path_is_its_own(tmp_path):
    tts = speech(tmp_path, command=counting(tmp_path), asterisk_directory="/var/lib/asterisk/sounds/dialer/")
    path = await tts.sound_for("Hello", "en")
    assert path.startswith("/var/lib/asterisk/sounds/dialer/")
    assert (tmp_path / "sounds" / (Path(path).name + ".sln")).exists()


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("import sys; sys.exit('no such voice: en')", "ended with 1: no such voice: en"),
        ("import sys; sys.exit(3)", "ended with 3: and said nothing"),
        ("pass", "made no sound of a text of 5 characters"),
    ],
)
async def test_given_a_program_that_fails_then_the_error_has_its_words_and_nothing_is_kept(code, complaint, tmp_path):
    tts = speech(tmp_path, command=python(code))
    with pytest.raises(SpeechFailedError) as error:
        await tts.sound_for("Hello", "en")
    assert complaint in str(error.value)
    assert not list(tmp_path.glob("sounds/*"))


async def test_given_a_failure_then_the_next_caller_tries_again(tmp_path):
    flag = tmp_path / "mended"
    command = python(f"import os, sys; os.path.exists({str(flag)!r}) or sys.exit('broken'); {SOUND}")
    tts = speech(tmp_path, command=command)
    with pytest.raises(SpeechFailedError, match="broken"):
        await tts.sound_for("Hello", "en")
    flag.touch()
    assert await tts.sound_for("Hello", "en")


async def test_given_a_missing_program_then_the_error_says_how_to_get_it(tmp_path):
    with pytest.raises(SpeechFailedError, match=r"no-such-tts is not installed; .* apt install no-such-tts"):
        await speech(tmp_path, command=["no-such-tts"]).sound_for("Hello", "en")
    with pytest.raises(SpeechFailedError, match="no-such-sox is not installed"):
        await speech(tmp_path, command=python(SOUND), convert=["no-such-sox"]).sound_for("Hello", "en")


async def test_given_a_file_that_is_no_program_then_the_error_says_so(tmp_path):
    (tmp_path / "tts").write_text("")
    with pytest.raises(SpeechFailedError, match="cannot be started: Permission denied"):
        await speech(tmp_path, command=[str(tmp_path / "tts")]).sound_for("Hello", "en")


async def test_given_a_program_that_hangs_then_it_is_ended_with_all_its_children(tmp_path):
    pids = tmp_path / "pids"
    code = (
        "import os, subprocess, sys, time; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}'); time.sleep(600)"
    )
    tts = speech(tmp_path, command=python(code), timeout=1.0)
    with pytest.raises(SpeechFailedError, match=r"longer than speech\.timeout \(1 s\)"):
        await tts.sound_for("Hello", "en")
    async with asyncio.timeout(10):
        while any(_is_running(int(pid)) for pid in pids.read_text().split()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_given_a_full_disk_then_the_error_says_where_and_nothing_half_is_left(tmp_path, monkeypatch):
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    tts = speech(tmp_path, command=counting(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(SpeechFailedError, match=r"cannot write .*: No space left on device; free the disk"):
            await tts.sound_for("Hello", "en")
    assert not list(tmp_path.glob("sounds/*"))
    assert await tts.sound_for("Hello", "en")


async def test_given_a_folder_that_cannot_be_made_then_the_error_says_so(tmp_path):
    (tmp_path / "sounds").write_text("a file in the way")
    with pytest.raises(SpeechFailedError, match=r"cannot write .*speech\.directory"):
        await speech(tmp_path, command=counting(tmp_path)).sound_for("Hello", "en")


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False
