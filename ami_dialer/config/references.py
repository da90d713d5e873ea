"""Names that refer to other parts of the file: lists, flows, trunks and servers.

Works on the data as written, so that these problems are told together with those of the schema.
"""

from collections.abc import Iterator

from ami_dialer.config.problems import Path, Problem, nearest
from ami_dialer.config.yaml_lines import Document

#: (section, key in each of its entries, with dots where it is deeper, section that the name must be in, what it is
#: called).
_REFERENCES = (
    ("trunks", "server", "servers", "server"),
    ("agents", "server", "servers", "server"),
    ("lists", "mapping", "mappings", "mapping"),
    ("campaigns", "lists", "lists", "list"),
    ("campaigns", "trunks", "trunks", "trunk"),
    ("campaigns", "flow", "flows", "flow"),
    ("campaigns", "abandonment.message", "flows", "flow"),
    ("campaigns", "caller_ids", "caller_ids", "pool of caller ids"),
    ("campaigns", "dispositions", "disposition_sets", "disposition set"),
)


def reference_problems(document: Document) -> list[Problem]:
    """Every reference to a name that is not there."""
    found = []
    for section, key, target, what in _REFERENCES:
        known = list(_entries(document, target))
        for path, name in _names(document, section, key):
            if name not in known:
                mend = nearest(name, known) or f"; write one under `{target}:`"
                found.append(document.problem(path, f"no {what} is named {name!r}{mend}"))
    return [*found, *_circular_dialplans(document)]


def _circular_dialplans(document: Document) -> list[Problem]:
    servers = _entries(document, "servers").values()
    own = {server.get("answered_context") or "ami-dialer-answered" for server in servers if isinstance(server, dict)}
    return [
        document.problem(path, f"{name!r} is where calls come from; name a context of your own")
        for path, name in _names(document, "campaigns", "dialplan")
        if name in own
    ]


def _entries(document: Document, section: str) -> dict[str, object]:
    whole = document.data
    entries = whole.get(section) if isinstance(whole, dict) else None
    return entries if isinstance(entries, dict) else {}


def _names(document: Document, section: str, key: str) -> Iterator[tuple[Path, str]]:
    way = key.split(".")
    for name, entry in _entries(document, section).items():
        value = entry
        for step in way:
            value = value.get(step) if isinstance(value, dict) else None
        if isinstance(value, str):
            yield (section, name, *way), value
        elif isinstance(value, list):
            for number, item in enumerate(value):
                if isinstance(item, str):
                    yield (section, name, *way, number), item
