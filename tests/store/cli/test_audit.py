"""`audit`: who changed what, whether the trail holds, and everything about one number, on both databases."""

import asyncio
import csv
import io
import json
import re
import stat
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from ami_dialer.cli.actor import actor
from ami_dialer.config.schema import Database as Settings
from ami_dialer.domain.audit import BEGINNING, Record, link
from ami_dialer.store.database import Database
from ami_dialer.store.tables import audit_records
from tests.architecture.source import ROOT
from tests.store.cli.conftest import Folder
from tests.store.test_audit import disarm

pytestmark = pytest.mark.store

ANN, BOB = "+13015550100", "+13025550101"


def records(house: Folder, *options: str) -> list[Any]:
    """Oldest first."""
    return list(reversed(house.json("audit", "list", "--limit", "1000", *options)))


def told(house: Folder, *options: str) -> list[tuple[str, str]]:
    return [(each["action"], each["subject"]) for each in records(house, *options)]


def tamper(house: Folder, *statements: str) -> None:
    """What somebody does who can write the database."""

    async def change() -> None:
        database = Database(Settings(url=house.database))
        async with database.writing() as connection:
            await disarm(connection)
            for statement in statements:
                await connection.execute(text(statement))
        await database.close()

    asyncio.run(change())


@pytest.fixture
def used(house: Folder) -> Folder:
    """A house in which some things were done: ten records."""
    house.configure(unrestricted="")
    house.invoke("list", "import")
    house.invoke("dnc", "add", "opt-outs", ANN, "--reason", "=by letter")
    house.invoke("dnc", "remove", "opt-outs", ANN)
    house.invoke("campaign", "start", "survey")
    house.invoke("campaign", "stop", "survey")
    house.invoke("list", "add", "people", "212 555 0199", "first_name=Eve")
    return house


def test_every_command_that_changes_something_says_so_by_whom(used: Folder) -> None:
    assert told(used) == [
        ("config.add", "list:people"),
        ("config.add", "flow:hello"),
        ("config.add", "campaign:survey"),
        ("list.import", "list:people"),
        ("dnc.create", "dnc:opt-outs"),
        ("dnc.add", ANN),
        ("dnc.remove", ANN),
        ("campaign.start", "campaign:survey"),
        ("campaign.end", "campaign:survey"),
        ("list.add", "+12125550199"),
    ]
    found = {each["action"]: each for each in records(used)}
    assert {each["actor"] for each in found.values()} == {actor()}
    assert found["dnc.add"]["detail"] == {"list": "opt-outs", "reason": "=by letter", "source": "cli"}
    assert found["list.import"]["detail"]["counts"] == {"added": 3, "doubles": 1, "phone_bad": 1}
    started = found["campaign.start"]["detail"]
    assert (started["run"], started["contacts"], started["barred"], started["exemptions"]) == (1, 3, 0, [])
    ended = found["campaign.end"]["detail"]
    assert (ended["run"], ended["state"]) == (1, "stopped")


def test_lists_do_not_call_lists_and_mappings_leave_their_records(used: Folder) -> None:
    before = len(records(used))
    for words in (
        ["list", "create", "others", "--description", "made by hand"],
        ["list", "combine", "people", "--into", "others"],
        ["list", "remove", "others", BOB],
        ["list", "delete", "others"],
        ["list", "mapping", "save", "crm", "phone=Nr"],
        ["list", "mapping", "delete", "crm"],
        ["dnc", "create", "lawyers", "--description", "who sue"],
        ["dnc", "global", "lawyers"],
        ["dnc", "global", "lawyers", "--off"],
        ["dnc", "add", "lawyers", "+1900*"],
        ["dnc", "delete", "lawyers"],
    ):
        assert used.invoke(*words).exit_code == 0, words
    assert told(used)[before:] == [
        ("list.create", "list:others"),
        ("list.combine", "list:others"),
        ("list.remove", BOB),
        ("list.delete", "list:others"),
        ("mapping.save", "mapping:crm"),
        ("mapping.delete", "mapping:crm"),
        ("dnc.create", "dnc:lawyers"),
        ("dnc.change", "dnc:lawyers"),
        ("dnc.global", "dnc:lawyers"),
        ("dnc.global", "dnc:lawyers"),
        ("dnc.add", "+1900*"),
        ("dnc.delete", "dnc:lawyers"),
    ]
    assert used.json("audit", "verify")["holds"]


