"""Nobody changes anything without a record in the audit trail: each transaction notes what it does, or says why not."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, name_of, python_files

pytestmark = pytest.mark.architecture

#: What begins a transaction that writes: methods of store.database.Database.
WRITING = {"writing", "bulk_writing", "raw_writing"}
#: Functions that write without a record, each with its reason. Who adds one here says why nobody will ask for it.
UNRECORDED: dict[str, str] = {
    "store/hopper.py:claim": "who is in a hopper; the call that comes of it is recorded, exclusions stand with each",
    "store/hopper.py:claim_ahead": "the same, for callbacks and who was abandoned, whatever the hopper holds",
    "store/hopper.py:recycle": "the same, given back after too long",
    "store/hopper.py:release": "the same, given back",
    "store/hopper.py:release_unattempted": "the same, of an engine that was killed",
    "store/giving_back.py:barred": "the enrolment keeps the entry that did it, and the entry is recorded",
    "store/giving_back.py:refused": "the enrolment keeps the rule that did it; the rules are recorded",
    "store/giving_back.py:wake": "the same, over: an agent came",
    "store/fetches.py:claim": "a note of when an API was asked",
    "store/fetches.py:add": "the log of fetches; who came in is recorded batch by batch",
    "store/fetches.py:mark_failed": "the list keeps its contacts, and why it could not be fetched",
    "store/fetches.py:mark_recovered": "the same, over",
    "store/imports.py:begin": "nobody came in yet; each batch is recorded",
    "store/imports.py:resume": "the same",
    "store/imports.py:finish": "the last batch is recorded",
    "store/imports.py:unchanged": "nobody came in",
    "store/imports.py:fail": "what came in before is recorded, batch by batch",
    "store/imports.py:refuse": "nobody came in",
    "store/engine_status.py:write": "what the engine sees at the moment, for whoever looks; nothing of it is kept",
    "store/engine_status.py:clear": "the same, over",
    "store/agents.py:right_pin": "wrong PINs are counted anew; the log-in that follows is recorded",
    "store/agent_orders.py:done": "the answer to an order, which was recorded when it was asked",
    "store/agent_orders.py:withdraw": "the same, where nobody answered",
    "store/probe.py:try_writing": "writes what changes nothing",
}


class Function:
    """A function of the package: what it calls, and whether it begins a transaction."""

    def __init__(self, node: ast.AsyncFunctionDef | ast.FunctionDef) -> None:
        self.calls: set[tuple[str, str]] = set()
        self.writes = False
        for call in (each for each in ast.walk(node) if isinstance(each, ast.Call)):
            match call.func:
                case ast.Name(id=name):
                    self.calls.add(("", name))
                case ast.Attribute(value=ast.Name(id=owner), attr=name):
                    self.calls.add(("" if owner in {"self", "cls"} else owner, name))
                case _:
                    pass
            self.writes |= isinstance(call.func, ast.Attribute) and call.func.attr in WRITING


class Module:
    """A file of the package: its functions by name, and where the names in it come from."""

    def __init__(self, file: Path) -> None:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        self.functions = {
            node.name: Function(node)
            for node in ast.walk(tree)
            if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)
        }
        self.origin: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ami_dialer"):
                for alias in node.names:
                    self.origin[alias.asname or alias.name] = f"{node.module}.{alias.name}"


def modules() -> dict[str, Module]:
    found = {}
    for file in python_files("ami_dialer"):
        if "migrations" not in file.parts:
            found[".".join(file.relative_to(ROOT).with_suffix("").parts)] = Module(file)
    return found


def called(module: str, of: Module, function: Function) -> Iterator[str]:
    """The functions of the package that one calls, as `module.name`."""
    for owner, name in function.calls:
        if not owner:
            yield of.origin.get(name, f"{module}.{name}")
        elif owner in of.origin:
            yield f"{of.origin[owner]}.{name}"


def recording(found: dict[str, Module]) -> set[str]:
    """Every function that notes something, itself or by what it calls."""
    calls = {
        f"{name}.{function}": set(called(name, module, each))
        for name, module in found.items()
        for function, each in module.functions.items()
    }
    known = {"ami_dialer.store.audit.note"}
    while more := {name for name, callees in calls.items() if name not in known and callees & known}:
        known |= more
    return known


def unrecorded() -> set[str]:
    found = modules()
    known = recording(found)
    return {
        f"{name.removeprefix('ami_dialer.').replace('.', '/')}.py:{function}"
        for name, module in found.items()
        for function, each in module.functions.items()
        if each.writes and f"{name}.{function}" not in known and name != "ami_dialer.store.database"
    }


def test_whoever_writes_records_it_or_has_a_reason_not_to() -> None:
    assert unrecorded() == set(UNRECORDED)


def test_the_table_of_records_is_written_in_one_place() -> None:
    """And read in few."""
    users = {
        name_of(file)
        for file in python_files("ami_dialer")
        if "audit_records" in file.read_text(encoding="utf-8") and "migrations" not in file.parts
    }
    assert users - {
        "ami_dialer/store/tables/__init__.py",
        "ami_dialer/store/tables/compliance.py",
    } == {"ami_dialer/store/audit.py", "ami_dialer/store/audit_log.py", "ami_dialer/store/settings.py"}


def test_this_test_would_notice() -> None:
    """A transaction without a note is found, and one that notes by way of another function is not."""
    silent = ast.parse(
        "async def change(database):\n    async with database.writing() as c:\n        await c.execute(x)"
    )
    function = Function(next(node for node in ast.walk(silent) if isinstance(node, ast.AsyncFunctionDef)))
    assert function.writes
    assert ("", "note") not in function.calls
    known = recording(modules())
    assert {"ami_dialer.store.dnc.add", "ami_dialer.store.runs.start", "ami_dialer.store.writer._commit"} <= known
