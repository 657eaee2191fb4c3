"""Two records of one person become one: the kept one takes what was chosen, the other stays as a shell that is read.

One person has one membership (《工会会员会籍管理办法》§3). The shell ends today by a line 并入, so that it is
a correction of the ledger; what it said on days before stays. What hangs on it follows or stays: see `hanging`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

from sqlalchemy import Table, select, update

from portal.core import audit
from portal.core.actors import Actor
from portal.core.calendar import show_date, today
from portal.core.db import db
from portal.core.errors import Conflict, DomainError, Forbidden
from portal.core.fields import Field
from portal.org import sessions
from portal.org.models import User

from . import cases, dating, filing, hanging, history, many, service, turning
from .catalogue import FIELD, FIELDS
from .checks import check_change
from .checks import same as same
from .enums import ChangeReason, ChangeType, MembershipStatus
from .models import SHARED, Member, MembershipChange, UnionPost

audit.name_acts({"member.merge": "合并重复档案", "member.part": "撤销合并重复档案"})

_S = MembershipStatus
_MEMBERS = cast(Table, Member.__table__)
UNIQUE = ("id_number", "staff_no", "member_no")  # no two members have the same
# what is not chosen: where her membership stands is for transfers and changes of status
_HERS = frozenset({"branch", "membership_status", "employment_status"})
ALONG: Mapping[str, tuple[str, ...]] = {
    "id_number": ("id_type",), "prof_title": ("title_level",), "employment_form": ("dispatch_company",),
    "children": ("children_count",), "family_planning": ("family_planning_text",),
}  # fmt: skip
_LED = frozenset(name for names in ALONG.values() for name in names)
CHOSEN = tuple(
    field for field in FIELDS if field.name in history.WRITABLE and field.name not in _HERS | _LED | {"photo"}
)
REASON = "合并重复档案"
REMARK_LONGEST = FIELD["remark"].max_length or 500


# --- may it be --------------------------------------------------------------------------------------------------------


def check(actor: Actor, kept: Member, gone: Member, *, besides: tuple[str, int] = ("", 0)) -> None:
    """Raise DomainError with the sentence that says why the two cannot be merged as they are.

    `besides` is the case (endpoint and number) by which it is done.
    """
    if kept.id == gone.id:
        raise DomainError("这是同一份档案，请另选一份")
    if actor.id is not None and actor.id in (kept.user_id, gone.user_id):
        raise Forbidden("本人的档案请由其他经办人合并")
    for one in (kept, gone):
        if one.membership_status == _S.MERGED:
            raise DomainError(f"{one.trace_label}已并入另一份档案，请打开保留的那份办理")
    _check_status(kept, gone)
    for one in (kept, gone):
        waiting = cases.open_cases([one.id]).get(one.id, [])
        open_ones = [case.label for case in waiting if (case.endpoint, case.id) != besides] + hanging.open_on(one)
        if open_ones:
            raise DomainError(f"{one.trace_label}有未办结的{open_ones[0]}，请先办结再合并")
    for post in gone.posts:
        for other in kept.posts:
            if (post.kind, post.unit_id) == (other.kind, other.unit_id) and _at_once(post, other):
                raise DomainError(
                    f"两份档案在同一时间都任{post.unit.name}{post.kind.label}，请先在“工会职务”中改正其中一项"
                )
    account_of(kept, gone)


def _check_status(kept: Member, gone: Member) -> None:
    one, other = (MembershipStatus(member.membership_status) for member in (kept, gone))  # type: ignore[call-arg]  # by its value alone
    for ended in (_S.DECEASED, _S.EXPELLED):
        if (one is ended) != (other is ended):
            raise DomainError(f"一份档案的会籍状态是{ended.label}，另一份不是，请先更正会籍状态再合并")
    if other in service.LIVE and one not in service.LIVE:
        raise DomainError(f"要保留的档案会籍状态是{one.label}，另一份是{other.label}，请改为保留另一份")


def _at_once(one: UnionPost, other: UnionPost) -> bool:
    return (one.ends is None or other.starts <= one.ends) and (other.ends is None or one.starts <= other.ends)


def doubts(kept: Member, gone: Member) -> list[str]:
    """Return what speaks against their being one person: for the eye, it refuses nothing."""
    found = [
        f"两份档案的{FIELD[name].label}不同"
        for name in ("name", "sex", "birth_date")
        if None not in (getattr(kept, name), getattr(gone, name)) and getattr(kept, name) != getattr(gone, name)
    ]
    if kept.id_index and gone.id_index and (kept.id_type, gone.id_type) == ("1", "1"):
        found.append("两份档案是两个不同的居民身份证号码，请核对身份证原件")
    return found


# --- the account ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Account:
    """Which account stays hers, which one is shut, and why so."""

    stays: User | None
    ends: User | None
    why: str


def account_of(kept: Member, gone: Member) -> Account:
    """Return what becomes of the accounts: the one with an office stays, then one that is used, then the kept one's.

    Raises DomainError where both have an office.
    """
    one, other = kept.user, gone.user
    if other is None:
        return Account(one, None, "只有保留的档案有账号，照旧使用" if one else "两份档案都没有账号")
    if one is None:
        return Account(other, None, f"保留的档案没有账号，账号 {other.username} 转给它使用")
    offices = [any(not grant.is_over(today()) for grant in user.grants) for user in (one, other)]
    if all(offices):
        raise DomainError(f"账号 {one.username} 和 {other.username} 都有职责，请先在“账号与权限”中结束其中一个的职责")
    used = [bool(user.is_enabled and user.password_hash) for user in (one, other)]
    if offices[1] or (used[1] and not used[0] and not offices[0]):
        why = "有职责" if offices[1] else "设过密码，另一个没有"
        return Account(other, one, f"账号 {other.username} {why}，转给保留的档案；账号 {one.username} 停用")
    return Account(one, other, f"账号 {one.username} 照旧使用；账号 {other.username} 停用")


def _hand_over(actor: Actor, kept: Member, gone: Member, batch_id: str) -> dict[str, Any]:
    """Let the account that stays be the kept record's, shut the other, and return what was before."""
    account = account_of(kept, gone)
    before = {"kept": kept.user_id, "gone": gone.user_id, "shut": None}
    if account.stays is not kept.user:
        _give_accounts(kept, account.stays, gone, account.ends)
    if account.ends is not None and account.ends.is_enabled:
        account.ends.is_enabled, before["shut"] = False, account.ends.id
        sessions.close_all(account.ends)
        audit.record(actor, "user.disable", account.ends, reason=REASON, batch_id=batch_id)
    return before


