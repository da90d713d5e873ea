"""Is a contact called again after this attempt, after how long, and on which of its phones?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ami_dialer.domain.ending import FINAL, EndReason
from ami_dialer.domain.meaning import Meaning

#: `retry.phones` of a campaign.
PhoneOrder = Literal["in-turn", "one-by-one", "first"]
#: Of a phone that is not called any more in this run.
_OUT = "out"


@dataclass(frozen=True, slots=True)
class Phones:
    """The phones of a contact, and how they take turns."""

    #: In dialing order, without those that another contact of the run has.
    numbers: tuple[str, ...]
    #: The one that has been called.
    current: str
    order: PhoneOrder = "in-turn"
    #: Attempts on one phone at most; 0: no limit of its own.
    max_per_number: int = 0

    @property
    def several(self) -> bool:
        """Whether the contact has another phone than the one that was called."""
        return any(number != self.current for number in self.numbers)

    def after(self, tries: Mapping[str, int], *, around: bool) -> str | None:
        """The next phone that may still be tried; `around`: after the last one the first ones, then the same again."""
        place = self.numbers.index(self.current) + 1 if self.current in self.numbers else 0
        turn = self.numbers[place:] + (self.numbers[:place] if around else ())
        return next((number for number in turn if self.open(number, tries)), None)

    def open(self, number: str, tries: Mapping[str, int]) -> bool:
        """Whether this phone may be tried once more."""
        return not is_out(number, tries) and not (0 < self.max_per_number <= on_number(number, tries))


@dataclass(frozen=True, slots=True)
class RetryVerdict:
    """Again after `delay` seconds, or never again; `why` says it to people."""

    delay: float | None
    why: str
    #: The phone that is called then; None: the same.
    number: str | None = None


def attempts_in(tries: Mapping[str, int]) -> int:
    """How many attempts ended, of all phones together. Keys of phones and results count the same ones once more."""
    return sum(tries.get(reason, 0) for reason in EndReason)


def on_number(number: str, tries: Mapping[str, int]) -> int:
    """How many attempts ended on this phone, as far as they are counted by phone."""
    return sum(tries.get(_on(reason, number), 0) for reason in EndReason)


def is_out(number: str, tries: Mapping[str, int]) -> bool:
    """Whether this phone is not called any more in this run."""
    return _on(_OUT, number) in tries


def put_out(number: str, tries: Mapping[str, int]) -> dict[str, int]:
    """The tries with this phone marked as one that is not called any more in this run."""
    return {**tries, _on(_OUT, number): 1}


def only_out(tries: Mapping[str, int], but: str) -> dict[str, int]:
    """Of the tries the marks of phones that are not called any more in this run, `but` for that of this one."""
    return {key: 1 for key in tries if key.startswith(_on(_OUT, "")) and key != _on(_OUT, but)}


def _on(key: str, number: str) -> str:
    return f"{key}@{number}"


def _title(meaning: Meaning) -> str:
    return f"title:{meaning.title}"


def counted(
    tries: Mapping[str, int],
    reason: EndReason,
    phones: Phones | None = None,
    meaning: Meaning | None = None,
    *,
    invalid_again: bool = False,
) -> dict[str, int]:
    """The tries with an attempt more that ended with `reason`.

    `{"busy": 2}` counts by end reason; `title:Not Home` by a result with a retry rule of its own. Where the contact
    has several phones or each has a limit, `busy@+12125550101` counts by phone too, and `out@+12125550101` marks one
    that is not called any more: it has used up its limit, or does not exist and no rule tries it again
    (`invalid_again`).
    """
    keys = [reason.value]
    if meaning is not None and meaning.retry is not None:
        keys.append(_title(meaning))
    if phones is not None and (phones.several or phones.max_per_number):
        keys += [_on(key, phones.current) for key in keys]
    more = {**tries, **{key: tries.get(key, 0) + 1 for key in keys}}
    if phones is None:
        return more
    invalid = reason is EndReason.INVALID_NUMBER and phones.several and not invalid_again
    return more if phones.open(phones.current, more) and not invalid else put_out(phones.current, more)


def next_try(
    reason: EndReason,
    tries: Mapping[str, int],
    max_attempts: int,
    rules: Mapping[EndReason, tuple[float, int]],
    phones: Phones | None = None,
    meaning: Meaning | None = None,
) -> RetryVerdict:
    """Decide after an attempt that ended with `reason`.

    `tries` counts the attempts so far as `counted` does, this one included. `rules` gives (seconds to wait, how many
    times it is tried again after ending this way) for each reason that is tried again; what the result means goes
    before them. One budget, `max_attempts`, covers all reasons and phones together.
    """
    rule, name, key = rules.get(reason), str(reason), reason.value
    final = _final(reason, meaning)
    if final is not None:
        return RetryVerdict(None, f"{final} is final")
    if meaning is not None and meaning.retry is not None:
        rule, name, key = meaning.retry, meaning.title, _title(meaning)
    if attempts_in(tries) >= max_attempts and (rule is not None or reason is EndReason.INVALID_NUMBER):
        return RetryVerdict(None, f"all {max_attempts} attempts are used up")
    if reason is EndReason.INVALID_NUMBER and phones is not None and phones.several:
        further = phones.after(put_out(phones.current, tries), around=True)
        if further is not None:
            return RetryVerdict(0.0, f"{reason}: on with {further} at once, the next phone", further)
    if rule is None:
        return RetryVerdict(None, f"{name} is not tried again")
    return _again(name, key, tries, rule, phones or Phones((), ""))


def _final(reason: EndReason, meaning: Meaning | None) -> str | None:
    """What ends it for this run, whatever rules say."""
    if reason is EndReason.OPTED_OUT:
        return str(reason)
    if meaning is not None and meaning.over:
        return str(reason) if reason in FINAL else meaning.title
    by_result = meaning is not None and meaning.retry is not None
    return str(reason) if reason in FINAL and not by_result else None


def _again(name: str, key: str, tries: Mapping[str, int], rule: tuple[float, int], phones: Phones) -> RetryVerdict:
    """By a rule: on which phone, if it lets the contact be called again."""
    delay, most = rule
    by_phone = phones.order == "one-by-one" and phones.several
    tried = tries.get(_on(key, phones.current) if by_phone else key, 0)
    used_up = f"{name} was tried again {most} times"
    again = f"{name}: again after {delay:g} s"
    if tried > most:
        further = phones.after(tries, around=False) if by_phone else None
        return _on_with(further, used_up, delay)
    if phones.order == "in-turn" and phones.several:
        turn = phones.after(tries, around=True)
        if turn is None:
            return RetryVerdict(None, f"{name}: no phone of the contact may be tried once more")
        if turn == phones.current:
            return RetryVerdict(delay, again)
        return RetryVerdict(delay, f"{again} on {turn}, whose turn it is", turn)
    if phones.open(phones.current, tries):
        return RetryVerdict(delay, again)
    further = phones.after(tries, around=False) if by_phone else None
    return _on_with(further, f"all {phones.max_per_number} attempts on this number are used up", delay)


def _on_with(further: str | None, why: str, delay: float) -> RetryVerdict:
    """With the phone that comes next, if there is one."""
    if further is None:
        return RetryVerdict(None, why)
    return RetryVerdict(delay, f"{why}; on with {further} after {delay:g} s, the next phone", further)
