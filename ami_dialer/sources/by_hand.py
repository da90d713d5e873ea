"""A contact written by hand, read by the rules of a file's rows."""

from collections.abc import Mapping, Sequence

from ami_dialer.domain.contact import NewContact
from ami_dialer.domain.errors import DialerError
from ami_dialer.domain.export_columns import PRIORITY, ZONE
from ami_dialer.domain.phone import Normaliser
from ami_dialer.sources.columns import MAX_LABEL, MAX_NAME, Columns, PhoneColumn
from ami_dialer.sources.contacts import ContactReader


class BadContactError(DialerError):
    """What was written is no contact that can be called."""

    exit_code = 2


def contact_by_hand(
    phones: Sequence[tuple[str | None, str]],
    fields: Mapping[str, str],
    region: str,
    time_zone: str | None = None,
    priority: str | None = None,
) -> NewContact:
    """The contact; `phones` are labels and numbers in dialing order, `region` that of numbers without a country code.

    Raises BadContactError with what is wrong. A further phone that is no number is an error here, not left out.
    """
    for label, _ in phones:
        if label is not None and (not label.isprintable() or not label.strip() or len(label) > MAX_LABEL):
            raise BadContactError(f"{label!r} is no label of a phone; write a word of at most {MAX_LABEL} characters")
    for name in fields:
        _check_name(name)
    names = [*(f"phone {label or place}" for place, (label, _) in enumerate(phones, 1)), ZONE, PRIORITY, *fields]
    cells = [*(number for _, number in phones), time_zone or "", priority or "", *fields.values()]
    if any(not _is_text(cell) for cell in cells):
        raise BadContactError("holds bytes that are no UTF-8; write it in UTF-8")
    count = len(phones)
    columns = Columns(
        tuple(names),
        tuple(PhoneColumn(index, label, index) for index, (label, _) in enumerate(phones)),
        count,
        count + 1,
        tuple((count + 2 + index, name) for index, name in enumerate(fields)),
    )
    reading = ContactReader(columns, Normaliser(region)).read([(0, cells, None)])
    wrong = [one.reason for one in reading.rejected] + [one.reason for one in reading.warned]
    if wrong:
        raise BadContactError("; ".join(reason.removeprefix("left out: ") for reason in wrong))
    if not reading.contacts:
        raise BadContactError("has no phone; write its number")
    return reading.contacts[0]


def _check_name(name: str) -> None:
    if name in (ZONE, PRIORITY):
        raise BadContactError(f"{name} is no field; write --{name.replace('_', '-')}")
    if name == "phone":
        raise BadContactError("phone is no field; write the number after the list's name, further ones with --phone")
    if not name.strip() or name != name.strip() or not name.isprintable() or len(name) > MAX_NAME:
        raise BadContactError(f"{name!r} is no name of a field; write a word of at most {MAX_NAME} characters")


def _is_text(cell: str) -> bool:
    """Whether it is more than bytes that the shell handed on; such are half of a surrogate pair here."""
    return not any("\ud800" <= character <= "\udfff" for character in cell) and "\0" not in cell
