"""The menu: label, endpoint, icon and the permission that shows it. A module that does not exist does not appear."""

from __future__ import annotations

from dataclasses import dataclass, replace

from portal.org.models import User
from portal.org.permissions import Permission as P


@dataclass(frozen=True)
class Entry:
    """One line of the menu; `rooms` are the endpoint prefixes under which it is the active one.

    `profile` is the only profile that has the line, "" for both.
    """

    label: str
    endpoint: str
    icon: str
    permission: P
    rooms: tuple[str, ...]
    profile: str = ""
    active: bool = False


@dataclass(frozen=True)
class Group:
    """A heading with its lines."""

    label: str
    items: tuple[Entry, ...]


SCHOOL, CITY = "school", "city"
# what a city calls the pages that it has in common with a school
CITY_WORDS = {"工会会员": "会员管理", "新会员注册": "入会审核"}


PEOPLE = ("people.index", "people.new", "people.detail", "people.slip", "people.give", "people.end")

CONGRESS = (
    "congress.index",
    "congress.new",
    "congress.de",
    "congress_sessions.",
    "seats.",
    "congress_offices.committee",
)

MENU = (
    Group("", (Entry("工作台", "home.index", "home", P.SIGNED_IN, ("home.index",)),)),
    Group(
        "工会会员",
        (
            Entry(
                "新会员注册",
                "joining.index",
                "user-plus",
                P.JOINING_READ,
                ("joining.", "many.", "entry."),
            ),
            Entry("应入会名单", "expected.index", "clipboard-check", P.JOINING_READ, ("expected.",)),
            Entry("入会二维码", "codes.index", "qrcode", P.JOINING_CODES, ("codes.",), SCHOOL),
            Entry("会员信息查询", "members.index", "users", P.MEMBER_READ, ("members.index", "members.detail")),
            Entry("会籍变动", "standing.index", "history", P.STANDING_READ, ("standing.", "letters.")),
            Entry(
                "信息变更审核",
                "changes.index",
                "edit",
                P.CHANGE_AGREE,
                ("changes.index", "changes.detail", "changes.many", "changes.a", "changes.c", "objections.", "check"),
            ),
            Entry(
                "高级查询",
                "query.index",
                "search",
                P.MEMBER_READ,
                ("query.", "batches.", "slow.", "exports.", "roster_sheets."),
            ),
            Entry("常用口径", "definitions.index", "clipboard-check", P.MEMBER_READ, ("definitions.",)),
            Entry("统计报表", "figures.index", "file-text", P.MEMBER_READ, ("figures.",)),
            Entry(
                "名单",
                "rosters.index",
                "clipboard-check",
                P.ROSTER_KEEP,
                ("rosters.", "roster_parts."),
            ),
            Entry("校内转会", "transfers.index", "refresh", P.MEMBER_READ, ("transfers.", "transfers_many.")),
            Entry("校外转入", "incoming.index", "user-plus", P.JOINING_READ, ("incoming.",)),
            Entry("重复档案合并", "merging.index", "users", P.CHANGE_DECIDE, ("merging.",)),
            Entry("会员导入", "importing.index", "upload", P.MEMBER_IMPORT, ("importing.",)),
            Entry("人事名单比对", "comparison.index", "file-text", P.COMPARE, ("comparison.", "matters.")),
            Entry("拟退休清单", "retiring.index", "clipboard-check", P.STANDING_READ, ("retiring.",)),
            Entry("自动退会候选人", "leaving.index", "clipboard-check", P.STANDING_READ, ("leaving.",)),
            Entry("会费", "dues.index", "clipboard-check", P.MEMBER_READ, ("dues.",)),
            Entry("打印与归档", "prints.index", "printer", P.MEMBER_PRINT, ("prints.",)),
        ),
    ),
    Group(
        "消息",
        (
            Entry("发短信", "composing.index", "mail", P.MESSAGE_SEND, ("composing.",)),
            Entry("发布通知公告", "bulletins.index", "file-text", P.MESSAGE_SEND, ("bulletins.",)),
            Entry("短信分组", "groups.index", "users", P.MESSAGE_SEND, ("groups.",)),
            Entry("短信模板", "wordings.index", "edit", P.MESSAGE_SEND, ("wordings.",)),
            Entry("生日祝福", "birthdays.index", "calendar", P.MESSAGE_TEMPLATE, ("birthdays.",)),
            Entry(
                "发件箱", "outbox.index", "bell", P.MESSAGE_SEND, ("outbox.index", "outbox.detail", "outbox_messages.")
            ),
        ),
    ),
    Group(
        "教代会",
        (
            Entry("届与代表", "congress.index", "users", P.CONGRESS_READ, CONGRESS, SCHOOL),
            Entry(
                "承办部门",
                "congress_offices.departments",
                "building",
                P.CONGRESS_READ,
                ("congress_offices.departments", "congress_offices.department"),
                SCHOOL,
            ),
        ),
    ),
    Group(
        "工会管理",
        (Entry("基层工会管理", "unions.index", "building", P.JOINING_CODES, ("unions.", "codes."), CITY),),
    ),
    Group(
        "系统管理",
        (
            Entry("基层工会管理员", "people.unit_admins", "user", P.UNIT_MANAGE, ("people.unit_admins",), CITY),
            Entry("组织机构管理员", "people.org_admins", "users", P.UNIT_MANAGE, ("people.org_admins",), CITY),
            Entry(
                "组织机构", "units.index", "sitemap", P.UNIT_READ, ("units.", "departments.", "unit_sheets.", "plans.")
            ),
            Entry("账号与权限", "people.index", "key", P.ACCOUNT_READ, PEOPLE),
            Entry(
                "委托办理",
                "people.delegations",
                "clipboard-check",
                P.DELEGATE,
                ("people.delegations", "people.lend", "people.take_back"),
            ),
            Entry("工会职务", "posts.index", "id", P.POST_MANAGE, ("posts.",)),
            Entry("交接", "handover.index", "users", P.HANDOVER, ("handover.",)),
            Entry("操作日志", "system.trace", "history", P.AUDIT_READ, ("system.trace", "system.event")),
            Entry("系统设置", "system.settings", "settings", P.SYSTEM, ("system.settings",)),
            Entry("工作日历", "calendar.index", "calendar", P.SYSTEM, ("calendar.",)),
            Entry("系统状态", "system.health", "shield-lock", P.SYSTEM, ("system.health",)),
            Entry("后台任务", "system.jobs", "refresh", P.SYSTEM, ("system.jobs",)),
            Entry("短信网关", "outbox.gateway", "device-mobile", P.SYSTEM, ("outbox.gateway",)),
        ),
    ),
    Group(
        "我的",
        (
            Entry("我的会员信息", "members.me", "id", P.SIGNED_IN, ("members.me",)),
            Entry("我的信息变更", "changes.mine", "edit", P.SIGNED_IN, ("changes.mine", "changes.new")),
            Entry("电子会员证", "cards.card", "device-mobile", P.SIGNED_IN, ("cards.card",)),
            Entry("我的教代会", "congress.mine", "users", P.SIGNED_IN, ("congress.mine",), SCHOOL),
            Entry("通知公告", "board.index", "mail", P.SIGNED_IN, ("board.",)),
            Entry("站内信", "home.notices", "bell", P.SIGNED_IN, ("home.notices",)),
            Entry("帮助", "help.index", "info-circle", P.SIGNED_IN, ("help.",)),
        ),
    ),
)


def menu_for(user: User, endpoint: str | None, profile: str) -> list[Group]:
    """Return the groups of `profile` that `user` may open, with the line of `endpoint` marked as the active one."""
    groups = (
        Group(
            words_of(profile).get(group.label, group.label),
            tuple(
                replace(
                    entry,
                    label=words_of(profile).get(entry.label, entry.label),
                    active=(endpoint or "").startswith(entry.rooms),
                )
                for entry in group.items
                if entry.profile in ("", profile) and user.holds(entry.permission)
            ),
        )
        for group in MENU
    )
    return [group for group in groups if group.items]


def words_of(profile: str) -> dict[str, str]:
    """Return what `profile` calls the pages, by what a school does, where that differs."""
    return CITY_WORDS if profile == CITY else {}


def label_of(endpoint: str, profile: str) -> str:
    """Return what the line that leads to `endpoint`, or under which it lies, is called in the menu of `profile`."""
    entries = [entry for group in MENU for entry in group.items if entry.profile in ("", profile)]
    exact = (entry.label for entry in entries if entry.endpoint == endpoint)
    label = next(exact, None) or next(entry.label for entry in entries if endpoint.startswith(entry.rooms))
    return words_of(profile).get(label, label)
