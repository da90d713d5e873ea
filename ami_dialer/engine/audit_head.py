"""The end of the audit trail, told in the log once a day.

Whoever can write the database can make the whole chain anew, but not the logs that were sent elsewhere:
`ami-dialer audit verify --head` asks whether a head that was told then is still in the trail.
"""

import structlog

from ami_dialer.store import audit_log
from ami_dialer.store.database import Database

log = structlog.get_logger(__name__)

#: Seconds from one time to the next.
EVERY = 86_400.0


async def look(database: Database) -> None:
    """Tell it. Raises StoreError."""
    found = await audit_log.ends(database)
    log.info("the audit trail ends here", action="audit_head", head=str(found.head), records=found.head.id)
