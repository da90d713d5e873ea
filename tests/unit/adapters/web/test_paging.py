"""Long answers in pages, of every kind, to the end and not beyond it."""

from collections.abc import Callable
from typing import Any

import pytest

from ami_dialer.adapters.web import paging
from ami_dialer.ports import FetchFailedError
from tests.fakes.web_api import Answered, Asked, WebApi
from tests.unit.adapters.web.world import ANN, BOB, api, fetched, fetched_with_remarks, people, source

pytestmark = pytest.mark.unit


def ids(contacts: list[Any]) -> list[int]:
    return [int(contact["id"]) for contact in contacts]


def paged(total: int, most: int = 100, beyond: Callable[[], Answered] | None = None) -> Callable[[Asked], Answered]:
    """An API with so many contacts; a page has `per_page` of them, at most `most`."""

    def answer(asked: Asked) -> Answered:
        size = min(int(asked.query.get("per_page", most)), most)
        start = int(asked.query["offset"]) if "offset" in asked.query else (int(asked.query["page"]) - 1) * size
        if start >= total and beyond is not None:
            return beyond()
        return Answered(people(start, max(0, min(size, total - start))))

    return answer


async def test_pages_are_asked_for_by_number_until_one_is_short() -> None:
    async with WebApi() as server:
        server.routes["/contacts"] = paged(25)
        wanted = api(
            server.url("/contacts?kind=new"), paging={"kind": "page", "size": 10, "size_parameter": "per_page"}
        )
        assert ids(await fetched(wanted)) == list(range(25))
        assert [asked.query for asked in server.asked] == [
            {"kind": "new", "page": number, "per_page": "10"} for number in ("1", "2", "3")
        ]


async def test_pages_may_count_from_nought_under_another_name() -> None:
    async with WebApi() as server:
        server.routes["/contacts"] = lambda asked: Answered(
            people(int(asked.query["p"]) * 2, 2 if asked.query["p"] < "2" else 1)
        )
        assert ids(await fetched(api(server, paging={"kind": "page", "parameter": "p", "first": 0, "size": 2}))) == [
            *range(5)
        ]


async def test_offsets_go_on_by_what_came() -> None:
    """An API that gives out fewer than it is asked for leaves nobody out."""
    async with WebApi() as server:
        server.routes["/contacts"] = paged(25, most=7)
        wanted = api(server, paging={"kind": "offset", "parameter": "offset", "size": 10, "size_parameter": "per_page"})
        assert ids(await fetched(wanted)) == list(range(25))
        assert [asked.query["offset"] for asked in server.asked] == ["0", "7", "14", "21"]


@pytest.mark.parametrize("kind", ["page", "offset"])
async def test_an_empty_page_is_the_end(kind: str) -> None:
    async with WebApi() as server:
        server.routes["/contacts"] = paged(20, most=10)
        assert len(await fetched(api(server, paging={"kind": kind, "parameter": kind, "size": 10}))) == 20
        assert len(server.asked) == 3


async def test_given_an_api_whose_pages_are_smaller_than_asked_for_then_nobody_is_left_out() -> None:
    async with WebApi() as server:
        server.routes["/contacts"] = paged(25, most=10)
        wanted = api(server, paging={"kind": "page", "size": 1000, "size_parameter": "per_page"})
        assert ids(await fetched(wanted)) == list(range(25))


@pytest.mark.parametrize("total", [20, 5])
async def test_a_404_after_the_last_page_is_the_end(total: int) -> None:
    async with WebApi() as server:
        server.routes["/contacts"] = paged(total, most=10, beyond=lambda: Answered({"detail": "Invalid page."}, 404))
        assert len(await fetched(api(server, paging={"kind": "page", "size": 10}))) == total


async def test_a_204_after_the_last_page_is_the_end() -> None:
    async with WebApi() as server:
        server.routes["/contacts"] = paged(20, most=10, beyond=lambda: Answered(status=204))
        assert len(await fetched(api(server, paging={"kind": "page", "size": 10}))) == 20