def _give_accounts(kept: Member, hers: User | None, gone: Member, other: User | None) -> None:
    kept.user = gone.user = None
    db.session.flush()  # an account is one member's
    kept.user, gone.user = hers, other
    db.session.flush()  # as above


# --- the values -------------------------------------------------------------------------------------------------------


def differing(kept: Member, gone: Member) -> list[Field]:
    """Return the fields in which the two differ and of which one value is to be chosen."""
    return [field for field in CHOSEN if any(_differs(kept, gone, name) for name in _with(field.name))]


def alike(kept: Member, gone: Member) -> list[Field]:
    """Return the fields that say the same, and something."""
    differ = set(differing(kept, gone))
    return [field for field in CHOSEN if field not in differ and not is_empty(history.value_of(kept, field.name))]


def usual(kept: Member, gone: Member) -> set[str]:
    """Return the names of the fields whose value is taken unless said otherwise: where the kept record has none."""
    return {field.name for field in differing(kept, gone) if is_empty(history.value_of(kept, field.name))}


def is_empty(value: Any) -> bool:
    """Whether the field says nothing."""
    return value in (None, "")


def _with(name: str) -> tuple[str, ...]:
    return (name, *ALONG.get(name, ()))


def _differs(kept: Member, gone: Member, name: str) -> bool:
    return not same(history.value_of(kept, name), history.value_of(gone, name))


def taken_values(kept: Member, gone: Member, taken: Collection[str]) -> dict[str, Any]:
    """Return the values that the kept record takes, by catalogue name; with the photo where it has none."""
    names = [name for field in differing(kept, gone) if field.name in taken for name in _with(field.name)]
    if kept.photo is None and gone.photo is not None:
        names.append("photo")
    return {name: history.value_of(gone, name) for name in names}


def needs_second(kept: Member, taken: Collection[str]) -> bool:
    """Whether two people of the union must agree: name or document would change on a form that was printed (4b)."""
    return bool(filing.ON_PAPER & set(taken)) and bool(filing.on_paper([kept.id]))


# --- doing it ---------------------------------------------------------------------------------------------------------


@dataclass
class United:
    """What a merge has done, as its row keeps it and an undo needs it; `marks` and `posts` say how the two stood then.

    `moved` has the numbers of the rows that have followed, by table; `accounts` what was before.
    """

    batch_id: str
    line_id: int
    moved: dict[str, list[int]]
    accounts: dict[str, Any]
    marks: list[int]
    posts: list[list[Any]]
    warnings: list[str]
    account: str = ""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self)


