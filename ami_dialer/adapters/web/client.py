"""Requests: redirects followed by hand, every limit counted, every way to fail told in a sentence."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

import httpx2

from ami_dialer import __version__
from ami_dialer.adapters.web.addresses import RefusedAddressError, plain_host
from ami_dialer.adapters.web.network import GuardedBackend, GuardedTransport
from ami_dialer.domain.web_address import shown_address
from ami_dialer.ports import FetchFailedError

MAX_REDIRECTS = 5
#: Bytes of an answer that says what went wrong.
_COMPLAINT_BYTES = 4_096
_REDIRECTS = {301, 302, 303, 307, 308}
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked."""

    method: str
    url: httpx2.URL
    #: For the API alone: they do not go to another host.
    own_headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str | None = None

    def to(self, url: httpx2.URL) -> "Request":
        """The same at another address. Another host gets none of the headers that are for the API."""
        same = same_host(self.url, url)
        return replace(self, url=url, own_headers=self.own_headers if same else {})


def same_host(one: httpx2.URL, other: httpx2.URL) -> bool:
    """Whether what is for one may go to the other: host and port are the same, or http has become https."""
    if plain_host(one.host) != plain_host(other.host):
        return False
    ports = _port(one), _port(other)
    return ports[0] == ports[1] or ports == (80, 443)


def _port(url: httpx2.URL) -> int:
    return url.port or _PORTS.get(url.scheme, 0)


