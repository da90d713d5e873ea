"""Every kind of mistake, and the words that name its line and its mend."""

from collections.abc import Callable

import pytest

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.kinds import as_written

pytestmark = pytest.mark.unit

#: Mistakes in sections of their own. `GOOD` of conftest.py has 10 lines, so these begin in line 11.
BELOW = {
    "a key with a typo": (
        """
        engine:
          tik: 2
        """,
        ["config.yaml:13:3: engine.tik: unknown key 'tik'; did you mean 'tick'?"],
    ),
    "a key like nothing known": (
        """
        logging:
          colour: red
        """,
        ["config.yaml:13:3: logging.colour: unknown key 'colour'; known here: level, format, file"],
    ),
    "a section with a typo": (
        "campains: {}\n",
        ["config.yaml:11:1: campains: unknown key 'campains'; did you mean 'campaigns'?"],
    ),
    "a number out of range": (
        "fastagi: {port: 99999}\n",
        ["config.yaml:11:17: fastagi.port: '99999' is out of range; write at most 65535"],
    ),
    "a number that must be more": (
        "speech: {timeout: 0}\n",
        ["config.yaml:11:19: speech.timeout: '0' is out of range; write more than 0"],
    ),
    "a time that is too long": (
        "engine: {sync: 25h}\n",
        ["config.yaml:11:16: engine.sync: '25h' is out of range; write at most 1h"],
    ),
    "a word that is nearly one of those there are": (
        "campaigns: {a: {lists: [people], trunks: [out], flow: hello, dnc_dispositions: [no anser]}}\n",
        ["config.yaml:11:81: campaigns.a.dnc_dispositions[0]: 'no anser' is not known here; did you mean 'No Answer'?"],
    ),
    "a result that the campaign's set does not know": (
        "  pitch: {steps: {start: [disposition: Intrested, disposition: Interested, disposition: Busy]}}\n"
        "disposition_sets: {sales: {Interested: {qualified: true, key: 1}}}\n"
        "campaigns: {a: {lists: [people], trunks: [out], flow: pitch, dispositions: sales}}\n",
        [
            "config.yaml:11:40: flows.pitch.steps.start[0].disposition: campaign 'a' knows no result 'Intrested': "
            "disposition set 'sales'; did you mean 'Interested'?"
        ],
    ),
    "a title and a key that a set has twice": (
        "disposition_sets: {sales: {Sale: {key: 1}, sale: {}, Lost: {key: 1}}}\n",
        [
            "config.yaml:11:44: disposition_sets.sales.sale: is 'Sale' again but for upper and lower case; "
            "take one of them out",
            "config.yaml:11:66: disposition_sets.sales.Lost.key: 1 is the key of 'Sale' already; each result needs "
            "its own",
        ],
    ),
    "a text for a number": (
        "fastagi: {port: auto}\n",
        ["config.yaml:11:17: fastagi.port: 'auto' is no whole number; write it in digits"],
    ),
    "a time nobody understands": (
        "engine: {tick: 5 minutes}\n",
        ["config.yaml:11:16: engine.tick: '5 minutes' is not a time; write seconds (30) or 30s, 5m, 2h, 1d"],
    ),
    "a value where a section must be": (
        "engine: fast\n",
        [
            "config.yaml:11:9: engine: 'fast' cannot stand here; "
            "write a section: keys with values, indented below this one"
        ],
    ),
    "a section where a value must be": (
        "logging: {level: {a: b}}\n",
        [
            "config.yaml:11:11: logging.level: a section with keys is not known here; "
            "write 'debug', 'info', 'warning' or 'error'"
        ],
    ),
    "a list where a section must be": (
        "logging: [info]\n",
        [
            "config.yaml:11:1: logging: a list cannot stand here; "
            "write a section: keys with values, indented below this one"
        ],
    ),
    "a choice that does not exist": (
        "logging: {level: loud}\n",
        ["config.yaml:11:18: logging.level: 'loud' is not known here; write 'debug', 'info', 'warning' or 'error'"],
    ),
    "a key without a value": (
        "fastagi:\n  port:\n",
        [
            "config.yaml:12:3: fastagi.port: has no value; write one value. "
            "Port to listen on; the dialplan's AMI_DIALER_FASTAGI names the same."
        ],
    ),
    "a database of another kind": (
        "database: {url: mysql://db/x}\n",
        [
            "config.yaml:11:17: database.url: begins with 'mysql'; "
            "write sqlite:///path/to/file.db or postgresql://user@host/name"
        ],
    ),
    "a database in memory": (
        'database: {url: "sqlite:///:memory:"}\n',
        [
            "config.yaml:11:17: database.url: names no file; "
            "write sqlite:///path/to/file.db (three slashes, or four and the whole path)"
        ],
    ),
    "a PostgreSQL server without a database": (
        "database: {url: postgresql://db}\n",
        ["config.yaml:11:17: database.url: names no database; write postgresql://user@host/name"],
    ),
    "a home folder": (
        "logging: {file: ~/x.log}\n",
        ["config.yaml:11:17: logging.file: '~/x.log': ~ is not expanded here; write the whole path"],
    ),
    "an empty path": (
        "logging: {file: ''}\n",
        ["config.yaml:11:17: logging.file: is empty; write a path or take the line out"],
    ),
    "octal permissions without the zero": (
        "fastagi: {socket_mode: 660}\n",
        ["config.yaml:11:24: fastagi.socket_mode: '660' cannot stand here; write permissions in octal, like 0660"],
    ),
    "a sound path that climbs": (
        "fastagi: {closing_prompt: ../../etc/passwd}\n",
        [
            "config.yaml:11:27: fastagi.closing_prompt: '../../etc/passwd' cannot stand here; write "
            "a sound path like custom/hello: letters, digits, '_', '.', '+', '-', not '..'"
        ],
    ),
    "an address with a scheme": (
        "fastagi: {host: http://localhost}\n",
        [
            "config.yaml:11:17: fastagi.host: 'http://localhost' cannot stand here; "
            "write a host name or an IP address, without port or scheme"
        ],
    ),
    "a message for abandoned calls that is not there": (
        """
        campaigns:
          spring: {lists: [people], trunks: [out], flow: hello, abandonment: {message: hullo}}
        """,
        [
            "config.yaml:13:80: campaigns.spring.abandonment.message: no flow is named 'hullo'; did you mean 'hello'?",
        ],
    ),
    "a campaign that names what is not there": (
        """
        campaigns:
          spring: {lists: [peple], trunks: [carrier], flow: helo}
        """,
        [
            "config.yaml:13:20: campaigns.spring.lists[0]: no list is named 'peple'; did you mean 'people'?",
            "config.yaml:13:37: campaigns.spring.trunks[0]: no trunk is named 'carrier'; known here: out",
            "config.yaml:13:53: campaigns.spring.flow: no flow is named 'helo'; did you mean 'hello'?",
        ],
    ),
    "a campaign with neither flow nor dialplan": (
        """
        campaigns:
          spring:
            lists: [people]
            trunks: [out]
        """,
        [
            "config.yaml:13:3: campaigns.spring: says nothing of what an answered call is handed to; it needs exactly "
            "one of flow, agents, queue, dialplan"
        ],
    ),
    "a campaign that does not heed its opt-outs": (
        """
        campaigns:
          spring:
            lists: [people]
            trunks: [out]
            flow: hello
            dnc: [others]
        """,
        [
            "config.yaml:13:3: campaigns.spring.opt_out_list: 'opt-outs' is not among the lists in dnc; "
            "add it to dnc: [others, opt-outs]"
        ],
    ),
    "a campaign whose fields contradict each other beside a field that is broken": (
        """
        campaigns:
          spring:
            lists: [people]
            trunks: [out]
            ring: soon
            dnc: [others]
            nobody: knows
        """,
        [
            "config.yaml:13:3: campaigns.spring: says nothing of what an answered call is handed to; it needs exactly "
            "one of flow, agents, queue, dialplan",
            "config.yaml:13:3: campaigns.spring.opt_out_list: 'opt-outs' is not among the lists in dnc; "
            "add it to dnc: [others, opt-outs]",
            "config.yaml:16:11: campaigns.spring.ring: 'soon' is not a time; write seconds (30) or 30s, 5m, 2h, 1d",
            "config.yaml:18:5: campaigns.spring.nobody: unknown key 'nobody'; known here: "
            + ", ".join(Campaign.model_fields),
        ],
    ),
    "a campaign with both flow and dialplan beside a field that is broken": (
        "campaigns: {a: {lists: [people], trunks: [out], flow: hello, dialplan: mine, ring: 1}}\n",
        [
            "config.yaml:11:13: campaigns.a: has flow and dialplan; it needs exactly one of flow, agents, queue, "
            "dialplan",
            "config.yaml:11:84: campaigns.a.ring: '1' is out of range; write at least 5s",
        ],
    ),
    "a campaign with an opt-out list that is not heeded, without trunks": (
        "campaigns: {a: {lists: [people], flow: hello, opt_out_list: gone}}\n",
        [
            "config.yaml:11:13: campaigns.a.trunks: is missing. Names under `trunks`; "
            "calls go to the one with most room.",
            "config.yaml:11:61: campaigns.a.opt_out_list: 'gone' is not among the lists in dnc; "
            "add it to dnc: [opt-outs, gone]",
        ],
    ),
    "a campaign whose broken fields say nothing on what they would contradict": (
        "campaigns: {a: {lists: [people], trunks: [out], flow: [hello], opt_out_list: 'c d', dnc: [others]}}\n",
        [
            "config.yaml:11:49: campaigns.a.flow: a list cannot stand here; write one value",
            "config.yaml:11:78: campaigns.a.opt_out_list: 'c d' cannot stand here; "
            "write a name: letters, digits, '_', '.', '-', a letter or digit first, at most 64",
        ],
    ),
    "a campaign whose broken dialplan and do-not-call lists are told alone": (
        "campaigns: {a: {lists: [people], trunks: [out], flow: hello, dialplan: 'a b', dnc: ['c d']}}\n",
        [
            "config.yaml:11:72: campaigns.a.dialplan: 'a b' cannot stand here; "
            "write a dialplan context: letters, digits, '_' and '-'",
            "config.yaml:11:85: campaigns.a.dnc[0]: 'c d' cannot stand here; "
            "write a name: letters, digits, '_', '.', '-', a letter or digit first, at most 64",
        ],
    ),
    "a campaign that sends calls round in a circle": (
        "campaigns: {a: {lists: [people], trunks: [out], dialplan: ami-dialer-answered}}\n",
        [
            "config.yaml:11:59: campaigns.a.dialplan: 'ami-dialer-answered' is where calls come from; "
            "name a context of your own"
        ],
    ),
    "a name where a list must be": (
        "campaigns: {a: {lists: people, trunks: [], flow: hello}}\n",
        [
            "config.yaml:11:24: campaigns.a.lists: 'people' cannot stand here; "
            "write a list: [one, two], or a line `- one` for each",
            "config.yaml:11:32: campaigns.a.trunks: is empty; at least 1 is needed",
        ],
    ),
    "a caller id with quotes": (
        """
        campaigns: {a: {lists: [people], trunks: [out], flow: hello, caller_id: '"Me" <+1555>'}}
        """,
        [
            "config.yaml:12:73: campaigns.a.caller_id: '\"Me\" <+1555>' cannot stand here; "
            "write `+15551234567` or `Name <+15551234567>`; no quotes, commas, <, >, $ in the name"
        ],
    ),
    "a caller id that the dialplan would expand": (
        """
        campaigns: {a: {lists: [people], trunks: [out], flow: hello, caller_id: '${SHELL(id)} <+1555>'}}
        """,
        [
            "config.yaml:12:73: campaigns.a.caller_id: '${SHELL(id)} <+1555>' cannot stand here; "
            "write `+15551234567` or `Name <+15551234567>`; no quotes, commas, <, >, $ in the name"
        ],
    ),
    "a retry rule for something that is no end reason": (
        "campaigns: {a: {lists: [people], trunks: [out], flow: hello, retry: {rules: {bussy: {after: 1}}}}}\n",
        ["config.yaml:11:78: campaigns.a.retry.rules.bussy: unknown key 'bussy'; did you mean 'busy'?"],
    ),
    "retry rules for ends that are final": (
        """
        campaigns:
          a:
            lists: [people]
            trunks: [out]
            flow: hello
            retry:
              rules:
                completed: {after: 1h}
                opted_out: {after: 1h}
        """,
        [
            "config.yaml:19:9: campaigns.a.retry.rules.completed: completed is final and never tried again; "
            "take the rule out",
            "config.yaml:20:9: campaigns.a.retry.rules.opted_out: opted_out is final and never tried again; "
            "take the rule out",
        ],
    ),
    "a yes that is no boolean": (
        "campaigns: {a: {lists: [people], trunks: [out], flow: hello, amd: {enabled: perhaps}}}\n",
        ["config.yaml:11:77: campaigns.a.amd.enabled: 'perhaps' is neither true nor false; write one of the two"],
    ),
}

