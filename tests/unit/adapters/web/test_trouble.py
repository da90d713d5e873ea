"""Every way in which an API can disappoint, with real sockets, and the sentence that tells it."""

import asyncio
import gzip
import ssl
import subprocess
import zlib
from pathlib import Path
from typing import IO, Any

import pytest

from ami_dialer.ports import FetchFailedError, Page
from ami_dialer.sources.answers import SpooledAnswer
from tests.fakes.web_api import Answered, WebApi
from tests.unit.adapters.web.world import ANN, Pauses, api, fetched, people, source

pytestmark = pytest.mark.unit


async def failure(answered: Any, by: Any = None, **fields: Any) -> str:
    async with WebApi() as server:
        server.answers("/contacts", answered)
        with pytest.raises(FetchFailedError) as told:
            await fetched(api(server.url("/contacts?key=in-the-address"), **fields), by)
        text = str(told.value)
        assert f"http://127.0.0.1:{server.port}" in text or "max_bytes" in text
        assert "in-the-address" not in text
        assert text.isprintable()
        return text


@pytest.mark.parametrize(
    ("answered", "text"),
    [
        (Answered(status=400), "answers 400 Bad Request: it does not understand the request"),
        (Answered({"m": "a\nb\x1b"}, 422), 'answers 422 Unprocessable Content. It says: {"m": "a\\nb\\u001b"}'),
        (Answered(b"no\r\n  such\x1b[31m thing", 404), "It says: no such?[31m thing"),
        (Answered(status=405), "see `api.method`"),
        (Answered(b"<html>oops", 500), "answers 500 Internal Server Error: the fault is its own"),
        (Answered(status=503), "answers 503 Service Unavailable: it is busy or being mended"),
        (Answered(status=202), "answers 202 Accepted"),
        (Answered(status=304), "answers 304 Not Modified"),
        (Answered(status=302), "answers 302 Found"),
        (Answered(b""), "the answer is empty"),
        (Answered(b" \n "), "holds nothing but blanks"),
        (Answered(b"<!DOCTYPE html><title>Log in"), "is no JSON but HTML or XML: '<!DOCTYPE html><title>Log in'"),
        (Answered(b"phone,name\n"), "is no JSON: expecting value, at character 1"),
        (Answered(b"null"), "is no list of contacts"),
        (Answered(b'"x"'), "is no list of contacts"),
        (Answered({"data": {"a": 1}, "items": []}), "contacts: items}`; it has: data, items"),
        (Answered(b'[{"a": 1},]'), "at character 11"),
        (Answered(b'[{"a": 1}] x'), "goes on after its end, at character 12"),
        (Answered(b'[{"a": NaN}]'), "holds NaN, which is no JSON"),
        (Answered(b"[" * 100_000), "is nested too deeply"),
        (Answered(b'[{"a": "\xff"}]'), "holds bytes that are no utf-8"),
        (Answered(b'[{"a": "x'), "ends in the middle"),
        (Answered(b"[1]", headers={"Content-Length": "10"}, raw=None), "broke off"),
        (Answered(b"[1]", headers={"Content-Encoding": "gzip"}), "answered with what cannot be unpacked"),
        (Answered(b"[1]", headers={"Content-Encoding": "br"}), "packed with 'br', which was not asked for"),
        (Answered(raw=b"SSH-2.0-OpenSSH_9.2\r\n"), "broke off"),
        (Answered(raw=b"HTTP/1.1 200 OK\r\nContent-Le"), "broke off"),
        (Answered(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[{}"), "broke off"),
        (Answered(raw=b""), "broke off"),
        (Answered(raw=b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000), "broke off"),
    ],
)  # fmt: skip
async def test_what_goes_wrong_is_told(answered: Answered, text: str) -> None:
    if answered.headers.get("Content-Length") == "10":
        answered.raw = answered.encoded()
    assert text in await failure(answered, source(sleep=Pauses()))


async def test_nobody_listens() -> None:
    with pytest.raises(FetchFailedError, match=r"^http://127\.0\.0\.1:1/x cannot be reached: "):
        await fetched(api("http://127.0.0.1:1/x"))


async def test_an_answer_that_does_not_begin_in_time_is_given_up() -> None:
    async def silent(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    assert "1 s" in await failure(Answered(by_hand=silent), timeout=1)


async def test_an_answer_that_drips_is_given_up() -> None:
    """No pause is long, but the whole is: a time limit on each read alone would never strike."""

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"[")
            await writer.drain()
            await asyncio.sleep(0.05)

    assert "took longer than 1 s; raise `api.timeout`?" in await failure(Answered(by_hand=drip), timeout=1)


async def test_pages_that_take_too_long_together_are_given_up() -> None:
    async with WebApi() as server:

        async def late(writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.2)
            writer.write(Answered(people(len(server.asked), 1), headers={"Connection": "close"}).encoded())

        server.answers("/contacts", Answered(by_hand=late))
        with pytest.raises(FetchFailedError, match=r"all pages together took longer than 0\.0083"):
            await fetched(api(server, paging={"kind": "page", "size": 1}), source(seconds=0.5))


async def test_an_answer_that_says_it_is_too_large_is_not_read() -> None:
    sent = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.2)
        sent += 1

    assert "larger than 5,000 bytes" in await failure(Answered(by_hand=endless), source(max_bytes=5_000))


async def test_an_answer_without_end_is_broken_off() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[")
        while True:
            writer.write(b'{"a": 1},' * 1_000)
            await writer.drain()

    assert "larger than 100,000 bytes" in await failure(Answered(by_hand=endless), source(max_bytes=100_000))


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
async def test_a_bomb_is_broken_off_by_what_comes_out_of_it(packing: str) -> None:
    plain = b"[" + b'{"a": 1},' * 5_000_000
    bomb = gzip.compress(plain) if packing == "gzip" else zlib.compress(plain)
    assert len(bomb) < 1_000_000
    text = await failure(Answered(bomb, headers={"Content-Encoding": packing}), source(max_bytes=2_000_000))
    assert "larger than 2,000,000 bytes" in text


async def test_pages_are_too_large_together() -> None:
    async with WebApi() as server:
        server.routes["/contacts"] = lambda _: Answered(people(len(server.asked), 10))
        with pytest.raises(FetchFailedError, match="larger than 2,000 bytes, all pages together"):
            await fetched(api(server, paging={"kind": "page", "size": 10}), source(max_bytes=2_000))
        assert len(server.asked) < 10


@pytest.mark.parametrize("packing", ["gzip", "deflate", "identity"])
async def test_packed_answers_are_unpacked(packing: str) -> None:
    pack = {"gzip": gzip.compress, "deflate": zlib.compress, "identity": bytes}[packing]
    async with WebApi() as server:
        server.answers("/contacts", Answered(pack(b'[{"phone": 13015550100}]'), headers={"Content-Encoding": packing}))
        assert await fetched(api(server)) == [{"phone": "13015550100"}]


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        ('[{"name": "Zoë"}]'.encode("utf-8-sig"), "utf-8"),
        ('[{"name": "Zoë"}]'.encode("utf-16"), "utf-8"),
        ('[{"name": "Zoë"}]'.encode("utf-16-le"), ""),
        ('[{"name": "Zoë"}]'.encode("cp1252"), "windows-1252"),
        ('[{"name": "Zoë"}]'.encode(), "no-such-thing"),
    ],
)
async def test_encodings_are_found(data: bytes, charset: str) -> None:
    async with WebApi() as server:
        server.answers("/contacts", Answered(data, headers={"Content-Type": f"application/json; charset={charset}"}))
        assert await fetched(api(server)) == [{"name": "Zoë"}]


class SlowReader(SpooledAnswer):
    """Takes longer to understand a page than the API may take to send it."""

    async def end_page(self, charset: str | None) -> Page:
        await asyncio.sleep(1.2)
        return await super().end_page(charset)


async def test_our_own_reading_does_not_count_against_the_time_limit_of_a_request() -> None:
    async with WebApi() as server:
        server.answers("/contacts", [ANN])
        with SlowReader({}, None, None) as answer:
            await source().fetch(api(server, timeout=1), answer)
            assert answer.count == 1


async def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> IO[bytes]:
        return Path("/dev/full").open("wb", buffering=0)

    monkeypatch.setattr("ami_dialer.sources.answers.SpooledTemporaryFile", full)
    async with WebApi() as server:
        server.answers("/contacts", [ANN])
        with pytest.raises(FetchFailedError, match="cannot be kept in a temporary file: No space left on device"):
            await fetched(api(server))


async def test_too_many_redirects_are_an_error() -> None:
    async with WebApi() as server:
        server.routes["/contacts"] = lambda _: Answered(status=302, headers={"Location": "/contacts"})
        with pytest.raises(FetchFailedError, match="where 5 redirects led, and redirects again"):
            await fetched(api(server))
        assert len(server.asked) == 6


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ("ftp://example.com/x", "refers to ftp:, which is no web address"),
        ("file:///etc/passwd", "refers to file:, which is no web address"),
        ("gopher://x", "no web address"),
        ("javascript:alert(1)", "no web address"),
        ("http://user:pw@example.com/", "with a user or a password in it"),
        ("http://[::1/", "an address that is none"),
        ("http://169.254.169.254/latest/meta-data", r"169\.254\.169\.254 is link-local"),
        ("//10.0.0.1/", r"10\.0\.0\.1 is private"),
        ("http://0/", "0 "),
    ],
)
async def test_a_redirect_that_may_not_be_followed_is_told(location: str, text: str) -> None:
    async with WebApi() as server:
        server.answers("/contacts", Answered(status=302, headers={"Location": location}))
        with pytest.raises(FetchFailedError, match=text):
            await fetched(api(server))
        assert len(server.asked) == 1


