"""`ami-dialer demo`: a whole survey campaign against the lab, checked contact by contact."""

import asyncio
import csv
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import orjson

from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import json_option, load_config, print_json, print_rows
from ami_dialer.domain.ending import DISPOSITION_OF, Disposition
from ami_dialer.domain.errors import DialerError
from ami_dialer.lab import (
    BEHAVIOURS,
    LAST_FOUR,
    Behaviour,
    LabSettings,
    Ports,
    behaviour_of,
    calls_received,
    down,
    mixed_numbers,
    taken_ports,
    up,
)
from ami_dialer.reporting.outcomes import RunReport, pick_run, run_report
from ami_dialer.store import dnc
from ami_dialer.store.export import ContactResult, contact_results

CONTACTS = 60
#: Blocks of ports clear of the default lab, which may be up at the same time, and below those that the kernel gives to
#: connections; the first free one is taken.
PORT_BLOCKS = range(8_000, 14_000, 500)
#: Ends that are tried again, once, by the rules of CONFIG.
RETRIED = frozenset({"busy", "congestion", "no_answer"})
#: The questions of CONFIG with their valid keys, and how often each is put.
QUESTIONS = {"rating": "1239", "recommend": "123"}
ASKED = 2
OPT_OUT_KEY = "9"
OPT_OUT_LIST = "opt-outs"

CONFIG = """\
# Written by `ami-dialer demo`; changes are lost at the next one.
servers:
  pbx: {{host: 127.0.0.1, port: {ami}, username: ami-dialer, secret: {{file: {secret}}}}}
trunks:
  carrier: {{server: pbx, dial: "PJSIP/{{number}}@carrier", calls_per_second: 4}}
database: {{url: "sqlite:///{home}/demo.db"}}
fastagi: {{port: {fastagi}}}
speech: {{directory: {home}/sounds}}
logging: {{file: {home}/demo.log}}
lists:
  people: {{file: {home}/people.csv, region: US}}
flows:
  survey:
    steps:
      start:
        - say: Hello {{{{first_name}}}}.
        - ask:
            name: rating
            prompt: Are you content? 1 yes, 2 a little, 3 no. 9 and we never call again.
            valid: [1, 2, 3, 9]
            timeout: 4s
            retries: 1
            invalid: Sorry?
        - branch: {{answer: rating, when: {{9: stop}}, otherwise: second}}
      second:
        - ask:
            name: recommend
            prompt: Would you recommend us? 1 yes, 2 perhaps, 3 no.
            valid: [1, 2, 3]
            timeout: 4s
            retries: 1
            invalid: Sorry?
        - say: Thank you.
      stop:
        - opt_out: {{prompt: You will not be called again.}}
campaigns:
  survey:
    lists: [people]
    trunks: [carrier]
    flow: survey
    caller_id: Demo <+12125550100>
    hours: {{earliest: 0:00, latest: 24:00}}
    caps: {{between_calls: 0s}}
    exemptions:
      - {{rules: [hours, attempts, closed], basis: test, reason: The numbers of the lab ring at nobody's.}}
    ring: 18s
    max_calls: 25
    retry:
      max_attempts: 2
      rules:
        busy: {{after: 5s, max: 1}}
        congestion: {{after: 5s, max: 1}}
        no_answer: {{after: 5s, max: 1}}
        machine: {{after: 5s, max: 0}}
        silence: {{after: 5s, max: 0}}
        failed: {{after: 5s, max: 0}}
        lost: {{after: 5s, max: 0}}
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One contact: what its number does, and what the dialer made of it."""

    number: str
    behaviour: str
    expected: str
    actual: str
    expected_attempts: int
    attempts: int
    #: Answers by question, as far as one was given.
    expected_answers: dict[str, str]
    answers: dict[str, str]

    @property
    def matches(self) -> bool:
        """All three are as expected."""
        return (
            self.expected == self.actual
            and self.expected_attempts == self.attempts
            and self.expected_answers == self.answers
        )


