"""Cells that a spreadsheet would calculate: everything that writes CSV for people makes them harmless here."""

import re

#: What makes a spreadsheet take a cell for a formula (OWASP, "CSV Injection"), full-width forms included.
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
#: E.164 and plain numbers. A spreadsheet takes them for numbers and calculates nothing; with an apostrophe nobody could
#: import them again.
_NUMBER = re.compile(r"[+-][0-9]{1,15}(?:[.,][0-9]{1,15})?")


def neutral(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would take it for a formula. Numbers stay.

    A text that has apostrophes before such a character itself gets one more, so that `as_written` can tell.
    """
    bare = text.lstrip("'")
    if not bare.startswith(_FORMULA) or (bare is text and _NUMBER.fullmatch(text)):
        return text
    return f"'{text}"


def as_written(text: str) -> str:
    """What `neutral` was given: the text without the apostrophe that it put there."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_FORMULA) else text
