"""Can Asterisk write recordings where they belong? Proved by one, which is taken away again."""

from collections.abc import Sequence
from secrets import token_hex

from ami_dialer.doctor.calls import RECORD, TOLD
from ami_dialer.doctor.check import Check, NotCheckedError
from ami_dialer.doctor.events import told
from ami_dialer.doctor.finding import Result, failed, ok
from ami_dialer.doctor.pbx import Pbx

#: Bytes of a WAV file without any sound.
_HEADER = 44


async def _recordings(pbx: Pbx) -> Sequence[Result]:
    recorded = [name for name, campaign in pbx.people.items() if campaign.recording.enabled]
    if not recorded:
        return []
    file = f"ami-dialer/check-{token_hex(4)}.wav"
    heard = await pbx.call(RECORD, told, variables=(("AMI_DIALER_FILE", file),))
    event = heard.first("UserEvent", UserEvent=TOLD)
    if event is None:
        raise NotCheckedError("the test call ended without a word; Asterisk's log says why")
    size = event.header("Status")
    folder = f"{await pbx.variable('ASTSPOOLDIR') or '/var/spool/asterisk'}/monitor/ami-dialer"
    if size.isdigit() and int(size) > _HEADER:
        return [ok(f"Asterisk records into {folder}; for {', '.join(recorded)}")]
    mend = (
        f"Asterisk's user must be able to make folders and files in {folder}: `install -d -o asterisk -g asterisk "
        f"{folder}`, and there must be room on the disk."
    )
    return [failed(f"a test call was to be recorded, but nothing was written into {folder}", mend)]


CHECKS = (Check("recordings", _recordings, needs=("events", "agents")),)