async def test_a_pause_that_the_api_asks_for_is_made() -> None:
    pauses = Pauses()
    async with WebApi() as server:
        server.answers(
            "/contacts",
            Answered(status=429, headers={"Retry-After": "7"}),
            Answered(status=429),
            Answered(
                status=503,
                headers={
                    "Date": "Mon, 02 Mar 2026 15:00:00 GMT",
                    "Retry-After": "Mon, 02 Mar 2026 15:00:30 GMT",
                },
            ),
            [ANN],
        )
        assert await fetched(api(server), source(sleep=pauses)) == [ANN]
    assert pauses == [7, 5, 30]


@pytest.mark.parametrize(
    ("status", "value", "seconds"), [(429, "3600", 3_600), (503, "9" * 300, 86_400), (429, "61", 61)]
)
async def test_a_long_pause_ends_the_fetch_and_is_told(status: int, value: str, seconds: float) -> None:
    pauses = Pauses()
    async with WebApi() as server:
        server.answers("/contacts", Answered(status=status, headers={"Retry-After": value}))
        with pytest.raises(FetchFailedError, match=f"asks for a pause of {seconds:,} s") as told:
            await fetched(api(server), source(sleep=pauses))
    assert told.value.retry_after == seconds
    assert pauses == []


async def test_an_api_that_is_always_busy_is_given_up() -> None:
    pauses = Pauses()
    async with WebApi() as server:
        server.answers("/contacts", Answered(status=429, headers={"Retry-After": "soon"}))
        with pytest.raises(FetchFailedError, match="429 Too Many Requests: it is asked too often"):
            await fetched(api(server), source(sleep=pauses))
    assert pauses == [5] * 5


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"body": "{}"}, "`api.body` is for `method: POST`"),
        ({"method": "POST", "body": "{,}"}, "`api.body` is no JSON"),
    ],
)
async def test_a_body_that_cannot_be_sent_is_told(fields: dict[str, str], text: str) -> None:
    with pytest.raises(FetchFailedError, match=text):
        await fetched(api("http://127.0.0.1:1/", **fields))