def unite(actor: Actor, kept: Member, gone: Member, taken: Collection[str], *, batch_id: str) -> United:
    """Let `kept` take what it lacks or `taken` names of `gone`, which becomes the shell; from today on.

    The caller has locked both and judged the case. Raises Problems for values that break a rule together.
    """
    values = taken_values(kept, gone, taken)
    old_no = kept.member_no
    gives_up = {name: None for name in UNIQUE if name != "member_no" or name in values}
    line = turning.turn(
        gone, actor, ChangeType.MERGED, on=today(), values={"membership_status": _S.MERGED.value} | gives_up,
        because=ChangeReason.DUPLICATE, reason=f"并入{kept.trace_label}", batch_id=batch_id,
    )  # fmt: skip
    written, warnings = check_change(service.current_of(kept), values, today=today())
    service.refuse_taken(kept, written)
    remark = _noted(written.get("remark", kept.remark), gone)
    history.write(kept, written | remark, actor, reason=REASON, batch_id=batch_id)
    if "member_no" in values:  # her old number is never another one's: who asks for it finds the shell
        history.write(gone, {"member_no": old_no}, actor, reason=f"并入{kept.trace_label}", batch_id=batch_id)
    moved = {one.word: hanging.move(one, gone, kept) for one in hanging.holdings if one.follow}
    account = account_of(kept, gone).why
    accounts = _hand_over(actor, kept, gone, batch_id)
    db.session.flush()  # what follows is read anew
    db.session.expire_all()  # the statements went past the session
    for one, other in ((kept, gone), (gone, kept)):
        audit.record(actor, "member.merge", one, batch_id=batch_id, details={"with": other.id, "kept": kept.id})
    return United(
        batch_id, line.id, {place: ids for place, ids in moved.items() if ids}, accounts, _marks(kept, gone),
        _posts(kept), warnings, account,
    )  # fmt: skip


def _noted(remark: str | None, gone: Member) -> dict[str, str]:
    note = f"{show_date(today())}并入重复档案（{gone.member_no or '无会员证号'}）"
    said = f"{remark.rstrip('；。')}；{note}" if remark else note
    return {"remark": said} if len(said) <= REMARK_LONGEST else ({"remark": remark} if remark else {})


def _marks(kept: Member, gone: Member) -> list[int]:
    return [service.mark_of(kept), service.mark_of(gone)]


def _posts(kept: Member) -> list[list[Any]]:
    return [[post.id, post.ends.isoformat() if post.ends else None] for post in kept.posts]


# --- taking it back ---------------------------------------------------------------------------------------------------


def part(actor: Actor, kept: Member, gone: Member, united: United, *, batch_id: str) -> None:
    """Let both say on every day what they said before they were merged, and have again what hung on each.

    The caller has locked both. Raises Conflict where somebody has touched either since.
    """
    if why := touched(kept, gone, united):
        raise Conflict(f"{why}，不能撤销合并；如需改正请逐项办理")
    for holding in hanging.holdings:
        hanging.move_back(holding, gone, kept, united.moved.get(holding.word, []))
    line = db.session.get_one(MembershipChange, united.line_id)
    db.session.delete(line)
    db.session.flush()  # what follows goes past the session
    both = [kept.id, gone.id]
    free = {"staff_no": None, "member_no": None, "id_index": None}  # a value that goes back is still the other's
    db.session.execute(update(_MEMBERS).where(_MEMBERS.c.id.in_(both)).values(free))
    names = [name for name in SHARED if name != "uuid"]
    dating.take_back(united.batch_id, both, names, actor, reason="撤销合并重复档案", undone_by=batch_id)
    db.session.expire_all()
    for member in (kept, gone):
        history.derive(member, ("name", "id_number", "mobile", "children"))
    before = united.accounts
    if (kept.user_id, gone.user_id) != (before["kept"], before["gone"]):
        hers, other = (db.session.get(User, before[name]) if before[name] else None for name in ("kept", "gone"))
        _give_accounts(kept, hers, gone, other)
    if before["shut"] and (user := db.session.get(User, before["shut"])) is not None:
        user.is_enabled = True
        audit.record(actor, "user.enable", user, reason="撤销合并重复档案", batch_id=batch_id)
    for member, other_member in ((kept, gone), (gone, kept)):
        audit.record(actor, "member.part", member, batch_id=batch_id, details={"with": other_member.id})


def touched(kept: Member, gone: Member, united: United) -> str:
    """Say who or what has touched either record since they were merged; "" where nothing has."""
    since = many.edited_since(dict(zip((kept.id, gone.id), united.marks, strict=True)), "的档案在合并后")
    for one in (kept, gone):
        if one.id in since:
            return f"{one.trace_label}{since[one.id]}"
        later = select(MembershipChange.id).where(
            MembershipChange.member_id == one.id, MembershipChange.id > united.line_id
        )
        if db.session.scalars(later.limit(1)).first() is not None:
            return f"{one.trace_label}合并后又有会籍变化"
        if (waiting := cases.open_cases([one.id]).get(one.id)) or hanging.open_on(one):
            return f"{one.trace_label}有未办结的{waiting[0].label if waiting else hanging.open_on(one)[0]}"
    if _posts(kept) != united.posts:
        return f"{kept.trace_label}的工会职务在合并后有变动"
    hers = {kept.user_id, gone.user_id}
    if hers != {united.accounts["kept"], united.accounts["gone"]}:
        return f"{kept.trace_label}的账号在合并后有变动"
    return ""