@click.command("demo")
@click.option(
    "--directory",
    "-d",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/demo"),
    show_default=True,
    help="Everything of the demo is kept here.",
)
@json_option
def command(directory: Path, *, as_json: bool) -> None:
    """A survey campaign of 60 contacts against the lab: calls, machines, answers, opt-outs, a round of retries.

    Nobody outside this machine is called. Ends by itself; the exit code is 0 only if every contact ended as its
    number behaves.
    """
    home = directory.absolute()
    begin = time.monotonic()
    with _lab(home) as lab:
        _write(home, lab)
        click.echo(f"Running a survey of {CONTACTS} contacts: a minute and a half. Its log: {home}/demo.log", err=True)
        _run(home, as_json=as_json)
        received = calls_received(lab)
        rows, report, opted_out = asyncio.run(_ask(home))
    made = {row.number: row.attempts for row in rows}
    summary: dict[str, Any] = {
        "contacts": len(rows),
        "matched": sum(row.matches for row in rows),
        "duplicates_dialled": sum(max(0, count - made.get(number, 0)) for number, count in received.items()),
        "attempts": report.attempts,
        "calls_received": received.total(),
        "opted_out": sorted(opted_out),
        "seconds": round(time.monotonic() - begin, 1),
        "dispositions": {str(outcome.disposition): outcome.attempts for outcome in report.outcomes},
        "answers": {question.question: question.answers for question in report.questions},
        "unmatched": [asdict(row) for row in rows if not row.matches],
    }
    (home / "summary.json").write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2) + b"\n")
    problems = list(_problems(rows, summary))
    if as_json:
        print_json(summary)
    else:
        _print(rows, report, summary, home)
    if problems:
        raise DialerError("the demo did not go as expected: " + "; ".join(problems))


def _free_ports() -> Ports:
    for first in PORT_BLOCKS:
        if not taken_ports(ports := Ports.block(first)):
            return ports
    raise DialerError(f"every port from {PORT_BLOCKS.start} to {PORT_BLOCKS.stop} is in use; end what listens there")


@contextmanager
def _lab(home: Path) -> Iterator[LabSettings]:
    shutil.rmtree(home / "sounds", ignore_errors=True)
    for name in ("demo.db", "demo.db-wal", "demo.db-shm", "demo.log", "summary.json"):
        (home / name).unlink(missing_ok=True)
    (home / "sounds").mkdir(parents=True, exist_ok=True)
    down(LabSettings(directory=home / "lab"), remove=True)  # left behind by a demo that was killed
    lab = LabSettings(directory=home / "lab", ports=_free_ports(), shared=(home / "sounds",))
    click.echo("Starting the lab: a PBX and a world to call, on this machine only.", err=True)
    up(lab)
    try:
        yield lab
    finally:
        down(lab)


def _write(home: Path, lab: LabSettings) -> None:
    config = CONFIG.format(ami=lab.ports.ami, fastagi=lab.ports.fastagi, secret=lab.secret_file, home=home)
    (home / "config.yaml").write_text(config, encoding="utf-8")
    with (home / "people.csv").open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["phone", "first_name"])
        rows.writerows([number, f"number {line}"] for line, number in enumerate(numbers(), 1))


def numbers() -> list[str]:
    """Every behaviour of the lab twice, and numbers of the mixed range to make it sixty.

    But not who presses their own number, for flows that ask for one, nor who waits for an agent.
    """
    shown = [one for one in BEHAVIOURS if LAST_FOUR not in one.presses and one.talks is None]
    twice = [behaviour.number(line) for line in (1, 2) for behaviour in shown]
    return [*twice, *mixed_numbers(CONTACTS - len(twice))][:CONTACTS]


def _run(home: Path, *, as_json: bool) -> None:
    """The dialer as an administrator runs it; on a terminal with its live view."""
    program = [sys.executable, "-m", "ami_dialer", "--config", str(home / "config.yaml"), "run", "--until-done"]
    ended = subprocess.run(program, check=False, stdout=sys.stderr if as_json else None)
    if ended.returncode != 0:
        raise DialerError(f"the dialer ended with exit code {ended.returncode}; its log is {home / 'demo.log'}")