#: Mistakes in the steps of a flow; the steps begin in line 13.
STEPS = {
    "a goto into nothing": (
        "a: [{goto: b}]",
        ["config.yaml:13:18: flows.f.steps.a[0].goto: there is no step 'b'; the steps are a"],
    ),
    "a branch into nothing on a question nobody asked": (
        "a: [{branch: {answer: q, when: {1: b}, otherwise: c}}]",
        [
            "config.yaml:13:29: flows.f.steps.a[0].branch.answer: no question is named 'q'; there are: none",
            "config.yaml:13:42: flows.f.steps.a[0].branch.when.1: there is no step 'b'; the steps are a",
            "config.yaml:13:57: flows.f.steps.a[0].branch.otherwise: there is no step 'c'; the steps are a",
        ],
    ),
    "a branch on something that is no key of a telephone": (
        "a: [{ask: {name: q, prompt: Hm}}, {branch: {answer: q, when: {yes: a}}}]",
        [
            "config.yaml:13:69: flows.f.steps.a[1].branch.when.yes: 'yes' cannot be used as a key here; "
            "write telephone keys: 0 to 9, '*' and '#', at most 32"
        ],
    ),
    "two verbs in one item": (
        "a: [{play: x, say: y}]",
        [
            "config.yaml:13:11: flows.f.steps.a[0]: has play and say; each item needs exactly one of "
            "play, say, ask, branch, opt_out, callback, disposition, goto, hangup"
        ],
    ),
    "a verb that does not exist": (
        "a: [{plya: x}]",
        ["config.yaml:13:12: flows.f.steps.a[0].plya: unknown key 'plya'; did you mean 'play'?"],
    ),
    "a word that is no verb": (
        "a: [stop]",
        [
            "config.yaml:13:11: flows.f.steps.a[0]: 'stop' is no verb; only hangup and opt_out stand alone, "
            "others are `- verb: value`"
        ],
    ),
    "a hangup that does not hang up": (
        "a: [{hangup: false}]",
        ["config.yaml:13:11: flows.f.steps.a[0]: hangup: false does nothing; take it out"],
    ),
    "a prompt that is both sound and text": (
        "a: [{ask: {name: q, prompt: {play: x, say: y}}}]",
        ["config.yaml:13:27: flows.f.steps.a[0].ask.prompt[0]: needs either play (a sound file) or say (a text)"],
    ),
    "answers too long for the question": (
        "a: [{ask: {name: q, prompt: Hm, valid: [1, 22, 333], max_digits: 2}}]",
        [
            "config.yaml:13:54: flows.f.steps.a[0].ask.valid[2]: '333' has 3 digits; "
            "the question takes min_digits 1 to max_digits 2"
        ],
    ),
    "fewer digits at most than at least": (
        "a: [{ask: {name: q, prompt: Hm, min_digits: 4, max_digits: 2}}]",
        ["config.yaml:13:12: flows.f.steps.a[0].ask: min_digits 4 is more than max_digits 2"],
    ),
    "an empty text": (
        "a: [{say: ''}]",
        ["config.yaml:13:17: flows.f.steps.a[0].say: is empty; write a text or take the line out"],
    ),
    "a text longer than anybody listens": (
        f"a: [{{say: {'x' * 2001}}}]",
        ["config.yaml:13:17: flows.f.steps.a[0].say: is longer than 2000 characters; shorten it"],
    ),
    "a sound name with a space": (
        "a: [{play: my sound}]",
        [
            "config.yaml:13:18: flows.f.steps.a[0].play: 'my sound' cannot stand here; write "
            "a sound path like custom/hello: letters, digits, '_', '.', '+', '-', not '..'"
        ],
    ),
}

