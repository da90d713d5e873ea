"""`campaign preview` and `campaign live`: whom a campaign calls of its lists, and what comes into them later."""

from pathlib import Path

import pytest

from tests.store.cli.conftest import Folder

pytestmark = pytest.mark.store

CONFIG = """\
database: {{url: "{database}"}}
servers: {{pbx: {{secret: s}}}}
trunks: {{carrier: {{server: pbx, dial: "PJSIP/{{number}}@carrier"}}}}
lists:
  customers: {{file: customers.csv, priority: 10}}
  sign-ups: {{file: sign-ups.csv}}
campaigns:
  survey:
    lists: [customers, sign-ups]
    live: [sign-ups]
    trunks: [carrier]
    dialplan: survey
    filter:
      all:
        - {{column: {column}, is: [CA, NV]}}
        - not: {{column: email, ends_with: .test}}
"""
CUSTOMERS = """\
phone,name,state,email
+14155551234,Ann,CA,ann@example.com
+17025551234,Bob,nv,bob@example.com
+12125551234,Cat,NY,cat@example.com
+14155551236,Eve,CA,eve@mail.test
"""
SIGN_UPS = """\
phone,name,state,email
+14155551234,Ann again,CA,ann@example.com
+14155551237,Fay,CA,
"""


@pytest.fixture
def shop(house: Folder) -> Folder:
    configure(house)
    (house.path / "customers.csv").write_text(CUSTOMERS)
    (house.path / "sign-ups.csv").write_text(SIGN_UPS)
    assert house.invoke("list", "import").exit_code == 0
    return house


def configure(house: Folder, column: str = "state") -> None:
    Path(house.config).write_text(CONFIG.format(database=house.database, column=column))


def test_a_preview_shows_whom_a_start_would_call_and_who_is_left_out_by_what(shop: Folder) -> None:
    shop.invoke("dnc", "add", "opt-outs", "+17025551234")
    text = shop.invoke("campaign", "preview", "survey", "--sample", "1").stdout
    *lines, shown = text.splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "Campaign survey would call 2 contacts now",
        "list customers 4",
        "list sign-ups 2",
        "contacts of the lists 6",
        "on a list before 1",
        "Filter Excluded 2",
        "1 does not meet: not (email ends with .test)",
        "1 does not meet: state is CA or NV",
        "Expired 0",
        "DNC Excluded 1",
        "1 opt-outs: added by hand",
        "left to be called 2",
        "the filter: state is CA or NV and not (email ends with .test)",
        "",
        "contact number state email name",
    ]
    assert shown.split()[1:] == ["+14155551234", "CA", "ann@example.com", "Ann"]
    assert shop.json("campaign", "preview", "survey")["left"] == 2
    assert shop.json("campaign", "status", "survey")["run"] is None
    started = shop.json("campaign", "start", "survey")["run"]
    assert started["by_state"]["waiting"] == 2
    assert started["excluded"] == {"dnc": 1, "filter": 2, "expired": 0, "rule": 0}


def test_a_preview_takes_the_filter_of_the_configuration_and_warns_of_a_column_that_nobody_has(shop: Folder) -> None:
    configure(shop, column="stat")
    result = shop.invoke("campaign", "preview", "survey")
    assert "would call 0 contacts now" in result.stdout
    assert result.stderr == "warning: no contact of the lists has a column 'stat', which the filter asks for\n"
    checked = shop.invoke("check")
    assert checked.exit_code == 0
    assert "campaigns.survey.filter: no list has the column 'stat'; did you mean 'state'?" in checked.stderr


def test_a_preview_of_lists_that_were_never_imported_says_so(house: Folder) -> None:
    house.invoke("dnc", "add", "opt-outs", "+17025551234")
    configure(house)
    text = house.invoke("campaign", "preview", "survey").stdout
    assert "list customers            is not stored yet: ami-dialer list import" in text
    assert "would call 0 contacts now" in text


def test_live_sync_is_switched_while_the_run_goes_on(shop: Folder) -> None:
    shop.invoke("campaign", "start", "survey")
    for name in ("customers", "sign-ups"):
        with (shop.path / f"{name}.csv").open("a") as file:
            file.write(f"+1415555{1300 + len(name)},Gus,CA,\n")
    shop.invoke("list", "import")
    text = shop.invoke("campaign", "status", "survey").stdout
    assert "list      customers: not live; 1 contact came in since, not for this run" in text
    assert "list      sign-ups: live; 0 came in; 1 contact came in since, for the next look" in text
    on = shop.invoke("campaign", "live", "survey", "customers", "on")
    assert on.stdout == (
        "list customers of run 1 of survey is live: what comes into it is called in this run, within 30 s while the "
        "dialer runs; so far 1 contact came in that it has not seen\n"
    )
    off = shop.invoke("campaign", "live", "survey", "sign-ups", "off")
    assert off.stdout == (
        "list sign-ups of run 1 of survey is not live any more: what comes into it now is for the next run; so is "
        "1 contact that came in since the last look\n"
    )
    lists = {each["name"]: each["live"] for each in shop.json("campaign", "status", "survey")["run"]["lists"]}
    assert lists == {"customers": True, "sign-ups": False}


def test_live_sync_cannot_be_switched_without_a_run_or_for_a_list_of_others(shop: Folder) -> None:
    never = shop.invoke("campaign", "live", "survey", "sign-ups", "on")
    assert never.exit_code == 1
    assert never.stderr.startswith("ami-dialer: campaign 'survey' is not running")
    shop.invoke("campaign", "start", "survey")
    other = shop.invoke("campaign", "live", "survey", "others", "on")
    assert (other.exit_code, other.stderr) == (
        5,
        "ami-dialer: list 'others' is none of run 1; it has: customers, sign-ups\n",
    )
    shop.invoke("campaign", "stop", "survey")
    over = shop.invoke("campaign", "live", "survey", "sign-ups", "on")
    assert over.exit_code == 1
    assert over.stderr == (
        "ami-dialer: campaign 'survey' is not running; `live:` of the campaign says which lists are live at a start\n"
    )


def test_trace_report_and_export_show_the_condition_that_did_it(shop: Folder) -> None:
    shop.invoke("campaign", "start", "survey")
    trace = shop.invoke("trace", "+12125551234").stdout
    assert "Filter Excluded at the start of the run: it does not meet: state is CA or NV" in trace
    assert "Filter Excluded 1: state is CA or NV" in shop.invoke("report", "survey").stdout
    exported = shop.invoke("report", "survey", "--csv", "-").stdout
    [line] = [line for line in exported.splitlines() if "+12125551234" in line]
    assert ",Filter Excluded,state is CA or NV," in line
    assert "excluded  Filter Excluded 2" in shop.invoke("campaign", "status", "survey").stdout
