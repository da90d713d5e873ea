"""What contradicts or misses something is told beside whatever else is wrong in the same section, in one round.

Each case has a broken neighbour; and what is broken itself leads to no second message.
"""

from collections.abc import Callable

import pytest

from ami_dialer.config.flow import Verb

pytestmark = pytest.mark.unit

VERBS = ", ".join(Verb.model_fields)
NAME = "write a name: letters, digits, '_' and '-', at most 64"
SOUND = "write a sound path like custom/hello: letters, digits, '_', '.', '+', '-', not '..'"
KEYS = "write telephone keys: 0 to 9, '*' and '#', at most 32"

#: Flows, with what is told of them: (key after `flows.f`, message).
TOGETHER = {
    "targets beside broken verbs in the same step": (
        """
        start: nowhere
        steps:
          a:
            - play: my sound
            - goto: b
            - ask: {name: q, prompt: [], otherwise: c, retries: 11}
            - branch: {answer: p, when: {1: d, yes: e}, otherwise: f, els: g}
        """,
        [
            (".start", "there is no step 'nowhere'; the steps are a"),
            (".steps.a[0].play", f"'my sound' cannot stand here; {SOUND}"),
            (".steps.a[1].goto", "there is no step 'b'; the steps are a"),
            (".steps.a[2].ask.prompt", "is empty; at least 1 is needed"),
            (".steps.a[2].ask.otherwise", "there is no step 'c'; the steps are a"),
            (".steps.a[2].ask.retries", "'11' is out of range; write at most 10"),
            (".steps.a[3].branch.answer", "no question is named 'p'; there are: q"),
            (".steps.a[3].branch.when.1", "there is no step 'd'; the steps are a"),
            (".steps.a[3].branch.when.yes", f"'yes' cannot be used as a key here; {KEYS}"),
            (".steps.a[3].branch.when.yes", "there is no step 'e'; the steps are a"),
            (".steps.a[3].branch.otherwise", "there is no step 'f'; the steps are a"),
            (".steps.a[3].branch.els", "unknown key 'els'; known here: answer, when, otherwise"),
        ],
    ),
    "targets beside a broken key of the flow": (
        """
        voice: ""
        steps: {a: [{goto: b}]}
        """,
        [
            (".voice", "'' cannot stand here; write the name of a voice: letters, digits, '_', '+', '.', '-'"),
            (".steps.a[0].goto", "there is no step 'b'; the steps are a"),
        ],
    ),
    "steps and questions that are broken themselves are there": (
        """
        start: a
        steps:
          a: hangup
          b: [{goto: a}, {goto: c d}, {branch: {answer: q, when: {1: c d}}}, {branch: {answer: r, when: {1: a}}}]
          c d: [{ask: {name: q}}, {aks: {name: r, prompt: Hm}}]
        """,
        [
            (
                ".steps.a",
                "'hangup' cannot stand here; write a list: [one, two], or a line `- one` for each",
            ),
            (".steps.b[1].goto", f"'c d' cannot stand here; {NAME}"),
            (".steps.b[2].branch.when.1", f"'c d' cannot stand here; {NAME}"),
            (".steps.'c d'", f"'c d' cannot be used as a key here; {NAME}"),
            (".steps.'c d'[0].ask.prompt", "is missing. What is heard; a digit cuts it short."),
            (".steps.'c d'[1].aks", "unknown key 'aks'; did you mean 'ask'?"),
        ],
    ),
    "a question whose name cannot be read may be the one that is meant": (
        """
        steps: {a: [{ask: {nmae: q, prompt: Hm}}, {branch: {answer: q, when: {1: b}}}]}
        """,
        [
            (".steps.a[0].ask.name", "is missing. Under this name the answer is stored and branched on."),
            (".steps.a[0].ask.nmae", "unknown key 'nmae'; did you mean 'name'?"),
            (".steps.a[1].branch.when.1", "there is no step 'b'; the steps are a"),
        ],
    ),
    "steps that cannot be read have no names to go to": (
        """
        start: a
        steps: [{goto: a}]
        """,
        [
            (
                ".steps",
                "a list cannot stand here; write a section: keys with values, indented below this one",
            ),
        ],
    ),
    "two verbs, one of them broken": (
        "steps: {a: [{play: my sound, say: Hello}]}\n",
        [
            (".steps.a[0]", f"has play and say; each item needs exactly one of {VERBS}"),
            (".steps.a[0].play", f"'my sound' cannot stand here; {SOUND}"),
        ],
    ),
    "two verbs beside a third that does not exist": (
        "steps: {a: [{play: x, say: Hello, shout: Hey}]}\n",
        [
            (".steps.a[0]", f"has play and say; each item needs exactly one of {VERBS}"),
            (".steps.a[0].shout", f"unknown key 'shout'; known here: {VERBS}"),
        ],
    ),
    "no verb at all, and verbs that do not exist": (
        "steps: {a: [{}, {plya: x}, {shout: Hey, jump: b}]}\n",
        [
            (".steps.a[0]", f"has no verb; each item needs exactly one of {VERBS}"),
            (".steps.a[1].plya", "unknown key 'plya'; did you mean 'play'?"),
            (".steps.a[2].shout", f"unknown key 'shout'; known here: {VERBS}"),
            (".steps.a[2].jump", f"unknown key 'jump'; known here: {VERBS}"),
        ],
    ),
    "a verb that is broken is a verb": (
        "steps: {a: [{goto: no where}, {hangup: perhaps}, {ask: Hm}]}\n",
        [
            (".steps.a[0].goto", f"'no where' cannot stand here; {NAME}"),
            (".steps.a[1].hangup", "'perhaps' is neither true nor false; write one of the two"),
            (
                ".steps.a[2].ask",
                "'Hm' cannot stand here; write a section: keys with values, indented below this one",
            ),
        ],
    ),
    "a prompt that is both sound and text, with an unknown key": (
        "steps: {a: [{ask: {name: q, prompt: {play: x, say: y, loud: yes}, timeout: 0}}]}\n",
        [
            (".steps.a[0].ask.prompt[0]", "needs either play (a sound file) or say (a text)"),
            (".steps.a[0].ask.prompt[0].loud", "unknown key 'loud'; known here: play, say"),
            (".steps.a[0].ask.timeout", "'0' is out of range; write more than 0"),
        ],
    ),
    "prompts whose keys are broken or unknown": (
        "steps: {a: [{opt_out: {prompt: [{play: a b}, {say: ''}, {sya: x}, {}]}}]}\n",
        [
            (".steps.a[0].opt_out.prompt[0].play", f"'a b' cannot stand here; {SOUND}"),
            (".steps.a[0].opt_out.prompt[1].say", "is empty; write a text or take the line out"),
            (".steps.a[0].opt_out.prompt[2].sya", "unknown key 'sya'; did you mean 'say'?"),
            (".steps.a[0].opt_out.prompt[3]", "needs either play (a sound file) or say (a text)"),
        ],
    ),
    "lengths of answers beside broken fields of the question": (
        """
        steps:
          a:
            - ask: {name: q 1, prompt: Hm, min_digits: 4, max_digits: 2, timeout: soon}
            - ask: {name: r, prompt: Hm, valid: [1, 22, 333], max_digits: 2, retries: many, sielnt: Hm}
        """,
        [
            (".steps.a[0].ask", "min_digits 4 is more than max_digits 2"),
            (".steps.a[0].ask.name", f"'q 1' cannot stand here; {NAME}"),
            (".steps.a[0].ask.timeout", "'soon' is not a time; write seconds (30) or 30s, 5m, 2h, 1d"),
            (".steps.a[1].ask.valid[2]", "'333' has 3 digits; the question takes min_digits 1 to max_digits 2"),
            (".steps.a[1].ask.retries", "'many' is no whole number; write it in digits"),
            (".steps.a[1].ask.sielnt", "unknown key 'sielnt'; did you mean 'silent'?"),
        ],
    ),
    "lengths that are broken themselves": (
        """
        steps:
          a:
            - ask: {name: q, prompt: Hm, valid: [1, 22], min_digits: two}
            - ask: {name: q, prompt: Hm, valid: [1, 22], max_digits: 0}
            - ask: {name: q, prompt: Hm, valid: [1, yes, ""], min_digits: 2}
            - ask: {name: q, prompt: Hm, valid: 12, min_digits: 2}
            - ask: {name: q, prompt: Hm, valid: [111111111111111111111111111111111]}
        """,
        [
            (".steps.a[0].ask.min_digits", "'two' is no whole number; write it in digits"),
            (".steps.a[1].ask.max_digits", "'0' is out of range; write at least 1"),
            (".steps.a[2].ask.valid[1]", f"'yes' cannot stand here; {KEYS}"),
            (".steps.a[2].ask.valid[2]", f"'' cannot stand here; {KEYS}"),
            (
                ".steps.a[3].ask.valid",
                "'12' cannot stand here; write a list: [one, two], or a line `- one` for each",
            ),
            (".steps.a[4].ask.valid[0]", f"'{'1' * 33}' cannot stand here; {KEYS}"),
        ],
    ),
}


@pytest.mark.parametrize(("flow", "told"), TOGETHER.values(), ids=TOGETHER)
def test_mistakes_of_one_flow_are_told_in_one_round(
    looked_at: Callable, good: str, flow: str, told: list[tuple[str, str]]
) -> None:
    lines = "".join(f"  {line[4:] if line.startswith('        ') else '  ' + line}\n" for line in flow.splitlines())
    problems = looked_at(f"{good}  f:\n{lines}").problems
    assert sorted((each.key, each.message) for each in problems) == sorted(
        (f"flows.f{key}", text) for key, text in told
    )
    assert [each.place.line for each in problems] == sorted(each.place.line for each in problems)


def test_a_flow_is_looked_at_beside_mistakes_elsewhere(problems_in: Callable) -> None:
    told = problems_in(
        """
        campaigns:
          a: {lists: [people], trunks: [out]}
        engine: {tick: soon}
        """,
        below=True,
    )
    assert [line.split(": ")[1] for line in told] == ["campaigns.a", "engine.tick"]
