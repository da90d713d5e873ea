"""A flow as it is written: what an answered call goes through.

A flow is a set of named steps; each step is a list of verbs, carried out in order. A call begins at `start`
and is over when a step ends without a `goto`, at `hangup`, or when the person hangs up. That steps and questions
are there is checked in `targets`, on the data as written.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails

from ami_dialer.config.dispositions import Title
from ami_dialer.config.kinds import Digits, Seconds, SoundPath, StepName, Voice
from ami_dialer.config.problems import Path, of_section
from ami_dialer.domain.merge import MergeError, fields_needed

#: The longest answer to one question; `kinds.DIGITS_PATTERN` says the same.
MAX_DIGITS = 32


class Part(BaseModel):
    """Base of every part of a flow: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _told_alone(part: type[Part], data: object) -> object:
    """Where there are nothing but unknown keys, these are told, and not that known ones are missing."""
    if isinstance(data, dict) and data and not set(data) & set(part.model_fields):
        raise ValidationError.from_exception_data(
            part.__name__,
            [InitErrorDetails(type="extra_forbidden", loc=(key,), input=value) for key, value in data.items()],
        )
    return data


def fillable(text: str) -> str:
    """The text itself, where its merge fields can be read; raises ValueError."""
    try:
        fields_needed(text)
    except MergeError as error:
        raise ValueError(str(error)) from error
    return text


#: A text that is spoken; whether its merge fields can be read is known before anybody is called.
Spoken = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(fillable)]


class Prompt(Part):
    """Something heard: a sound file or a text, one of the two. A bare text is spoken; one prompt needs no list."""

    play: SoundPath | None = Field(None, description="Sound file, without extension.")
    say: Spoken | None = Field(
        None, validate_default=True, description="Text for the TTS command; {{field}} is filled in."
    )

    @model_validator(mode="before")
    @classmethod
    def _only_unknown(cls, data: object) -> object:
        return _told_alone(cls, data)

    @field_validator("say")
    @classmethod
    def _one(cls, say: str | None, info: ValidationInfo) -> str | None:
        if "play" in info.data and (info.data["play"] is None) == (say is None):
            raise of_section([((), "needs either play (a sound file) or say (a text)")])
        return say


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
    min_digits: int = Field(1, ge=1, le=MAX_DIGITS, description="Fewer are invalid.")
    max_digits: int = Field(
        1,
        ge=1,
        le=MAX_DIGITS,
        validate_default=True,
        description="The answer is taken when so many are in, or at `#`.",
    )
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
        if valid is None:
            return data
        if isinstance(valid, list):
            valid = [str(item) if isinstance(item, int) else item for item in valid]
        texts = [item for item in valid if isinstance(item, str)] if isinstance(valid, list) else []
        # Of broken answers, too: no length that nobody wrote may be told as a mistake.
        lengths = [min(max(len(text), 1), MAX_DIGITS) for text in texts] or [1, MAX_DIGITS]
        return {"min_digits": min(lengths), "max_digits": max(lengths), **data, "valid": valid}

    @field_validator("max_digits")
    @classmethod
    def _lengths(cls, most: int, info: ValidationInfo) -> int:
        least = info.data.get("min_digits")
        if least is None:
            return most
        if least > most:
            raise of_section([((), f"min_digits {least} is more than max_digits {most}")])
        takes = f"min_digits {least} to max_digits {most}"
        found: list[tuple[Path, str]] = [
            (("valid", number), f"{digits!r} has {len(digits)} digits; the question takes {takes}")
            for number, digits in enumerate(info.data.get("valid") or ())
            if not least <= len(digits) <= most
        ]
        if found:
            raise of_section(found)
        return most


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


