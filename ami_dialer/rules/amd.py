"""Who picked up, and when had they finished their greeting? What app_amd said, put into words and times."""

import re
from datetime import datetime, timedelta
from enum import StrEnum

#: Seconds of silence after which AMD() says HUMAN, where AMDCAUSE does not tell how many passed:
#: `after_greeting_silence` as Asterisk 22 ships it.
AFTER_GREETING_SILENCE = 0.8

#: HUMAN-<silence in ms>-<after_greeting_silence>, INITIALSILENCE-<silence in ms>-<initial_silence>.
_SILENCE = re.compile(r"(HUMAN|INITIALSILENCE)-(\d{1,6})-\d{1,6}", re.ASCII)


class AnsweredBy(StrEnum):
    """Who or what picked up."""

    PERSON = "person"
    MACHINE = "machine"
    SILENCE = "silence"
    FAX = "fax"


def answered_by(status: str, cause: str, not_sure: AnsweredBy) -> AnsweredBy:
    """Classify by AMDSTATUS and AMDCAUSE (Asterisk's app_amd); empty status: AMD did not run, so a person.

    AMDCAUSE INITIALSILENCE comes with AMDSTATUS MACHINE when nothing was said for `initial_silence` of amd.conf.
    HANGUP means that the caller was gone before AMD had decided: nobody can be said to be a machine.
    """
    match status:
        case "FAX":
            return AnsweredBy.FAX
        case "MACHINE":
            return AnsweredBy.SILENCE if cause.startswith("INITIALSILENCE") else AnsweredBy.MACHINE
        case "NOTSURE":
            return not_sure
        case _:
            return AnsweredBy.PERSON


def greeting_end(status: str, cause: str, answered_at: datetime, classified_at: datetime) -> datetime | None:
    """When the greeting was over, from AMDSTATUS and AMDCAUSE; None where AMD does not tell.

    app_amd.c of Asterisk 22 says HUMAN when `after_greeting_silence` has followed a greeting, and its cause tells how
    many milliseconds passed: so long ago it ended. TOOLONG means that neither that silence nor another sign came before
    `total_analysis_time`: somebody still spoke, or had been silent for less than AFTER_GREETING_SILENCE. INITIALSILENCE
    and NOAUDIODATA: there was no greeting, so the time runs from the beginning. A machine's greeting goes on when it is
    found out, and who hangs up on AMD (HANGUP) had no greeting that AMD took for one: None.
    """
    if match := _SILENCE.fullmatch(cause):
        found = classified_at - timedelta(milliseconds=int(match[2]))
    elif status == "NOTSURE":
        spoke = cause.startswith("TOOLONG")
        found = classified_at - timedelta(seconds=AFTER_GREETING_SILENCE) if spoke else answered_at
    else:
        return None
    return max(found, answered_at)