async def test_a_404_for_the_first_page_is_no_end() -> None:
    async with WebApi() as server:
        with pytest.raises(FetchFailedError, match=r"404 Not Found.*is `api\.url` right\?"):
            await fetched(api(server, paging={"kind": "page"}))


async def test_given_an_api_that_does_not_know_the_parameter_then_full_pages_are_an_error() -> None:
    async with WebApi() as server:
        server.answers("/contacts", people(0, 10))
        with pytest.raises(FetchFailedError, match=r"same page again with seite=2; is `paging\.parameter` its name"):
            await fetched(api(server, paging={"kind": "page", "parameter": "seite", "size": 10}))


async def test_given_an_api_that_gives_its_last_page_for_ever_then_the_end_is_found_and_told() -> None:
    async with WebApi() as server:
        server.answers("/contacts", people(0, 5))
        found, remarks = await fetched_with_remarks(api(server, paging={"kind": "page", "size": 10}))
        assert ids(found) == list(range(5))
        assert remarks == [
            "page 2 is the same as one before, and was taken for the end; is 'page' the name of the parameter there?"
        ]


async def test_a_circle_of_pages_is_found() -> None:
    async with WebApi() as server:
        server.routes["/contacts"] = lambda asked: Answered(people(int(asked.query["page"]) % 3 * 10, 10))
        with pytest.raises(FetchFailedError, match="same page again"):
            await fetched(api(server, paging={"kind": "page", "size": 10}))


async def test_pages_without_end_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MOST_PAGES", 12)
    async with WebApi() as server:
        server.routes["/contacts"] = lambda asked: Answered(people(int(asked.query["page"]), 1))
        with pytest.raises(FetchFailedError, match="goes on after 12 pages; does it end at all"):
            await fetched(api(server, paging={"kind": "page", "size": 1}))
        assert len(server.asked) == 12


async def test_cursors_are_followed_through_short_and_empty_pages() -> None:
    async with WebApi() as server:
        pages = {
            None: {"items": [ANN], "meta": {"next": "c/1 +"}},
            "c/1 +": {"items": [], "meta": {"next": 17}},
            "17": {"meta": {"next": None}, "items": [BOB]},
        }
        server.routes["/contacts"] = lambda asked: Answered(pages[asked.query.get("cursor")])
        cursor = {"kind": "cursor", "parameter": "cursor", "next": "meta.next", "size": 50, "size_parameter": "limit"}
        assert await fetched(api(server, contacts="items", paging=cursor)) == [ANN, BOB]
        assert [asked.query["limit"] for asked in server.asked] == ["50"] * 3


@pytest.mark.parametrize("last", [{}, {"next": None}, {"next": ""}, {"next": False}])
async def test_a_cursor_that_is_missing_null_or_empty_is_the_end(last: dict[str, Any]) -> None:
    async with WebApi() as server:
        server.answers("/contacts", {"next": "a", "items": [ANN]}, {"items": [BOB], **last})
        cursor = {"kind": "cursor", "parameter": "cursor", "next": "next"}
        found, remarks = await fetched_with_remarks(api(server, contacts="items", paging=cursor))
        assert found == [ANN, BOB]
        assert remarks == []


async def test_a_cursor_that_is_nowhere_is_remarked() -> None:
    async with WebApi() as server:
        server.answers("/contacts", {"items": [ANN], "meta": {"next_cursor": "a"}})
        cursor = {"kind": "cursor", "parameter": "cursor", "next": "meta.next"}
        _, remarks = await fetched_with_remarks(api(server, contacts="items", paging=cursor))
        assert remarks == ["the answer has no 'meta.next', which `paging.next` names"]


async def test_a_cursor_that_is_an_address_is_asked_as_it_is() -> None:
    async with WebApi() as server:
        server.answers("/contacts", {"items": [ANN], "next": server.url("/more?after=5&x=%2F")})
        server.answers("/more", {"items": [BOB]})
        cursor = {"kind": "cursor", "parameter": "cursor", "next": "next"}
        key = {"kind": "bearer", "token": "tok"}
        assert await fetched(api(server, contacts="items", paging=cursor, authorization=key)) == [ANN, BOB]
        assert server.asked[1].query == {"after": "5", "x": "/"}
        assert server.asked[1].headers["authorization"] == "Bearer tok"


