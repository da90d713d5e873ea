"""Results that a flow gives its calls: each campaign that takes the flow must know them.

Works on the file as written, like `references`: any part of it may be broken.
"""

from collections.abc import Iterator

from ami_dialer.config.problems import Path, Problem
from ami_dialer.config.targets import flows_in, mapping, verbs
from ami_dialer.config.yaml_lines import Document
from ami_dialer.domain.meaning import KNOWN, like, own_title


def title_problems(document: Document) -> list[Problem]:
    """Every `disposition` of a flow that a campaign with this flow does not know, and titles and keys taken twice."""
    return [
        *(document.problem(path, text) for path, text in _twice(document)),
        *(document.problem(path, text) for path, text in _unknown(document)),
    ]


def _unknown(document: Document) -> Iterator[tuple[Path, str]]:
    sets, flows = mapping(mapping(document.data).get("disposition_sets")), flows_in(document)
    for name, campaign in mapping(mapping(document.data).get("campaigns")).items():
        chosen = mapping(campaign).get("dispositions")
        if chosen is not None and not (isinstance(chosen, str) and chosen in sets):
            continue  # told as a reference that leads nowhere
        known = [*(own_title(title) for title in mapping(sets.get(str(chosen)))), *KNOWN]
        of_set = f"disposition set {chosen!r}" if chosen is not None else "it has no disposition set (`dispositions`)"
        for flow in dict.fromkeys(_flows(campaign)):
            for path, title in _titles(flows.get(flow)):
                if title not in known:
                    why = f"campaign {name!r} knows no result {title!r}: {of_set}{like(title, known)}"
                    yield ("flows", flow, *path), why
        yield from _barring(name, campaign, known)


def _barring(name: str, campaign: object, known: list[str]) -> Iterator[tuple[Path, str]]:
    titles = mapping(campaign).get("dnc_dispositions")
    for number, title in enumerate(titles if isinstance(titles, list) else ()):
        if isinstance(title, str) and title not in known:
            yield ("campaigns", name, "dnc_dispositions", number), f"{title!r} is not known here{like(title, known)}"


def _twice(document: Document) -> Iterator[tuple[Path, str]]:
    for name, titles in mapping(mapping(document.data).get("disposition_sets")).items():
        seen: dict[str, str] = {}
        keys: dict[str, str] = {}
        for title, said in mapping(titles).items():
            at = ("disposition_sets", name, str(title))
            other = seen.setdefault(str(title).lower(), str(title))
            if other != title:
                yield at, f"is {other!r} again but for upper and lower case; take one of them out"
            key = mapping(said).get("key")
            if isinstance(key, str | int) and (has := keys.setdefault(str(key), str(title))) != title:
                yield (*at, "key"), f"{key} is the key of {has!r} already; each result needs its own"


def _flows(campaign: object) -> Iterator[str]:
    told = (mapping(campaign).get("flow"), mapping(mapping(campaign).get("abandonment")).get("message"))
    yield from (flow for flow in told if isinstance(flow, str))


def _titles(flow: object) -> Iterator[tuple[Path, str]]:
    for at, verb in verbs(flow):
        title = verb.get("disposition")
        if isinstance(title, str):
            yield (*at, "disposition"), title
