"""`ami-dialer list validate`, `fetch` and `fetches` as an administrator uses them."""

import asyncio
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.web_api import Answered, WebApi
from tests.store.cli.conftest import Folder
from tests.store.fetching.world import people

pytestmark = pytest.mark.store


@contextmanager
def served() -> Iterator[WebApi]:
    """The web server in a thread of its own: the commands have their own event loops."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = WebApi()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def server() -> Iterator[WebApi]:
    with served() as made:
        yield made


def configure(folder: Folder, server: WebApi, monkeypatch: pytest.MonkeyPatch, *, allow: str = "[127.0.0.1]") -> None:
    monkeypatch.setenv("CRM_TOKEN", "correct-horse-battery")
    file = Path(folder.config)
    sign_ups = f"""\
lists:
  sign-ups:
    api:
      url: {server.url("/contacts?tenant=acme")}
      authorization: {{kind: bearer, token: {{env: CRM_TOKEN}}}}
      contacts: data
    columns: {{phone: contact.phones.0, first_name: contact.name.first}}
"""
    text = file.read_text().replace("lists:\n", sign_ups, 1).replace("lists: [people]", "lists: [people, sign-ups]")
    file.write_text(f"{text}fetching: {{allow_hosts: {allow}}}\n")


ANSWER = {
    "data": [
        {"contact": {"name": {"first": "Ann"}, "phones": ["(301) 555-0100"]}, "city": "Laurel"},
        {"contact": {"name": {"first": "Bob\x1b[31m"}, "phones": []}},
    ]
}


@pytest.fixture
def admin(house: Folder, server: WebApi, monkeypatch: pytest.MonkeyPatch) -> Folder:
    configure(house, server, monkeypatch)
    server.answers("/contacts", ANSWER)
    return house


def test_an_api_is_validated_before_there_is_a_database(
    folder: Folder, server: WebApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(folder, server, monkeypatch)
    server.answers("/contacts", ANSWER)
    result = folder.invoke("list", "validate", "sign-ups")
    assert result.exit_code == 0
    assert f"sign-ups: {server.url()} gives 2 contacts on its first page; nothing was stored" in result.output
    lines = [line.split(None, 1) for line in result.output.splitlines()]
    assert ["contact.phones.0", "phone"] in lines
    assert ["city", "taken under its own name"] in lines
    assert 'contact 1: +13015550100 {"first_name":"Ann","city":"Laurel"}' in result.output
    assert "  contact 2: has no phone in phone" in result.output
    assert "not compared with the last fetch: there is no database" in result.output
    assert not (folder.path / "data").exists()


def test_a_phone_that_is_known_by_its_name_is_shown_as_one(
    folder: Folder, server: WebApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(folder, server, monkeypatch)
    text = Path(folder.config).read_text(encoding="utf-8")
    [columns] = re.findall(r"    columns: .*contact.*\n", text)
    Path(folder.config).write_text(text.replace(columns, ""), encoding="utf-8")
    server.answers("/contacts", {"data": [{"mobile": "301 555 0100", "city": "Laurel"}]})
    lines = [line.split(None, 1) for line in folder.invoke("list", "validate", "sign-ups").output.splitlines()]
    assert ["mobile", "phone, by its name"] in lines
    assert ["city", "taken under its own name"] in lines


def test_a_preview_as_json(admin: Folder) -> None:
    found = admin.json("list", "validate", "sign-ups")
    assert found["mapped"] == {"phone": "contact.phones.0", "first_name": "contact.name.first"}
    assert found["unmapped"] == ["city"]
    assert [one["phone"] for one in found["preview"]] == ["+13015550100"]
    assert [row["contact"] for row in found["rejected"]] == [2]
    assert found["warnings"] == []


def test_a_list_is_fetched_and_the_log_tells_it(admin: Folder, server: WebApi) -> None:
    result = admin.invoke("list", "fetch", "sign-ups")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "sign-ups: fetched 2 contacts, 1 new, 1 rejected (the first: contact 2 has no phone in phone)",
        "  contact 2: has no phone in phone",
        "  what came: ami-dialer list fetches export 1",
    ]
    assert server.asked[0].headers["authorization"] == "Bearer correct-horse-battery"
    [logged] = admin.json("list", "fetches")
    assert {key: logged[key] for key in ("fetch", "list", "status", "campaigns", "contacts", "kept")} == {
        "fetch": 1,
        "list": "sign-ups",
        "status": "completed",
        "campaigns": ["survey"],
        "contacts": 2,
        "kept": True,
    }
    shown = admin.invoke("list", "fetches", "--campaign", "survey", "--text", "NEW").output
    assert "sign-ups  survey     completed         2  fetched 2 contacts, 1 new" in shown
    assert admin.invoke("list", "fetches", "--status", "failed").output == "no fetch matches\n"


def test_what_was_fetched_is_exported_as_it_was(admin: Folder) -> None:
    admin.invoke("list", "fetch", "sign-ups")
    assert json.loads(admin.invoke("list", "fetches", "export", "1").stdout) == ANSWER
    file = admin.path / "out.json"
    result = admin.invoke("list", "fetches", "export", "1", str(file))
    assert file.read_text() == json.dumps(ANSWER)
    assert result.output == f"fetch 1: {len(json.dumps(ANSWER))} bytes in {file}\n"


def test_an_export_that_cannot_be_is_told(admin: Folder, tmp_path: Path) -> None:
    admin.invoke("list", "fetch", "sign-ups")
    result = admin.invoke("list", "fetches", "export", "9")
    assert (result.exit_code, "there is no fetch 9" in result.output) == (5, True)
    result = admin.invoke("list", "fetches", "export", "1", str(tmp_path / "nowhere" / "x.json"))
    assert (result.exit_code, "cannot be written: No such file" in result.output) == (1, True)


def test_a_failure_ends_with_6_and_is_in_the_log_without_secrets(admin: Folder, server: WebApi) -> None:
    server.routes["/contacts"] = lambda asked: Answered({"you": asked.headers["authorization"]}, 401)
    result = admin.invoke("list", "fetch", "sign-ups")
    assert result.exit_code == 6
    assert f"sign-ups: {server.url()} answers 401 Unauthorized: it does not take the authorization" in result.output
    assert admin.invoke("list", "validate", "sign-ups").exit_code == 6
    everything = result.output + admin.invoke("list", "fetches", "--json").output + admin.invoke("list", "show").output
    assert "correct-horse" not in everything
    assert [each["status"] for each in admin.json("list", "fetches", "--status", "failed")] == ["failed"]


def test_several_lists_are_fetched_though_one_fails(admin: Folder, server: WebApi) -> None:
    file = Path(admin.config)
    more = f"lists:\n  broken: {{api: {{url: {server.url('/gone')}}}}}\n"
    file.write_text(file.read_text().replace("lists:\n", more, 1))
    result = admin.invoke("list", "fetch", "broken", "sign-ups")
    assert result.exit_code == 6
    assert "answers 404 Not Found" in result.output
    assert "sign-ups: fetched 2 contacts" in result.output


def test_a_forbidden_host_is_told_with_the_mend(
    folder: Folder, server: WebApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(folder, server, monkeypatch, allow="[]")
    result = folder.invoke("list", "validate", "sign-ups")
    assert result.exit_code == 6
    assert "127.0.0.1 is loopback; only addresses on the internet are asked" in result.output
    assert "`fetching: {allow_hosts: [127.0.0.1]}`" in result.output
    assert server.connections == 0


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["validate", "nobody"], 5, "the configuration has no list 'nobody'; lists with an API: sign-ups"),
        (["validate", "people"], 2, "list 'people' has no `api` in the configuration"),
        (["fetch", "people"], 2, "list 'people' has no `api` in the configuration"),
        (["fetch", "nobody"], 5, "no list is named 'nobody'"),
        (["fetch"], 2, "Missing argument"),
        (["fetches", "--since", "yesterday"], 2, "'yesterday' is no time; write 2026-03-02"),
        (["fetches", "--status", "odd"], 2, "'odd' is not one of 'completed', 'failed'"),
        (["fetches", "--list", "nobody"], 5, "no list is named 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_told(admin: Folder, words: list[str], code: int, text: str) -> None:
    admin.invoke("list", "import")
    result = admin.invoke("list", *words)
    assert (result.exit_code, text in result.output) == (code, True), result.output


def test_the_log_is_searched_by_time(admin: Folder) -> None:
    admin.invoke("list", "fetch", "sign-ups")
    assert len(admin.json("list", "fetches", "--since", "2000-01-01", "--until", "2100-01-01T00:00Z")) == 1
    assert admin.json("list", "fetches", "--since", "2100-01-01 12:00") == []


def test_a_change_of_fields_shows_before_and_after(admin: Folder, server: WebApi) -> None:
    admin.invoke("list", "fetch", "sign-ups")
    changed: Any = {"data": [{"contact": {"phones": ["3015550177"], "name": "Cy"}, "city": "Bowie"}]}
    server.answers("/contacts", changed)
    told = "the fields have changed: contact.name.first vanished, contact.name came"
    assert f"look: {told}" in admin.invoke("list", "validate", "sign-ups").output
    assert told in admin.invoke("list", "fetch", "sign-ups").output
    assert told in admin.json("list", "fetches", "--limit", "1")[0]["description"]


def test_a_running_dialer_fetches_lists_and_begins_the_campaign_that_waited_for_contacts(
    house: Folder, server: WebApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real process: its only list comes from the API, and its Asterisk cannot be reached."""
    house.configure(start="with-dialer")
    configure(house, server, monkeypatch)
    file = Path(house.config)
    file.write_text(file.read_text().replace("lists: [people, sign-ups]", "lists: [sign-ups]"))
    server.answers("/contacts", {"data": [{"contact": {"phones": [one["phone"]]}} for one in people(0, 3)]})
    process = subprocess.Popen(house.command("run", "--plain"), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    seen: list[str] = []
    for line in process.stderr:
        seen.append(line)
        if "run started" in line:
            break
    process.terminate()
    assert process.wait(30) == 0, "".join(seen) + process.stderr.read()
    process.stderr.close()
    assert any('"list fetched"' in line and "3 new" in line for line in seen)
    assert admin_runs(house) == 3


def admin_runs(house: Folder) -> int:
    return int(house.json("campaign", "status", "survey")["run"]["contacts"])