def _openssl(*arguments: str, cwd: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of crm.example.com that signs itself."""
    folder = tmp_path_factory.mktemp("certificates")
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=crm", "-addext", "subjectAltName=DNS:crm.example.com"]
    _openssl("req", "-x509", *new, *named, "-keyout", "key.pem", "-out", "cert.pem", cwd=folder)
    return folder


@pytest.fixture
def server_context(certificates: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    return context


async def to_loopback(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


async def test_https_goes_to_the_checked_address_with_the_name_in_the_handshake(
    certificates: Path, server_context: ssl.SSLContext
) -> None:
    names: list[str | None] = []
    server_context.sni_callback = lambda _socket, name, _context: names.append(name)
    one = source(
        allow=["crm.example.com"],
        resolve=to_loopback,
        context=lambda: ssl.create_default_context(cafile=certificates / "cert.pem"),
    )
    async with WebApi(server_context) as server:
        server.answers("/contacts", [ANN])
        assert await fetched(api(server.url(host="crm.example.com")), one) == [ANN]
        assert server.asked[0].headers["host"] == f"crm.example.com:{server.port}"
    assert names == ["crm.example.com"]


async def test_a_certificate_of_nobody_we_know_is_refused_before_anything_is_sent(
    server_context: ssl.SSLContext,
) -> None:
    async with WebApi(server_context) as server:
        with pytest.raises(FetchFailedError, match=r"cannot be reached: .*CERTIFICATE_VERIFY_FAILED"):
            await fetched(api(server), source())
        assert server.asked == []


async def test_from_https_to_http_nothing_is_followed(certificates: Path, server_context: ssl.SSLContext) -> None:
    one = source(
        allow=["crm.example.com", "127.0.0.1"],
        resolve=to_loopback,
        context=lambda: ssl.create_default_context(cafile=certificates / "cert.pem"),
    )
    async with WebApi(server_context) as server, WebApi() as plain:
        server.answers("/contacts", Answered(status=302, headers={"Location": plain.url()}))
        with pytest.raises(FetchFailedError, match="which is not encrypted; from https only https is followed"):
            await fetched(api(server.url(host="crm.example.com")), one)
        assert plain.connections == 0
