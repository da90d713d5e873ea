"""Texts that revoke consent by law: what people answer to a text message."""

import re

#: 47 CFR 64.1200(a)(10)(i): replying with one of these is a reasonable means of revoking consent, whatever else is
#: said. In force since 11 April 2025.
STOP_WORDS = ("stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe")
#: Words beside them that change nothing: STOP ALL, please stop calling me.
_FILLING = frozenset(
    ("all", "please", "pls", "now", "thanks", "thank", "you", "me", "us", "calling", "texting", "calls", "texts")
)
_WORDS = frozenset(word.replace(" ", "") for word in STOP_WORDS)
_NO_LETTER = re.compile(r"[^a-z]+")


def stop_word(text: str) -> str | None:
    """The one of STOP_WORDS that a text says, in any case and spelling (`Opt-Out!`); None where it says another thing.

    Other wordings may revoke consent too, by the same rule: a person has to read those.
    """
    said = [word for word in _NO_LETTER.split(text.casefold()) if word]
    joined = "".join([word for word in said if word not in _FILLING] or said)
    joined = joined.removesuffix("all") if joined.removesuffix("all") in _WORDS else joined
    return next((word for word in STOP_WORDS if word.replace(" ", "") == joined), None)