#: Whole files.
WHOLE = {
    "nothing that is needed": (
        "engine: {}\n",
        [
            "config.yaml:1:1: servers: is missing. The Asterisk servers, by a name of your own.",
            "config.yaml:1:1: trunks: is missing. The ways out, by a name of your own.",
        ],
    ),
    "sections with nothing in them": (
        "servers:\ntrunks: {}\n",
        [
            "config.yaml:1:1: servers: has no value; write a section: keys with values, indented below this one. "
            "The Asterisk servers, by a name of your own.",
            "config.yaml:2:1: trunks: is empty; at least 1 is needed",
        ],
    ),
    "a trunk of a server that is not there": (
        "servers: {pbx: {secret: x}}\ntrunks: {out: {server: pbz, dial: 'PJSIP/{number}@c'}}\n",
        ["config.yaml:2:24: trunks.out.server: no server is named 'pbz'; did you mean 'pbx'?"],
    ),
    "mistakes of a field beside mistakes of its neighbours": (
        """\
        servers: {pbx: {secret: x}}
        trunks:
          a: {server: pbx, dial: PJSIP/100@c, max_calls: none}
        """,
        [
            "config.yaml:3:26: trunks.a.dial: the dial string needs {number} exactly once and no other braces, "
            "e.g. PJSIP/{number}@carrier",
            "config.yaml:3:50: trunks.a.max_calls: 'none' is no whole number; write it in digits",
        ],
    ),
    "dial strings without a number and with more than one channel": (
        """\
        servers: {pbx: {secret: x}}
        trunks:
          a: {server: pbx, dial: PJSIP/100@c}
          b: {server: pbx, dial: "PJSIP/{number}@c&PJSIP/{number}@d"}
          c: {server: pbx, dial: "PJSIP/{nummer}@c"}
        """,
        [
            "config.yaml:3:26: trunks.a.dial: the dial string needs {number} exactly once and no other braces, "
            "e.g. PJSIP/{number}@carrier",
            "config.yaml:4:26: trunks.b.dial: 'PJSIP/{number}@c&PJSIP/{number}@d' cannot stand here; "
            "write one channel's dial string, like PJSIP/{number}@carrier (no spaces, ',', '&', '$')",
            "config.yaml:5:26: trunks.c.dial: the dial string needs {number} exactly once and no other braces, "
            "e.g. PJSIP/{number}@carrier",
        ],
    ),
    "names that cannot go into an AMI header": (
        "servers: {'my pbx': {secret: x}}\ntrunks: {out: {server: 'my pbx', dial: 'PJSIP/{number}@c'}}\n",
        [
            "config.yaml:1:11: servers.'my pbx': 'my pbx' cannot be used as a key here; write a name: letters, "
            "digits, '_', '.', '-', a letter or digit first, at most 64",
            "config.yaml:2:24: trunks.out.server: 'my pbx' cannot stand here; write a name: letters, "
            "digits, '_', '.', '-', a letter or digit first, at most 64",
        ],
    ),
    "a server without its secret": (
        "servers: {pbx: {}}\ntrunks: {out: {server: pbx, dial: 'PJSIP/{number}@c'}}\n",
        ["config.yaml:1:11: servers.pbx.secret: is missing. Its secret: text, {env: NAME} or {file: PATH}."],
    ),
    "a list from a country that is none": (
        """\
        servers: {pbx: {secret: x}}
        trunks: {out: {server: pbx, dial: "PJSIP/{number}@c"}}
        lists:
          people: {region: usa}
        """,
        [
            "config.yaml:4:20: lists.people.region: 'usa' cannot stand here; "
            "write a country in two capital letters, like US or DE",
        ],
    ),
    "a host to be asked that is an address of a page or a pattern": (
        """\
        servers: {pbx: {secret: x}}
        trunks: {out: {server: pbx, dial: "PJSIP/{number}@c"}}
        fetching: {allow_hosts: [crm.internal, "[fd00::1]", 10.1.2.3, "http://crm", "*.internal", "crm:8080"]}
        """,
        [
            f"config.yaml:3:{column}: fetching.allow_hosts[{at}]: '{host}' is no host; write its name or address "
            "alone, as in the `url`: crm.internal"
            for column, at, host in ((63, 3, "http://crm"), (77, 4, "*.internal"), (91, 5, "crm:8080"))
        ],
    ),
}


