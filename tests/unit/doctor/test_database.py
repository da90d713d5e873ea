"""The database as doctor sees it, on SQLite and PostgreSQL; nothing of it is changed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from sqlalchemy import text

from ami_dialer.config.load import load
from ami_dialer.config.schema import Database as Settings
from ami_dialer.doctor import database as checks
from ami_dialer.doctor.check import examine
from ami_dialer.doctor.finding import Result, Status
from ami_dialer.doctor.machine import Machine
from ami_dialer.store.database import Database
from tests.postgres import Postgres
from tests.unit.doctor.conftest import Written

pytestmark = pytest.mark.store


async def found(written: Written, url: str) -> dict[str, Result]:
    path = written(database={"url": url})
    machine = Machine(load(path, {}), path)
    return {finding.check: finding.result async for finding in examine("this machine", checks.CHECKS, machine)}


async def test_a_migrated_database_is_in_order(written: Written, database_settings: Settings) -> None:
    results = await found(written, database_settings.url)
    assert {result.status for result in results.values()} == {Status.OK}
    assert results["dialer"].detail.startswith("no dialer")


async def test_a_dialer_that_runs_is_told_and_is_no_fault(
    written: Written, database: Database, database_settings: Settings
) -> None:
    await database.lock_engine()
    results = await found(written, database_settings.url)
    assert {result.status for result in results.values()} == {Status.OK}
    assert results["dialer"].detail == "a dialer is running on this database"


@pytest.mark.parametrize(
    ("revision", "words", "mend"),
    [("0000", "newer", "Install that version"), (None, "has not been migrated", "Start `ami-dialer run`")],
)
async def test_other_tables_than_this_versions_fail(
    written: Written, database: Database, database_settings: Settings, revision: str | None, words: str, mend: str
) -> None:
    async with database.writing() as connection:
        statement = (
            "DELETE FROM alembic_version" if revision is None else "UPDATE alembic_version SET version_num = '0000'"
        )
        await connection.execute(text(statement))
    results = await found(written, database_settings.url)
    assert results["tables"].status is Status.FAILED
    assert words in results["tables"].detail
    assert results["tables"].mend.startswith(mend)


async def test_an_empty_database_is_left_empty(written: Written, postgres: Postgres) -> None:
    postgres.sql("CREATE DATABASE doctor_empty")
    results = await found(written, postgres.url("doctor_empty"))
    postgres.sql("DROP DATABASE doctor_empty WITH (FORCE)")
    assert (results["database"].status, results["tables"].status) == (Status.OK, Status.FAILED)


async def test_a_replica_cannot_be_written(written: Written, postgres: Postgres) -> None:
    postgres.sql("CREATE DATABASE doctor_replica TEMPLATE migrated")
    postgres.sql("ALTER DATABASE doctor_replica SET default_transaction_read_only = on")
    results = await found(written, postgres.url("doctor_replica"))
    postgres.sql("DROP DATABASE doctor_replica WITH (FORCE)")
    assert results["database"].status is Status.FAILED
    assert "read-only" in results["database"].detail
    assert results["tables"].status is Status.NOT_CHECKED


async def test_a_server_that_is_not_there(written: Written) -> None:
    results = await found(written, "postgresql://dialer@127.0.0.1:1/dialer")
    assert "nothing listens there" in results["database"].detail
    assert "database.url" in results["database"].mend


async def test_a_file_that_is_no_database(written: Written, tmp_path: Path) -> None:
    (tmp_path / "dialer.db").write_bytes(b"This is a letter. " * 100)
    results = await found(written, "sqlite:///dialer.db")
    assert "no SQLite database" in results["database"].detail


async def test_no_file_yet_is_fine_where_it_can_be_made_and_it_is_not_made(written: Written, tmp_path: Path) -> None:
    results = await found(written, "sqlite:///var/deep/dialer.db")
    assert results["database"].status is Status.OK
    assert (results["tables"].status, results["dialer"].status) == (Status.NOT_CHECKED, Status.NOT_CHECKED)
    assert not (tmp_path / "var").exists()


async def test_no_file_and_no_folder_for_it_fails(written: Written, tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    results = await found(written, "sqlite:///var/dialer.db")
    assert results["database"].status is Status.FAILED
    assert "is no folder" in results["database"].detail


def test_a_read_only_file_is_told_with_what_to_do(written: Written, tmp_path: Path, migrated_sqlite: Path) -> None:
    """From the command line, since root would have to give up its right to write everything."""
    path = written(database={"url": "sqlite:///dialer.db"}, servers={"pbx": {"port": 1, "secret": "x"}})
    shutil.copy(migrated_sqlite, tmp_path / "dialer.db")
    (tmp_path / "dialer.db").chmod(0o444)
    as_root = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    command = [*as_root, sys.executable, "-m", "ami_dialer", "-c", str(path), "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    [result] = [check for check in orjson.loads(done.stdout)["checks"] if check["check"] == "database"]
    assert result["status"] == "failed"
    assert "read-only" in result["detail"]
    assert "chown" in result["mend"]
