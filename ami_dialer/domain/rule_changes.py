"""What is different between two sets of rules of law."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields

from ami_dialer.domain.rulebook import Rule

#: What a rule says beside what it does; changes of these alone judge no call differently.
WORDS = frozenset({"says", "source", "url", "checked", "certainty", "note"})


@dataclass(frozen=True, slots=True)
class Change:
    """A rule that is in both sets, and not the same."""

    before: Rule
    after: Rule
    #: Names of what differs, in the order of the rule.
    what: tuple[str, ...]

    @property
    def in_words_only(self) -> bool:
        """Whether every call is judged as before."""
        return WORDS.issuperset(self.what)


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of the rules."""

    added: tuple[Rule, ...]
    removed: tuple[Rule, ...]
    changed: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def changes(before: Iterable[Rule], after: Iterable[Rule]) -> Changes:
    """The differences, each by id.

    An id that occurs more than once on a side, as a rule has changed over time, is told apart by its first day.
    """
    before, after = tuple(before), tuple(after)
    often = {name for side in (before, after) for name, count in Counter(rule.id for rule in side).items() if count > 1}

    def name(rule: Rule) -> tuple[str, str]:
        return rule.id, rule.effective.isoformat() if rule.id in often else ""

    old, new = {name(rule): rule for rule in before}, {name(rule): rule for rule in after}
    return Changes(
        tuple(new[key] for key in sorted(new.keys() - old.keys())),
        tuple(old[key] for key in sorted(old.keys() - new.keys())),
        tuple(
            Change(old[key], new[key], _different(old[key], new[key]))
            for key in sorted(old.keys() & new.keys())
            if old[key] != new[key]
        ),
    )


def _different(before: Rule, after: Rule) -> tuple[str, ...]:
    return tuple(field.name for field in fields(Rule) if getattr(before, field.name) != getattr(after, field.name))
