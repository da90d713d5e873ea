"""Which addresses may be asked: a table, and real attempts that must not connect."""

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from ami_dialer.adapters.web.addresses import RefusedAddressError, check_addresses, why_refused
from ami_dialer.ports import FetchFailedError
from tests.fakes.web_api import Answered, WebApi
from tests.unit.adapters.web.world import ANN, api, fetched, source

pytestmark = pytest.mark.unit

REFUSED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.1.2.3 169.254.169.254 169.254.0.1
172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.170 192.0.2.5 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1
198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::2 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:0 64:ff9b::10.0.0.1
64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:db8::1 2002:7f00:1:: 2002::1
3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 4000::1 8000::1
"""
TAKEN = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255
172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255
2606:4700::1111 2a00:1450:4001:80b::200e ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2001:4860:4860::8888
"""


@pytest.mark.parametrize("address", REFUSED.split())
def test_an_address_that_is_not_on_the_internet_is_refused(address: str) -> None:
    assert why_refused(address)
    with pytest.raises(RefusedAddressError, match="allow_hosts"):
        check_addresses("crm.example.com", ["8.8.8.8", address], [])


@pytest.mark.parametrize("address", TAKEN.split())
def test_an_address_of_the_internet_is_taken(address: str) -> None:
    assert why_refused(address) is None
    check_addresses("crm.example.com", [address], [])


@pytest.mark.parametrize("address", ["", "localhost", "2130706433", "0177.0.0.1", "1.2.3", "::ffff:1.2.3.4.5"])
def test_what_is_no_address_is_refused(address: str) -> None:
    assert why_refused(address)


@pytest.mark.parametrize(("host", "allowed"), [("crm.internal", "CRM.Internal."), ("::1", "[::1]"), ("10.0.0.1",) * 2])
def test_an_allowed_host_may_have_any_address(host: str, allowed: str) -> None:
    check_addresses(host, ["10.0.0.1"], ["other", allowed])


@pytest.mark.parametrize("host", ["internal", "a.crm.internal", "crm.internal.example.com", "10.0.0.1"])
def test_allowing_a_host_allows_no_other_name(host: str) -> None:
    with pytest.raises(RefusedAddressError):
        check_addresses(host, ["10.0.0.1"], ["crm.internal"])


#: 127.0.0.1 as the C library reads it, and as browsers do.
SPELLINGS = [
    "127.0.0.1", "localhost", "LOCALHOST.", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1",
    "017700000001", "0", "0.0.0", "[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]",
    "%31%32%37.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1",
]  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
async def test_given_any_spelling_of_this_machine_when_a_list_is_fetched_then_nothing_connects(host: str) -> None:
    async with WebApi() as server:
        server.answers("/contacts", [ANN])
        with pytest.raises((FetchFailedError, ValidationError)):
            await fetched(api(server.url(host=host)), source(allow=()))
        await asyncio.sleep(0.05)
        assert server.connections == 0


async def test_a_host_that_is_allowed_by_name_is_asked() -> None:
    async with WebApi() as server:
        server.answers("/contacts", [ANN])
        assert await fetched(api(server.url(host="localhost")), source(allow=["LocalHost"])) == [ANN]
        with pytest.raises(FetchFailedError, match=r"127\.0\.0\.1 is loopback"):
            await fetched(api(server), source(allow=["localhost"]))
        assert server.connections == 1


async def test_given_a_name_with_one_bad_address_among_good_ones_then_nothing_connects() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["8.8.8.8", "127.0.0.1"]

    async with WebApi() as server:
        url = server.url(host="crm.example.com")
        with pytest.raises(
            FetchFailedError, match=r"crm\.example\.com has the address 127\.0\.0\.1, which is loopback"
        ):
            await fetched(api(url), source(allow=(), resolve=resolve))
        assert server.connections == 0


async def test_given_a_name_that_changes_its_address_after_the_check_then_the_checked_one_is_connected_to() -> None:
    """DNS rebinding: the first answer is on the internet, every later one is this machine."""
    looked_up: list[str] = []

    async def resolve(host: str, _port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"] if len(looked_up) > 1 else ["192.0.2.1"]

    async with WebApi() as server:
        server.answers("/contacts", [ANN])
        # 192.0.2.1 (for documentation) stands for an address of the internet: allowed by name, reachable by nobody.
        wanted = api(server.url(host="rebinding.example.com"), timeout=1)
        with pytest.raises(FetchFailedError):
            await fetched(wanted, source(allow=["rebinding.example.com"], resolve=resolve))
        assert looked_up == ["rebinding.example.com"]
        assert server.connections == 0


async def test_given_a_name_that_is_bad_when_it_is_looked_up_again_then_the_second_connection_is_refused() -> None:
    """Each connection is checked, not only the first one of a fetch."""
    async with WebApi() as good, WebApi() as bad:
        good.answers("/contacts", Answered(status=302, headers={"Location": bad.url(host="evil.example.com")}))

        async def resolve(host: str, _port: int) -> list[str]:
            return ["127.0.0.1"]

        with pytest.raises(FetchFailedError, match=r"evil\.example\.com has the address 127\.0\.0\.1"):
            await fetched(api(good.url(host="good.example.com")), source(allow=["good.example.com"], resolve=resolve))
        assert good.connections == 1
        assert bad.connections == 0


async def test_the_environment_s_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with WebApi() as server, WebApi() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url(""))
        server.answers("/contacts", [ANN])
        assert await fetched(api(server)) == [ANN]
        assert proxy.connections == 0


async def test_a_host_that_does_not_exist_is_named() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    with pytest.raises(FetchFailedError, match=r"crm\.example\.com/x cannot be reached: the host crm.* is not found"):
        await fetched(api("http://crm.example.com/x"), source(resolve=resolve))


async def test_the_second_address_of_a_host_is_asked_where_the_first_one_is_dead() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    async with WebApi() as server:
        server.answers("/contacts", [ANN])
        url: Any = server.url(host="two.example.com")
        assert await fetched(api(url), source(allow=["two.example.com"], resolve=resolve)) == [ANN]
        assert server.asked[0].headers["host"] == f"two.example.com:{server.port}"