def test_what_changes_nothing_is_not_recorded(used: Folder) -> None:
    before = len(records(used))
    for words in (
        ["dnc", "remove", "opt-outs", BOB],
        ["list", "import"],
        ["list", "remove", "people", "+12125550177"],
        ["campaign", "stop", "survey"],
        ["dnc", "delete", "nope"],
    ):
        used.invoke(*words)
    assert len(records(used)) == before


def test_a_changed_document_is_told_with_its_values_and_an_exemption_by_its_reason(used: Folder) -> None:
    file = Path(used.config)
    exempt = 'exemptions: [{rules: [us-fl], basis: test, reason: "numbers of our own lab"}]'
    changed = file.read_text().replace("flow: hello,", f"flow: hello, max_calls: 7, {exempt},")
    file.write_text(changed)
    used.invoke("list", "import")
    *_, change, exemption = records(used)
    assert (change["action"], change["subject"]) == ("config.change", "campaign:survey")
    assert change["detail"]["changes"]["max_calls"] == [None, 7]
    assert change["detail"]["before"] != change["detail"]["after"]
    assert (exemption["action"], exemption["detail"]) == (
        "campaign.exempt",
        {"rules": ["us-fl"], "basis": "test", "reason": "numbers of our own lab"},
    )
    file.write_text(changed.replace(f", {exempt}", ""))
    used.invoke("list", "import")
    assert told(used)[-2:] == [("config.change", "campaign:survey"), ("campaign.unexempt", "campaign:survey")]


def test_what_is_set_for_all_campaigns_is_told_when_it_changes(used: Folder) -> None:
    file = Path(used.config)
    settings = file.read_text()
    for countries in ("[US]", "[US, CA]", "[US, CA]"):
        file.write_text(f"{settings}\ncompliance: {{countries: {countries}}}\n")
        used.invoke("list", "import")
    file.write_text(settings)
    used.invoke("list", "import")
    found = records(used, "--subject", "config:compliance")
    assert [each["detail"]["changes"]["countries"] for each in found] == [
        [None, ["US"]],
        [["US"], ["US", "CA"]],
        [["US", "CA"], None],
    ]


def test_secrets_never_reach_the_trail(used: Folder) -> None:
    file = Path(used.config)
    api = "{url: 'https://example.com/?key=hush', headers: {X-Key: hush}, authorization: {kind: bearer, token: hush}}"
    file.write_text(file.read_text().replace("people: {file: people.csv}", f"people: {{api: {api}}}"))
    used.invoke("list", "add", "people", "212 555 0198")
    changed = next(each for each in records(used) if each["action"] == "config.change")
    assert "api.authorization.token" in changed["detail"]["changes"]
    assert "hush" not in json.dumps(records(used))


def test_the_trail_can_be_searched(used: Folder) -> None:
    assert told(used, "--subject", "(301) 555-0100") == [("dnc.add", ANN), ("dnc.remove", ANN)]
    assert told(used, "--subject", "campaign:*", "--action", "campaign.*") == [
        ("campaign.start", "campaign:survey"),
        ("campaign.end", "campaign:survey"),
    ]
    assert told(used, "--actor", "dialer") == []
    assert told(used, "--until", "2001-01-01") == []
    assert len(told(used, "--since", "2001-01-01")) == 10
    shown = used.invoke("audit", "list", "--limit", "2")
    assert (len(shown.stdout.splitlines()), "more than 2" in shown.stderr) == (3, True)
    assert used.invoke("audit", "list", "--actor", "nobody").stdout == "no record matches\n"
    for words in (["--subject", "12"], ["--since", "soon"]):
        assert used.invoke("audit", "list", *words).exit_code == 2


def test_a_trail_that_nobody_touched_holds_and_its_head_is_told(used: Folder) -> None:
    found = used.json("audit", "verify")
    assert (found["holds"], found["records"], found["breaks"]) == (True, 10, [])
    assert found["head"] == f"{records(used)[-1]['hash']}:10"
    shown = used.invoke("audit", "verify")
    assert (shown.exit_code, f"head: {found['head']}" in shown.stdout) == (0, True)
    used.invoke("dnc", "add", "opt-outs", BOB)
    again = used.json("audit", "verify", "--head", found["head"], "--since-hash", found["head"])
    assert (again["holds"], again["records"], len(again["confirmed"])) == (True, 2, 2)
    by_hash = used.json("audit", "verify", "--since-hash", found["head"].partition(":")[0])
    assert by_hash["records"] == 2


