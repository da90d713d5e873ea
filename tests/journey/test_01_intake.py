"""Station 1: a CSV becomes contacts; what cannot be called is kept aside with its line and its reason."""

import csv
import gzip
import io
import os
import zipfile

import pytest

from ami_dialer.config.lists import ContactList
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.domain.intake import ListState
from ami_dialer.journey.intake import IntakeError, columns_of, import_file, import_list, preview, target_of
from ami_dialer.sources.contacts import MAX_VALUE
from ami_dialer.store import documents, lists, mappings
from ami_dialer.store.database import Database
from tests.contacts import load_fields
from tests.store.world import campaign, config, rows, value

pytestmark = pytest.mark.journey

ANN, BOB, CAT = "+12125550101", "+12125550102", "+12125550103"


@pytest.fixture
async def database(sqlite_settings):
    """SQLite alone: tests/store holds what goes into SQL on both."""
    opened = Database(sqlite_settings)
    yield opened
    await opened.close()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "people.csv"


@pytest.fixture
async def configured(database, file):
    """Have a list `people` with these settings."""

    async def configure(**settings):
        wanted = config()
        wanted.lists["people"] = ContactList.model_validate({"file": file, **settings})
        await campaign(database, wanted)
        return await target_of(database, "people")

    return configure


@pytest.fixture
async def taken(database, clock, file, configured):
    """Import what is given as text or bytes; list settings may be given too."""

    async def take(content=None, **settings):
        if content is not None:
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        await configured(**settings)
        return await import_list(database, "people", clock)

    return take


async def people(database):
    """Fields of each contact by number, in the order of the list."""
    found = await rows(database, "SELECT number, contact_id FROM list_members ORDER BY revision, position, occurrence")
    return {number: await load_fields(database, key) for number, key in found}


async def state_of(database):
    found = (await lists.load_lists(database))["people"]
    return found.state, found.trouble


def reasons(intake):
    return [(row.line, row.reason) for row in intake.rejected]


def numbered(first, last):
    """Rows of a list with as many numbers."""
    return "".join(f"212555{index:04d},P {index}\n" for index in range(first, last))


async def test_a_list_is_taken_with_numbers_made_e164_and_fields_trimmed(database, taken):
    intake = await taken(f"first_name,phone,city\n Ann ,(212) 555-0101,New York\nBob,{BOB},\n")
    assert (intake.read, intake.counts, intake.rejected) == (True, {"added": 2}, [])
    assert await people(database) == {
        ANN: {"first_name": "Ann", "city": "New York"},
        BOB: {"first_name": "Bob", "city": ""},
    }


@pytest.mark.parametrize(
    "content",
    [
        "phone,name\n+12125550101,Zoë\n".encode("utf-8-sig"),
        "phone;name\n+12125550101;Zoë\n",
        "phone\tname\n+12125550101\tZoë\n",
        "phone|name\n+12125550101|Zoë\n",
        "phone,name\r\n+12125550101,Zoë\r\n",
        "phone,name\r+12125550101,Zoë\r",
        "phone,name\n+12125550101,Zoë",
        '"phone","name"\n"+12125550101","Zoë"\n',
        "phone,name\n\n+12125550101,Zoë\n,\n \n\n",
        "Phone Number,name\n+12125550101,Zoë\n",
        "MOBILE,name\n+12125550101,Zoë\n",
        " phone , name \n +12125550101 , Zoë \n",
        "sep=;\nphone;name\n+12125550101;Zoë\n",
        "phone,name\n+12125550101,Zoë\n".encode("utf-16"),
        "phone,name\n+12125550101,Zoë\n".encode("utf-16-le"),
        "phone;name\r\n+12125550101;Zoë\r\n".encode("cp1252"),
        gzip.compress("phone,name\n+12125550101,Zoë\n".encode(), mtime=0),
    ],
    ids=[
        "byte order mark",
        "semicolons",
        "tabs",
        "bars",
        "CR LF",
        "CR alone",
        "no newline at the end",
        "quotes everywhere",
        "empty lines",
        "another name for phone",
        "in capitals",
        "spaces around",
        "Excel's first line",
        "UTF-16",
        "UTF-16 without a mark",
        "Windows",
        "gzip",
    ],
)
async def test_csv_comes_in_many_forms(database, taken, content):
    intake = await taken(content)
    assert reasons(intake) == []
    assert await people(database) == {ANN: {"name": "Zoë"}}


