"""Which page comes next, and whether one does. No I/O: the answers are facts here."""

from abc import ABC, abstractmethod

import httpx2

from ami_dialer.adapters.web.client import Request, followed
from ami_dialer.config.lists import ListApi, Paging
from ami_dialer.domain.web_address import shown_address
from ami_dialer.ports import FetchFailedError, Page

#: Pages of one fetch. At a hundred contacts each that is a million; more ask for larger pages.
MOST_PAGES = 10_000
#: Empty pages in a row, where the API says itself that more come.
MOST_EMPTY = 20


class Pages(ABC):
    """The pages of one fetch."""

    def __init__(self, first: Request) -> None:
        self.request = first
        #: Pages that were read.
        self.read = 0
        #: The page that was read last had been there before: it is none.
        self.repeated = False
        #: What people should know of them.
        self.remarks: list[str] = []

    @abstractmethod
    def further(self, page: Page, link: str | None, sent: Request) -> bool:
        """Whether there is a further page; `request` asks for it then. Raises FetchFailedError.

        `page` was read, `link` is the next page by its Link header, `sent` is what was asked after redirects.
        """

    def ends_with(self, status: int) -> bool:  # noqa: ARG002 - most kinds do not care
        """Whether this status says that there is no such page, because the one before was the last."""
        return False

    def _count(self) -> None:
        self.read += 1
        if self.read >= MOST_PAGES:
            raise FetchFailedError(
                f"{shown_address(str(self.request.url))} goes on after {MOST_PAGES:,} pages; "
                "does it end at all? Ask for larger pages with `paging: {size: …, size_parameter: …}`"
            )


class OnePage(Pages):
    """No paging."""

    def further(self, page: Page, link: str | None, sent: Request) -> bool:  # noqa: ARG002
        """There is one page."""
        self.read += 1
        return False


class CountedPages(Pages):
    """`page` and `offset`: the page before says how to ask for the next one, nobody says whether there is one.

    An empty page, or one shorter than the longest, is the last. Where pages are shorter than `size` from the first one
    on, the API may give out fewer than it is asked for: the next page is asked for then too, and is not missed when it
    is not there, or is the same again.
    """

    def __init__(self, first: Request, paging: Paging) -> None:
        self._paging = paging
        self._next = paging.first if paging.kind == "page" else 0
        self._longest = 0
        self._seen: set[bytes] = set()
        super().__init__(_with(first, paging, str(self._next)))

    def further(self, page: Page, link: str | None, sent: Request) -> bool:  # noqa: ARG002
        """By the length of the pages."""
        self._count()
        if page.contacts == 0:
            return False
        if page.digest in self._seen:
            if self._longest < self._paging.size:
                self.repeated = True
                self.remarks.append(
                    f"page {self.read} is the same as one before, and was taken for the end; "
                    f"is {self._paging.parameter!r} the name of the parameter there?"
                )
                return False
            raise FetchFailedError(
                f"{shown_address(str(sent.url))} gives the same page again with "
                f"{self._paging.parameter}={self._next}; is `paging.parameter` its name there?"
            )
        if page.contacts < self._longest:
            return False
        self._seen.add(page.digest)
        self._longest = page.contacts
        self._next += 1 if self._paging.kind == "page" else page.contacts
        self.request = _with(self.request, self._paging, str(self._next))
        return True

    def ends_with(self, status: int) -> bool:
        """Some APIs answer 404 after the last page, which may have been as long as the others."""
        return status == 404 and self.read > 0


class NamedPages(Pages):
    """`cursor` and `link`: each answer names the next page. Pages may be short or empty before the last one."""

    def __init__(self, first: Request, paging: Paging) -> None:
        self._paging = paging
        self._seen: set[str] = set()
        self._empty = 0
        super().__init__(_with(first, paging, None))

    def further(self, page: Page, link: str | None, sent: Request) -> bool:
        """By what the answer names."""
        self._count()
        name = page.next if self._paging.kind == "cursor" else link
        if name is None:
            if self.read == 1 and self._paging.kind == "cursor" and not page.names_next:
                self.remarks.append(f"the answer has no {self._paging.next!r}, which `paging.next` names")
            return False
        self._empty = self._empty + 1 if page.contacts == 0 else 0
        where = shown_address(str(sent.url))
        if self._empty >= MOST_EMPTY:
            raise FetchFailedError(f"{where} names a further page after {MOST_EMPTY} empty ones; does it end at all?")
        if self._paging.kind == "link" or name.startswith(("http://", "https://")):
            self.request = self.request.to(followed(sent.url, name))
            name = str(self.request.url)
        else:
            self.request = _with(self.request, self._paging, name)
        if name in self._seen:
            raise FetchFailedError(f"{where} names a next page that was read before; its pages go round in a circle")
        self._seen.add(name)
        return True


def pages_of(api: ListApi, first: Request) -> Pages:
    """The pages of an API."""
    if api.paging is None:
        return OnePage(first)
    return CountedPages(first, api.paging) if api.paging.kind in {"page", "offset"} else NamedPages(first, api.paging)


def _with(request: Request, paging: Paging, value: str | None) -> Request:
    """The request for the page; parameters that the address has already are replaced."""
    url = request.url
    if value is not None:
        url = url.copy_set_param(paging.parameter, value)
    if paging.size_parameter is not None:
        url = url.copy_set_param(paging.size_parameter, str(paging.size))
    return request.to(httpx2.URL(url))