class CallMeBack(Part):
    """A call at a time that the person enters, or after a time that is written here."""

    prompt: Prompts = Field(default_factory=list, description="Asks for the time; a digit cuts it short.")
    after: Seconds | None = Field(
        None, alias="in", gt=0, validate_default=True, description="Instead of asking: so long from now."
    )
    format: Literal["24h", "12h"] = Field(
        "24h", description="24h: HHMM. 12h: HHMM and then 1 for morning or 2 for afternoon."
    )
    name: StepName = Field("callback", description="Under this name what was entered is stored.")
    confirm: Prompts = Field(
        default_factory=list, description="Heard when it is taken; {{callback_day}} and {{callback_time}} say when."
    )
    outside: Prompts = Field(
        default_factory=list, description="Heard before that where no call may be made then, and it is made later."
    )
    timeout: Seconds = Field(5.0, gt=0, le=60, description="Wait this long after the prompt for the first digit.")
    digit_timeout: Seconds = Field(3.0, gt=0, le=60, description="Wait this long for each further digit.")
    retries: int = Field(2, ge=0, le=10, description="Ask again this often after an invalid time or none.")
    invalid: Prompts = Field(default_factory=list, description="Heard after an invalid time, before asking again.")
    silent: Prompts = Field(default_factory=list, description="Heard after no time, before asking again.")
    otherwise: StepName | None = Field(None, description="Step to go to when none is taken; else the next verb.")

    @field_validator("after")
    @classmethod
    def _one_way(cls, after: float | None, info: ValidationInfo) -> float | None:
        if "prompt" in info.data and bool(info.data["prompt"]) == (after is not None):
            raise of_section([((), "needs either prompt (the person enters a time) or in (so long from now)")])
        return after

    def question(self) -> Ask:
        """The question for the time."""
        return Ask(
            name=self.name,
            prompt=self.prompt,
            min_digits=3,
            max_digits=4 if self.format == "24h" else 5,
            timeout=self.timeout,
            digit_timeout=self.digit_timeout,
            retries=self.retries,
            invalid=self.invalid,
            silent=self.silent,
        )


class Verb(Part):
    """One verb of a step; exactly one key."""

    play: SoundPath | None = Field(None, description="Sound file, without extension.")
    say: Spoken | None = Field(None, description="Text for the TTS command; {{field}} is filled in.")
    ask: Ask | None = Field(None, description="A question answered by keypad.")
    branch: Branch | None = Field(None, description="Where to go by the answer of a question.")
    opt_out: OptOut | None = Field(
        None, description="Puts the number on the do-not-call list, at once; `- opt_out` may stand alone."
    )
    callback: CallMeBack | None = Field(None, description="Calls the person back at a time that they enter.")
    disposition: Title | None = Field(
        None, description="The call's result from here on: a title that the campaign's disposition set knows."
    )
    goto: StepName | None = Field(None, description="Go on with this step.")
    hangup: bool | None = Field(None, validate_default=True, description="End the call; `- hangup` may stand alone.")

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
            data = {key: empty.get(key) if value is None else value for key, value in data.items()}
        if isinstance(data, str):
            raise ValueError(  # noqa: TRY004 - pydantic takes ValueError
                f"{data!r} is no verb; only hangup and opt_out stand alone, others are `- verb: value`"
            )
        return _told_alone(cls, data)

    @field_validator("hangup")
    @classmethod
    def _one_verb(cls, hangup: bool | None, info: ValidationInfo) -> bool | None:
        others = [name for name in cls.model_fields if name != "hangup"]
        given = [name for name in others if name not in info.data or info.data[name] is not None]  # absent: broken
        if hangup is not None:
            given.append("hangup")
        if len(given) != 1:
            verbs = ", ".join(cls.model_fields)
            has = " and ".join(given) or "no verb"
            raise of_section([((), f"has {has}; each item needs exactly one of {verbs}")])
        if hangup is False:
            raise of_section([((), "hangup: false does nothing; take it out")])
        return hangup


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
                if (back := verb.callback) is not None:
                    yield from (*back.prompt, *back.invalid, *back.silent, *back.outside, *back.confirm)