async def test_a_zip_with_one_list_in_it_is_read(database, taken):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export/people.csv", "phone,name\n" + numbered(100, 110))
    intake = await taken(packed.getvalue())
    assert intake.counts == {"added": 10}
    assert intake.described.endswith("zip")


async def test_an_encoding_that_is_named_is_taken(database, taken):
    await taken(f"phone,name\n{ANN},Łódź\n".encode("iso8859-2"), encoding="iso8859-2")
    assert await people(database) == {ANN: {"name": "Łódź"}}


async def test_the_separator_is_the_one_that_parts_the_header(database, taken):
    await taken('"Last, First, Middle";phone\n"Doe, Ann";+12125550101\n')
    assert await people(database) == {ANN: {"Last, First, Middle": "Doe, Ann"}}


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"])
async def test_only_newlines_end_a_row(database, taken, separator):
    intake = await taken(f"phone,note\n{ANN},one{separator}two\n{BOB},three\n")
    assert reasons(intake) == []
    assert (await people(database))[ANN] == {"note": f"one{separator}two"}


async def test_a_quoted_field_may_hold_anything_and_lines_are_counted_right_behind_it(database, taken):
    text = f'phone,note\n{ANN},"one\ntwo\r\n""three"", ${{EXTEN}}"\nnobody,here\n{BOB},"a, b"\n'
    intake = await taken(text)
    assert await people(database) == {ANN: {"note": 'one\ntwo\r\n"three", ${EXTEN}'}, BOB: {"note": "a, b"}}
    assert [line for line, _ in reasons(intake)] == [5]


async def test_several_phones_are_kept_with_labels_in_dialing_order(database, taken):
    columns = {"phone.mobile": "Handy", "phone.work": "Büro", "phone_3": "Privat"}
    intake = await taken(
        f"Name,Privat,Büro,Handy\nAnn,,{BOB},{ANN}\nBob,{CAT},2125550104,\nCat,212 555 0105,212 555 0105,rubbish\n",
        columns=columns,
    )
    assert await rows(database, "SELECT number, label FROM contacts ORDER BY number") == [
        (ANN, "mobile"),
        ("+12125550104", "work"),
        ("+12125550105", "work"),
    ]
    further = "SELECT c.number, position, p.label, p.number FROM contact_phones p JOIN contacts c ON c.id = contact_id"
    assert await rows(database, f"{further} ORDER BY 1, 2") == [
        (ANN, 2, "work", BOB),
        ("+12125550104", 2, None, CAT),
    ]
    assert (await people(database))[ANN] == {"Name": "Ann"}
    assert intake.counts == {"added": 3, "bad_further_phone": 1}
    assert [(row.line, row.reason) for row in intake.warned] == [
        (4, "left out: Handy: 'rubbish' is not a phone number (The string supplied did not seem to be a phone number)")
    ]
    assert (intake.rejections, intake.rejects_file) == (0, None)


async def test_time_zone_and_priority_are_columns_of_their_own(database, taken):
    intake = await taken(
        "phone,time_zone,priority\n"
        f"{ANN},America/Chicago,100\n{BOB},europe/berlin,5.0\n{CAT},,\n"
        "2125550104,Mars/Base,1\n2125550105,,101\n"
    )
    assert await rows(database, "SELECT number, time_zone, priority, fields FROM contacts ORDER BY number") == [
        (ANN, "America/Chicago", 100, "{}"),
        (BOB, "Europe/Berlin", 5, "{}"),
        (CAT, None, 0, "{}"),
    ]
    assert intake.counts == {"added": 3, "zone": 1, "priority": 1}
    assert [line for line, _ in reasons(intake)] == [5, 6]


async def test_where_a_number_belongs_is_found_out_and_stored(database, taken):
    await taken("phone,home_phone\n(212) 555-0101,+44 20 7946 0123\n")
    found = "SELECT r.country, r.state, r.zones FROM {} x JOIN regions r ON r.id = x.region_id"
    assert await rows(database, found.format("contacts")) == [("US", "NY", "America/New_York")]
    assert await rows(database, found.format("contact_phones")) == [("GB", "", "Europe/London")]


