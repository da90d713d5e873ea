"""How an API knows us: a header with each request, and for OAuth2 the token in it."""

import base64
import json
from dataclasses import dataclass, field
from urllib.parse import quote_plus, urlencode

from ami_dialer.adapters.web.client import Request, WebClient, parsed
from ami_dialer.config.lists import Authorization, ListApi
from ami_dialer.domain.web_address import shown_address
from ami_dialer.ports import Clock, FetchFailedError

#: Seconds before its end at which a token is renewed: the request takes a while too.
RENEWED_BEFORE = 30.0
#: Seconds that a token is taken to be good for where nobody says; a 401 renews it anyhow.
_LIFE = 3_600.0
#: Bytes of a token server's answer; a token is a kilobyte or two.
_MOST_BYTES = 100_000


@dataclass(slots=True)
class _Token:
    value: str
    #: By the monotonic clock.
    ends: float
    #: Whether the client's secret was sent as a header (RFC 6749 2.3.1), or in the body for servers that want it there.
    by_header: bool


@dataclass(slots=True)
class Tokens:
    """Tokens of OAuth2, kept as long as they are good: a token for each fetch would be a second log-in each time."""

    clock: Clock
    _kept: dict[tuple[str, str, str], _Token] = field(default_factory=dict)

    def known(self, settings: Authorization) -> set[str]:
        """The token that is kept; for taking it out of texts."""
        kept = self._kept.get(_key(settings))
        return {kept.value} if kept is not None else set()

    async def token(self, client: WebClient, settings: Authorization) -> str:
        """A token that is good now. Raises FetchFailedError."""
        key = _key(settings)
        kept = self._kept.get(key)
        if kept is None or self.clock.monotonic() >= kept.ends:
            kept = self._kept[key] = await self._get(client, settings, by_header=kept is None or kept.by_header)
        return kept.value

    def forget(self, settings: Authorization) -> bool:
        """The API did not take the token. True where there was one that may have been old."""
        kept = self._kept.get(_key(settings))
        if kept is None:
            return False
        kept.ends = float("-inf")
        return True

    async def _get(self, client: WebClient, settings: Authorization, *, by_header: bool) -> _Token:
        token = await self._asked(client, settings, by_header=by_header)
        if isinstance(token, str):
            other = await self._asked(client, settings, by_header=not by_header)
            if isinstance(other, str):
                raise FetchFailedError(token if by_header else other)
            return other
        return token

    async def _asked(self, client: WebClient, settings: Authorization, *, by_header: bool) -> _Token | str:
        """A token; or, as a text, why the server does not take the client's secret when it is sent this way."""
        url, client_id, secret = str(settings.token_url), str(settings.client_id), _plain(settings.client_secret)
        form = {"grant_type": "client_credentials"}
        if settings.scope is not None:
            form["scope"] = settings.scope
        headers = {}
        if by_header:
            headers["Authorization"] = _basic(quote_plus(client_id), quote_plus(secret))
        else:
            form |= {"client_id": client_id, "client_secret": secret}
        content_type = "application/x-www-form-urlencoded"
        request = Request("POST", parsed(url), headers, urlencode(form).encode(), content_type)
        # A redirect would take the secret elsewhere.
        async with client.asked(request, redirects=0) as reply:
            body = b""
            async for piece in reply.pieces():
                body += piece
                if len(body) > _MOST_BYTES:
                    raise FetchFailedError(f"{shown_address(url)} answers with more than a token")
        answer = _as_object(body)
        what = f"{shown_address(url)} gave no token ({reply.status}{_error_in(answer)})"
        if reply.status in {400, 401} and answer.get("error", "invalid_client") == "invalid_client":
            return f"{what}: it does not take `authorization.client_id` and `client_secret`"
        if reply.status != 200:
            raise FetchFailedError(what)
        return self._read(answer, what, by_header=by_header)

    def _read(self, answer: dict[str, object], what: str, *, by_header: bool) -> _Token:
        value, kind, life = answer.get("access_token"), answer.get("token_type", "Bearer"), answer.get("expires_in")
        if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
            raise FetchFailedError(f"{what}: its answer holds no `access_token`; is `authorization.token_url` right?")
        if str(kind).lower() != "bearer":
            raise FetchFailedError(f"{what}: its tokens are of type {str(kind)[:40]!r}, only bearer tokens are known")
        try:
            seconds = float(str(life)) if life is not None else _LIFE
        except ValueError:
            seconds = _LIFE
        return _Token(value, self.clock.monotonic() + max(seconds - RENEWED_BEFORE, 0.0), by_header)


async def headers_for(client: WebClient, api: ListApi, tokens: Tokens) -> dict[str, str]:
    """The headers that are for the API alone: those configured, and the authorization. Raises FetchFailedError."""
    headers = {name: secret.get_secret_value() for name, secret in api.headers.items()}
    settings = api.authorization
    if settings is not None:
        match settings.kind:
            case "basic":
                headers["Authorization"] = _basic(str(settings.user), _plain(settings.password))
            case "bearer":
                headers["Authorization"] = f"Bearer {_plain(settings.token)}"
            case "oauth2":
                headers["Authorization"] = f"Bearer {await tokens.token(client, settings)}"
            case "api_key":
                headers[settings.header] = _plain(settings.token)
    for name, value in headers.items():
        if not value.isascii():
            raise FetchFailedError(f"the header {name} holds a character that is not ASCII; HTTP takes none")
    return headers


def _key(settings: Authorization) -> tuple[str, str, str]:
    return str(settings.token_url), str(settings.client_id), settings.scope or ""


def _plain(secret: object) -> str:
    return "" if secret is None else secret.get_secret_value()  # type: ignore[attr-defined]


def _basic(user: str, password: str) -> str:
    """RFC 7617, with UTF-8."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _as_object(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _error_in(answer: dict[str, object]) -> str:
    """What RFC 6749 5.2 has the server say."""
    said = [str(answer[key]) for key in ("error", "error_description") if isinstance(answer.get(key), str)]
    return "".join(f", {''.join(c if c.isprintable() else ' ' for c in each[:200])}" for each in said)
