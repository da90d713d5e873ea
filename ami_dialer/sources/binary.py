"""Files that are no text, told by how they begin."""

from pathlib import Path

from ami_dialer.sources.problems import SourceError

_SAVE = "save the list as CSV and import that"
_KINDS = (
    (b"%PDF-", f"a PDF document; {_SAVE}"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", f"an old Excel or Word file; {_SAVE}"),
    (b"{\\rtf", f"an RTF document; {_SAVE}"),
    (b"\x89PNG\r\n", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF87a", "an image"),
    (b"GIF89a", "an image"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
    (b"SQLite format 3\x00", f"an SQLite database; {_SAVE}"),
    (b"PAR1", f"a Parquet file; {_SAVE}"),
    (b"\x1f\x8b", "packed twice; unpack it once"),
    (b"PK\x03\x04", "a zip or a spreadsheet inside another archive; unpack it once"),
    (b"BZh", "packed with bzip2; unpack it, or pack it with gzip or zip"),
    (b"\xfd7zXZ\x00", "packed with xz; unpack it, or pack it with gzip or zip"),
    (b"(\xb5/\xfd", "packed with zstd; unpack it, or pack it with gzip or zip"),
    (b"7z\xbc\xaf\x27\x1c", "packed with 7-Zip; unpack it, or pack it with gzip or zip"),
    (b"Rar!\x1a\x07", "packed with RAR; unpack it, or pack it with gzip or zip"),
    (b"<?xml", f"XML; {_SAVE}"),
    (b"<!doctype html", f"a web page; {_SAVE}"),
    (b"<html", f"a web page; {_SAVE}"),
)
#: Control characters that texts hold: tab, line ends, form feeds and the end mark of DOS.
_HARMLESS = b"\t\n\v\f\r\x1a"
_CONTROLS = bytes(code for code in range(32) if code not in _HARMLESS)
#: Share of control characters, NUL among them, above which bytes are no text.
_MOST_CONTROLS = 0.1
#: So few of them may be damage, however short the file.
_FEW_CONTROLS = 64


def check_is_text(path: Path, head: bytes, *, wide: bool) -> None:
    """Raise SourceError where the first bytes are those of something else than a text.

    `wide`: every character takes two or four bytes, so that NULs say nothing.
    """
    beginning = head[:32].lstrip().lower()
    for magic, what in _KINDS:
        if head.startswith(magic) or (magic.startswith(b"<") and beginning.startswith(magic)):
            raise SourceError(f"{path} is no CSV file but {what}")
    if head[:1] in (b"[", b"{") and head[1:2] in (b'"', b"{", b"\n", b"\r", b" ") and b'":' in head:
        raise SourceError(f"{path} is no CSV file but JSON; {_SAVE}")
    if wide:
        return
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > _FEW_CONTROLS and controls > _MOST_CONTROLS * len(head):
        raise SourceError(f"{path} is no text: every tenth byte is a control character; {_SAVE}")