class Budget:
    """What one fetch may take in all: bytes, counted after unpacking, of all its answers together."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self.spent = 0

    def take(self, count: int) -> None:
        """Count bytes that came. Raises FetchFailedError."""
        self.spent += count
        self.announced(0)

    def announced(self, count: int) -> None:
        """See that so many more may come. Raises FetchFailedError."""
        if self.spent + count > self._most:
            raise FetchFailedError(
                f"the answer is larger than {self._most:,} bytes, all pages together; "
                "ask for less, or raise `fetching: {max_bytes: …}`"
            )


class WebClient:
    """Asks, for one fetch. A context manager."""

    def __init__(self, backend: GuardedBackend, context: ssl.SSLContext, timeout: float, budget: Budget) -> None:
        self._timeout = timeout
        self._budget = budget
        # Without the environment: a proxy would ask addresses that were never checked, .netrc would add passwords.
        self._client = httpx2.AsyncClient(
            transport=GuardedTransport(backend, context),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(timeout),
            headers={
                "User-Agent": f"ami-dialer/{__version__}",
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
            },
        )

    @asynccontextmanager
    async def asked(self, request: Request, *, redirects: int = MAX_REDIRECTS) -> AsyncIterator["Reply"]:
        """The answer, whatever its status; it is over with the block. Raises FetchFailedError.

        The block included, it may take no longer than the time limit of a request.
        """
        try:
            async with asyncio.timeout(self._timeout):
                async with self._sent(request, redirects) as reply:
                    yield reply
        except TimeoutError as error:
            raise self._failed(request, f"took longer than {self._timeout:g} s; raise `api.timeout`?") from error
        except RefusedAddressError as error:
            raise FetchFailedError(f"{shown_address(str(request.url))}: {error}") from error
        except httpx2.TimeoutException as error:
            raise self._failed(request, f"did not answer within {self._timeout:g} s") from error
        except httpx2.ConnectError as error:
            raise self._failed(request, f"cannot be reached: {error}") from error
        except httpx2.DecodingError as error:
            raise self._failed(request, f"answered with what cannot be unpacked: {error}") from error
        except httpx2.TransportError as error:
            raise self._failed(request, f"broke off: {error or type(error).__name__}") from error

    @asynccontextmanager
    async def _sent(self, request: Request, redirects: int) -> AsyncIterator["Reply"]:
        for _ in range(redirects + 1):
            headers = dict(request.own_headers)
            if request.content_type is not None and "content-type" not in {name.lower() for name in headers}:
                headers["Content-Type"] = request.content_type
            built = self._client.build_request(request.method, request.url, headers=headers, content=request.body)
            response = await self._client.send(built, stream=True)
            try:
                location = response.headers.get("location")
                if response.status_code not in _REDIRECTS or location is None:
                    yield Reply(request, response, self._budget)
                    return
            finally:
                await response.aclose()
            if redirects == 0:
                raise self._failed(request, f"redirects to {shown_address(location)}; write that address instead")
            request = self._redirected(request, response.status_code, location)
        raise self._failed(request, f"is where {redirects} redirects led, and redirects again")

    def _redirected(self, request: Request, status: int, location: str) -> Request:
        url = followed(request.url, location)
        onward = request.to(url)
        if status == 303 or (status in {301, 302} and request.method == "POST"):
            onward = replace(onward, method="GET", body=None, content_type=None)
        return onward

    @staticmethod
    def _failed(request: Request, what: str) -> FetchFailedError:
        return FetchFailedError(f"{shown_address(str(request.url))} {what}")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()


def parsed(address: str) -> httpx2.URL:
    """A configured address. Raises FetchFailedError where it cannot be asked."""
    try:
        return httpx2.URL(address)
    except httpx2.InvalidURL as error:
        raise FetchFailedError(f"{shown_address(address)} is no address that can be asked: {error}") from error


def followed(base: httpx2.URL, reference: str) -> httpx2.URL:
    """The address that an answer refers to. Raises FetchFailedError where it may not be followed."""
    where = shown_address(str(base))
    try:
        url = base.join(reference)
    except (httpx2.InvalidURL, ValueError) as error:
        raise FetchFailedError(f"{where} refers to an address that is none: {error}") from error
    if url.scheme not in _PORTS or not url.host:
        raise FetchFailedError(f"{where} refers to {url.scheme or 'something'}:, which is no web address")
    if url.userinfo:
        raise FetchFailedError(f"{where} refers to an address with a user or a password in it; it is not followed")
    if base.scheme == "https" and url.scheme == "http":
        raise FetchFailedError(
            f"{where} refers to {shown_address(str(url))}, which is not encrypted; from https only https is followed"
        )
    return url


class Reply:
    """An answer whose body is still to come."""

    def __init__(self, request: Request, response: httpx2.Response, budget: Budget) -> None:
        #: As it was sent in the end, after redirects.
        self.request = request
        self._response = response
        self._budget = budget

    @property
    def status(self) -> int:
        """The status code."""
        return self._response.status_code

    @property
    def headers(self) -> httpx2.Headers:
        """The headers."""
        return self._response.headers

    @property
    def where(self) -> str:
        """The address for people."""
        return shown_address(str(self.request.url))

    @property
    def charset(self) -> str | None:
        """The encoding that the server states."""
        return self._response.charset_encoding

    def next_link(self) -> str | None:
        """The address of the next page, by the Link header (RFC 8288)."""
        for relation, link in self._response.links.items():
            if relation is not None and "next" in relation.lower().split():
                return link.get("url")
        return None

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, unpacked. Raises FetchFailedError where it is too large."""
        packed = self.headers.get("content-encoding", "").lower().split(",")
        unknown = [each.strip() for each in packed if each.strip() not in {"", "identity", "gzip", "deflate"}]
        if unknown:
            raise FetchFailedError(f"{self.where} answers packed with {unknown[0][:40]!r}, which was not asked for")
        length = self.headers.get("content-length", "")
        if length.isdecimal() and packed == [""]:
            self._budget.announced(int(length[:20]))
        async for piece in self._response.aiter_bytes():
            self._budget.take(len(piece))
            yield piece

    async def complaint(self) -> str:
        """The beginning of the body, for people: what the API itself says went wrong."""
        data = b""
        async for piece in self._response.aiter_bytes():
            data += piece
            if len(data) >= _COMPLAINT_BYTES:
                break
        return data[:_COMPLAINT_BYTES].decode("utf-8", "replace")
