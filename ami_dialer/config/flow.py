"""A flow as it is written: what an answered call goes through.

A flow is a set of named steps; each step is a list of verbs, carried out in order. A call begins at `start` and is
over when a step ends without a `goto`, at `hangup`, or when the person hangs up.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?\s*$")


def _seconds(value: Any) -> Any:
    if isinstance(value, str):
        match = _DURATION.match(value)
        if match is None:
            raise ValueError(f"{value!r} is not a time; write seconds (30) or 30s, 5m, 2h, 1d")
        return float(match[1]) * _UNITS[match[2] or ""]
    return value


#: A time in seconds, written as a number or with a unit.
Seconds = Annotated[float, BeforeValidator(_seconds)]
#: Sound paths as Asterisk takes them, without extension; nothing in them can end an AGI command or leave the folder.
SoundPath = Annotated[
    str, Field(max_length=200, pattern=r"^/?[A-Za-z0-9_][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*$")
]
StepName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Digits = Annotated[str, Field(pattern=r"^[0-9*#]{1,32}$")]


class Part(BaseModel):
    """Base of every part of a flow: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Prompt(Part):
    """Something heard: a sound file or a text, one of the two."""

    play: SoundPath | None = Field(None, description="Sound file, without extension.")
    say: str | None = Field(
        None, min_length=1, max_length=2_000, description="Text for the TTS command; {{field}} is filled in."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.play is None) == (self.say is None):
            raise ValueError("needs either play (a sound file) or say (a text)")
        return self


def _prompts(value: Any) -> Any:
    """One prompt may be written without the list, and a bare text is spoken."""
    if isinstance(value, str):
        return [{"say": value}]
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list):
        return [{"say": item} if isinstance(item, str) else item for item in value]
    return value


Prompts = Annotated[list[Prompt], BeforeValidator(_prompts)]


class Ask(Part):
    """A question answered by keypad."""

    name: StepName = Field(description="Under this name the answer is stored and branched on.")
    prompt: Prompts = Field(min_length=1, description="What is heard; a digit cuts it short.")
    valid: list[Digits] | None = Field(
        None, description="The only valid answers; without it any digits of the right length."
    )
    min_digits: int = Field(1, ge=1, le=32, description="Fewer are invalid.")
    max_digits: int = Field(1, ge=1, le=32, description="The answer is taken when so many are in, or at `#`.")
    timeout: Seconds = Field(
        5.0, gt=0, le=60, description="Wait this long after the prompt for the first digit."
    )
    digit_timeout: Seconds = Field(3.0, gt=0, le=60, description="Wait this long for each further digit.")
    retries: int = Field(2, ge=0, le=10, description="Ask again this often after an invalid answer or none.")
    invalid: Prompts = Field(
        default_factory=list, description="Heard after an invalid answer, before asking again."
    )
    silent: Prompts = Field(default_factory=list, description="Heard after no answer, before asking again.")
    otherwise: StepName | None = Field(
        None, description="Step to go to when all tries are used up; else the next verb."
    )

    @model_validator(mode="before")
    @classmethod
    def _lengths_from_valid(cls, data: Any) -> Any:
        valid = data.get("valid") if isinstance(data, dict) else None
        if isinstance(valid, list) and valid and all(isinstance(v, str | int) for v in valid):
            lengths = [len(str(v)) for v in valid]
            texts = [str(v) for v in valid]
            return {"min_digits": min(lengths), "max_digits": max(lengths), **data, "valid": texts}
        return data

    @model_validator(mode="after")
    def _lengths(self) -> Self:
        if self.min_digits > self.max_digits:
            raise ValueError(f"min_digits {self.min_digits} is more than max_digits {self.max_digits}")
        return self


class Branch(Part):
    """Where to go by the answer of a question."""

    answer: StepName = Field(description="Name of a question asked before.")
    when: dict[Digits, StepName] = Field(min_length=1, description="{digits: step}")
    otherwise: StepName | None = Field(
        None, description="Step for any other answer or none; else the next verb."
    )

    @model_validator(mode="before")
    @classmethod
    def _digit_keys(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("when"), dict):
            return {**data, "when": {str(k): v for k, v in data["when"].items()}}
        return data


class OptOut(Part):
    """Put the number on the campaign's do-not-call list, at once, and confirm."""

    prompt: Prompts = Field(default_factory=list, description="The confirmation that is heard.")


class Verb(Part):
    """One verb of a step; exactly one key."""

    play: SoundPath | None = None
    say: str | None = Field(None, min_length=1, max_length=2_000)
    ask: Ask | None = None
    branch: Branch | None = None
    opt_out: OptOut | None = None
    goto: StepName | None = None
    hangup: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, data: Any) -> Any:
        """`- hangup` and `- opt_out` may stand alone."""
        if data == "hangup":
            return {"hangup": True}
        if data == "opt_out":
            return {"opt_out": {}}
        if isinstance(data, dict) and "opt_out" in data and data["opt_out"] is None:
            return {**data, "opt_out": {}}
        if isinstance(data, dict) and "hangup" in data and data["hangup"] is None:
            return {**data, "hangup": True}
        return data

    @model_validator(mode="after")
    def _one_verb(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            verbs = ", ".join(type(self).model_fields)
            raise ValueError(
                f"has {' and '.join(given) or 'no verb'}; each item needs exactly one of {verbs}"
            )
        return self


class Flow(Part):
    """What an answered call goes through."""

    voice: str | None = Field(
        None, pattern=r"^[A-Za-z0-9_+.-]{1,64}$", description="Voice for say; default speech.voice."
    )
    start: StepName | None = Field(None, description="The first step; default the first one written.")
    steps: dict[StepName, list[Verb]] = Field(min_length=1)

    @property
    def first_step(self) -> str:
        """Where a call begins."""
        return self.start or next(iter(self.steps))

    def prompts(self) -> Iterator[Prompt]:
        """Every prompt of the flow, for checks and for speaking texts ahead."""
        for verbs in self.steps.values():
            for verb in verbs:
                if verb.play is not None or verb.say is not None:
                    yield Prompt(play=verb.play, say=verb.say)
                if verb.ask is not None:
                    yield from (*verb.ask.prompt, *verb.ask.invalid, *verb.ask.silent)
                if verb.opt_out is not None:
                    yield from verb.opt_out.prompt

    @model_validator(mode="after")
    def _targets_exist(self) -> Self:
        questions = {verb.ask.name for verbs in self.steps.values() for verb in verbs if verb.ask}
        for step, target in self._targets():
            if target not in self.steps:
                raise ValueError(
                    f"step {step!r} goes to {target!r}, which is not among the steps: {', '.join(self.steps)}"
                )
        for step, verbs in self.steps.items():
            for verb in verbs:
                if verb.branch and verb.branch.answer not in questions:
                    raise ValueError(
                        f"step {step!r} branches on {verb.branch.answer!r}, but no question has that name"
                    )
        return self

    def _targets(self) -> Iterator[tuple[str, str]]:
        if self.start is not None:
            yield "start", self.start
        for step, verbs in self.steps.items():
            for verb in verbs:
                if verb.goto:
                    yield step, verb.goto
                if verb.ask and verb.ask.otherwise:
                    yield step, verb.ask.otherwise
                if verb.branch:
                    yield from ((step, target) for target in verb.branch.when.values())
                    if verb.branch.otherwise:
                        yield step, verb.branch.otherwise
