"""The migrations make what the code's tables say, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from ami_dialer.domain.errors import StoreError
from ami_dialer.store.database import Database
from ami_dialer.store.migrate import current_revision, migrate, newest_revision
from ami_dialer.store.tables import metadata

pytestmark = pytest.mark.store


async def test_a_migrated_database_has_the_tables_of_the_code(database):
    async with database.reading() as connection:
        differences = await connection.run_sync(
            lambda c: compare_metadata(MigrationContext.configure(c, opts={"compare_type": False}), metadata)
        )
    assert differences == []
    assert await current_revision(database) == newest_revision()


async def test_migrating_twice_changes_nothing(database_settings, database):
    await migrate(database_settings)
    assert await current_revision(database) == newest_revision()


async def test_a_database_of_a_newer_version_is_left_alone(database_settings, database):
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer ami-dialer"):
        await migrate(database_settings)


async def test_a_second_engine_is_refused_while_the_first_runs(database_settings, database):
    await database.lock_engine()
    second = Database(database_settings)
    try:
        with pytest.raises(StoreError, match="another ami-dialer"):
            await second.lock_engine()
    finally:
        await second.close()
