"""What the clock does by itself, and when."""

from __future__ import annotations

from portal.comparison import service as comparison
from portal.congress import door as congress
from portal.core import anchors, scans
from portal.core.clock import Job, Queue
from portal.handover import service as handover
from portal.joining import applying, drafts
from portal.joining import service as joining
from portal.members.importing import service as importing
from portal.messaging.birthdays import service as birthdays
from portal.messaging.composing import service as plans_of_messages
from portal.messaging.composing import worker as composing
from portal.messaging.sending import outbox
from portal.messaging.sending import worker as sending
from portal.org import attempts, sessions
from portal.org.units import names
from portal.prints import service as prints
from portal.prints import worker as printing
from portal.query.batches import service as batches
from portal.query.exports import service as exports
from portal.query.exports import worker as exporting
from portal.query.rosters import jobs as roster_jobs
from portal.query.rosters import worker as roster_worker
from portal.query.slow import service as slow_questions
from portal.query.slow import worker as slow
from portal.standing import service as standing
from portal.standing.dues import service as dues
from portal.standing.letters import service as letters
from portal.standing.retiring import service as retiring
from portal.transfers import service as transfers
from portal.transfers.plans import service as plans

# one that is called late is for a machine that was off at the time before
JOBS = (
    Job("units.rename", "单位更名生效", names.apply_due, hour=0, minute=1),
    Job("units.rename_late", "单位更名生效（补）", names.apply_due, hour=7, minute=30),
    Job("handover.due", "交接到期办理", handover.complete_due, hour=0, minute=2),
    Job("handover.due_late", "交接到期办理（补）", handover.complete_due, hour=7, minute=31),
    Job("standing.due", "会籍变动生效", standing.apply_due, hour=0, minute=10),
    Job("standing.due_late", "会籍变动生效（补）", standing.apply_due, hour=7, minute=32),
    Job("plans.due", "撤并方案执行", plans.carry_out_due, hour=0, minute=3),
    Job("plans.due_late", "撤并方案执行（补）", plans.carry_out_due, hour=7, minute=32),
    Job("letters.remind", "催介绍信回执", letters.remind, hour=8, minute=5),
    Job("audit.anchor", "记下日志锚点", anchors.drop, hour=23, minute=50),
    Job("joining.expire", "逾期未补正的申请作废", joining.expire_returned, hour=0, minute=10),
    Job("transfers.remind", "催办逾期转会", transfers.remind_late, hour=8, minute=0),
    Job("prints.sweep", "清理打印文件", prints.sweep, hour=2, minute=40),
    Job("rosters.sweep", "清理签领表文件", roster_jobs.sweep, hour=2, minute=45),
    Job("exports.sweep", "清理导出文件", exporting.sweep, hour=2, minute=45),
    Job("joining.drafts", "清理未提交的草稿", drafts.sweep, hour=0, minute=20),
    Job("joining.photos", "清理未用的照片", applying.sweep_photos, hour=0, minute=25),
    Job("scans.sweep", "清理未用的扫描件", scans.sweep, hour=0, minute=26),
    Job("comparison.forget", "清理过期的比对", comparison.forget_due, hour=0, minute=35),
    Job("imports.expire", "清理过期的导入", importing.expire, hour=0, minute=30),
    Job("batches.expire", "清理过期的批量修改", batches.expire, hour=0, minute=40),
    Job("retiring.remind", "提醒拟退休", retiring.remind, hour=8, minute=30),
    Job("delegates.expire", "清理过期的代表名单预览", congress.expire, hour=0, minute=50),
    Job("congress.settle", "给新开通的账号授予提案职责", congress.settle, hour=0, minute=55),
    Job("dues.expire", "清理过期的会费名单", dues.expire, hour=0, minute=45),
    Job("birthdays.greet", "发送生日祝福", birthdays.greet, hour=9, minute=0),
    Job("birthdays.greet_late", "发送生日祝福（补）", birthdays.greet, hour=15, minute=0),
    Job("sessions.sweep", "清理过期的登录", sessions.sweep, hour=3, minute=30),
    Job("attempts.sweep", "清理登录失败记录", attempts.sweep, hour=3, minute=35),
)

# in each group one after the other, the groups beside one another: a file of an hour holds up no message
QUEUES = (
    (
        Queue("queue.exports", "导出文件", exporting.work, exports.waiting_since),
        Queue("queue.prints", "打印", printing.work, prints.waiting_since),
        Queue("queue.rosters", "签领表", roster_worker.work, roster_jobs.waiting_since),
        Queue("queue.slow", "后台查询", slow.work, slow_questions.waiting_since),
    ),
    (
        Queue("queue.plans", "到时间的短信交付发送", composing.work, plans_of_messages.waiting_since),
        Queue("queue.messages", "发送短信", sending.work, outbox.waiting_since),
    ),
)
