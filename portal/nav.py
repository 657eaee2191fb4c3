"""The menu: label, endpoint, icon and the permission that shows it. A module that does not exist does not appear."""

from __future__ import annotations

from dataclasses import dataclass, replace

from portal.org.models import User
from portal.org.permissions import Permission as P


@dataclass(frozen=True)
class Entry:
    """One line of the menu; `rooms` are the endpoint prefixes under which it is the active one.

    `profile` is the only profile that has the line, "" for both; `city` is its label in a city, "" for the same.
    """

    label: str
    endpoint: str
    icon: str
    permission: P
    rooms: tuple[str, ...]
    profile: str = ""
    city: str = ""
    active: bool = False


@dataclass(frozen=True)
class Group:
    """A heading with its lines; `profile` and `city` as of a line."""

    label: str
    items: tuple[Entry, ...]
    profile: str = ""
    city: str = ""


CITY = "city"


PEOPLE = ("people.index", "people.new", "people.detail", "people.slip", "people.give", "people.end")

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
            Entry("入会二维码", "codes.index", "qrcode", P.JOINING_CODES, ("codes.",)),
            Entry("会员信息查询", "members.index", "users", P.MEMBER_READ, ("members.index", "members.detail")),
            Entry("会员导入", "importing.index", "upload", P.MEMBER_IMPORT, ("importing.",)),
            Entry("人事名单比对", "comparison.index", "file-text", P.COMPARE, ("comparison.", "matters.")),
            Entry("打印与归档", "prints.index", "printer", P.MEMBER_PRINT, ("prints.",)),
        ),
    ),
    Group(
        "系统管理",
        (
            Entry("组织机构", "units.index", "sitemap", P.UNIT_READ, ("units.", "departments.", "unit_sheets.")),
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
            Entry("系统状态", "system.health", "shield-lock", P.SYSTEM, ("system.health",)),
        ),
    ),
    Group(
        "我的",
        (
            Entry("我的会员信息", "members.me", "id", P.SIGNED_IN, ("members.me",)),
            Entry("电子会员证", "cards.card", "device-mobile", P.SIGNED_IN, ("cards.card",)),
            Entry("站内信", "home.notices", "bell", P.SIGNED_IN, ("home.notices",)),
            Entry("帮助", "help.index", "info-circle", P.SIGNED_IN, ("help.",)),
        ),
    ),
)


def menu_for(user: User, endpoint: str | None, profile: str) -> list[Group]:
    """Return the groups of `profile` that `user` may open, with the line of `endpoint` marked as the active one."""
    groups = (
        Group(
            _label(group, profile),
            tuple(
                replace(entry, label=_label(entry, profile), active=(endpoint or "").startswith(entry.rooms))
                for entry in group.items
                if entry.profile in ("", profile) and user.holds(entry.permission)
            ),
        )
        for group in MENU
        if group.profile in ("", profile)
    )
    return [group for group in groups if group.items]


def _label(one: Entry | Group, profile: str) -> str:
    return one.city if profile == CITY and one.city else one.label


def label_of(endpoint: str, profile: str) -> str:
    """Return what the line that leads to `endpoint` is called in the menu of `profile`, for the manual."""
    entries = (entry for group in MENU for entry in group.items)
    return next(_label(one, profile) for one in entries if one.endpoint == endpoint and one.profile in ("", profile))
