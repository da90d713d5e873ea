"""Who picked up? What app_amd said, put into four words."""

from enum import StrEnum


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
