"""Station 1: a CSV becomes contacts; what cannot be called is kept aside with its line and its reason."""

import csv
import os

import pytest

from ami_dialer.config.lists import ContactList
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.journey.intake import MAX_FIELD, IntakeError, columns_of, import_list
from ami_dialer.store import documents, lists
from ami_dialer.store.database import Database
from tests.contacts import load_fields
from tests.store.world import campaign, config, rows

pytestmark = pytest.mark.journey

ANN, BOB, CAT = "+12125550101", "+12125550102", "+12125550103"


@pytest.fixture
async def database(sqlite_settings):
    """SQLite alone: tests/store/test_contacts.py holds what goes into SQL on both."""
    opened = Database(sqlite_settings)
    yield opened
    await opened.close()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "people.csv"


@pytest.fixture
async def taken(database, clock, file):
    """Import what is given as text or bytes; list settings may be given too."""
    await campaign(database, config())

    async def take(content, **settings):
        if content is not None:
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        wanted = ContactList.model_validate({"file": file, **settings})
        known = (await lists.load_lists(database))["people"].file_digest
        return await import_list(database, "people", wanted, known, clock.now())

    return take


async def people(database):
    """Fields of each contact by number."""
    async with database.reading():
        found = await rows(database, "SELECT number, contact_id FROM list_members ORDER BY revision, position")
    return {number: await load_fields(database, key) for number, key in found}


def reasons(intake):
    return [(row.line, row.reason) for row in intake.rejected]


async def test_a_list_is_taken_with_numbers_made_e164_and_fields_trimmed(database, taken):
    intake = await taken(f"first_name,phone,city\n Ann ,(212) 555-0101,New York\nBob,{BOB},\n")
    assert (intake.read, intake.added, intake.known, intake.doubles, intake.rejected) == (True, 2, 0, 0, ())
    assert await people(database) == {
        ANN: {"first_name": "Ann", "city": "New York"},
        BOB: {"first_name": "Bob", "city": ""},
    }


@pytest.mark.parametrize(
    "content",
    [
        "phone,name\n+12125550101,Ann\n".encode("utf-8-sig"),
        "phone;name\n+12125550101;Ann\n",
        "phone\tname\n+12125550101\tAnn\n",
        "phone|name\n+12125550101|Ann\n",
        "phone,name\r\n+12125550101,Ann\r\n",
        "phone,name\r+12125550101,Ann\r",
        "phone,name\n+12125550101,Ann",
        '"phone","name"\n"+12125550101","Ann"\n',
        "phone,name\n\n+12125550101,Ann\n,\n \n\n",
        "Phone Number,name\n+12125550101,Ann\n",
        "MOBILE,name\n+12125550101,Ann\n",
        " phone , name \n +12125550101 , Ann \n",
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
    ],
)
async def test_csv_comes_in_many_forms(database, taken, content):
    intake = await taken(content)
    assert reasons(intake) == []
    assert await people(database) == {ANN: {"name": "Ann"}}


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


async def test_broken_rows_are_kept_aside_with_line_and_reason(database, taken, file):
    intake = await taken(
        "phone,name\n"
        f"{ANN},Ann\n"
        f"{BOB}\n"
        f"{BOB},Bob,too much\n"
        "not a number,Cat\n"
        ",nobody\n"
        "911,short\n"
        f"{CAT},{'x' * (MAX_FIELD + 1)}\n"
        f"{CAT},{'x' * MAX_FIELD}\n"
    )
    assert list(await people(database)) == [ANN, CAT]
    assert [line for line, _ in reasons(intake)] == [3, 4, 5, 6, 7, 8]
    told = dict(reasons(intake))
    assert told[3] == "has 1 cells, the header has 2"
    assert told[4] == "has 3 cells, the header has 2"
    assert "'not a number' is not a phone number" in told[5]
    assert told[7] == "'911' is not a valid number in US"
    assert told[8] == f"name has {MAX_FIELD + 1} characters, at most {MAX_FIELD} are allowed"
    assert intake.rejects_file == file.with_name("people.rejected.csv")


async def test_the_rejected_rows_can_be_mended_and_imported(database, taken, file):
    intake = await taken(f'phone,name\n{ANN},Ann\n212 555,"Bob, ""B""\nfrom Ohio"\n')
    rejected = intake.rejects_file.read_text(encoding="utf-8")
    assert next(csv.DictReader(rejected.splitlines(keepends=True)))["line"] == "3"
    file.write_text(rejected.replace("\n3,'212 555'", "\n3,mended").replace(",212 555,", f",{BOB},"), encoding="utf-8")
    await taken(None)
    assert (await people(database))[BOB]["name"] == 'Bob, "B"\nfrom Ohio'


async def test_a_file_without_broken_rows_makes_no_rejects_file(taken, file):
    intake = await taken(f"phone,name\n{ANN},Ann\n")
    assert intake.rejects_file is None
    assert [path.name for path in file.parent.glob("*.csv")] == ["people.csv"]


async def test_a_rejects_file_that_cannot_be_written_does_not_hold_the_import_up(database, taken, file):
    file.with_name("people.rejected.csv").mkdir()
    intake = await taken(f"phone,name\n{ANN},Ann\nnobody,here\n")
    assert (intake.added, len(intake.rejected), intake.rejects_file) == (1, 1, None)


async def test_a_header_that_comes_again_is_a_broken_row(database, taken):
    intake = await taken(f"phone,name\n{ANN},Ann\nphone,name\n{BOB},Bob\n")
    assert list(await people(database)) == [ANN, BOB]
    assert [line for line, _ in reasons(intake)] == [3]


