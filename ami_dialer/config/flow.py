"""A flow as it is written: what an answered call goes through.

A flow is a set of named steps; each step is a list of verbs, carried out in order. A call begins at `start`
and is over when a step ends without a `goto`, at `hangup`, or when the person hangs up.
"""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ami_dialer.config.kinds import Digits, Seconds, SoundPath, StepName, Voice
from ami_dialer.config.problems import Path, several
from ami_dialer.domain.merge import MergeError, fields_needed


class Part(BaseModel):
    """Base of every part of a flow: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _fillable(text: str) -> str:
    try:
        fields_needed(text)
    except MergeError as error:
        raise ValueError(str(error)) from error
    return text


#: A text that is spoken; whether its merge fields can be read is known before anybody is called.
Spoken = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_fillable)]


class Prompt(Part):
    """Something heard: a sound file or a text, one of the two. A bare text is spoken; one prompt needs no list."""

    play: SoundPath | None = Field(None, description="Sound file, without extension.")
    say: Spoken | None = Field(None, description="Text for the TTS command; {{field}} is filled in.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.play is None) == (self.say is None):
            raise ValueError("needs either play (a sound file) or say (a text)")
        return self


def _prompts(value: object) -> object:
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
        None, min_length=1, description="The only valid answers; without it any digits of the right length."
    )
    min_digits: int = Field(1, ge=1, le=32, description="Fewer are invalid.")
    max_digits: int = Field(1, ge=1, le=32, description="The answer is taken when so many are in, or at `#`.")
    timeout: Seconds = Field(5.0, gt=0, le=60, description="Wait this long after the prompt for the first digit.")
    digit_timeout: Seconds = Field(3.0, gt=0, le=60, description="Wait this long for each further digit.")
    retries: int = Field(2, ge=0, le=10, description="Ask again this often after an invalid answer or none.")
    invalid: Prompts = Field(default_factory=list, description="Heard after an invalid answer, before asking again.")
    silent: Prompts = Field(default_factory=list, description="Heard after no answer, before asking again.")
    otherwise: StepName | None = Field(
        None, description="Step to go to when all tries are used up; else the next verb."
    )

    @model_validator(mode="before")
    @classmethod
    def _lengths_from_valid(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        valid = data.get("valid")
        if isinstance(valid, list) and valid and all(isinstance(v, str | int) for v in valid):
            texts = [str(v) for v in valid]
            lengths = [len(text) for text in texts]
            return {"min_digits": min(lengths), "max_digits": max(lengths), **data, "valid": texts}
        return data

    @model_validator(mode="after")
    def _lengths(self) -> Self:
        if self.min_digits > self.max_digits:
            raise ValueError(f"min_digits {self.min_digits} is more than max_digits {self.max_digits}")
        found: list[tuple[Path, str]] = [
            (("valid", number), f"{digits!r} has {len(digits)} digits; the question takes {self._takes()}")
            for number, digits in enumerate(self.valid or ())
            if not self.min_digits <= len(digits) <= self.max_digits
        ]
        if found:
            raise several(found)
        return self

    def _takes(self) -> str:
        return f"min_digits {self.min_digits} to max_digits {self.max_digits}"


class Branch(Part):
    """Where to go by the answer of a question."""

    answer: StepName = Field(description="Name of a question asked before.")
    when: dict[Digits, StepName] = Field(min_length=1, description="{digits: step}")
    otherwise: StepName | None = Field(None, description="Step for any other answer or none; else the next verb.")

    @model_validator(mode="before")
    @classmethod
    def _digit_keys(cls, data: object) -> object:
        if isinstance(data, dict) and isinstance(data.get("when"), dict):
            return {**data, "when": {str(k): v for k, v in data["when"].items()}}
        return data


class OptOut(Part):
    """Put the number on the campaign's do-not-call list, at once, and confirm."""

    prompt: Prompts = Field(default_factory=list, description="The confirmation that is heard.")


class Verb(Part):
    """One verb of a step; exactly one key."""

    play: SoundPath | None = Field(None, description="Sound file, without extension.")
    say: Spoken | None = Field(None, description="Text for the TTS command; {{field}} is filled in.")
    ask: Ask | None = Field(None, description="A question answered by keypad.")
    branch: Branch | None = Field(None, description="Where to go by the answer of a question.")
    opt_out: OptOut | None = Field(
        None, description="Puts the number on the do-not-call list, at once; `- opt_out` may stand alone."
    )
    goto: StepName | None = Field(None, description="Go on with this step.")
    hangup: bool | None = Field(None, description="End the call; `- hangup` may stand alone.")

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, data: object) -> object:
        """`- hangup` and `- opt_out` may stand alone."""
        if data == "hangup":
            return {"hangup": True}
        if data == "opt_out":
            return {"opt_out": {}}
        # A document read back from SQL has every verb, the others being null; there null means "not this one".
        if isinstance(data, dict) and len(data) < len(cls.model_fields):
            empty = {"opt_out": {}, "hangup": True}
            return {key: empty.get(key) if value is None else value for key, value in data.items()}
        if isinstance(data, str):
            raise ValueError(  # noqa: TRY004 - pydantic takes ValueError
                f"{data!r} is no verb; only hangup and opt_out stand alone, others are `- verb: value`"
            )
        return data

    @model_validator(mode="after")
    def _one_verb(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            verbs = ", ".join(type(self).model_fields)
            raise ValueError(f"has {' and '.join(given) or 'no verb'}; each item needs exactly one of {verbs}")
        if self.hangup is False:
            raise ValueError("hangup: false does nothing; take it out")
        return self


class Flow(Part):
    """What an answered call goes through."""

    voice: Voice | None = Field(None, description="Voice for say; default speech.voice.")
    start: StepName | None = Field(None, description="The first step; default the first one written.")
    steps: dict[StepName, list[Verb]] = Field(min_length=1, description="{name: list of verbs}; each verb is one item.")

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
        found = [
            (path, f"there is no step {target!r}; the steps are {', '.join(self.steps)}")
            for path, target in self.targets()
            if target not in self.steps
        ]
        questions = {verb.ask.name for verbs in self.steps.values() for verb in verbs if verb.ask}
        asked = ", ".join(sorted(questions)) or "none"
        found += [
            (
                ("steps", step, number, "branch", "answer"),
                f"no question is named {name!r}; there are: {asked}",
            )
            for step, verbs in self.steps.items()
            for number, verb in enumerate(verbs)
            if verb.branch and (name := verb.branch.answer) not in questions
        ]
        if found:
            raise several(found)
        return self

    def targets(self) -> Iterator[tuple[Path, str]]:
        """Every step that is gone to, with the path of the key that says so."""
        if self.start is not None:
            yield ("start",), self.start
        for step, verbs in self.steps.items():
            for number, verb in enumerate(verbs):
                at: Path = ("steps", step, number)
                if verb.goto:
                    yield (*at, "goto"), verb.goto
                if verb.ask and verb.ask.otherwise:
                    yield (*at, "ask", "otherwise"), verb.ask.otherwise
                if verb.branch:
                    for digits, target in verb.branch.when.items():
                        yield (*at, "branch", "when", digits), target
                    if verb.branch.otherwise:
                        yield (*at, "branch", "otherwise"), verb.branch.otherwise
