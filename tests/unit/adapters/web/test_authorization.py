"""How an API knows us: every kind, real requests, and no secret where it does not belong."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog

from ami_dialer.cli import logs
from ami_dialer.config.schema import Logging
from ami_dialer.ports import FetchFailedError
from tests.conftest import ManualClock
from tests.fakes.web_api import Answered, Asked, WebApi
from tests.unit.adapters.web.world import ANN, BOB, api, fetched, source
from tests.unit.cli.conftest import logging_as_it_was as logging_as_it_was  # noqa: PLC0414 - a fixture to share

pytestmark = pytest.mark.unit

SECRET = "s3cr3t/with+signs=&ü"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def headers_sent(**fields: Any) -> dict[str, str]:
    async with WebApi() as server:
        server.answers("/contacts", [ANN])
        assert await fetched(api(server, **fields)) == [ANN]
        return server.asked[0].headers


async def test_basic_sends_user_and_password() -> None:
    sent = await headers_sent(authorization={"kind": "basic", "user": "dialer", "password": SECRET})
    assert sent["authorization"] == basic("dialer", SECRET)


async def test_bearer_sends_the_token() -> None:
    sent = await headers_sent(authorization={"kind": "bearer", "token": "abc.def"})
    assert sent["authorization"] == "Bearer abc.def"


@pytest.mark.parametrize("header", [{}, {"header": "Api-Token"}])
async def test_an_api_key_is_sent_in_its_header(header: dict[str, str]) -> None:
    sent = await headers_sent(authorization={"kind": "api_key", "token": "key-1", **header})
    assert sent[header.get("header", "X-API-Key").lower()] == "key-1"


async def test_further_headers_are_sent_too() -> None:
    sent = await headers_sent(headers={"X-Tenant": "acme", "Accept": "application/vnd.crm+json"})
    assert sent["x-tenant"] == "acme"
    assert sent["accept"] == "application/vnd.crm+json"


async def test_a_header_that_http_cannot_carry_is_told() -> None:
    with pytest.raises(FetchFailedError, match="the header X-Tenant holds a character that is not ASCII"):
        await fetched(api("http://127.0.0.1:1", headers={"X-Tenant": "Zoë"}))


class TokenServer:
    """Gives tokens out, and lists only to who has the newest one."""

    def __init__(self, server: WebApi, *, in_body: bool = False, **answer: Any) -> None:
        self.tokens = 0
        self.in_body = in_body
        self.answer = answer
        self.revoked: set[str] = set()
        self.server = server
        server.routes["/token"] = self.token
        server.routes["/contacts"] = self.contacts

    def token(self, asked: Asked) -> Answered:
        if self.in_body:
            good = (
                b"client_secret=s3cr3t%2Fwith%2Bsigns%3D%26%C3%BC" in asked.body and b"client_id=dialer" in asked.body
            )
        else:
            good = asked.headers.get("authorization") == basic("dialer", "s3cr3t%2Fwith%2Bsigns%3D%26%C3%BC")
        if not good:
            return Answered({"error": "invalid_client", "error_description": f"bad {SECRET}"}, 401)
        self.tokens += 1
        return Answered({"access_token": f"token-{self.tokens}", "token_type": "bearer", **self.answer})

    def contacts(self, asked: Asked) -> Answered:
        token = asked.headers["authorization"].removeprefix("Bearer ")
        if token in self.revoked or token != f"token-{self.tokens}":
            return Answered({"error": f"{token} is over"}, 401)
        return Answered([ANN])

    def settings(self, **fields: Any) -> Any:
        authorization = {
            "kind": "oauth2",
            "token_url": self.server.url("/token"),
            "client_id": "dialer",
            "client_secret": SECRET,
            **fields,
        }
        return api(self.server, authorization=authorization)


async def test_oauth2_gets_a_token_with_its_scope_and_keeps_it_from_fetch_to_fetch() -> None:
    async with WebApi() as server:
        tokens = TokenServer(server, expires_in=3600)
        one = source()
        for _ in range(3):
            assert await fetched(tokens.settings(scope="contacts.read more"), one) == [ANN]
        assert tokens.tokens == 1
        assert server.asked[0].body == b"grant_type=client_credentials&scope=contacts.read+more"
        assert server.asked[0].headers["content-type"] == "application/x-www-form-urlencoded"


async def test_oauth2_renews_a_token_shortly_before_it_ends() -> None:
    clock = ManualClock()
    async with WebApi() as server:
        tokens = TokenServer(server, expires_in=600)
        one = source(clock=clock)
        for _ in range(2):
            await fetched(tokens.settings(), one)
            clock.advance(569)
        assert tokens.tokens == 1
        clock.advance(2)
        await fetched(tokens.settings(), one)
        assert tokens.tokens == 2


async def test_oauth2_renews_a_token_that_the_api_does_not_take_any_more() -> None:
    async with WebApi() as server:
        tokens = TokenServer(server)
        one = source()
        await fetched(tokens.settings(), one)
        tokens.revoked.add("token-1")
        assert await fetched(tokens.settings(), one) == [ANN]
        assert tokens.tokens == 2


async def test_oauth2_renews_a_token_that_ends_between_two_pages() -> None:
    async with WebApi() as server:
        tokens = TokenServer(server)
        pages = iter([[ANN], [BOB], []])

        def contacts(asked: Asked) -> Answered:
            if len(server.asked) == 3 and "token-1" not in tokens.revoked:
                tokens.revoked.add("token-1")
            answered = tokens.contacts(asked)
            return answered if answered.status == 401 else Answered(next(pages))

        server.routes["/contacts"] = contacts
        wanted = tokens.settings().model_copy(update={"paging": api(server, paging={"kind": "page", "size": 1}).paging})
        assert await fetched(wanted) == [ANN, BOB]
        assert tokens.tokens == 2


async def test_oauth2_gives_up_where_a_new_token_is_not_taken_either() -> None:
    async with WebApi() as server:
        tokens = TokenServer(server)
        server.answers("/contacts", Answered({"error": "no"}, 401))
        with pytest.raises(FetchFailedError, match="answers 401 Unauthorized: it does not take the authorization"):
            await fetched(tokens.settings())
        assert tokens.tokens == 2


async def test_oauth2_sends_the_secret_in_the_body_to_servers_that_want_it_there() -> None:
    async with WebApi() as server:
        tokens = TokenServer(server, in_body=True, expires_in=1)
        one = source()
        assert await fetched(tokens.settings(), one) == [ANN]
        assert await fetched(tokens.settings(), one) == [ANN]
        # The second time it knows where the secret goes.
        assert [asked.path for asked in server.asked] == ["/token", "/token", "/contacts", "/token", "/contacts"]


@pytest.mark.parametrize(
    ("answered", "text"),
    [
        (
            Answered({"error": "invalid_scope", "error_description": "no\nsuch"}, 400),
            r"\(400, invalid_scope, no such\)",
        ),
        (Answered(b"<html>", 500), r"gave no token \(500\)"),
        (Answered({"token": "x"}), "holds no `access_token`"),
        (Answered({"access_token": "a\r\nX-Evil: 1"}), "holds no `access_token`"),
        (Answered({"access_token": "a", "token_type": "mac"}), "of type 'mac'"),
        (Answered(b"[" * 50_000), "holds no `access_token`"),
        (Answered(b"x" * 200_000), "more than a token"),
        (Answered(status=302, headers={"Location": "http://127.0.0.1:1/"}), "redirects to http://127.0.0.1:1/"),
    ],
)
async def test_a_token_server_that_gives_no_token_is_told(answered: Answered, text: str) -> None:
    async with WebApi() as server:
        tokens = TokenServer(server)
        server.routes["/token"] = lambda _: answered
        with pytest.raises(FetchFailedError, match=text):
            await fetched(tokens.settings())
        assert {asked.path for asked in server.asked} == {"/token"}


async def test_a_wrong_client_secret_is_told_without_it() -> None:
    async with WebApi() as server:
        tokens = TokenServer(server)
        wanted = tokens.settings(client_secret="another-secret")
        with pytest.raises(
            FetchFailedError, match=r"does not take `authorization\.client_id` and `client_secret`"
        ) as told:
            await fetched(wanted)
        assert "another-secret" not in str(told.value)
        assert tokens.tokens == 0


def echo(asked: Asked) -> Answered:
    said = f"{asked.headers.get('authorization')} {asked.headers.get('x-api-key')} {asked.headers.get('x-tenant')}"
    return Answered({"error": said}, 403)


@pytest.mark.parametrize(
    ("settings", "secrets"),
    [
        (
            {"kind": "basic", "user": "dialer", "password": "correct-horse"},
            ["correct-horse", basic("dialer", "correct-horse")[6:]],
        ),
        ({"kind": "bearer", "token": 'abc"def'}, ['abc"def', 'abc\\"def']),
        ({"kind": "api_key", "token": "key-12345"}, ["key-12345"]),
    ],
)
async def test_given_an_api_that_repeats_secrets_when_it_refuses_then_no_message_holds_them(
    settings: dict[str, str], secrets: list[str]
) -> None:
    async with WebApi() as server:
        server.routes["/contacts"] = echo
        with pytest.raises(FetchFailedError, match="403 Forbidden") as told:
            await fetched(api(server, authorization=settings, headers={"X-Tenant": "tenant-secret"}))
        assert "***" in str(told.value)
        assert not [secret for secret in [*secrets, "tenant-secret"] if secret in str(told.value)]


async def test_a_token_that_was_given_out_is_taken_out_of_texts() -> None:
    async with WebApi() as server:
        tokens = TokenServer(server)
        one = source()
        await fetched(tokens.settings(), one)
        assert one.redacted(tokens.settings(), 'next?t=token-1 "s3cr3t/with+signs=&ü"') == 'next?t=*** "***"'


@pytest.fixture
def redirecting() -> Callable[[WebApi, str, int], None]:
    def add(server: WebApi, to: str, status: int = 302) -> None:
        server.answers("/old", Answered(status=status, headers={"Location": to}))

    return add


KEY = {"headers": {"X-Tenant": "acme"}, "authorization": {"kind": "bearer", "token": "tok"}}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_on_the_same_host_keeps_the_authorization(status: int, redirecting: Any) -> None:
    async with WebApi() as server:
        redirecting(server, "/contacts?a=1", status)
        server.answers("/contacts", [ANN])
        assert await fetched(api(server.url("/old"), **KEY)) == [ANN]
        assert server.asked[1].headers["authorization"] == "Bearer tok"
        assert server.asked[1].query == {"a": "1"}


async def test_a_redirect_to_another_host_or_port_gets_no_authorization_and_no_header(redirecting: Any) -> None:
    async with WebApi() as server, WebApi() as other:
        redirecting(server, other.url())
        other.answers("/contacts", [ANN])
        assert await fetched(api(server.url("/old"), **KEY)) == [ANN]
        assert {"authorization", "x-tenant"} & other.asked[0].headers.keys() == set()
        redirecting(server, server.url(host="localhost"))
        server.answers("/contacts", [BOB])
        assert await fetched(api(server.url("/old"), **KEY), source(allow=["127.0.0.1", "localhost"])) == [BOB]
        assert {"authorization", "x-tenant"} & server.asked[-1].headers.keys() == set()


async def test_a_401_after_such_a_redirect_says_what_to_write(redirecting: Any) -> None:
    async with WebApi() as server, WebApi() as other:
        redirecting(server, other.url())
        other.answers("/contacts", Answered(status=401))
        with pytest.raises(FetchFailedError, match=r"redirected to another host.*write that one in `api\.url`"):
            await fetched(api(server.url("/old"), **KEY))


async def test_a_401_without_authorization_says_that_it_is_wanted() -> None:
    async with WebApi() as server:
        server.answers("/contacts", Answered(status=401))
        with pytest.raises(FetchFailedError, match=r"wants `api\.authorization`"):
            await fetched(api(server))


async def test_given_the_most_talkative_log_then_no_secret_is_in_it(tmp_path: Path, logging_as_it_was: None) -> None:
    """The libraries beneath log every header where they are asked to."""
    logs.configure(Logging(level="debug", file=tmp_path / "log"))
    async with WebApi() as server:
        tokens = TokenServer(server)
        await fetched(tokens.settings(), source())
        await fetched(
            api(server.url("/contacts?key=in-the-address"), authorization={"kind": "bearer", "token": "token-1"})
        )
    structlog.get_logger("ami_dialer.x").debug("the log works")
    written = (tmp_path / "log").read_text()
    assert "the log works" in written
    for secret in ("token-1", "s3cr3t", "in-the-address", base64.b64encode(b"dialer:").decode()[:9]):
        assert secret not in written