async def test_broken_rows_are_kept_aside_with_line_and_reason_and_counted_by_kind(database, taken, file):
    intake = await taken(
        b"phone,name\n"
        b"+12125550101,Ann\n"
        b"+12125550102\n"
        b"+12125550102,Bob,too much\n"
        b"not a number,Cat\n"
        b",nobody\n"
        b"911,short\n"
        b"+12125550103," + b"x" * (MAX_VALUE + 1) + b"\n"
        b"+12125550103," + b"x" * MAX_VALUE + b"\n"
        b"+12125550102,B\0b\n"
        b"+12125550102,Zo\xc3\xab \xff\n"
        b" , \n"
        b'+12125550102,"never closed\n'
    )
    assert list(await people(database)) == [ANN, CAT]
    told = dict(reasons(intake))
    assert list(told) == [3, 4, 5, 6, 7, 8, 10, 11, 13]
    assert told[3] == "has 1 cell, the header has 2"
    assert told[4] == "has 3 cells, the header has 2"
    assert "'not a number' is not a phone number" in told[5]
    assert told[6] == "has no phone in phone"
    assert told[7] == "'911' is not a valid number in US"
    assert told[8] == f"name has {MAX_VALUE + 1} characters, at most {MAX_VALUE} are allowed"
    assert told[10] == "holds a NUL byte"
    assert "0xFF" in told[11]
    assert intake.counts == {
        "added": 2,
        "cells": 2,
        "phone_bad": 2,
        "phone_missing": 1,
        "too_long": 1,
        "encoding": 1,
        "blank": 1,
        "broken": 2,
    }
    assert intake.rejections == 9
    assert intake.rejects_file == file.with_name("people.rejected.csv")


async def test_the_first_rejected_rows_are_told_and_all_are_in_the_file(database, taken):
    intake = await taken("phone,name\n" + "".join(f"bad {index},x\n" for index in range(50)))
    assert (len(intake.rejected), intake.rejections) == (10, 50)
    assert len(intake.rejects_file.read_text(encoding="utf-8-sig").splitlines()) == 51


async def test_the_rejected_rows_can_be_mended_and_imported(database, clock, taken):
    intake = await taken(f'phone,name,note\n{ANN},Ann,\n212 555,"Bob, ""B""\nfrom Ohio",=1+1\n')
    rejected = intake.rejects_file.read_text(encoding="utf-8-sig")
    [row] = csv.DictReader(io.StringIO(rejected))
    assert (row["rejected_line"], row["rejected_kind"], row["note"]) == ("3", "phone_bad", "'=1+1")
    intake.rejects_file.write_text(rejected.replace(",212 555,", f",{BOB},"), encoding="utf-8")
    mended = await import_file(database, await target_of(database, "people"), intake.rejects_file, clock)
    assert mended.counts == {"added": 1}
    assert (await people(database))[BOB] == {"name": 'Bob, "B"\nfrom Ohio', "note": "=1+1"}


async def test_a_file_without_broken_rows_makes_no_rejects_file(taken, file):
    intake = await taken(f"phone,name\n{ANN},Ann\n")
    assert intake.rejects_file is None
    assert [path.name for path in file.parent.glob("*.csv*")] == ["people.csv"]


async def test_a_rejects_file_that_cannot_be_written_does_not_hold_the_import_up(database, taken, file):
    file.with_name("people.rejected.csv").mkdir()
    intake = await taken(f"phone,name\n{ANN},Ann\nnobody,here\n")
    assert (intake.counts, len(intake.rejected), intake.rejects_file) == ({"added": 1, "phone_bad": 1}, 1, None)
    assert intake.rejects_trouble.endswith("people.rejected.csv cannot be written: Is a directory")


async def test_a_header_that_comes_again_is_a_broken_row(database, taken):
    intake = await taken(f"phone,name\n{ANN},Ann\nphone,name\n{BOB},Bob\n")
    assert list(await people(database)) == [ANN, BOB]
    assert [line for line, _ in reasons(intake)] == [3]