@pytest.mark.parametrize(
    ("statement", "kind", "first", "last"),
    [
        ("UPDATE audit_records SET actor = 'bob' WHERE id = 6", "changed", 6, 6),
        ("UPDATE audit_records SET detail = '{}' WHERE id = 7", "changed", 7, 7),
        ("DELETE FROM audit_records WHERE id = 6", "removed", 6, 6),
        ("DELETE FROM audit_records WHERE id BETWEEN 1 AND 4", "removed", 1, 4),
        ("DELETE FROM audit_records WHERE id >= 9", "cut", 9, 10),
        ("DELETE FROM audit_records", "cut", 1, 10),
        (
            "INSERT INTO audit_records (id, at, actor, action, subject, detail, hash) "
            "SELECT 11, at, actor, action, subject, detail, hash FROM audit_records WHERE id = 6",
            "changed",
            11,
            11,
        ),
        ("UPDATE audit_head SET hash = 'f'", "head", 10, 10),
    ],
)
def test_tampering_of_each_kind_shows(used: Folder, statement: str, kind: str, first: int, last: int) -> None:
    tamper(used, statement)
    shown = used.invoke("audit", "verify")
    assert (shown.exit_code, "BROKEN" in shown.stdout, "tampered" in shown.stdout) == (8, True, True)
    result = used.invoke("audit", "verify", "--json")
    assert result.exit_code == 8
    broken = json.loads(result.stdout)["breaks"][0]
    assert (broken["kind"], broken["first"], broken["last"]) == (kind, first, last)


def test_a_record_behind_the_head_and_a_head_that_is_gone_show(used: Folder) -> None:
    last = records(used)[-1]["hash"]
    forged = Record(11, _at(used), "ann", "dnc.add", ANN, None, "{}", "")
    values = forged._replace(hash=link(last, forged))
    columns = "id, at, actor, action, subject, detail, hash"
    tamper(
        used,
        f"INSERT INTO audit_records ({columns}) SELECT 11, at, '{values.actor}', '{values.action}', '{ANN}', '{{}}', "
        f"'{values.hash}' FROM audit_records WHERE id = 1",
    )
    [broken] = json.loads(used.invoke("audit", "verify", "--json").stdout)["breaks"]
    assert (broken["kind"], broken["first"]) == ("inserted", 11)
    tamper_again = used.invoke("audit", "verify")
    assert "inserted behind the head" in tamper_again.stdout


def _at(house: Folder) -> Any:
    async def ask() -> Any:
        database = Database(Settings(url=house.database))
        async with database.reading() as connection:
            found = await connection.scalar(audit_records.select().with_only_columns(audit_records.c.at).limit(1))
        await database.close()
        return found

    return asyncio.run(ask())


def test_without_its_head_the_trail_cannot_be_read_and_nothing_can_be_changed(used: Folder) -> None:
    tamper(used, "DELETE FROM audit_head")
    for words in (["audit", "verify"], ["dnc", "add", "opt-outs", BOB]):
        result = used.invoke(*words)
        assert (result.exit_code, "has lost its head" in result.stderr) == (3, True)


def test_a_chain_that_was_made_anew_shows_only_by_a_head_that_was_noted_elsewhere(used: Folder) -> None:
    noted = used.json("audit", "verify")["head"]
    rewrite(used, subject=ANN, by="bob")
    assert used.json("audit", "verify")["holds"]  # the honest limit of any chain in one place
    for option in ("--head", "--since-hash"):
        result = used.invoke("audit", "verify", option, noted)
        assert (result.exit_code, "has another hash than the one that was noted" in result.stdout) == (8, True)
    unknown = used.invoke("audit", "verify", "--head", noted.partition(":")[0])
    assert (unknown.exit_code, "no record has the hash" in unknown.stdout) == (8, True)
    gone = used.invoke("audit", "verify", "--head", f"{'a' * 64}:99")
    assert (gone.exit_code, "record 99, which was noted with its hash, is gone" in gone.stdout) == (8, True)


def rewrite(house: Folder, *, subject: str, by: str) -> None:
    """Forge the actor of what was done to a number, and the hashes of all that follows."""

    async def change() -> None:
        database = Database(Settings(url=house.database))
        async with database.writing() as connection:
            await disarm(connection)
            rows = await connection.execute(audit_records.select().order_by(audit_records.c.id))
            previous = BEGINNING
            for row in rows.mappings().all():
                record = Record(**row)
                record = record._replace(actor=by) if record.subject == subject else record
                previous = link(previous, record)
                of_record = audit_records.c.id == record.id
                await connection.execute(
                    audit_records.update().where(of_record).values(actor=record.actor, hash=previous)
                )
            await connection.execute(text("UPDATE audit_head SET hash = :hash"), {"hash": previous})
        await database.close()

    asyncio.run(change())


