"""Lists fetched from web APIs: implements ports.ListSource."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime

import httpx2

from ami_dialer.adapters.web.authorization import Tokens, headers_for
from ami_dialer.adapters.web.client import Budget, Reply, Request, WebClient, parsed, same_host
from ami_dialer.adapters.web.network import GuardedBackend, Resolve, system_resolve
from ami_dialer.adapters.web.paging import Pages, pages_of
from ami_dialer.adapters.web.redaction import redacted, secrets_of
from ami_dialer.config.lists import Fetching, ListApi
from ami_dialer.domain.web_address import shown_address
from ami_dialer.ports import Answer, Clock, FetchFailedError

#: Seconds that a fetch may take in all, pages and pauses together.
LONGEST_FETCH = 3_600.0
#: An API that asks for a pause of up to so many seconds is given it, so often in a row; longer ones end the fetch.
LONGEST_PAUSE = 60.0
MOST_PAUSES = 5
#: Seconds that are waited where an API says that it is asked too often, but not for how long.
_USUAL_PAUSE = 5.0
#: Characters of what an API itself says went wrong.
_COMPLAINT = 200
#: Of a Retry-After more is not believed.
_LONGEST_RETRY = 86_400.0
_BUSY = {429, 503}


@dataclass(frozen=True, slots=True)
class Limits:
    """What tests make smaller."""

    seconds: float = LONGEST_FETCH
    pause: float = LONGEST_PAUSE


class WebListSource:
    """Asks APIs. One for the whole process: it keeps tokens from fetch to fetch."""

    def __init__(
        self,
        settings: Fetching,
        clock: Clock,
        *,
        resolve: Resolve = system_resolve,
        context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        limits: Limits | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._resolve = resolve
        self._context = context
        self._limits = limits or Limits()
        self._sleep = sleep
        self._tokens = Tokens(clock)

    async def fetch(self, api: ListApi, answer: Answer, most_pages: int | None = None) -> list[str]:
        """Ask the API, page after page, and give every page to `answer`. Returns remarks for people.

        Raises FetchFailedError, without the secrets.
        """
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._fetch(api, answer, most_pages)
        except TimeoutError as error:
            minutes = self._limits.seconds / 60
            raise FetchFailedError(
                f"{shown_address(api.url)}: all pages together took longer than {minutes:g} minutes"
            ) from error
        except FetchFailedError as error:
            raise FetchFailedError(self.redacted(api, str(error)), error.retry_after) from error

    def redacted(self, api: ListApi, text: str) -> str:
        """The text without the secrets of the API, the token that it gave out among them."""
        secrets = secrets_of(api)
        if api.authorization is not None:
            secrets |= self._tokens.known(api.authorization)
        return redacted(text, secrets)

    async def _fetch(self, api: ListApi, answer: Answer, most_pages: int | None) -> list[str]:
        backend = GuardedBackend(self._settings.allow_hosts, self._resolve)
        budget = Budget(self._settings.max_bytes)
        context = await asyncio.to_thread(self._context)  # reading all authorities takes a while
        async with WebClient(backend, context, api.timeout, budget) as client:
            pages = pages_of(api, _first_request(api))
            further = True
            while further and (most_pages is None or pages.read < most_pages):
                further = await self._page(client, api, pages, answer)
        if further:
            pages.remarks.append("further pages follow")
        return pages.remarks

    async def _page(self, client: WebClient, api: ListApi, pages: Pages, answer: Answer) -> bool:
        """Read one page. Returns whether there is a further one."""
        pauses = 0
        renewed = False
        while True:
            request = await self._with_headers(client, api, pages.request)
            async with client.asked(request) as reply:
                failed = None
                if reply.status == 200:
                    async for piece in reply.pieces():
                        answer.write(piece)
                elif reply.status == 204 or pages.ends_with(reply.status):
                    return False
                else:
                    failed = await _failure(reply, request, api)
            if failed is None:  # the time limit of the request is for the API, not for our reading of its answer
                return await self._read(reply, pages, answer)
            settings = api.authorization
            if reply.status == 401 and settings is not None and settings.kind == "oauth2" and not renewed:
                renewed = self._tokens.forget(settings)
                continue
            if reply.status in _BUSY and pauses < MOST_PAUSES:
                pause = _USUAL_PAUSE if failed.retry_after is None and reply.status == 429 else failed.retry_after
                if pause is not None and pause <= self._limits.pause:
                    pauses += 1
                    await self._sleep(pause)
                    continue
            raise failed

    async def _with_headers(self, client: WebClient, api: ListApi, request: Request) -> Request:
        if not same_host(parsed(api.url), request.url):
            return request
        return replace(request, own_headers=await headers_for(client, api, self._tokens))

    @staticmethod
    async def _read(reply: Reply, pages: Pages, answer: Answer) -> bool:
        """Understand the page that was written. Returns whether there is a further one."""
        try:
            page = await answer.end_page(reply.charset)
        except FetchFailedError as error:
            number = f", page {pages.read + 1}" if pages.read else ""
            raise FetchFailedError(f"{reply.where}{number}: the answer {error}") from error
        further = pages.further(page, reply.next_link(), reply.request)
        if pages.repeated:
            answer.drop_page()
        return further


def _first_request(api: ListApi) -> Request:
    url = parsed(api.url)
    if api.method == "GET":
        if api.body is not None:
            raise FetchFailedError("`api.body` is for `method: POST`; a GET has none")
        return Request("GET", url)
    if api.body is None:
        return Request("POST", url)
    try:
        json.loads(api.body)
    except (ValueError, RecursionError) as error:
        raise FetchFailedError(f"`api.body` is no JSON: {error}") from error
    return Request("POST", url, {}, api.body.encode(), "application/json")


async def _failure(reply: Reply, asked: Request, api: ListApi) -> FetchFailedError:
    """What an answer without contacts means, for people."""
    retry_after = _retry_after(reply)
    text = f"{reply.where} answers {reply.status}"
    phrase = httpx2.codes.get_reason_phrase(reply.status)
    text += f" {phrase}" if phrase else ""
    mend = _MENDS.get(reply.status, "")
    if reply.status in {401, 403} and asked.own_headers and not reply.request.own_headers:
        mend = "it was redirected to another host, which does not get the authorization; write that one in `api.url`"
    elif reply.status == 401 and api.authorization is None:
        mend = "it wants `api.authorization`"
    elif reply.status in _BUSY:
        wait = f"; it asks for a pause of {retry_after:,.0f} s" if retry_after is not None else ""
        mend = ("it is asked too often" if reply.status == 429 else "it is busy or being mended") + wait
    elif reply.status >= 500 and not mend:
        mend = "the fault is its own"
    said = " ".join((await reply.complaint()).split())
    said = "".join(character if character.isprintable() else "?" for character in said)[:_COMPLAINT]
    own_words = f". It says: {said}" if said and not said.startswith("<") else ""
    return FetchFailedError(text + (f": {mend}" if mend else "") + own_words, retry_after)


_MENDS = {
    400: "it does not understand the request; see `api.url`, `paging` and `body`",
    401: "it does not take the authorization; see `api.authorization`",
    403: "it knows who asks, and does not allow it; see the rights of the account",
    404: "there is nothing; is `api.url` right?",
    405: "it does not take this method; see `api.method`",
    406: "it has no JSON there",
    415: "it does not take the body; see `api.body`",
}


def _retry_after(reply: Reply) -> float | None:
    """Seconds that the API wants to be left alone (RFC 9110 10.2.3): a number, or a date."""
    value = reply.headers.get("retry-after", "").strip()
    if value.isdecimal() and value.isascii():
        return min(float(value[:9]), _LONGEST_RETRY)
    try:
        until = parsedate_to_datetime(value)
        since = parsedate_to_datetime(reply.headers.get("date", ""))
        return min(max((until - since).total_seconds(), 0.0), _LONGEST_RETRY)
    except (ValueError, TypeError):  # no date, or one with a zone and one without
        return None
