"""Text to speech by the configured programs, kept on disk by text and voice.

`command` reads the text on its standard input and writes a WAV; `convert` makes 8 kHz signed linear of it,
the format Asterisk plays without a header (`.sln`). No shell is involved, and the text is never an argument.
"""

import asyncio
import hashlib
import os
import re
import signal
from asyncio.subprocess import PIPE
from contextlib import suppress
from pathlib import Path

from ami_dialer.config.schema import Speech
from ami_dialer.ports import SpeechFailedError

#: Programs run at once. Speaking is work for the processor, and calls in progress need it too.
MAX_PROGRAMS = max(1, (os.cpu_count() or 2) // 2)
#: Bytes of a program's complaint that are kept.
_COMPLAINT = 500
#: Bytes of spoken texts that are kept: some 18 hours at 16 kB/s. Texts with names in them are new for each contact and
#: would fill the disk; what every call says stays well below this.
CACHE_BYTES = 1 << 30
#: Bytes of `.sln` sound below which a program has said nothing: 20 ms at 16 kB/s, one frame.
_LEAST_SOUND = 320
#: Names of files of ours; whatever else lies in the folder is left alone.
_OURS = re.compile("[0-9a-f]{40}")


class TtsSpeech:
    """Implements ports.Speech."""

    def __init__(self, settings: Speech) -> None:
        self._settings = settings
        self._directory = settings.directory.absolute()
        #: What is being spoken now, by key: those who ask for the same text wait for the same file.
        self._running: dict[str, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(MAX_PROGRAMS)

    async def sound_for(self, text: str, voice: str) -> str:
        """A sound path of `text` spoken by `voice`, as Asterisk takes it: without extension.

        Raises SpeechFailedError with the program's own message.
        """
        key = self._key(text, voice)
        if not _used(self._file(key)):
            task = self._running.get(key)
            if task is None:
                task = asyncio.create_task(self._produce(key, text, voice))
                self._running[key] = task
                task.add_done_callback(lambda _: self._running.pop(key, None))
            # A caller who hangs up must not take the sound from the others who wait for it.
            await asyncio.shield(task)
        seen_by_asterisk = self._settings.asterisk_directory or str(self._directory)
        return f"{seen_by_asterisk.rstrip('/')}/{key}"

    def trim(self, most: int = CACHE_BYTES) -> int:
        """Delete what was not spoken for longest, until at most so many bytes are kept. Returns how many files went.

        For the start of the engine: nobody is listening to one of them then.
        """
        found: list[tuple[float, int, Path]] = []
        for file in self._directory.glob("*.sln"):
            with suppress(OSError):
                known = file.stat()
                if _OURS.fullmatch(file.stem):
                    found.append((known.st_mtime, known.st_size, file))
        kept = sum(size for _, size, _ in found)
        gone = 0
        for _, size, file in sorted(found):
            if kept <= most:
                break
            with suppress(OSError):
                file.unlink()
                gone += 1
            kept -= size
        return gone

    def _key(self, text: str, voice: str) -> str:
        parts = [*self._settings.command, "|", *self._settings.convert, voice, text]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]

    def _file(self, key: str) -> Path:
        return self._directory / f"{key}.sln"

    async def _produce(self, key: str, text: str, voice: str) -> None:
        async with self._turns:
            command = [part.replace("{voice}", voice) for part in self._settings.command]
            wav = await self._run(command, text.encode())
            sound = await self._run(self._settings.convert, wav)
        if len(sound) < _LEAST_SOUND:
            # Without the text: it may hold a contact's name, and this goes into the log.
            raise SpeechFailedError(
                f"{command[0]} and {self._settings.convert[0]} made no sound of a text of {len(text)} characters"
            )
        await asyncio.to_thread(self._keep, key, sound)

    def _keep(self, key: str, sound: bytes) -> None:
        """Write the file under another name first, so that Asterisk never plays half of it."""
        target = self._file(key)
        unfinished = target.with_suffix(f".{os.getpid()}.tmp")
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(sound)
            unfinished.replace(target)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise SpeechFailedError(
                f"cannot write {target}: {error.strerror}; free the disk or set speech.directory to a folder "
                "that the dialer can write and Asterisk can read"
            ) from error

    async def _run(self, command: list[str], given: bytes) -> bytes:
        """What `command` writes when it is `given` this on standard input."""
        program = command[0]
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True
            )
        except OSError as error:
            raise SpeechFailedError(_cannot_start(program, error)) from error
        try:
            async with asyncio.timeout(self._settings.timeout):
                made, complaint = await process.communicate(given)
        except TimeoutError:
            raise SpeechFailedError(
                f"{program} took longer than speech.timeout ({self._settings.timeout:g} s)"
            ) from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if process.returncode != 0:
            said = complaint[-_COMPLAINT:].decode(errors="replace").strip() or "and said nothing"
            raise SpeechFailedError(f"{program} ended with {process.returncode}: {said}")
        return made


def _used(file: Path) -> bool:
    """Whether the file is there. Its time becomes that of its last use, by which `trim` goes."""
    try:
        os.utime(file)
    except FileNotFoundError:
        return False
    except OSError:
        return file.exists()  # not ours to touch: its time stays, and it can be played all the same
    return True


def _cannot_start(program: str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        name = Path(program).name
        return (
            f"{program} is not installed; on Debian or Ubuntu: apt install {name}. "
            "Or set speech.command and speech.convert to programs that are there"
        )
    return f"{program} cannot be started: {error.strerror}"
