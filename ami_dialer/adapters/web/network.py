"""Connections that go to checked addresses only: the name is resolved here, and what was checked is connected to.

Everything that the client sends goes through here, redirects and tokens included, so no request can be forgotten; and
since the name is not resolved again, a name server that changes its mind in between changes nothing (DNS rebinding).
The name itself stays with the request: it is in the Host header, and the certificate must be its.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import httpcore2
import httpx2

from ami_dialer.adapters.web.addresses import RefusedAddressError, check_addresses

#: The addresses of a host. Raises OSError.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

#: A host with more addresses than this is asked at the first ones only; all of them are checked.
_MOST_TRIED = 4


async def system_resolve(host: str, port: int) -> list[str]:
    """The addresses of a host as this machine finds them (files, DNS). Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Resolves, checks, connects."""

    def __init__(self, allowed: Iterable[str], resolve: Resolve = system_resolve) -> None:
        self._allowed = list(allowed)
        self._resolve = resolve
        self._backend = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address that answers. Raises RefusedAddressError where one of them may not be asked."""
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise httpcore2.ConnectError(f"the host {host} is not found: {why}") from error
        if not addresses:
            raise httpcore2.ConnectError(f"the host {host} has no address")
        check_addresses(host, addresses, self._allowed)
        for address in addresses[:_MOST_TRIED]:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore2.ConnectTimeout as error:
                failed: Exception = error
            except httpcore2.ConnectError as error:
                failed = httpcore2.ConnectError(f"{address}, port {port}: {_innermost(error)}")
        raise failed

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - httpcore2's signature
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore2.AsyncNetworkStream:
        """No API is behind a Unix socket."""
        raise RefusedAddressError("Unix sockets are not asked")

    async def sleep(self, seconds: float) -> None:
        """Between tries of httpcore2, of which we ask for none."""
        await asyncio.sleep(seconds)


def _innermost(error: BaseException) -> str:
    """What the operating system says, beneath what the libraries made of it."""
    while isinstance(beneath := error.__cause__ or error.__context__, OSError):
        error = beneath
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


class GuardedTransport(httpx2.AsyncBaseTransport):
    """httpx2's own transport takes no network backend; this one is httpcore2's pool with ours."""

    def __init__(self, backend: GuardedBackend, context: ssl.SSLContext) -> None:
        self._pool = httpcore2.AsyncConnectionPool(ssl_context=context, network_backend=backend, max_connections=2)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request. Raises httpx2.TransportError, RefusedAddressError."""
        url = request.url
        with _in_words_of_httpx2():
            response = await self._pool.handle_async_request(
                httpcore2.Request(
                    method=request.method,
                    url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx2.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Stream(response),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Stream(httpx2.AsyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _in_words_of_httpx2():
            async for piece in self._response.aiter_stream():
                yield piece

    async def aclose(self) -> None:
        with _in_words_of_httpx2():
            await self._response.aclose()


@contextmanager
def _in_words_of_httpx2() -> Iterator[None]:
    """The errors of httpcore2 as those of httpx2, of which there are fewer."""
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise httpx2.TimeoutException(str(error)) from error
    except httpcore2.ConnectError as error:
        raise httpx2.ConnectError(str(error)) from error
    except httpcore2.NetworkError as error:
        raise httpx2.NetworkError(str(error)) from error
    except httpcore2.ProtocolError as error:
        raise httpx2.RemoteProtocolError(str(error)) from error
    except httpcore2.UnsupportedProtocol as error:
        raise httpx2.UnsupportedProtocol(str(error)) from error