async def test_a_number_is_taken_once_however_it_is_written(database, taken):
    intake = await taken("phone,name\n2125550101,Ann\n(212) 555-0101,Again\n+1 212 555 0101,And again\n")
    assert intake.counts == {"added": 1, "doubles": 2}
    assert await people(database) == {ANN: {"name": "Ann"}}


async def test_a_number_of_an_earlier_batch_stood_twice_in_the_file_and_is_not_known(database, taken):
    await taken("phone,name\n" + numbered(0, 5))
    intake = await taken("phone,name\n" + numbered(0, 4_000) + numbered(3_990, 4_100) + numbered(10, 12), batch=100)
    assert intake.batches > 2
    assert intake.counts == {"added": 4_095, "known": 5, "doubles": 12}


async def test_the_same_file_is_not_read_again(database, clock, taken):
    await taken(f"phone,name\n{ANN},Ann\n")
    before = await value(database, "SELECT revision FROM lists")
    clock.advance(80 * 86_400)
    again = await taken()
    assert (again.read, again.counts, again.list_state) == (False, {}, ListState.VALIDATED)
    assert await value(database, "SELECT revision FROM lists") == before
    assert await value(database, "SELECT count(*) FROM imports") == 1


async def test_the_same_file_is_read_again_where_that_is_wanted(database, clock, taken, file):
    await taken(f"phone,name\n{ANN},Ann\n")
    again = await import_file(database, await target_of(database, "people"), file, clock, again=True)
    assert (again.read, again.counts) == (True, {"known": 1})


async def test_a_changed_file_adds_only_who_is_new(database, taken):
    await taken(f"phone,name\n{ANN},Ann\n")
    again = await taken(f"phone,name\n{ANN},Anne\n{BOB},Bob\n")
    assert (again.read, again.counts) == (True, {"added": 1, "known": 1})
    assert await people(database) == {ANN: {"name": "Ann"}, BOB: {"name": "Bob"}}


async def test_whoever_has_left_the_file_stays_on_the_list(database, taken):
    await taken(f"phone,name\n{ANN},Ann\n{BOB},Bob\n")
    await taken(f"phone,name\n{BOB},Bob\n")
    assert list(await people(database)) == [ANN, BOB]


async def test_another_mapping_or_region_reads_the_same_file_anew(database, taken):
    await taken("phone,other\n2125550101,030123456\n")
    mapping = {"phone": "other", "first": "phone"}
    assert (await taken(columns=mapping, region="DE")).counts == {"added": 1}
    assert await people(database) == {ANN: {"other": "030123456"}, "+4930123456": {"first": "2125550101"}}


async def test_after_dupe_days_the_same_file_brings_everybody_in_anew(database, clock, taken):
    await taken(f"phone,name\n{ANN},Ann\n", dupe_days=30)
    clock.advance(30 * 86_400)
    assert (await taken(f"phone,name\n{ANN},Anne\n", dupe_days=30)).counts == {"known": 1}
    clock.advance(1)
    assert (await taken(f"phone,name\n{ANN},Annie\n{BOB},Bob\n", dupe_days=30)).counts == {"added": 1, "renewed": 1}
    assert await people(database) == {ANN: {"name": "Annie"}, BOB: {"name": "Bob"}}
    clock.advance(30 * 86_400 + 1)
    assert (await taken(dupe_days=30)).counts == {"renewed": 2}
    assert (await taken(dupe_days=30)).read is False


async def test_with_no_dupe_days_rows_of_one_file_are_doubles_all_the_same(database, clock, taken):
    await taken("phone,name\n" + numbered(0, 10), dupe_days=0)
    clock.advance(1)
    again = await taken("phone,name\n" + numbered(0, 4_000) + numbered(0, 10), dupe_days=0, batch=100)
    assert again.counts == {"added": 3_990, "renewed": 10, "doubles": 10}