async def test_a_number_is_taken_once_however_it_is_written(database, taken):
    intake = await taken("phone,name\n2125550101,Ann\n(212) 555-0101,Again\n+1 212 555 0101,And again\n")
    assert (intake.added, intake.doubles) == (1, 2)
    assert await people(database) == {ANN: {"name": "Ann"}}


async def test_the_same_file_is_not_read_again(database, taken):
    await taken(f"phone,name\n{ANN},Ann\n")
    again = await taken(None)
    assert (again.read, again.added) == (False, 0)


async def test_a_changed_file_adds_only_who_is_new(database, taken):
    await taken(f"phone,name\n{ANN},Ann\n")
    again = await taken(f"phone,name\n{ANN},Anne\n{BOB},Bob\n")
    assert (again.read, again.added, again.known) == (True, 1, 1)
    assert await people(database) == {ANN: {"name": "Ann"}, BOB: {"name": "Bob"}}


async def test_whoever_has_left_the_file_stays_on_the_list(database, taken):
    await taken(f"phone,name\n{ANN},Ann\n{BOB},Bob\n")
    await taken(f"phone,name\n{BOB},Bob\n")
    assert list(await people(database)) == [ANN, BOB]


async def test_another_mapping_or_region_reads_the_same_file_anew(database, taken):
    await taken("phone,other\n2125550101,030123456\n")
    mapping = {"phone": "other", "first": "phone"}
    assert (await taken(None, columns=mapping, region="DE")).added == 1
    assert await people(database) == {ANN: {"other": "030123456"}, "+4930123456": {"first": "2125550101"}}


async def test_a_mapping_that_makes_two_columns_of_one_name_is_refused(taken):
    with pytest.raises(IntakeError, match=":1: has the column 'phone' twice; map the other one to another name"):
        await taken("phone,other\n2125550101,030123456\n", columns={"phone": "other"})


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


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "people.csv is empty; it needs a header line"),
        ("\ufeff", "people.csv is empty; it needs a header line"),
        ("\n\n", ":1: has no phone column"),
        ("name,city\nAnn,Ohio\n", r":1: has no phone column .*`columns: {phone: …}`; the file has: name, city"),
        ("phone,name,name\n+12125550101,a,b\n", ":1: has the column 'name' twice; rename one"),
        ("phone,phone\n+12125550101,a\n", ":1: has the column 'phone' twice"),
        (b"phone,name\n+12125550101,Ann\n+12125550102,Jos\xe9\n", ":3: is not UTF-8; save the file as UTF-8"),
        ("phone,name\n+12125550101,Ann\n".encode("utf-16"), ":1: is not UTF-8"),
        (b"phone,name\n+12125550101,A\0nn\n", ":2: holds a NUL byte, so it is no CSV file"),
        (f'phone,name\n{ANN},Ann\n{BOB},"{"x" * 140_000}"\n', ":3: field larger than field limit"),
        (
            f'phone,name\n{ANN},"Ann\n' + f"{BOB},Bob\n" * 12_000,
            ":2: .*is a quotation mark opened there and never closed",
        ),
    ],
    ids=[
        "empty",
        "byte order mark alone",
        "empty lines alone",
        "no phone column",
        "column twice",
        "phone twice",
        "Latin-1",
        "UTF-16",
        "NUL",
        "huge cell",
        "quote never closed",
    ],
)
async def test_a_file_that_is_no_list_is_refused_as_a_whole_with_its_line(database, taken, content, words):
    with pytest.raises(IntakeError, match=words) as refusal:
        await taken(content)
    assert str(refusal.value).startswith("list 'people': ")
    assert await people(database) == {}
    assert (await lists.load_lists(database))["people"].file_digest is None


async def test_a_column_that_the_mapping_names_and_the_file_lacks_is_said(taken):
    with pytest.raises(IntakeError, match=r"has no column 'Tel', which `columns.phone` names; it has: phone, name"):
        await taken(f"phone,name\n{ANN},Ann\n", columns={"phone": "Tel"})


async def test_a_file_that_is_gone_is_said(taken, file):
    with pytest.raises(IntakeError, match=r"people.csv cannot be read: No such file or directory"):
        await taken(None)
    file.mkdir()
    with pytest.raises(IntakeError, match=r"people.csv cannot be read: Is a directory"):
        await taken(None)


async def test_a_file_that_turns_bad_leaves_the_list_as_it_was(database, taken):
    await taken(f"phone,name\n{ANN},Ann\n")
    with pytest.raises(IntakeError):
        await taken(b"phone,name\n\xff\n")
    assert list(await people(database)) == [ANN]


async def test_a_list_that_the_store_does_not_know_is_said(database, clock, file):
    file.write_text(f"phone\n{ANN}\n")
    with pytest.raises(NotFoundError, match="no list is named 'strangers'"):
        await import_list(database, "strangers", ContactList(file=file), None, clock.now())


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("Mobile;Name\n", ["phone", "Name"]),
        ('"Last, First";phone', ["Last, First", "phone"]),
        ("phone,name\n" + "x" * 200_000, ["phone", "name"]),
        (b"phone,name\n\xff\xff", ["phone", "name"]),
    ],
)
def test_a_check_reads_the_header_alone(file, content, columns):
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert columns_of("people", ContactList(file=file)) == columns


@pytest.mark.parametrize("content", [b"", b"name\n", b"\xff\xfe\n", None])
def test_a_check_refuses_what_an_import_would_refuse(file, content):
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(IntakeError, match=r"list 'people': .*people.csv"):
        columns_of("people", ContactList(file=file))


async def test_what_is_imported_does_not_depend_on_the_locale(database, taken, monkeypatch):
    monkeypatch.setitem(os.environ, "LC_ALL", "C")
    await taken(f"phone,näme\n{ANN},Zoë\n")
    assert await people(database) == {ANN: {"näme": "Zoë"}}
    await documents.apply_config(database, config())
