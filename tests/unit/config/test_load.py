import errno
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ami_dialer.config.flow import Flow
from ami_dialer.config.load import load
from ami_dialer.config.messages import ALLOWED
from ami_dialer.config.schema import Config
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.errors import ConfigError

pytestmark = pytest.mark.unit


def test_what_is_not_written_has_its_default(tmp_path: Path, good: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(good)
    config = load(file, {})
    assert config.servers["pbx"].port == 5038
    assert config.servers["pbx"].secret.get_secret_value() == "s3cret"
    assert config.engine.grace == 60
    assert config.lists["people"].region == "US"


def test_times_may_carry_units_and_texts_need_no_quotes(looked_at: Callable) -> None:
    examined = looked_at(
        """
        engine: {tick: 500ms, grace: 5m, originate_timeout: 12.5}
        campaigns:
          a:
            lists: [people]
            trunks: [out]
            flow: hello
            caller_id: +12125551234
            amd: {enabled: no}
            retry: {rules: {busy: {after: 2h}}}
        """,
        below=True,
    )
    config = examined.config
    assert config is not None, examined.problems
    assert (config.engine.tick, config.engine.grace, config.engine.originate_timeout) == (0.5, 300, 12.5)
    campaign = config.campaigns["a"]
    assert campaign.caller_id == "+12125551234"
    assert campaign.amd.enabled is False
    assert campaign.retry.rules[EndReason.BUSY].after == 7200
    assert campaign.retry.rules[EndReason.MACHINE].after == 1800


def test_a_section_with_every_line_commented_out_has_its_defaults(looked_at: Callable) -> None:
    config = looked_at("engine:\n  # tick: 2\ndatabase:\nlists:\n", below=False).config
    assert config is None
    examined = looked_at("engine:\n  # tick: 2\nlogging:\ncampaigns:\n", below=True)
    assert examined.config is not None
    assert examined.config.engine.tick == 1


def test_relative_paths_begin_at_the_folder_of_the_file(looked_at: Callable, tmp_path: Path) -> None:
    config = looked_at("fastagi: {socket: run/agi.sock}\nlogging: {file: /var/log/x.log}\n", below=True).config
    assert config.database.url == f"sqlite:///{tmp_path}/var/ami-dialer.db"
    assert config.speech.directory == tmp_path / "var/sounds"
    assert config.lists["people"].file == tmp_path / "people.csv"
    assert config.fastagi.socket == tmp_path / "run/agi.sock"
    assert config.logging.file == Path("/var/log/x.log")


def test_an_absolute_database_stays_where_it_is(looked_at: Callable) -> None:
    config = looked_at("database: {url: sqlite:////srv/d.db}\n", below=True).config
    assert config.database.url == "sqlite:////srv/d.db"


def test_keys_that_begin_with_x_hold_what_others_merge_in(looked_at: Callable) -> None:
    examined = looked_at(
        """
        x-usual: &usual {lists: [people], trunks: [out], flow: hello, ring: 20s}
        campaigns:
          a: *usual
          b:
            <<: *usual
            ring: 40s
        """,
        below=True,
    )
    assert examined.problems == ()
    assert [campaign.ring for campaign in examined.config.campaigns.values()] == [20, 40]


def test_short_forms_of_a_flow_mean_the_same_as_the_long_ones(looked_at: Callable, good: str) -> None:
    short = """\
  f:
    steps:
      a:
        - ask: {name: q, prompt: Hm, valid: [1, 42]}
        - opt_out
        - opt_out:
        - hangup
"""
    flow = looked_at(good + short).config.flows["f"]
    ask = flow.steps["a"][0].ask
    assert (ask.valid, ask.min_digits, ask.max_digits, ask.prompt[0].say) == (["1", "42"], 1, 2, "Hm")
    assert Flow.model_validate(flow.model_dump(mode="json")) == flow


# --- the file itself


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: there is no such file; copy the example config\.yaml"):
        load(tmp_path / "none.yaml", {})


def test_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder; name the file in it"):
        load(tmp_path, {})


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    file = tmp_path / "config.yaml"
    file.write_text("")
    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(ConfigError, match=r"cannot be read \(Permission denied\)"):
        load(file, {})


def test_a_name_that_cannot_be_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / ("x" * 300), {})


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing but a comment\n", "---\n", "null\n"])
def test_an_empty_file_is_told(problems_in: Callable, text: str) -> None:
    assert problems_in(text) == [
        "config.yaml:1:1: is empty; begin with `servers:` and `trunks:` (docs/configuration.md)"
    ]