async def test_without_duplicates_the_same_number_comes_in_and_is_called_again(database, clock, taken):
    await taken(f"phone,name\n{ANN},Ann\n{ANN},Also Ann\n", dupe_days=-1)
    intake = await taken(f"phone,name\n{ANN},Still Ann\n", dupe_days=-1)
    assert intake.counts == {"added": 1}
    found = await rows(database, "SELECT occurrence, contact_id FROM list_members ORDER BY occurrence")
    assert [(nth, (await load_fields(database, key))["name"]) for nth, key in found] == [
        (0, "Ann"),
        (1, "Also Ann"),
        (2, "Still Ann"),
    ]
    clock.advance(1_000 * 86_400)
    assert (await taken(dupe_days=-1)).read is False


async def test_a_mapping_by_name_says_what_columns_are_and_those_of_the_list_go_before(database, taken, configured):
    await configured()
    await mappings.save_mapping(database, "crm", {"phone": "Nr", "who": "N", "town": "T"})
    intake = await taken(f"N,Nr,T\nAnn,{ANN},Rome\n", mapping="crm", columns={"name": "n"})
    assert intake.rejected == []
    assert await people(database) == {ANN: {"name": "Ann", "town": "Rome"}}


async def test_a_column_named_phone_that_is_none_is_a_field(database, taken):
    await taken("phone,other\nhas one,2125550101\n", columns={"phone": "other"})
    assert await people(database) == {ANN: {"phone": "has one"}}


async def test_one_column_cannot_be_two_things(taken):
    with pytest.raises(IntakeError, match=r":1: the column 'other' is named by `columns.phone` and by `columns.name`"):
        await taken("phone,other\n2125550101,030123456\n", columns={"phone": "other", "name": "Other"})


@pytest.mark.parametrize(
    ("header", "columns", "fields"),
    [
        ("mobile,phone", {"phone": "mobile", "landline": "phone"}, {"landline": "x"}),
        ("mobile,phone", {"landline": "phone", "phone": "mobile"}, {"landline": "x"}),
        ("Tel. 1,Vorname", {"phone": "Tel. 1", "first_name": "Vorname"}, {"first_name": "x"}),
        ("msisdn,phone_kind", {}, {"phone_kind": "x"}),
    ],
)
async def test_columns_go_by_the_names_that_the_mapping_gives_them(database, taken, header, columns, fields):
    await taken(f"{header}\n{ANN},x\n", columns=columns)
    assert await people(database) == {ANN: fields}


async def test_a_file_may_have_hundreds_of_columns(database, taken):
    names = [f"c{index}" for index in range(400)]
    await taken(f"phone,{','.join(names)}\n{ANN},{','.join('x' * 300 for _ in names)}\n")
    assert await people(database) == {ANN: dict.fromkeys(names, "x" * 300)}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "people.csv is empty; it needs a header line"),
        ("\ufeff", "people.csv holds blank lines only; it needs a header line"),
        ("\n\n", "people.csv holds blank lines only; it needs a header line"),
        ("name,city\nAnn,Ohio\n", r":1: has no phone column .*`columns: {phone: …}`; the file has: name, city"),
        ("2125550101,Ann\n", r":1: has no header: '2125550101' looks like a phone number"),
        ("phone,name,name\n+12125550101,a,b\n", ":1: has the column 'name' twice; rename one"),
        ("phone,phone\n+12125550101,a\n", ":1: has the column 'phone' twice"),
        (b"PK\x03\x04" + b"\0" * 100, "is a damaged zip"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "PNG|image|picture"),
        ('[{"phone": "2125550101"}]\n', "JSON"),
        (gzip.compress(b"phone\n" * 10_000, mtime=0)[:-20], "is damaged: after"),
    ],
    ids=[
        "empty",
        "byte order mark alone",
        "empty lines alone",
        "no phone column",
        "no header",
        "column twice",
        "phone twice",
        "zip",
        "PDF",
        "PNG",
        "JSON",
        "half a gzip",
    ],
)
async def test_a_file_that_is_no_list_is_refused_as_a_whole_and_the_list_says_so(database, taken, content, words):
    with pytest.raises(IntakeError, match=words) as refusal:
        await taken(content)
    assert str(refusal.value).startswith("list 'people': ")
    assert await people(database) == {}
    assert (await lists.load_lists(database))["people"].file_digest is None
    state, trouble = await state_of(database)
    assert state is ListState.INVALID
    assert f"list 'people': {trouble}" == str(refusal.value)