@pytest.mark.parametrize(("text", "told"), BELOW.values(), ids=BELOW)
def test_a_mistake_is_told_with_its_line_and_mend(problems_in: Callable, text: str, told: list[str]) -> None:
    assert problems_in(text, below=True) == told


@pytest.mark.parametrize(("steps", "told"), STEPS.values(), ids=STEPS)
def test_a_mistake_in_a_flow_is_told_with_its_line_and_mend(
    problems_in: Callable, good: str, steps: str, told: list[str]
) -> None:
    assert problems_in(f"{good}  f:\n    steps:\n      {steps}\n") == told


@pytest.mark.parametrize(("text", "told"), WHOLE.values(), ids=WHOLE)
def test_a_file_that_lacks_something_is_told_what(problems_in: Callable, text: str, told: list[str]) -> None:
    assert problems_in(text) == told


def test_all_mistakes_of_a_file_are_told_at_once_from_top_to_bottom(problems_in: Callable) -> None:
    told = problems_in(
        """
        fastagi: {port: 0}
        engine: {tick: soon}
        campaigns:
          a: {lists: [people], trunks: [nowhere], flow: hello, max_cals: 3}
        """,
        below=True,
    )
    assert [line.split(": ")[1] for line in told] == [
        "fastagi.port",
        "engine.tick",
        "campaigns.a.trunks[0]",
        "campaigns.a.max_cals",
    ]


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0"),
        (0.1, "100ms"),
        (5, "5s"),
        (90, "90s"),
        (300, "5m"),
        (86_400, "24h"),
        (30 * 86_400, "30d"),
        (0.0005, "0.0005s"),
    ],
)
def test_a_bound_of_a_time_is_told_as_it_would_be_written(seconds, written):
    assert as_written(seconds) == written
