"""Lists of contacts and do-not-call lists, as they are written in the configuration."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from ami_dialer.config.kinds import LocalPath, Name, Seconds, Secret
from ami_dialer.config.problems import of_section
from ami_dialer.config.section import Section

REGION_PATTERN = r"^[A-Z]{2}$"
#: RFC 9110: a field name is a token. Nothing in it can end a line of HTTP.
HEADER_PATTERN = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$"
#: Keys with dots between them: `contact.phones.0`.
JSON_PATH_PATTERN = r"^[^\s.\x00-\x1f][^.\x00-\x1f]*(?:\.[^.\x00-\x1f]+)*$"
ENCODING_PATTERN = r"^[A-Za-z0-9_.:-]{1,40}$"
#: A name, or an address of IPv4 or IPv6, with or without brackets; no port, path or asterisk.
_HOST = re.compile(r"[\w.-]+|\[?[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]?")
#: Seeds/003: a list is fetched at least once a day.
LONGEST_INTERVAL = 86_400.0

Region = Annotated[str, Field(pattern=REGION_PATTERN)]
HeaderName = Annotated[str, Field(pattern=HEADER_PATTERN)]
JsonPath = Annotated[str, Field(max_length=200, pattern=JSON_PATH_PATTERN)]


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} is no web address; write https://host/path")
    if parts.username or parts.password:
        raise ValueError("holds a user or a password; write them under `authorization`")
    if not url.isprintable() or re.search(r"\s", url):
        raise ValueError("holds a space or a control character; write them as %20 and the like")
    _ = parts.port  # raises ValueError where it is no number
    return url


WebAddress = Annotated[str, Field(max_length=2_000), AfterValidator(_web_address)]


#: What each kind of authorization cannot do without.
_NEEDED = {
    "basic": ("user", "password"),
    "bearer": ("token",),
    "oauth2": ("token_url", "client_id", "client_secret"),
    "api_key": ("token",),
}


class Authorization(Section):
    """How an API knows us. Secrets are {env: NAME} or {file: PATH}."""

    user: str | None = Field(None, max_length=200, description="For basic.")
    password: Secret | None = Field(None, description="For basic.")
    token: Secret | None = Field(None, description="For bearer and api_key.")
    header: HeaderName = Field("X-API-Key", description="For api_key: the header that carries the token.")
    token_url: WebAddress | None = Field(None, description="For oauth2: where tokens are given out.")
    client_id: str | None = Field(None, max_length=200, description="For oauth2.")
    client_secret: Secret | None = Field(None, description="For oauth2.")
    scope: str | None = Field(None, max_length=500, description="For oauth2: scopes, with spaces.")
    kind: Literal["basic", "bearer", "oauth2", "api_key"] = Field(
        description="basic: user and password; bearer: token; oauth2: client credentials; api_key: header and token."
    )

    @field_validator("kind")  # the last field, so that what it needs beside it is known
    @classmethod
    def _complete(cls, kind: str, info: ValidationInfo) -> str:
        missing = [name for name in _NEEDED[kind] if name in info.data and info.data[name] is None]
        if missing:
            raise ValueError(f"{kind} needs {' and '.join(missing)} too")
        return kind


class Paging(Section):
    """How an API gives long answers out in pages."""

    kind: Literal["page", "offset", "cursor", "link"] = Field(
        description="page: a page number; offset: how many to skip; cursor: the answer names the next; "
        "link: the Link header (rel=next) does."
    )
    parameter: str = Field("page", max_length=100, description="Query parameter of the page, the offset or the cursor.")
    first: int = Field(1, ge=0, description="For page: the number of the first one.")
    size: int = Field(1_000, ge=1, le=100_000, description="Contacts asked for at once.")
    size_parameter: str | None = Field(None, max_length=100, description="Query parameter that carries `size`.")
    next: JsonPath | None = Field(
        None, validate_default=True, description="For cursor: where the answer names the next one."
    )

    @field_validator("next")
    @classmethod
    def _cursor_needs_next(cls, value: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("kind") == "cursor" and value is None:
            raise ValueError("has no value; write where the answer names the next cursor, e.g. meta.next")
        return value


class ListApi(Section):
    """A web API that contacts are fetched from."""

    url: WebAddress = Field(description="https://host/path.")
    method: Literal["GET", "POST"] = Field("GET", description="How it is asked.")
    headers: dict[HeaderName, Secret] = Field(default_factory=dict, description="Further headers.")
    body: str | None = Field(None, max_length=100_000, description="For POST: JSON that is sent.")
    authorization: Authorization | None = Field(None, description="How the API knows us.")
    contacts: JsonPath | None = Field(
        None, description="Where the contacts stand in the answer, e.g. data.items; without it the answer is the list."
    )
    paging: Paging | None = Field(None, description="How long answers are given out in pages.")
    interval: Seconds = Field(
        3_600.0, ge=60, le=LONGEST_INTERVAL, description="Fetched so often, while the dialer runs; at most 24h."
    )
    duplicates: Literal["remove", "allow"] = Field(
        "remove", description="remove: numbers the list holds are left out; allow: they are added, and called, again."
    )
    timeout: Seconds = Field(30.0, ge=1, le=600, description="A request that takes longer is given up.")


class ContactList(Section):
    """A named set of contacts: read from a file, fetched from an API, or filled by hand."""

    file: LocalPath | None = Field(None, description="CSV with a header line; may be packed with gzip or zip.")
    api: ListApi | None = Field(None, validate_default=True, description="A web API, instead of a file.")
    description: str = Field("", max_length=200, description="What it is, for people.")
    region: Region = Field("US", description="Country of numbers written without a country code (ISO 3166).")
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="Mapping {our name: column, or path in an API's answer}; `phone` is needed, found by itself "
        "where it is obvious; further phones are phone_2 or, with a label, phone.mobile, in dialing order.",
    )
    mapping: Name | None = Field(None, description="Name under `mappings`, for the columns not written here.")
    encoding: str | None = Field(None, pattern=ENCODING_PATTERN, description="Of the file; found by itself.")
    priority: int = Field(0, ge=0, le=100, description="Lists with a higher one are called first.")
    dupe_days: int = Field(
        90,
        ge=-1,
        le=3_650,
        description="A number that came into the list within so many days is a duplicate and left out; "
        "an older one comes in anew. -1: no number is a duplicate.",
    )
    expire_days: int = Field(
        90, ge=-1, le=3_650, description="Contacts are not called any more so many days after they came in; -1: never."
    )
    batch: int = Field(50_000, ge=100, le=200_000, description="Rows that are loaded in one transaction.")

    @field_validator("api")
    @classmethod
    def _one_source(cls, api: ListApi | None, info: ValidationInfo) -> ListApi | None:
        if api is not None and info.data.get("file") is not None:
            raise of_section([((), "has both file and api; a list is read from one of them")])
        return api


class DncList(Section):
    """A do-not-call list."""

    file: LocalPath | None = Field(
        None,
        description="CSV, or one number a line; `+1900*` stands for all that begin so. Read again when it changes.",
    )
    region: Region = Field("US", description="Country of numbers written without a country code (ISO 3166).")
    description: str = Field("", max_length=200, description="What it is, for people.")


class Unanswered(Section):
    """Numbers that nobody ever answers go on the global do-not-call list."""

    enabled: bool = Field(True, description="Whether they do.")
    attempts: int = Field(30, ge=1, le=100, description="After so many attempts in a row that were not answered.")
    keep_months: int = Field(12, ge=0, le=120, description="They stay on it so long; 0: for ever.")


class OptOutLine(Section):
    """The inbound line where people opt out: context `ami-dialer-opt-out` of asterisk_conf/extensions.conf."""

    list: Name = Field("opt-outs", description="The do-not-call list that callers go on.")
    region: Region = Field("US", description="Country of caller ids written without a country code.")
    confirm: bool = Field(True, description="Callers press 1 to confirm; else the call itself is enough.")


class DoNotCall(Section):
    """What goes on do-not-call lists by itself."""

    global_list: Name | None = Field(
        None, description="The list that counts for every campaign; without it the one `ami-dialer dnc global` marked."
    )
    unanswered: Unanswered = Field(default_factory=Unanswered, description="Numbers that nobody ever answers.")
    opt_out_line: OptOutLine = Field(default_factory=OptOutLine, description="The inbound line to opt out.")


def _host(host: str) -> str:
    if not _HOST.fullmatch(host):
        raise ValueError(f"{host!r} is no host; write its name or address alone, as in the `url`: crm.internal")
    return host


class Fetching(Section):
    """Limits of what lists may be fetched from."""

    allow_hosts: list[Annotated[str, AfterValidator(_host)]] = Field(
        default_factory=list,
        description="Hosts that may be asked although their address is private, link-local or loopback.",
    )
    max_bytes: int = Field(
        200_000_000, ge=1_000, le=2_000_000_000, description="An answer that is larger, all pages together, is refused."
    )
    keep: int = Field(20, ge=0, le=1_000, description="So many fetched answers of each list are kept for export.")
