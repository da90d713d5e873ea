"""JSON piece by piece: the same values as the standard library's parser, and the same documents refused."""

import io
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ami_dialer.sources import json_stream
from ami_dialer.sources.json_stream import JsonError, JsonStream, encoding_of, skip, walk

pytestmark = pytest.mark.unit

#: Keys that collide with paths, and values of every kind.
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("ab.0", max_size=3) | st.text(), inner, max_size=4)
    ),
    max_leaves=20,
)


class Dripping(io.BytesIO):
    """A file that gives out a few bytes at a time."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self.most = most

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self.most if size is None or size < 0 else min(size, self.most))


def as_written(text: str) -> Any:
    """The standard library's reading, numbers as they are written."""

    def refuse(word: str) -> None:
        raise ValueError(word)

    return json.loads(text, parse_int=str, parse_float=str, parse_constant=refuse)


def items(data: bytes, path: str = "", most: int = 1 << 16, encoding: str = "utf-8") -> list[Any]:
    stream = JsonStream(Dripping(data, most), encoding)
    found = []
    for _ in walk(stream, {path: "contacts"}):
        assert stream.peek() == "["
        found += [stream.value() for _ in stream.members()]
    stream.end()
    return found


@given(st.lists(VALUES, max_size=6), st.integers(1, 40), st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_a_list_comes_out_as_the_whole_would(values: list[Any], most: int, plain: bool, indent: Any) -> None:
    text = json.dumps(values, ensure_ascii=not plain, indent=indent)
    data = text.encode("utf-8", "surrogatepass")
    if plain and any(0xD800 <= ord(character) < 0xE000 for character in text):
        return  # no UTF-8
    assert items(data, most=most) == as_written(text)


@given(VALUES, st.integers(1, 40), st.text('[]{}",:0-.eE+ \\u\n\x01tfn', max_size=12), st.data())
@example([1], 1, ".5", None)
@example(["\ud83d\ude00"], 3, "", None)
def test_what_the_standard_library_refuses_is_refused_and_nothing_else(
    value: Any, most: int, noise: str, data: Any
) -> None:
    text = json.dumps(value)
    at = data.draw(st.integers(0, len(text))) if data is not None else len(text) - 1
    broken = text[:at] + noise + text[at + (len(noise) % 2) :]
    try:
        expected = as_written(broken)
        good = True
    except ValueError:
        good = False
    stream = JsonStream(Dripping(broken.encode(), most), "utf-8")
    try:
        found = stream.value()
        stream.end()
    except JsonError:
        assert not good, broken
    else:
        assert good, broken
        assert found == expected


@given(VALUES, st.integers(1, 40))
def test_what_is_skipped_is_read_to_its_end(value: Any, most: int) -> None:
    stream = JsonStream(Dripping(json.dumps([value, 7]).encode(), most), "utf-8")
    for number in stream.members():
        if number == "0":
            skip(stream)
        else:
            assert stream.value() == "7"
    stream.end()


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ([1, 2], ""),
        ({"items": [1, 2]}, "items"),
        ({"a": {"items": {"x": 1}, "b": [1, 2]}, "z": [9]}, "a.b"),
        ({"a.b": {"c": [1, 2]}}, "a.b.c"),
        ({"a": {"b.c": [1, 2]}}, "a.b.c"),
        ({"a": {"x": 1}, "a.b": [1, 2]}, "a.b"),
        ([{"x": 0}, [[1, 2]]], "1.0"),
        ({"ab": [9], "a": {"b": [1, 2]}}, "a.b"),
    ],
)
def test_a_path_leads_to_its_list(document: Any, path: str) -> None:
    assert items(json.dumps(document).encode(), path) == ["1", "2"]


def test_numbers_stay_as_they_are_written() -> None:
    text = b"[1.50, 12345678901234567890123, -0, 1E5, 13015550100]"
    assert items(text) == ["1.50", "12345678901234567890123", "-0", "1E5", "13015550100"]


def test_a_value_longer_than_allowed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "MAX_VALUE", 100_000)
    assert items(json.dumps(["x" * 90_000]).encode()) == ["x" * 90_000]
    with pytest.raises(JsonError, match=r"has a value of more than 100,000 characters, at character 2"):
        items(json.dumps(["x" * 500_000]).encode())
    with pytest.raises(JsonError, match=r"has a value of more than 100,000 characters"):
        items(json.dumps(["x" * 100_001]).encode())


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 200_000, "[[" * 50 + "]" * 100])
def test_depth_is_bounded(text: str) -> None:
    for read in (lambda stream: stream.value(), skip):
        stream = JsonStream(io.BytesIO(text.encode()), "utf-8")
        if len(text) > 1_000:
            with pytest.raises(JsonError, match="nested too deeply"):
                read(stream)
        else:
            read(stream)
            stream.end()


@pytest.mark.parametrize(
    ("head", "charset", "expected"),
    [
        (b"[{}]", None, "utf-8"),
        (b"[{}]", "UTF8", "utf-8"),
        (b"[{}]", "latin1", "iso8859-1"),
        (b"[{}]", "klingon", "utf-8"),
        (b"[\0{\0", "utf-8", "utf-16-le"),
        (b"\xef\xbb\xbf[", "latin1", "utf-8-sig"),
        (b"", None, "utf-8"),
    ],
)
def test_the_encoding_is_that_of_the_bytes_first(head: bytes, charset: str | None, expected: str) -> None:
    assert encoding_of(head, charset) == expected


def test_the_text_comes_out_as_it_is() -> None:
    data = ' [1 ,\n"Zoë"]\r\n'.encode()
    assert "".join(JsonStream(Dripping(data, 3), "utf-8").pieces()) == data.decode()
    with pytest.raises(JsonError, match="holds bytes that are no utf-8, after character 0"):
        list(JsonStream(io.BytesIO(b"[1\xff"), "utf-8").pieces())