@pytest.mark.parametrize("text", ["- a\n", "word\n", "'quoted'\n"])
def test_a_file_that_is_no_mapping_is_told(problems_in: Callable, text: str) -> None:
    assert problems_in(text) == [
        "config.yaml:1:1: is not a configuration; write `servers:` and other keys at the left edge"
    ]


def test_a_byte_that_is_not_utf_8_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(ConfigError, match=r"config\.yaml:2:7: byte 0xE9 is not UTF-8; save the file as UTF-8"):
        load(file, {})


def test_a_byte_order_mark_does_no_harm(tmp_path: Path, good: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + good.encode())
    assert load(file, {}).servers


def test_a_file_too_large_for_a_configuration_is_told(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(b"#" * 1_048_577)
    with pytest.raises(ConfigError, match="larger than 1048576 bytes"):
        load(file, {})


# --- any text at all

_WORDS = st.sampled_from(
    [
        *"servers trunks flows steps a secret x- << &a *a !!map ~ - { } [ ] ' | > # %YAML --- ... {number} 1".split(),  # noqa: SIM905 - one line
        *(": ", "- ", "\n", "\n  ", "\t", '"', "\\U", "\x85", "é"),
    ]
)
_NODES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any") / "config.yaml"


def _problems(file: Path, text: str) -> list[str]:
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        load(file, {})
    except ConfigError as error:
        return error.problems
    return []


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text() | st.lists(_WORDS, max_size=40).map("".join))
@example(text='a: "\\ud800"')
@example(text="%YAML " + "9" * 5_000 + ".1\n---\n")
@example(text="a: " + "9" * 5_000)
@example(text="\ufeff\ufeffa: 1")
@example(text="? ? ? a")
@example(text='{"a\\nb": 1}')
def test_no_text_makes_reading_fail_otherwise_than_with_a_message(file: Path, text: str) -> None:
    assert all("\n" not in problem for problem in _problems(file, text))


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_nothing_in_place_of_any_value_makes_reading_fail_otherwise(file: Path, data: st.DataObject) -> None:
    import yaml

    whole = {
        "servers": {"pbx": {"secret": "x", "tls": {}}},
        "trunks": {"out": {"server": "pbx", "dial": "PJSIP/{number}@c"}},
        "lists": {"people": {"file": "people.csv", "columns": {}}},
        "flows": {
            "f": {"start": "a", "steps": {"a": [{"ask": {"name": "q", "prompt": [{"say": "x"}], "valid": ["1"]}}]}}
        },
        "campaigns": {
            "c": {"lists": ["people"], "trunks": ["out"], "flow": "f", "retry": {"rules": {"busy": {"after": 1}}}}
        },
        **{section: {} for section in ("database", "fastagi", "speech", "engine", "logging")},
    }
    part: object = whole
    while isinstance(part, dict | list) and part:
        key = data.draw(st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part))))
        if not isinstance(part[key], dict | list) or not part[key] or data.draw(st.booleans()):
            part[key] = data.draw(_NODES)
            break
        part = part[key]
    text = yaml.safe_dump(whole, allow_unicode=True)
    assert all("\n" not in problem for problem in _problems(file, text))


def test_every_pattern_of_the_schema_is_explained_in_words() -> None:
    def patterns(node: object) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(patterns, node))
        if not isinstance(node, dict):
            return set()
        here = {value for key, value in node.items() if key == "pattern" and isinstance(value, str)}
        here |= set(node["patternProperties"]) if "patternProperties" in node else set()
        return here.union(*map(patterns, node.values()))

    assert patterns(Config.model_json_schema()) == set(ALLOWED)
