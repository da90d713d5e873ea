from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

WITH = 'servers: {{pbx: {{secret: {}}}}}\ntrunks: {{out: {{server: pbx, dial: "PJSIP/{{number}}@c"}}}}\n'


@pytest.mark.parametrize(("written", "environ"), [("plain-1", {}), ("{env: PBX}", {"PBX": "plain-1"}), ("0123", {})])
def test_a_secret_is_text_or_comes_from_the_environment(
    looked_at: Callable, written: str, environ: dict[str, str]
) -> None:
    config = looked_at(WITH.format(written), **environ).config
    assert config.servers["pbx"].secret.get_secret_value() == environ.get("PBX", written)


@pytest.mark.parametrize("content", ["from file", "from file\n", "from file\r\n", "\ufefffrom file\n"])
def test_a_secret_file_lies_beside_the_configuration_and_may_end_its_line(
    looked_at: Callable, tmp_path: Path, content: str
) -> None:
    (tmp_path / "pbx.secret").write_text(content, encoding="utf-8")
    config = looked_at(WITH.format("{file: pbx.secret}")).config
    assert config.servers["pbx"].secret.get_secret_value() == "from file"


def test_a_password_of_the_database_is_a_secret_too(looked_at: Callable) -> None:
    text = "database: {url: postgresql://me@db/x, password: {env: PW}}\n"
    config = looked_at(text, below=True, PW="geheim").config
    assert config.database.password.get_secret_value() == "geheim"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "{env: PBX}",
            "environment variable 'PBX' is not set; set it where the dialer is started, or use {file: PATH}",
        ),
        ("{env: EMPTY}", "environment variable 'EMPTY' is empty; put the secret into it"),
        ("{file: none}", "there is no file '{here}/none'; write the secret, and only it, there"),
        ("{file: lab/manager.secret}", "there is no file '{here}/lab/manager.secret'; `ami-dialer lab up` writes it"),
        ("{file: empty}", "'{here}/empty' is empty; write the secret there"),
        ("{file: folder}", "cannot read '{here}/folder' (Is a directory); it must be a file this user may read"),
        ("{file: bytes}", "'{here}/bytes' is not UTF-8 text; is it the right file?"),
        ("{file: long}", "'{here}/long' is longer than 4096 bytes; is it the right file?"),
        ("{file: lines}", "is more than one line or holds a control character; a secret is one line of text"),
        (
            '"a\\r\\nAction: Command"',
            "is more than one line or holds a control character; a secret is one line of text",
        ),
        ("''", "is empty; write the secret, {env: NAME} or {file: PATH}"),
        ("{envir: PBX}", "a secret is written as text, as {env: NAME} or as {file: PATH}"),
        ("{env: A, file: b}", "a secret is written as text, as {env: NAME} or as {file: PATH}"),
        ("{env: [A]}", "a secret is written as text, as {env: NAME} or as {file: PATH}"),
        ("[a]", "a list cannot stand here; write one value"),
    ],
)
def test_a_secret_that_cannot_be_had_is_told_with_its_mend(
    problems_in: Callable, tmp_path: Path, written: str, told: str
) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "long").write_text("x" * 5_000)
    (tmp_path / "lines").write_text("one\ntwo\n")
    [problem] = problems_in(WITH.format(written), EMPTY="")
    where, key, message = problem.split(": ", 2)
    assert (where.rsplit(":", 1)[0], key) == ("config.yaml:1", "servers.pbx.secret")
    if message.startswith("the value"):
        message = message.replace("the value", "a list")
    assert message == told.replace("{here}", str(tmp_path))


def test_a_secret_is_never_shown(looked_at: Callable) -> None:
    examined = looked_at(WITH.format('"hunter2\\n"'))
    assert examined.problems
    assert not any("hunter2" in str(problem) for problem in examined.problems)
    assert "hunter2" not in repr(looked_at(WITH.format("hunter2")).config)