@pytest.mark.parametrize("written", ["abc", "f" * 63, f"{'f' * 64}:x", ""])
def test_a_head_that_is_none_is_refused(used: Folder, written: str) -> None:
    result = used.invoke("audit", "verify", "--head", written)
    assert (result.exit_code, "write it as `audit verify` prints it" in result.stderr) == (2, True)


def test_everything_about_a_number_comes_in_one_file_for_its_owner_alone(used: Folder) -> None:
    used.invoke("list", "combine", "people", "--into", "others")
    counts = used.json("audit", "export", "301 555 0100", "--to", str(used.path / "ann.zip"))
    assert {name: counts[name] for name in ("number", "contacts", "do_not_call", "attempts", "consents")} == {
        "number": ANN,
        "contacts": 1,
        "do_not_call": 1,
        "attempts": 0,
        "consents": 0,
    }
    file = used.path / "ann.zip"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with zipfile.ZipFile(file) as bundle:
        found = json.loads(bundle.read("everything.json"))
        summary = bundle.read("summary.txt").decode()
        audit = list(csv.DictReader(io.StringIO(bundle.read("audit.csv").decode("utf-8-sig"))))
        assert bundle.namelist() == ["summary.txt", "everything.json", "calls.csv", "audit.csv"]
    [contact] = found["contacts"]
    assert contact["fields"] == {"first_name": "Ann"}
    assert [each["name"] for each in contact["lists"]] == ["others", "people"]
    [entry] = found["do_not_call"]
    assert (entry["reason"], entry["removed_at"] is None) == ("=by letter", False)
    assert [(each["state"], each["campaign"]) for each in found["enrolments"]] == [("waiting", "survey")]
    assert [each["action"] for each in found["audit"]] == [
        "list.import",
        "dnc.create",
        "dnc.add",
        "dnc.remove",
        "list.combine",
    ]
    for each in found["audit"]:  # each can be hashed again from what is in the file
        covered = [each[name] for name in ("id", "at", "actor", "action", "subject", "attempt_id", "detail")]
        hashed = each["previous"] + json.dumps(covered, ensure_ascii=False, separators=(",", ":"))
        assert sha256(hashed.encode()).hexdigest() == each["hash"]
    assert [row["hash"] for row in audit] == [each["hash"] for each in found["audit"]]
    assert "opt-outs: =by letter (cli); taken off" in summary
    assert f"The trail ends with record {found['audit_head']['id']}" in summary


def test_what_the_document_says_of_hashes_can_be_carried_out_on_a_bundle(
    used: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    used.invoke("audit", "export", ANN, "--to", str(used.path / "ann.zip"))
    with zipfile.ZipFile(used.path / "ann.zip") as bundle:
        bundle.extractall(used.path)
    program = re.search(r"```python\n(.*?)```", (ROOT / "docs/compliance.md").read_text(encoding="utf-8"), re.DOTALL)
    assert program is not None
    monkeypatch.chdir(used.path)
    command = [sys.executable, "-W", "ignore", "-c", program[1]]
    assert subprocess.run(command, check=False).returncode == 0
    file = used.path / "everything.json"
    file.write_text(file.read_text(encoding="utf-8").replace("by letter", "by e-mail"), encoding="utf-8")
    assert subprocess.run(command, check=False, capture_output=True).returncode == 1


def test_a_number_that_nobody_knows_has_a_bundle_that_says_so(used: Folder) -> None:
    result = used.invoke("audit", "export", "+442079460123", "--to", str(used.path / "none.zip"))
    assert "0 contacts, 0 calls" in result.stdout
    with zipfile.ZipFile(used.path / "none.zip") as bundle:
        assert "It was never called." in bundle.read("summary.txt").decode()


def test_a_bundle_that_cannot_be_written_is_said_and_leaves_nothing(used: Folder) -> None:
    result = used.invoke("audit", "export", ANN, "--to", str(used.path / "nowhere" / "ann.zip"))
    assert (result.exit_code, "cannot be written: No such file or directory" in result.stderr) == (6, True)
    bad = used.invoke("audit", "export", "12", "--to", str(used.path / "ann.zip"))
    assert (bad.exit_code, (used.path / "ann.zip").exists()) == (2, False)
