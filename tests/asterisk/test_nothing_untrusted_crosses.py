"""An attack by contact fields: no text of a list reaches AMI, the dialplan or a shell, however it is written."""

import itertools

import pytest

from ami_dialer.lab import BY_NAME
from tests.asterisk.dialer import Dialer, line
from tests.asterisk.wire import tapped

pytestmark = pytest.mark.asterisk

#: Every one holds the word that is looked for afterwards.
MARK = "pwned"


def attacks(canary):
    return [
        f"Ann\r\nAction: Command\r\nCommand: core stop now {MARK}\r\n\r\n",
        f"Ann\nAction: Originate\nChannel: Local/{MARK}@from-internal",
        f"${{SHELL(touch {canary})}} {MARK}",
        f"${{SYSTEM(touch {canary})}},,{MARK}",
        f'", System(touch {canary}) {MARK} "',
        f"$(touch {canary}); touch {canary} # {MARK}",
        f"`touch {canary}` | touch {canary} & {MARK}",
        f'x"\nSET VARIABLE {MARK} 1\nEXEC System "touch {canary}',
        f"../../../../{MARK}",
        f"{{{{phone}}}} {{{{ {MARK} }}}}",
        f"-w {canary} --{MARK}",
        f"\u2028\x1b[2J\x07 {MARK} \u202e",
    ]


def test_contact_fields_reach_neither_ami_nor_the_dialplan(tmp_path, world):
    canary = tmp_path / "canary"
    names = attacks(canary)
    numbers = [BY_NAME["presses-1"].number(line()) for _ in names]
    prompt = "Hello {{first_name}}. Are you content with our service? Press one for yes, two for no."
    with tapped(world.ports.ami) as wire:
        dialer = Dialer(tmp_path, world, itertools.zip_longest(numbers, names), max_calls=12, prompt=prompt)
        text = (tmp_path / "config.yaml").read_text(encoding="utf-8")
        config = text.replace(f"port: {world.ports.ami}", f"port: {wire.port}")
        (tmp_path / "config.yaml").write_text(config, encoding="utf-8")
        try:
            dialer.start()
            assert dialer.wait() == 0
        finally:
            dialer.close()
        sent = bytes(wire.sent).decode()
    assert dialer.rows("SELECT DISTINCT end_reason, detail FROM attempts") == [("completed", None)]
    assert len(dialer.rows("SELECT 1 FROM contacts WHERE fields LIKE '%pwned%'")) == len(names)
    assert MARK not in sent
    assert {header for header in sent.split("\r\n") if header.startswith("Action:")} <= {
        "Action: Login",
        "Action: Events",
        "Action: ListCommands",
        "Action: CoreSettings",
        "Action: CoreShowChannels",
        "Action: Originate",
        "Action: Ping",
        "Action: Logoff",
    }
    assert MARK not in world.pbx.log.read_text(encoding="utf-8", errors="replace")
    assert not canary.exists()
    assert not (world.settings.home / canary.relative_to("/")).exists()
