"""Lists of millions: phones, regions, imports in batches, live lists, DNC lists with expiry and a global one.

Revision ID: 0002
Revises: 0001
"""

from itertools import count

import sqlalchemy as sa
from alembic import op

from ami_dialer.domain.region import Region, region_of
from ami_dialer.store.tables import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: Contacts whose regions are looked up together.
AT_ONCE = 20_000


def _states(column: str, *words: str) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


def upgrade() -> None:
    with op.batch_alter_table("lists") as table:
        table.add_column(sa.Column("state", sa.String(16), nullable=False, server_default="validated"))
        table.add_column(sa.Column("trouble", sa.Text()))
        table.add_column(sa.Column("revision", sa.BigInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("fetched_at", UtcDateTime(timezone=True)))
        table.create_check_constraint(op.f("ck_lists_state"), _states("state", "validating", "validated", "invalid"))
    op.create_table(
        "mappings",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mappings")),
        sa.UniqueConstraint("name", name=op.f("uq_mappings_name")),
    )
    op.create_table(
        "regions",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("zones", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regions")),
        sa.UniqueConstraint("country", "state", "zones", name=op.f("uq_regions_country_state_zones")),
    )
    _contacts()
    _imports()
    _runs()
    _dnc()


def _contacts() -> None:
    op.execute(
        "CREATE TEMPORARY TABLE moved_members AS SELECT list_id, number, contact_id, id AS position FROM list_members"
    )
    op.drop_table("list_members")
    with op.batch_alter_table("contacts") as table:
        table.add_column(sa.Column("number", sa.String(16)))
        table.add_column(sa.Column("label", sa.String(32)))
        table.add_column(sa.Column("region_id", KEY))
        table.add_column(sa.Column("time_zone", sa.String(64)))
        table.add_column(sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
    op.execute("CREATE INDEX moved_members_contact ON moved_members (contact_id)")
    op.execute(
        "UPDATE contacts SET number = "
        "coalesce((SELECT number FROM moved_members m WHERE m.contact_id = contacts.id LIMIT 1), '')"
    )
    with op.batch_alter_table("contacts") as table:
        table.alter_column("number", existing_type=sa.String(16), nullable=False)
    op.create_table(
        "contact_phones",
        sa.Column("contact_id", KEY, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("label", sa.String(32)),
        sa.Column("number", sa.String(16), nullable=False),
        sa.Column("region_id", KEY),
        sa.PrimaryKeyConstraint("contact_id", "position", name=op.f("pk_contact_phones")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_contact_phones_number"), "contact_phones", ["number"])
    op.create_table(
        "list_members",
        sa.Column("list_id", KEY, autoincrement=False, nullable=False),
        sa.Column("number", sa.String(16), nullable=False),
        sa.Column("occurrence", sa.Integer(), autoincrement=False, nullable=False, server_default="0"),
        sa.Column("contact_id", KEY, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("list_id", "number", "occurrence", name=op.f("pk_list_members")),
    )
    op.create_table(
        "list_revisions",
        sa.Column("list_id", KEY, autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("list_id", "revision", name=op.f("pk_list_revisions")),
    )
    op.execute(
        "INSERT INTO list_members (list_id, number, occurrence, contact_id, revision, position) "
        "SELECT list_id, number, 0, contact_id, 1, position FROM moved_members ORDER BY position"
    )
    op.execute("UPDATE lists SET revision = 1")  # what they hold came with it
    op.execute(
        "INSERT INTO list_revisions (list_id, revision, at) SELECT id, 1, coalesce(imported_at, "
        "CURRENT_TIMESTAMP) FROM lists"
    )
    op.execute("DROP TABLE moved_members")
    op.create_index(op.f("ix_list_members_contact_id"), "list_members", ["contact_id"])
    op.create_index(op.f("ix_list_members_list_id_revision"), "list_members", ["list_id", "revision"])
    _find_regions()


def _find_regions() -> None:
    """What an import finds out today of every number, for those that came before."""
    connection = op.get_bind()
    keys: dict[Region, int] = {}
    portion = sa.text("SELECT id, number FROM contacts WHERE id > :last AND number <> '' ORDER BY id LIMIT :most")
    make = sa.text("INSERT INTO regions (country, state, zones) VALUES (:country, :state, :zones) RETURNING id")
    last = 0
    while found := connection.execute(portion, {"last": last, "most": AT_ONCE}).all():
        regions = {key: region_of(number) for key, number in found}
        for region in sorted(set(regions.values()) - set(keys), key=str):
            values = {"country": region.country, "state": region.state or "", "zones": ",".join(region.zones)}
            keys[region] = connection.execute(make, values).scalar_one()
        connection.execute(
            sa.text("UPDATE contacts SET region_id = :region WHERE id = :key"),
            [{"region": keys[region], "key": key} for key, region in regions.items()],
        )
        last = found[-1].id


def _imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("list_id", KEY, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("described", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("since_revision", sa.BigInteger(), nullable=False),
        sa.Column("started_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True)),
        sa.Column("trouble", sa.Text()),
        sa.CheckConstraint(_states("state", "running", "failed", "done"), name=op.f("ck_imports_state")),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name=op.f("fk_imports_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_list_id"), "imports", ["list_id"])
    op.create_table(
        "import_batches",
        sa.Column("import_id", KEY, autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_line", sa.BigInteger(), nullable=False),
        sa.Column("next_line", sa.BigInteger(), nullable=False),
        sa.Column("resume_at", sa.String(100)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("trouble", sa.Text()),
        sa.Column("ended_at", UtcDateTime(timezone=True)),
        sa.CheckConstraint(_states("state", "failed", "done"), name=op.f("ck_import_batches_state")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_batches_import_id")),
        sa.PrimaryKeyConstraint("import_id", "ordinal", name=op.f("pk_import_batches")),
    )
    op.create_table(
        "fetches",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("list_id", KEY, nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("campaigns", sa.Text(), nullable=False),
        sa.Column("contacts", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("field_names", sa.Text(), nullable=False),
        sa.Column("answer", sa.LargeBinary()),
        sa.CheckConstraint(_states("state", "completed", "failed"), name=op.f("ck_fetches_state")),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name=op.f("fk_fetches_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fetches")),
    )
    op.create_index(op.f("ix_fetches_list_id_at"), "fetches", ["list_id", "at"])
    op.create_index(op.f("ix_fetches_at"), "fetches", ["at"])


def _runs() -> None:
    op.create_table(
        "run_lists",
        sa.Column("run_id", KEY, autoincrement=False, nullable=False),
        sa.Column("list_id", KEY, autoincrement=False, nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("synced_revision", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", UtcDateTime(timezone=True)),
        sa.Column("last_added", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("added", sa.Integer(), nullable=False, server_default="0"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_lists_run_id")),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name=op.f("fk_run_lists_list_id")),
        sa.PrimaryKeyConstraint("run_id", "list_id", name=op.f("pk_run_lists")),
    )
    with op.batch_alter_table("enrolments") as table:
        table.add_column(sa.Column("occurrence", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("rank", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("expires_at", UtcDateTime(timezone=True)))
        table.add_column(sa.Column("exclusion", sa.String(16)))
        table.alter_column("excluded_by", existing_type=sa.String(200), type_=sa.String(300))
        table.drop_constraint(op.f("fk_enrolments_run_id"), type_="foreignkey")
        table.drop_constraint(op.f("fk_enrolments_contact_id"), type_="foreignkey")
        table.drop_constraint(op.f("uq_enrolments_run_id_number"), type_="unique")
        table.create_unique_constraint(
            op.f("uq_enrolments_run_id_number_occurrence"), ["run_id", "number", "occurrence"]
        )
        table.create_check_constraint(op.f("ck_enrolments_exclusion"), _states("exclusion", "dnc", "filter", "expired"))
        table.drop_index(op.f("ix_enrolments_run_id_state_due_at_id"))
        table.create_index(
            op.f("ix_enrolments_run_id_state_rank_due_at_id"), ["run_id", "state", "rank", "due_at", "id"]
        )
    op.execute("UPDATE enrolments SET exclusion = 'dnc' WHERE state = 'excluded'")
    op.create_index(op.f("ix_attempts_number_ended_at"), "attempts", ["number", "ended_at"])
    op.create_index(op.f("ix_attempts_ended_at"), "attempts", ["ended_at"])


def _dnc() -> None:
    with op.batch_alter_table("dnc_lists") as table:
        table.add_column(sa.Column("origin", sa.String(16), nullable=False, server_default="made"))
        table.add_column(sa.Column("description", sa.String(200), nullable=False, server_default=""))
        table.add_column(sa.Column("is_global", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("revision", sa.BigInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("file_digest", sa.String(64)))
        table.add_column(sa.Column("updated_at", UtcDateTime(timezone=True)))
    is_global = sa.text("is_global")
    op.create_index(
        "ix_dnc_lists_global",
        "dnc_lists",
        ["is_global"],
        unique=True,
        sqlite_where=is_global,
        postgresql_where=is_global,
    )
    with op.batch_alter_table("dnc_entries") as table:
        table.alter_column("number", existing_type=sa.String(16), type_=sa.String(17))
        table.add_column(sa.Column("expires_at", UtcDateTime(timezone=True)))
        table.add_column(sa.Column("removed_at", UtcDateTime(timezone=True)))
        table.add_column(sa.Column("revision", sa.BigInteger(), nullable=False, server_default="0"))
        table.create_index(op.f("ix_dnc_entries_list_id_revision"), ["list_id", "revision"])
    is_beginning = sa.text("number LIKE '%*'")
    op.create_index(
        "ix_dnc_entries_beginnings",
        "dnc_entries",
        ["number"],
        sqlite_where=is_beginning,
        postgresql_where=is_beginning,
    )
    op.execute("UPDATE dnc_lists SET revision = 1")  # what they hold came before any look at them
    _global_list()


def _global_list() -> None:
    """One list counts for every campaign. It is new and empty: a list that is there was meant for who named it."""
    connection = op.get_bind()
    taken = set(connection.execute(sa.text("SELECT name FROM dnc_lists")).scalars())
    name = "global" if "global" not in taken else next(n for k in count(2) if (n := f"global-{k}") not in taken)
    make = sa.text(
        "INSERT INTO dnc_lists (name, description, is_global, created_at) "
        "VALUES (:name, 'counts for every campaign', :yes, CURRENT_TIMESTAMP)"
    ).bindparams(sa.bindparam("yes", type_=sa.Boolean()))
    connection.execute(make, {"name": name, "yes": True})
