"""Regions of numbers as rows: some hundreds of them, which the numbers of millions refer to."""

from collections.abc import Iterable
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, event, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.region import Region
from ami_dialer.store.bulk import insert_into
from ami_dialer.store.tables import regions


class _Known:
    """The keys that one database has given out, in memory.

    A key read or given in a transaction counts for others from its commit on: after a rollback there is no such row.
    """

    def __init__(self, engine: Engine) -> None:
        self._committed: dict[Region, int] = {}
        self._pending: WeakKeyDictionary[Connection, dict[Region, int]] = WeakKeyDictionary()
        event.listen(engine, "commit", self._on_commit)
        event.listen(engine, "rollback", self._on_rollback)
        event.listen(engine, "rollback_savepoint", self._on_rollback)

    def missing(self, connection: Connection, wanted: Iterable[Region]) -> set[Region]:
        """Those of the regions whose key is not known to this transaction."""
        pending = self._pending.get(connection, {})
        return {region for region in wanted if region not in self._committed and region not in pending}

    def keys(self, connection: Connection, wanted: Iterable[Region]) -> dict[Region, int]:
        """The keys of regions that are not missing."""
        known = self._committed | self._pending.get(connection, {})
        return {region: known[region] for region in wanted}

    def learn(self, connection: Connection, found: dict[Region, int]) -> None:
        """What this transaction has read."""
        self._pending[connection] = found

    def _on_commit(self, connection: Connection) -> None:
        self._committed |= self._pending.pop(connection, {})

    def _on_rollback(self, connection: Connection, *_savepoint: object) -> None:
        self._pending.pop(connection, None)


_known: WeakKeyDictionary[Engine, _Known] = WeakKeyDictionary()


async def region_ids(connection: AsyncConnection, wanted: Iterable[Region]) -> dict[Region, int]:
    """The keys of regions, in the caller's transaction; rows are made for those that have none yet.

    One query or three where one of the regions is new to this process, none otherwise.
    """
    wanted = list(wanted)
    transaction = connection.sync_connection
    assert transaction is not None, "the connection is open"  # noqa: S101 - of our own making
    engine = transaction.engine
    known = _known.get(engine)
    if known is None:
        known = _known[engine] = _Known(engine)
    if known.missing(transaction, wanted):
        known.learn(transaction, await _stored(connection))
        if missing := known.missing(transaction, wanted):
            await _make(connection, missing)
            known.learn(transaction, await _stored(connection))
    return known.keys(transaction, wanted)


async def load_regions(connection: AsyncConnection) -> dict[int, Region]:
    """All regions there are, by key."""
    return {key: region for region, key in (await _stored(connection)).items()}


async def _stored(connection: AsyncConnection) -> dict[Region, int]:
    rows = await connection.execute(select(regions.c.id, regions.c.country, regions.c.state, regions.c.zones))
    return {
        Region(country, state or None, tuple(zones.split(",")) if zones else ()): key
        for key, country, state, zones in rows
    }


async def _make(connection: AsyncConnection, missing: Iterable[Region]) -> None:
    rows = sorted((region.country, region.state or "", ",".join(region.zones)) for region in missing)
    # In order, so that two imports at a time wait for each other and not each for the other.
    await connection.execute(
        insert_into(connection, regions).on_conflict_do_nothing(),
        [{"country": country, "state": state, "zones": zones} for country, state, zones in rows],
    )
