"""Files of consents."""

from datetime import UTC, datetime, timedelta

import pytest

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.domain.consent import EVERYTHING, Strength
from ami_dialer.sources.consent import Defaults, look_at_consents, read_consents
from ami_dialer.sources.moments import Moments
from ami_dialer.sources.problems import Kind, SourceError
from ami_dialer.store.consent_loading import NewRecord

pytestmark = pytest.mark.unit

NOW = SystemClock().now()
SAID = datetime(2025, 3, 1, 14, 5, tzinfo=UTC)
ANN, BOB = "+13015550100", "+13025550101"


def read(tmp_path, text, *, mapping=None, size=100, **changes):
    """All portions as one."""
    file = tmp_path / "consents.csv"
    file.write_bytes(text.encode())
    given = {"scope": None, "strength": Strength.EXPRESS, "source": "file", "evidence": "", "at": None, "expires": None}
    found = look_at_consents(file, "US", Defaults(**{**given, **changes}), Moments(), NOW, mapping or {})
    portions = list(read_consents(found, size))
    together = portions[0]
    for other in portions[1:]:
        together.records += other.records
        together.rejected += other.rejected
        together.warned += other.warned
        together.without += other.without
    return together


def consent(number, **changes):
    return NewRecord(**{**_consent(number)._asdict(), **changes})


def _consent(number):
    return NewRecord(
        number, granted=True, scope=EVERYTHING, strength=Strength.EXPRESS, source="file", at=SAID, expires_at=None
    )


def test_columns_are_found_by_their_headings_in_any_order_and_dialect(tmp_path):
    text = (
        "Name;Form ID;Consent type;Opt-in date;Purpose;Mobile Phone;Valid until;Lead source\r\n"
        "Ann;F-1;Prior Express Written Consent;2025-03-01T14:05:00Z;Sales;(301) 555-0100;2027-01-01;web form\r\n"
    )
    portion = read(tmp_path, text)
    assert portion.records == [
        consent(
            ANN,
            scope="sales",
            strength=Strength.WRITTEN,
            source="web form",
            expires_at=datetime(2027, 1, 1, tzinfo=UTC),
            evidence="F-1",
        )
    ]
    assert (portion.rejected, portion.warned, portion.without) == ([], [], 0)


def test_what_rows_do_not_say_comes_from_the_command(tmp_path):
    portion = read(
        tmp_path,
        "phone,at,scope\n3015550100,,\n3025550101,2025-03-01 14:05,campaign:spring\n",
        scope="survey",
        strength=Strength.WRITTEN,
        source="form",
        evidence="batch 7",
        at=SAID,
        expires="1y",
    )
    said = {
        "strength": Strength.WRITTEN,
        "source": "form",
        "evidence": "batch 7",
        "expires_at": SAID.replace(year=2026),
    }
    assert portion.records == [consent(ANN, scope="survey", **said), consent(BOB, scope="campaign:spring", **said)]


def test_a_column_may_be_named_and_one_may_be_left_out(tmp_path):
    text = "phone,Signed,Status\n3015550100,2025-03-01T14:05Z,customer\n"
    mapping = {"at": "signed", "granted": ""}
    assert read(tmp_path, text, scope=EVERYTHING, mapping=mapping).records == [consent(ANN)]


@pytest.mark.parametrize(
    ("row", "kind", "reason"),
    [
        ("12,2025-03-01,sales,express,", Kind.PHONE_BAD, "'12'"),
        (",2025-03-01,sales,express,", Kind.PHONE_MISSING, "has no number"),
        ("3015550100,yesterday,sales,express,", Kind.TIME, "'yesterday' is no date"),
        ("3015550100,3/4/2025,sales,express,", Kind.TIME, "say which by --dates"),
        ("3015550100,,sales,express,", Kind.TIME, "does not say when"),
        ("3015550100,2999-03-01,sales,express,", Kind.TIME, "lies in the future"),
        ("3015550100,2025-03-01,marketing,express,", Kind.CONSENT, "'marketing' is no scope"),
        ("3015550100,2025-03-01,,express,", Kind.CONSENT, "does not say what the consent is for"),
        ("3015550100,2025-03-01,sales,maybe,", Kind.CONSENT, "'maybe' is no strength"),
        ("3015550100,2025-03-01,sales,express,soon", Kind.EXPIRY, "'soon' is no date"),
        ("3015550100,2025-03-01,sales,express,2025-03-01", Kind.EXPIRY, "not after"),
        ("3015550100,2025-03-01,sales", Kind.CELLS, "cells"),
    ],
)
def test_a_row_that_cannot_be_read_is_rejected_with_line_and_reason(tmp_path, row, kind, reason):
    good = "3025550101,2025-03-01T14:05Z,*,express,\n"
    portion = read(tmp_path, f"phone,at,scope,strength,expires\n{good}{row}\n{good}")
    assert portion.records == [consent(BOB)] * 2
    [rejected] = portion.rejected
    assert (rejected.line, rejected.kind) == (3, kind)
    assert reason in rejected.reason


