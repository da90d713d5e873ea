"""A list's API as it is configured, and what was fetched of it."""

from collections.abc import Sequence
from typing import Any

from ami_dialer.adapters.web.list_api import Limits, WebListSource
from ami_dialer.config.lists import Fetching, ListApi
from ami_dialer.sources.answers import SpooledAnswer
from tests.conftest import ManualClock
from tests.fakes.web_api import WebApi

#: Two contacts of one page.
ANN = {"phone": "+13015550100", "name": "Ann"}
BOB = {"phone": "+13025550101", "name": "Bob"}


def people(first: int, count: int) -> list[dict[str, Any]]:
    return [{"phone": f"+1301555{number:04d}", "id": number} for number in range(first, first + count)]


def api(server: WebApi | str, **fields: Any) -> ListApi:
    url = server if isinstance(server, str) else server.url()
    return ListApi.model_validate({"url": url, "timeout": 5, **fields})


class Pauses(list[float]):
    """Sleeps that are noted instead of slept."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


def source(
    *, allow: Sequence[str] = ("127.0.0.1",), max_bytes: int = 1_000_000, seconds: float = 60, **given: Any
) -> WebListSource:
    settings = Fetching(allow_hosts=list(allow), max_bytes=max_bytes)
    given.setdefault("clock", ManualClock())
    return WebListSource(settings, limits=Limits(seconds=seconds), **given)


async def fetched(wanted: ListApi, by: WebListSource | None = None, most_pages: int | None = None) -> list[Any]:
    """The contacts. Numbers are texts, as they are written."""
    contacts, _ = await fetched_with_remarks(wanted, by, most_pages)
    return contacts


async def fetched_with_remarks(
    wanted: ListApi, by: WebListSource | None = None, most_pages: int | None = None
) -> tuple[list[Any], list[str]]:
    following = wanted.paging.next if wanted.paging is not None else None
    with SpooledAnswer({"phone": "phone"}, wanted.contacts, following) as answer:
        remarks = await (by or source()).fetch(wanted, answer, most_pages)
        return list(answer.contacts()), remarks
