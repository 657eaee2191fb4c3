"""What the clock does by itself, and when."""

from __future__ import annotations

from portal.comparison import service as comparison
from portal.core import anchors, scans
from portal.core.clock import Job
from portal.handover import service as handover
from portal.joining import applying, drafts
from portal.joining import service as joining
from portal.members.importing import service as importing
from portal.messaging.birthdays import service as birthdays
from portal.messaging.sending import worker as sending
from portal.org import attempts, sessions
from portal.org.units import names
from portal.prints import service as prints
from portal.prints import worker as printing
from portal.query.batches import service as batches
from portal.query.exports import worker as exporting
from portal.query.rosters import jobs as roster_jobs
from portal.query.rosters import worker as roster_worker
from portal.query.slow import worker as slow
from portal.standing import service as standing
from portal.standing.dues import service as dues
from portal.standing.letters import service as letters
from portal.standing.retiring import service as retiring
from portal.transfers import service as transfers
from portal.transfers.plans import service as plans

JOBS = (
    Job("units.rename", names.apply_due, hour=0, minute=1),
    Job("units.rename_late", names.apply_due, hour=7, minute=30),  # for a machine that was off at midnight
    Job("handover.due", handover.complete_due, hour=0, minute=2),
    Job("handover.due_late", handover.complete_due, hour=7, minute=31),  # for a machine that was off at midnight
    Job("standing.due", standing.apply_due, hour=0, minute=10),
    Job("standing.due_late", standing.apply_due, hour=7, minute=32),  # for a machine that was off at midnight
    Job("plans.due", plans.carry_out_due, hour=0, minute=3),
    Job("plans.due_late", plans.carry_out_due, hour=7, minute=32),  # for a machine that was off at midnight
    Job("letters.remind", letters.remind, hour=8, minute=5),
    Job("audit.anchor", anchors.drop, hour=23, minute=50),
    Job("joining.expire", joining.expire_returned, hour=0, minute=10),
    Job("transfers.remind", transfers.remind_late, hour=8, minute=0),
    Job("prints.sweep", prints.sweep, hour=2, minute=40),
    Job("rosters.sweep", roster_jobs.sweep, hour=2, minute=45),
    Job("exports.sweep", exporting.sweep, hour=2, minute=45),
    Job("joining.drafts", drafts.sweep, hour=0, minute=20),
    Job("joining.photos", applying.sweep_photos, hour=0, minute=25),
    Job("scans.sweep", scans.sweep, hour=0, minute=26),
    Job("comparison.forget", comparison.forget_due, hour=0, minute=35),
    Job("imports.expire", importing.expire, hour=0, minute=30),
    Job("batches.expire", batches.expire, hour=0, minute=40),
    Job("retiring.remind", retiring.remind, hour=8, minute=30),
    Job("dues.expire", dues.expire, hour=0, minute=45),
    Job("birthdays.greet", birthdays.greet, hour=9, minute=0),
    Job("birthdays.greet_late", birthdays.greet, hour=15, minute=0),  # for a machine that was off in the morning
    Job("sessions.sweep", sessions.sweep, hour=3, minute=30),
    Job("attempts.sweep", attempts.sweep, hour=3, minute=35),
)

# in each group one after the other, the groups beside one another: a file of an hour holds up no message
QUEUES = ((exporting.work, printing.work, roster_worker.work, slow.work), (sending.work,))