def test_evidence_that_does_not_fit_is_not_cut_off(tmp_path):
    portion = read(tmp_path, f"phone,at,evidence\n3015550100,2025-03-01,{'x' * 501}\n", scope=EVERYTHING)
    assert [row.kind for row in portion.rejected] == [Kind.TOO_LONG]


@pytest.mark.parametrize("word", ["Revoked", "opted out", "unsubscribed", "STOP"])
def test_who_has_revoked_is_recorded_so(tmp_path, word):
    portion = read(tmp_path, f"phone,at,status\n3015550100,2025-03-01,{word}\n", scope="sales")
    [record] = portion.records
    # A day without a time counts to its end: consent of the same day came before.
    assert (record.granted, record.scope, record.at) == (False, "sales", datetime(2025, 3, 2, tzinfo=UTC))


def test_no_is_no_revocation_and_nothing_to_record(tmp_path):
    portion = read(tmp_path, "phone,at,consent\n3015550100,2025-03-01,no\n3025550101,,FALSE\n", scope=EVERYTHING)
    assert (portion.records, portion.rejected, portion.without) == ([], [], 2)


def test_a_row_may_tell_of_a_consent_and_of_its_revocation(tmp_path):
    text = (
        "phone,consent_date,opt_out_date\n"
        "3015550100,2025-03-01T14:05Z,2025-06-01T10:00Z\n"
        "3025550101,2025-03-01T14:05Z,\n"
    )
    records = read(tmp_path, text, scope=EVERYTHING).records
    revoked = consent(ANN, granted=False, at=datetime(2025, 6, 1, 10, tzinfo=UTC))
    assert records == [revoked, consent(ANN), consent(BOB)]


@pytest.mark.parametrize(("answer", "revoked"), [("yes", True), ("1", True), ("no", False), ("", False)])
def test_a_column_of_opt_outs_says_the_opposite(tmp_path, answer, revoked):
    portion = read(tmp_path, f"phone,at,opted_out\n3015550100,2025-03-01T14:05Z,{answer}\n", scope=EVERYTHING)
    assert [record.granted for record in portion.records] == [not revoked]


def test_a_revocation_is_taken_whatever_else_its_row_says(tmp_path):
    text = (
        "phone,at,scope,status,strength\n"
        "3015550100,when?,sales,revoked,express\n"
        "3025550101,2025-03-01,whatever,revoked,?\n"
    )
    portion = read(tmp_path, text)
    assert [(one.number, one.granted, one.scope) for one in portion.records] == [
        (ANN, False, "sales"),
        (BOB, False, EVERYTHING),
    ]
    assert abs(portion.records[0].at - NOW) < timedelta(minutes=5)  # when the file was written
    assert [(one.line, one.kind) for one in portion.warned] == [(2, Kind.TIME), (3, Kind.CONSENT)]
    assert portion.rejected == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("phone,scope\n3015550100,*\n", "no column that says when"),
        ("phone,at\n3015550100,2025-03-01\n", "no column that says what the consent is for"),
        ("name,at,scope\nAnn,2025-03-01,*\n", "no column of numbers"),
        ("3015550100,2025-03-01\n", "looks like a phone number"),
        ("", "empty"),
    ],
)
def test_a_file_that_says_too_little_is_refused_as_a_whole(tmp_path, text, told):
    with pytest.raises(SourceError, match=told):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("mapping", "told"),
    [({"when": "at"}, "no column is called 'when'"), ({"at": "day"}, "has no column 'day'")],
)
def test_a_named_column_must_be_there(tmp_path, mapping, told):
    with pytest.raises(SourceError, match=told):
        read(tmp_path, "phone,at,scope\n3015550100,2025-03-01,*\n", mapping=mapping)


def test_rows_come_in_portions(tmp_path):
    rows = "".join(f"301555{number:04d},2025-03-01T14:05Z,*\n" for number in range(100, 130))
    assert len(read(tmp_path, f"phone,at,scope\n{rows}", size=7).records) == 30


def test_what_was_rejected_is_mended_and_imported_again(tmp_path):
    text = "rejected_line,rejected_kind,rejected_reason,phone,at,scope\n3,time,no date,3015550100,2025-03-01T14:05Z,*\n"
    assert read(tmp_path, text).records == [consent(ANN)]
