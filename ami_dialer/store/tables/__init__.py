"""The tables. A change here needs a migration in `migrations/versions/`; a test compares the two."""

from ami_dialer.store.tables.agents import (
    agent_map_entries,
    agent_maps,
    agent_orders,
    agent_sessions,
    agent_skips,
    agent_spells,
    agents,
)
from ami_dialer.store.tables.columns import Key, UtcDateTime, metadata
from ami_dialer.store.tables.compliance import (
    amd_reviews,
    answered_calls,
    audit_head,
    audit_records,
    consents,
    reassignments,
    rulebooks,
)
from ami_dialer.store.tables.contacts import contact_phones, contacts, list_members, list_revisions, regions
from ami_dialer.store.tables.dnc import dnc_entries, dnc_lists
from ami_dialer.store.tables.documents import campaigns, flows, lists, mappings
from ami_dialer.store.tables.intake import fetches, import_batches, imports
from ami_dialer.store.tables.runs import (
    answers,
    attempts,
    callbacks,
    engine_status,
    enrolments,
    retired_caller_ids,
    run_lists,
    runs,
)

__all__ = [
    "Key",
    "UtcDateTime",
    "agent_map_entries",
    "agent_maps",
    "agent_orders",
    "agent_sessions",
    "agent_skips",
    "agent_spells",
    "agents",
    "amd_reviews",
    "answered_calls",
    "answers",
    "attempts",
    "audit_head",
    "audit_records",
    "callbacks",
    "campaigns",
    "consents",
    "contact_phones",
    "contacts",
    "dnc_entries",
    "dnc_lists",
    "engine_status",
    "enrolments",
    "fetches",
    "flows",
    "import_batches",
    "imports",
    "list_members",
    "list_revisions",
    "lists",
    "mappings",
    "metadata",
    "reassignments",
    "regions",
    "retired_caller_ids",
    "rulebooks",
    "run_lists",
    "runs",
]
