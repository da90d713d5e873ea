"""The config.yaml at the top of the tree is the example, and what it says of defaults is true."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from ami_dialer.config.flow import Prompt, Verb
from ami_dialer.config.load import Examination, examine
from ami_dialer.config.schema import Config
from ami_dialer.config.shape import keys_of, kind_at, section_of, sections
from ami_dialer.config.yaml_lines import read_yaml

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
EXAMPLE = (ROOT / "config.yaml").read_text(encoding="utf-8")
#: With every `#key: value` made `key: value`.
UNCOMMENTED = re.sub(r"^(\s*)#(?=\S)", r"\1", EXAMPLE, flags=re.MULTILINE)
#: The lab's secret is written by `ami-dialer lab up`.
SECRET = "var/lab/manager.secret"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    secret = tmp_path / SECRET
    secret.parent.mkdir(parents=True)
    secret.write_text("of the lab\n")
    secret.chmod(0o600)
    file = tmp_path / "config.yaml"
    file.write_text(EXAMPLE, encoding="utf-8")
    return file


def with_every_default_written(file: Path) -> Examination:
    # These are alternatives to a flow, a caller id, an extension: they cannot stand beside them.
    text = re.sub(r"^ +(dialplan|agents|queue|sessions|caller_ids):.*\n", "", UNCOMMENTED, flags=re.MULTILINE)
    file.write_text(text, encoding="utf-8")
    crm = file.parent / "secrets/crm"
    crm.parent.mkdir(exist_ok=True)
    crm.write_text("s3cret\n")
    crm.chmod(0o600)
    secrets = ("AMI_DIALER_DB_PASSWORD", "CRM_TENANT", "CRM_PASSWORD", "CRM_TOKEN", "MQTT_PASSWORD")
    return examine(file, dict.fromkeys(secrets, "x"))


def test_the_example_is_in_order(example: Path) -> None:
    examined = examine(example, {})
    assert [str(problem) for problem in (*examined.problems, *examined.warnings)] == []


def test_the_example_on_a_fresh_machine_says_how_to_start_the_lab(example: Path) -> None:
    (example.parent / SECRET).unlink()
    [problem] = examine(example, {}).problems
    assert problem.key == "servers.pbx.secret"
    assert problem.message.endswith("`ami-dialer lab up` writes it")


def test_the_example_with_every_default_written_is_in_order(example: Path) -> None:
    examined = with_every_default_written(example)
    # What is for agents stands beside a flow there.
    others = [warning for warning in examined.warnings if "has no effect: it needs agents" not in warning.message]
    assert [str(problem) for problem in (*examined.problems, *others)] == []


def test_every_key_stands_in_the_example() -> None:
    document = read_yaml(UNCOMMENTED, "config.yaml")
    assert document.problems == []
    written = {(section_of(kind_at(Config, path[:-1])), path[-1]) for path in document.keys}
    known = {(model, key) for _, model in sections(Config) for key in keys_of(model)}
    # The example writes prompts as bare text and `- hangup` alone.
    assert known - written == {(Prompt, "play"), (Prompt, "say"), (Verb, "hangup")}


def test_what_the_example_calls_a_default_is_the_default(example: Path) -> None:
    plain = examine(example, {}).config
    written = with_every_default_written(example).config
    assert plain is not None
    assert written is not None
    for section in ("engine", "fastagi", "speech", "logging", "trunks", "database", "lists"):
        before, after = getattr(plain, section), getattr(written, section)
        for one, other in zip(_models(before), _models(after), strict=False):  # commented lists come after
            for name in type(one).model_fields:
                default = getattr(one, name)
                assert default is None or getattr(other, name) == default, f"{section}.{name}"
    assert written.campaigns["survey"].retry == plain.campaigns["survey"].retry
    for name in (
        "max_calls",
        "priority",
        "dialer_interval",
        "hopper",
        "callbacks",
        "opt_out_list",
        "dnc",
        "start",
        "wrap_up",
    ):
        assert getattr(written.campaigns["survey"], name) == getattr(plain.campaigns["survey"], name)


def _models(value: object) -> list[BaseModel]:
    return [value] if isinstance(value, BaseModel) else list(value.values())