async def _ask(home: Path) -> tuple[list[Row], RunReport, set[str]]:
    async with reading(load_config(home / "config.yaml")) as database:
        run = await pick_run(database, "survey", None)
        rows = [_row(result) async for result in contact_results(database, run.id)]
        entries = await dnc.entries(database, OPT_OUT_LIST)
        return rows, await run_report(database, run), {entry.number for entry in entries}


def _row(result: ContactResult) -> Row:
    behaviour = behaviour_of(result.number)
    expected, expected_answers = _expected(behaviour)
    last = result.attempts[-1] if result.attempts else None
    return Row(
        number=result.number,
        behaviour=behaviour.name,
        expected=expected,
        actual=last.disposition if last is not None and last.disposition is not None else "not called",
        expected_attempts=2 if behaviour.ends in RETRIED else 1,
        attempts=len(result.attempts),
        expected_answers=expected_answers,
        answers=result.answers,
    )


def _expected(behaviour: Behaviour) -> tuple[Disposition, dict[str, str]]:
    """How a contact ends, and the answers it leaves: the survey played through with the keys the number presses."""
    if not behaviour.presses:
        return DISPOSITION_OF[behaviour.ends], {}
    given: dict[str, str] = {}
    asked = 0
    for question, valid in QUESTIONS.items():
        typed = ""
        for _ in range(ASKED):
            # A second key of the same reply answers the question when it is put again.
            typed = typed or behaviour.answer(asked)
            asked += 1
            key, typed = typed[:1], typed[1:]
            if key in valid:
                given[question] = key
                break
        if given.get(question) == OPT_OUT_KEY:
            return Disposition.OPTED_OUT, given
    return (Disposition.COMPLETED if len(given) == len(QUESTIONS) else Disposition.CONNECTED), given


def _problems(rows: list[Row], summary: dict[str, Any]) -> Iterator[str]:
    if len(rows) != CONTACTS:
        yield f"{len(rows)} of {CONTACTS} contacts were imported"
    if summary["unmatched"]:
        yield f"{len(summary['unmatched'])} contacts ended otherwise"
    if summary["duplicates_dialled"]:
        yield f"{summary['duplicates_dialled']} calls reached the world without an attempt"
    wanted = {row.number for row in rows if OPT_OUT_KEY in row.expected_answers.values()}
    if wanted != set(summary["opted_out"]):
        yield "the do-not-call list does not hold exactly those who pressed 9"


def _print(rows: list[Row], report: RunReport, summary: dict[str, Any], home: Path) -> None:
    click.echo()
    print_rows(
        ("number", "behaviour in the lab", "expected", "actual", "calls", "answers", ""),
        (
            (
                row.number,
                row.behaviour,
                row.expected,
                row.actual,
                row.attempts,
                " ".join(f"{question}={digits}" for question, digits in row.answers.items()),
                "ok" if row.matches else "NOT AS EXPECTED",
            )
            for row in rows
        ),
    )
    click.echo("\nSurvey results:")
    for question in report.questions:
        answers = ", ".join(f"{digits}: {count}" for digits, count in sorted(question.answers.items()))
        click.echo(f"  {question.question}: {answers}; asked {question.asked}, no valid answer {question.no_answer}")
    click.echo(
        f"\n{summary['matched']} of {summary['contacts']} contacts as expected, {summary['attempts']} attempts, "
        f"{summary['calls_received']} calls received by the world, {summary['duplicates_dialled']} of them doubled, "
        f"{len(summary['opted_out'])} opted out, {summary['seconds']:.0f} s."
    )
    more = shlex.join(["ami-dialer", "-c", f"{home}/config.yaml", "report", "survey"])
    click.echo(f"Kept in {home}: summary.json, demo.db, demo.log. More: {more}")