async def test_a_column_that_the_mapping_names_and_the_file_lacks_is_said(taken):
    with pytest.raises(IntakeError, match=r"has no column 'Tel', which `columns.phone` names; it has: phone, name"):
        await taken(f"phone,name\n{ANN},Ann\n", columns={"phone": "Tel"})


async def test_a_file_that_is_gone_is_said(taken, file):
    with pytest.raises(IntakeError, match=r"people.csv cannot be read: No such file or directory"):
        await taken()
    file.mkdir()
    with pytest.raises(IntakeError, match=r"people.csv is a folder; name a CSV file"):
        await taken()


async def test_a_file_that_turns_bad_leaves_the_list_as_it_was_and_when_it_is_back_the_list_is_valid(database, taken):
    good = f"phone,name\n{ANN},Ann\n"
    await taken(good)
    with pytest.raises(IntakeError):
        await taken(b"\x89PNG\r\n\x1a\n")
    assert list(await people(database)) == [ANN]
    assert (await state_of(database))[0] is ListState.INVALID
    assert (await taken(good)).read is False
    assert await state_of(database) == (ListState.VALIDATED, None)


async def test_a_list_is_valid_while_it_holds_anybody(database, taken):
    intake = await taken("phone,name\nnobody,here\n")
    assert intake.list_state is ListState.INVALID
    state, trouble = await state_of(database)
    assert (state, trouble.endswith("people.csv holds nobody who can be called")) == (ListState.INVALID, True)
    assert (await taken(f"phone,name\n{ANN},Ann\n")).list_state is ListState.VALIDATED
    assert (await taken("phone,name\n")).list_state is ListState.VALIDATED
    assert await state_of(database) == (ListState.VALIDATED, None)


async def test_while_it_is_imported_a_list_is_being_validated(database, clock, file, configured):
    file.write_text("phone,name\n" + numbered(0, 5_000))
    target = await configured(batch=100)
    seen = []

    def look(phase, done, of):
        seen.append((phase, done, of))

    await import_file(database, target, file, clock, look)
    phases = [phase for phase, _, _ in seen]
    assert (phases[0], set(phases[1:])) == ("reading", {"loading"})
    assert len(phases) > 3
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert seen[-1] == ("loading", file.stat().st_size, file.stat().st_size)


async def test_a_list_without_a_file_has_nothing_to_import(database, clock, configured):
    await configured(file=None)
    intake = await import_list(database, "people", clock)
    assert (intake.read, intake.source) == (False, "")


async def test_a_list_that_the_store_does_not_know_is_said(database, clock):
    with pytest.raises(NotFoundError, match="no list is named 'strangers'"):
        await import_list(database, "strangers", clock)


async def test_a_preview_stores_nothing(database, file, configured):
    file.write_text(f"Name;Tel\nAnn;{ANN}\nBob;rubbish\n")
    found = preview(await configured(), file)
    assert found.survey.describe() == "UTF-8, separated by semicolons, 3 lines"
    assert [one.number for one in found.reading.contacts] == [ANN]
    assert [row.line for row in found.reading.rejected] == [3]
    assert await people(database) == {}
    assert await value(database, "SELECT count(*) FROM imports") == 0


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("Mobile;Name\n", ["Name"]),
        ('"Last, First";phone', ["Last, First"]),
        ("phone,name,tz\n" + "x" * 200_000, ["name"]),
        (b"phone,name\n\xff\xff", ["name"]),
        ("phone,town,name,priority,mobile\n", ["town", "name"]),
    ],
)
def test_a_check_tells_the_fields(file, content, columns):
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert columns_of("people", ContactList(file=file), {}) == columns


@pytest.mark.parametrize("content", [b"", b"name\n", b"\xff\xfe\n", None])
def test_a_check_refuses_what_an_import_would_refuse(file, content):
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(IntakeError, match=r"list 'people': .*people.csv"):
        columns_of("people", ContactList(file=file), {})


async def test_what_is_imported_does_not_depend_on_the_locale(database, taken, monkeypatch):
    monkeypatch.setitem(os.environ, "LC_ALL", "C")
    await taken(f"phone,näme\n{ANN},Zoë\n")
    assert await people(database) == {ANN: {"näme": "Zoë"}}
    await documents.apply_config(database, config())