async def test_a_next_page_on_another_host_gets_no_authorization() -> None:
    async with WebApi() as server, WebApi() as other:
        server.answers("/contacts", Answered([ANN], headers={"Link": f'<{other.url()}>; rel="next"'}))
        other.answers("/contacts", [BOB])
        key = {"kind": "bearer", "token": "tok"}
        assert await fetched(api(server, paging={"kind": "link"}, authorization=key)) == [ANN, BOB]
        assert "authorization" not in other.asked[0].headers


async def test_a_next_page_on_a_forbidden_host_is_not_asked() -> None:
    async with WebApi() as server:
        link = {"Link": f'<{server.url(host="169.254.169.254")}>; rel="next"'}
        server.answers("/contacts", Answered([ANN], headers=link))
        with pytest.raises(FetchFailedError, match=r"169\.254\.169\.254.*link-local, where clouds keep their metadata"):
            await fetched(api(server, paging={"kind": "link"}))


async def test_links_are_followed() -> None:
    async with WebApi() as server:
        pages = {
            "0": Answered(
                [ANN], headers={"Link": '<https://a.example.com>; rel="prev", </contacts?n=1>; rel="last next"'}
            ),
            "1": Answered([], headers={"Link": "<?n=2>; rel=next"}),
            "2": Answered([BOB], headers={"Link": '</contacts?n=0>; rel="first"'}),
        }
        server.routes["/contacts"] = lambda asked: pages[asked.query["n"]]
        assert await fetched(api(server.url("/contacts?n=0"), paging={"kind": "link"})) == [ANN, BOB]


@pytest.mark.parametrize("kind", ["cursor", "link"])
async def test_next_pages_that_go_round_are_an_error(kind: str) -> None:
    async with WebApi() as server:
        server.routes["/contacts"] = lambda asked: Answered(
            {"items": people(len(server.asked), 1), "next": "ab"[len(server.asked) % 2]},
            headers={"Link": f"</contacts?c={len(server.asked) % 2}>; rel=next"},
        )
        with pytest.raises(FetchFailedError, match="its pages go round in a circle"):
            await fetched(api(server, contacts="items", paging={"kind": kind, "parameter": "c", "next": "next"}))
        assert len(server.asked) <= 4


async def test_empty_pages_without_end_are_an_error() -> None:
    async with WebApi() as server:
        server.routes["/contacts"] = lambda _: Answered({"items": [], "next": f"c{len(server.asked)}"})
        with pytest.raises(FetchFailedError, match="names a further page after 20 empty ones"):
            await fetched(api(server, contacts="items", paging={"kind": "cursor", "parameter": "c", "next": "next"}))


async def test_a_post_sends_its_body_with_every_page() -> None:
    async with WebApi() as server:
        server.answers("/contacts", [ANN], [])
        assert await fetched(api(server, method="POST", body='{"since": 1}', paging={"kind": "page", "size": 1})) == [
            ANN
        ]
        assert [(asked.method, asked.body, asked.query["page"]) for asked in server.asked] == [
            ("POST", b'{"since": 1}', "1"),
            ("POST", b'{"since": 1}', "2"),
        ]
        assert server.asked[0].headers["content-type"] == "application/json"


async def test_one_page_can_be_looked_at_alone() -> None:
    async with WebApi() as server:
        server.routes["/contacts"] = paged(25, most=10)
        found, remarks = await fetched_with_remarks(api(server, paging={"kind": "page", "size": 10}), most_pages=1)
        assert ids(found) == list(range(10))
        assert remarks == ["further pages follow"]
        assert len(server.asked) == 1


async def test_a_failure_in_the_middle_says_on_which_page() -> None:
    async with WebApi() as server:
        server.answers("/contacts", people(0, 10), Answered(b'[{"id": 1'))
        with pytest.raises(FetchFailedError, match=r"page 2: the answer ends in the middle"):
            await fetched(api(server, paging={"kind": "page", "size": 10}), source())
