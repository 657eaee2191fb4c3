"""What stands in the manual: the tasks, who does them, and which page leads to which.

A task is a template of its name in templates/help/tasks/. Its permission says in whose part it stands, so that nobody
reads of a button that he does not have; a task without one stands in every part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portal.org.permissions import ROLE_PERMISSIONS, ROLES, Permission, Role

P = Permission

FEW = 3  # tasks that make no part
MEMBER = "member"  # the part of everyone, also of who has not signed in


@dataclass(frozen=True)
class Task:
    """One task: the name of its template and of its place in a page, its title, and any of the rights it takes.

    `profile` is the one profile that knows the task, or "" for both.
    """

    name: str
    title: str
    needs: tuple[Permission, ...] = ()
    profile: str = ""


TASKS: tuple[Task, ...] = (
    # of everyone
    Task("join", "扫码申请入会", (P.SIGNED_IN,)),
    Task("receipt", "查看进度、修改退回的申请、设置密码", (P.SIGNED_IN,)),
    Task("activate", "首次登录或忘记密码", (P.SIGNED_IN,)),
    Task("signin", "登录、修改密码、登录设备", (P.SIGNED_IN,)),
    Task("home", "工作台和菜单"),
    Task("me", "查看和修改我的信息", (P.SIGNED_IN,)),
    Task("change_ask", "申请修改姓名、证件、学历、职称、手机", (P.SIGNED_IN,)),
    Task("object", "对工会的修改提出异议", (P.SIGNED_IN,)),
    Task("card", "电子会员证和核验", (P.SIGNED_IN,)),
    Task("transfer_mine", "自己申请转会", (P.SIGNED_IN,)),
    Task("standing_mine", "自己申请调离、恢复会籍或退会", (P.SIGNED_IN,)),
    Task("notices", "站内信", (P.SIGNED_IN,)),
    Task("board", "读通知公告、选择短信接收方式", (P.SIGNED_IN,)),
    # joining
    Task("unions", "下载基层工会二维码", (P.JOINING_CODES,), "city"),
    Task("codes", "入会二维码和海报", (P.JOINING_CODES,)),
    Task("opine", "给出分工会意见", (P.JOINING_OPINE,)),
    Task("approve", "审批入会申请", (P.JOINING_APPROVE,)),
    Task("return", "退回修改、转到其他分工会", (P.JOINING_RETURN,)),
    Task("province", "申请人还没有在省级平台注册", (P.JOINING_APPROVE,), "city"),
    Task("many", "一次办理多份申请", (P.JOINING_OPINE, P.JOINING_APPROVE)),
    Task("entry", "代为录入申请", (P.JOINING_ENTER,)),
    Task("expected_make", "建立应入会名单", (P.JOINING_APPROVE,)),
    Task("expected", "看谁还没有申请，邀请和提醒", (P.JOINING_ENTER,)),
    Task("figures", "看办理进度和用时", (P.JOINING_READ,)),
    # members
    Task("members", "查询会员", (P.MEMBER_READ,)),
    Task("query", "按任意条件查询会员", (P.MEMBER_READ,)),
    Task("export", "导出会员名单", (P.MEMBER_READ,)),
    Task("definitions", "用口径统计人数", (P.MEMBER_READ,)),
    Task("reports", "统计报表和自由汇总", (P.MEMBER_READ,)),
    Task("roster", "存为名单，发慰问品、安排体检", (P.ROSTER_KEEP,)),
    Task("roster_sheets", "打印花名册、签到表、签领表", (P.MEMBER_PRINT,)),
    Task("roster_check", "核对校工会发来的名单", (P.ROSTER_CHECK,)),
    Task("edit", "修改会员信息", (P.MEMBER_EDIT,)),
    Task("change", "审核会员的信息变更申请", (P.CHANGE_AGREE,)),
    Task("objection", "答复会员的异议", (P.CHANGE_AGREE,)),
    Task("check", "核对本分工会的会员信息并签字", (P.CHANGE_AGREE,)),
    Task("check_open", "发起信息核对、看进度、催办", (P.CHANGE_DECIDE,)),
    Task("batch", "批量修改会员信息", (P.MEMBER_EDIT,)),
    Task("union_edit", "荣誉、工号、入会日期，更正历史", (P.MEMBER_EDIT_UNION,)),
    Task("reveal", "查看完整证件号码和工资", (P.MEMBER_REVEAL,)),
    Task("slip", "替会员重置登录密码", (P.MEMBER_EDIT,)),
    Task("print", "打印登记表", (P.MEMBER_PRINT,)),
    Task("archive", "签字归档", (P.MEMBER_PRINT,)),
    Task("import", "导入会员名单", (P.MEMBER_IMPORT,)),
    Task("import_historic", "补录历史会员", (P.MEMBER_IMPORT_HISTORIC,)),
    Task("retiring", "看谁快要退休，一起办理", (P.STANDING_READ,)),
    Task("leaving", "长期不交会费的会员", (P.STANDING_READ,)),
    Task("dues", "看会费交到几月", (P.MEMBER_READ,)),
    Task("dues_keep", "登记财务的会费表", (P.DUES_KEEP,)),
    Task("compare", "与人事名单比对", (P.COMPARE,)),
    Task("matters", "办理比对后的拟办事项", (P.MEMBER_EDIT,)),
    Task("transfer_send", "把会员转到其他单位", (P.TRANSFER_SEND,)),
    Task("transfer_review", "审核校内转会", (P.TRANSFER_APPROVE,)),
    Task("incoming", "从其他工会转来的会员", (P.TRANSFER_RECEIVE, P.TRANSFER_APPROVE)),
    Task("transfer_receive", "接收转来的会员", (P.TRANSFER_RECEIVE,)),
    Task("standing", "办理离职、退休等会籍变动", (P.STANDING_ASK,)),
    Task("standing_decide", "审批会籍变动", (P.STANDING_DECIDE,)),
    # messages
    Task("messages", "发短信：核对、发送、看谁没收到", (P.MESSAGE_SEND,)),
    Task("bulletins", "发布通知公告，看谁还没读", (P.MESSAGE_SEND,)),
    Task("message_groups", "短信分组", (P.MESSAGE_SEND,)),
    Task("wordings", "短信模板", (P.MESSAGE_SEND,)),
    Task("birthdays", "生日祝福", (P.MESSAGE_TEMPLATE,)),
    Task("merge", "合并同一个人的两份档案", (P.MEMBER_MERGE,)),
    Task("merge_second", "复核重复档案的合并", (P.CHANGE_DECIDE,)),
    Task("letters", "介绍信和回执", (P.STANDING_READ,)),
    Task("outbox", "看短信发到哪一步", (P.MESSAGE_SEND,)),
    # the congress
    Task("congress_mine", "看我的代表席位和征集期", (P.SIGNED_IN,), "school"),
    Task("congress", "建立教代会、导入代表、看构成", (P.CONGRESS_MANAGE,), "school"),
    Task("congress_session", "安排会议、签到、开幕", (P.CONGRESS_MANAGE,), "school"),
    Task("congress_seat", "改代表团、选团长、办出缺和补选", (P.CONGRESS_MANAGE,), "school"),
    Task("congress_offices", "设置提案委员会和承办部门", (P.CONGRESS_MANAGE,), "school"),
    Task("congress_read", "看教代会的代表和会议", (P.CONGRESS_READ,), "school"),
    # the house
    Task("units", "看组织机构", (P.UNIT_READ,)),
    Task("units_manage", "新增、更名、调整、停用单位", (P.UNIT_MANAGE,)),
    Task("plans", "单位停用、合并、拆分：撤并方案", (P.UNIT_MANAGE,)),
    Task("departments", "部门与分工会的对应", (P.DEPARTMENT_MANAGE,)),
    Task("accounts_read", "看谁有什么职责", (P.ACCOUNT_READ,)),
    Task("admins", "一级一级设管理员", (P.ACCOUNT_MANAGE,), "city"),
    Task("accounts", "开通账号、授予和结束职责", (P.ACCOUNT_MANAGE,)),
    Task("delegate", "外出时委托他人审批", (P.DELEGATE,)),
    Task("posts", "登记工会职务和任期", (P.POST_MANAGE,)),
    Task("handover", "换届、调岗时办理交接", (P.HANDOVER,)),
    Task("trace", "操作日志", (P.AUDIT_READ,)),
    Task("settings", "系统设置", (P.SYSTEM,)),
    Task("calendar", "工作日历：节假日、调休、寒暑假", (P.SYSTEM,)),
    Task("health", "系统状态和备份", (P.SYSTEM,)),
    Task("jobs", "看后台任务是否正常、重新运行失败的", (P.SYSTEM,)),
    Task("gateway", "接短信网关", (P.SYSTEM,)),
)

# Endpoint, or the whole blueprint, to the task that 帮助 beside its title leads to.
PLACES: dict[str, str] = {
    "home.index": "home",
    "home.notices": "notices",
    "org.login": "signin",
    "org.password": "signin",
    "org.devices": "signin",
    "activation": "activate",
    "activation.slip": "slip",
    "joining.apply": "join",
    "joining.receipt": "receipt",
    "joining.revise": "receipt",
    "joining.index": "many",
    "joining.detail": "opine",
    "joining.approve": "approve",
    "joining.approve_without_opinion": "approve",
    "joining.reject": "approve",
    "joining.redirect": "return",
    "joining.send_back": "return",
    "drafts": "join",
    "many": "many",
    "many.by_branch": "figures",
    "entry": "entry",
    "entry.confirm": "join",
    "expected": "expected",
    "expected.new": "expected_make",
    "expected.add": "expected_make",
    "expected.invited": "join",
    "codes": "codes",
    "members": "members",
    "query": "query",
    "batches": "batch",
    "slow": "query",
    "exports": "export",
    "outbox": "outbox",
    "outbox_messages": "outbox",
    "outbox.gateway": "gateway",
    "figures": "reports",
    "rosters": "roster",
    "roster_parts": "roster_check",
    "roster_sheets": "roster_sheets",
    "members.edit": "edit",
    "corrections": "union_edit",
    "members.reveal": "reveal",
    "members.me": "me",
    "members.edit_me": "me",
    "members.my_photo": "me",
    "timeline": "members",
    "definitions": "definitions",
    "changes": "change",
    "objections": "objection",
    "objections.new": "object",
    "checks": "check_open",
    "checks.index": "check",
    "check_parts": "check",
    "changes.mine": "change_ask",
    "changes.new": "change_ask",
    "prints": "print",
    "prints.papers": "archive",
    "prints.paper": "archive",
    "prints.check": "card",
    "cards": "card",
    "importing": "import",
    "comparison": "compare",
    "matters": "matters",
    "retiring": "retiring",
    "leaving": "leaving",
    "bulletins": "bulletins",
    "board": "board",
    "groups": "message_groups",
    "wordings": "wordings",
    "composing": "messages",
    "message_receipts": "board",
    "birthdays": "birthdays",
    "dues": "dues_keep",
    "dues.index": "dues",
    "dues.member": "dues",
    "plans": "plans",
    "merging": "merge",
    "merging.index": "merge_second",
    "merging.detail": "merge_second",
    "incoming": "incoming",
    "transfers": "transfer_send",
    "transfers.receive": "transfer_receive",
    "transfers.turn_down": "transfer_receive",
    "transfers.reroute": "transfer_review",
    "transfers.force": "transfer_review",
    "transfers.mine": "transfer_mine",
    "transfers_many": "transfer_receive",
    "transfers_many.send": "transfer_send",
    "transfers_many.approve": "transfer_review",
    "standing": "standing",
    "standing.agree": "standing_decide",
    "my_standing": "standing_mine",
    "letters": "letters",
    "standing.file_number": "standing_decide",
    "units": "units_manage",
    "units.index": "units",
    "units.detail": "units",
    "departments": "departments",
    "unit_sheets": "units_manage",
    "people": "accounts",
    "people.unit_admins": "admins",
    "people.org_admins": "admins",
    "province": "receipt",
    "unions": "unions",
    "people.delegations": "delegate",
    "people.lend": "delegate",
    "posts": "posts",
    "handover": "handover",
    "system.trace": "trace",
    "system.event": "trace",
    "system.settings": "settings",
    "system.health": "health",
    "calendar": "calendar",
    "congress": "congress",
    "congress.mine": "congress_mine",
    "congress_sessions": "congress_session",
    "seats": "congress_seat",
    "seats.imports": "congress",
    "seats.preview": "congress",
    "congress_offices": "congress_offices",
    "system.jobs": "jobs",
}
# what leads on to the next best where a part lacks the task: who approves gives no opinion, who reads does not invite
INSTEAD = {
    "opine": "approve",
    "transfer_send": "transfer_review",
    "many": "figures",
    "expected": "expected_make",
    "departments": "units",
    "standing": "standing_decide",
    "accounts": "accounts_read",
    "roster_check": "roster",
    "dues_keep": "dues",
    "congress": "congress_read",
    "congress_session": "congress_read",
    "congress_seat": "congress_read",
    "congress_offices": "congress_read",
    "members": "me",
}


def parts(profile: str) -> dict[str, str]:
    """Return the parts of the manual in `profile`, by the word in their address, each with its title.

    A role with hardly a task of its own has none; who holds it reads the members' part.
    """
    own = {role.value: role.label for role in ROLES[profile] if len(tasks_of(role.value, profile)) > FEW}
    return {**own, MEMBER: "会员"}


def tasks_of(part: str, profile: str) -> list[Task]:
    """Return the tasks that the part called `part` holds, in their order; part and profile as in `parts`."""
    held = {P.SIGNED_IN} if part == MEMBER else ROLE_PERMISSIONS[Role(part)]  # type: ignore[call-arg]  # by its value alone
    return [task for task in TASKS if task.profile in ("", profile) and (not task.needs or held & set(task.needs))]


def place_of(endpoint: str, roles: list[str], profile: str) -> tuple[str, str]:
    """Return part and task for 帮助 on the page `endpoint`, for someone with `roles` (the words in the address).

    The task is "" where nothing fits; then the part alone is right.
    """
    wanted = PLACES.get(endpoint) or PLACES.get(endpoint.partition(".")[0], "")
    for part in [*roles, MEMBER]:
        held = {task.name for task in tasks_of(part, profile)}
        for name in _chain(wanted):
            if name in held:
                return part, name
    return (roles or [MEMBER])[0], ""


def _chain(name: str) -> Iterator[str]:
    while name:
        yield name
        name = INSTEAD.get(name, "")
