"""Plays with the phones of the lab's world: starts them with a plan, and tells what they and the people did.

All of it is from the world's own log, so that the dialer's word need not be taken for it. The log has it even where the
lab is not `verbose`.
"""

import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from ami_dialer.lab import LabSettings
from ami_dialer.lab.phones import LOGIN_EXTENSION, PHONES, Phone, Plan, login

_LINE = re.compile(r"^\[([-0-9]+ [:.0-9]+)\] NOTICE.*? (phone|person) (\S+) (.+)$")


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody in the world did."""

    at: datetime
    #: `phone` or `person`.
    who: str
    #: 01 to 20, or the person's number.
    name: str
    #: As the world's dialplan has it: `talks with +15615550123`, `presses 1`, `is gone`.
    what: str


class Phones:
    """The phones of a running lab; to be closed."""

    def __init__(self, settings: LabSettings) -> None:
        self.settings = settings
        self._log = settings.home / "world" / "log" / "full"
        self._from = self._log.stat().st_size
        self._ami = _Ami(settings.ports.world_ami, settings.secret_file.read_text(encoding="utf-8").strip())
        self._used: dict[int, Plan] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def plan(self, number: int, plan: Plan | None = None) -> Plan:
        """What the phone of this number, from 1, does from its next call on; without a plan, that of the table."""
        chosen = plan or PHONES[number - 1].plan
        for name, value in chosen.variables(_name(number)).items():
            self._ami.ask(Action="Setvar", Variable=name, Value=value)
        self._used[number] = chosen
        return chosen

    def start(
        self,
        number: int,
        agent: str | None = None,
        pin: str | None = None,
        plan: Plan | None = None,
        extension: str = LOGIN_EXTENSION,
    ) -> None:
        """Let the phone call the PBX and log in; returns at once."""
        chosen = plan or PHONES[number - 1].plan
        if agent is not None and pin is not None:
            chosen = replace(chosen, login=login(agent, pin))
        self.plan(number, chosen)
        phone = PHONES[number - 1]
        self._ami.ask(
            Action="Originate",
            Channel=f"PJSIP/{extension}@pbx",
            ChannelId=f"{phone.name}-{time.monotonic_ns()}",
            CallerID=f"{phone.name} <{phone.name}>",
            Context="phones-placed",
            Exten=phone.name,
            Priority="1",
            Timeout="30000",
            Async="true",
        )

    def press(self, number: int, keys: str) -> None:
        """Press keys now, whatever the phone's plan is doing."""
        for channel in self.channels(number):
            for key in keys:
                self._ami.ask(Action="PlayDTMF", Channel=channel, Digit=key, Duration="100")
                time.sleep(0.15)

    def hang_up(self, number: int) -> None:
        """Hang up now: with a BYE, as a phone does whose handset is put down."""
        for channel in self.channels(number):
            self._ami.ask(Action="Hangup", Channel=channel)

    def silence(self, number: int) -> None:
        """Vanish without a word: no BYE, and no sound any more."""
        for channel in self.channels(number):
            self._ami.ask(Action="Redirect", Channel=channel, Context="phone", Exten="silent", Priority="1")

    def channels(self, number: int) -> list[str]:
        """The channels of the phone in the world: one while it is on the line."""
        listed = self._ami.list(Action="CoreShowChannels")
        ours = PHONES[number - 1].name
        return [
            one["Channel"] for one in listed if ours in (one.get("Uniqueid", "").rpartition("-")[0], one["CallerIDNum"])
        ]

    def stop(self) -> None:
        """Hang up every phone that was started."""
        for number in self._used:
            self.hang_up(number)

    def close(self) -> None:
        """Hang up and take back the plans."""
        self.stop()
        for number in list(self._used):
            self.plan(number)
        self._ami.close()

    def deeds(self, number: int | None = None) -> list[Deed]:
        """What this phone, or everybody, did since this object was made, in order."""
        with self._log.open(encoding="utf-8", errors="replace") as lines:
            lines.seek(self._from)
            found = [match for line in lines if (match := _LINE.match(line))]
        all_of_them = [Deed(datetime.strptime(m[1], "%Y-%m-%d %H:%M:%S.%f"), m[2], m[3], m[4]) for m in found]  # noqa: DTZ007 - the log's own
        return [deed for deed in all_of_them if number is None or (deed.who, deed.name) == ("phone", _name(number))]

    def said(self, number: int) -> list[str]:
        """The same without times: `is up`, `presses 101#`, `talks with +15615550123`."""
        return [deed.what for deed in self.deeds(number)]

    def talks(self) -> dict[str, list[int]]:
        """With which phones each contact talked, in order."""
        found: dict[str, list[int]] = {}
        for deed in self.deeds():
            if deed.who == "phone" and deed.what.startswith("talks with "):
                found.setdefault(deed.what.removeprefix("talks with "), []).append(int(deed.name))
        return found

    def results(self) -> dict[str, str]:
        """The result that was pressed after the last talk with each contact; "" for none."""
        found: dict[str, str] = {}
        last: dict[str, str] = {}
        for deed in self.deeds():
            if deed.who != "phone":
                continue
            if deed.what.startswith("talks with "):
                last.pop(deed.name, None)
                found[deed.what.removeprefix("talks with ")] = ""
            elif deed.what.startswith("is done with "):
                last[deed.name] = deed.what.removeprefix("is done with ")
            elif deed.what.startswith("presses ") and (contact := last.pop(deed.name, None)):
                found[contact] = deed.what.removeprefix("presses ")
        return found

    def until(self, fact: Callable[[], object], seconds: float = 30) -> None:
        """Wait until `fact()` holds; fails with what everybody did."""
        deadline = time.monotonic() + seconds
        while not fact():
            if time.monotonic() > deadline:
                told = "\n".join(f"{deed.at:%H:%M:%S.%f} {deed.who} {deed.name} {deed.what}" for deed in self.deeds())
                raise AssertionError(f"it did not come about; in the world:\n{told}")
            time.sleep(0.05)


def phone(number: int) -> Phone:
    """The phone of this number, from 1."""
    return PHONES[number - 1]


def _name(number: int) -> str:
    return PHONES[number - 1].phone


class _Ami:
    """The least that a client needs: one action after the other."""

    def __init__(self, port: int, secret: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._lines = self._socket.makefile("r", encoding="utf-8", newline="\r\n")
        self._lines.readline()
        self.ask(Action="Login", Username="lab", Secret=secret, Events="off")

    def ask(self, **headers: str) -> dict[str, str]:
        """Send an action; its answer. Fails where it is refused, but for a channel that is gone."""
        self._socket.sendall("".join(f"{key}: {value}\r\n" for key, value in headers.items()).encode() + b"\r\n")
        answer = self._message()
        gone = (
            "no such channel" in answer.get("Message", "").lower() or "not found" in answer.get("Message", "").lower()
        )
        assert answer.get("Response") != "Error" or gone, (headers, answer)
        return answer

    def list(self, **headers: str) -> list[dict[str, str]]:
        """Send an action that answers with a list; its entries."""
        self.ask(**headers)
        entries = []
        while "Complete" not in (message := self._message()).get("Event", ""):
            entries.append(message)
        return entries

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def _message(self) -> dict[str, str]:
        message: dict[str, str] = {}
        while line := self._lines.readline().rstrip("\r\n"):
            key, _, value = line.partition(":")
            message[key] = value.strip()
        return message
