"""Cells that a spreadsheet would calculate: everything that writes CSV for people makes them harmless here."""

import re

#: What makes a spreadsheet take a cell for a formula (OWASP, "CSV Injection"), full-width forms included.
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
#: E.164 and plain numbers. A spreadsheet takes them for numbers and calculates nothing; with an apostrophe nobody could
#: import them again.
_NUMBER = re.compile(r"[+-][0-9]{1,15}(?:[.,][0-9]{1,15})?")


def neutral(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would take it for a formula. Numbers stay."""
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def as_written(text: str) -> str:
    """What `neutral` was given: the text without the apostrophe that it put there."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text
