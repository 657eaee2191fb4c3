"""The tree of units, the people who sign in, their grants and their sessions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ColumnElement, ForeignKey, Index, String, and_
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from portal.core.calendar import local, now, today
from portal.core.db import Base, UtcTime, label_enum
from portal.core.enums import LabelEnum

from .permissions import DELEGABLE, ROLE_PERMISSIONS, Permission, Role

# On PostgreSQL a path must be compared byte by byte, or a range of paths is not a subtree.
PATH = String(200).with_variant(String(200, collation="C"), "postgresql")


SIGNATURE_MOST = 16  # characters of a signature of messages


class UnitKind(LabelEnum):
    """What a unit is, in both profiles."""

    CITY = "city", "市总工会"
    COUNTY = "county", "县（区）总工会"
    SYSTEM = "system", "系统工会"
    INDUSTRY = "industry", "产业工会"
    TOWN = "town", "乡镇（街道）工会"
    UNION = "union", "基层工会"
    BRANCH = "branch", "分工会"
    GROUP = "group", "工会小组"


# the kinds above the unions of a city
LEVELS = frozenset({UnitKind.CITY, UnitKind.COUNTY, UnitKind.SYSTEM, UnitKind.INDUSTRY, UnitKind.TOWN})


class JoinForm(LabelEnum):
    """What the public joining form of a unit asks."""

    FULL = "full", "完整登记"
    QUICK = "quick", "快速申请"


class OrgUnit(Base):
    """One unit of the tree. `path` ends in the unit's own id and a slash; None in an inherited setting means 同上级.

    `sms_signature` is without its 【】, "" for that of the unit above.
    """

    __tablename__ = "org_units"

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("org_units.id"), index=True)
    path: Mapped[str] = mapped_column(PATH, unique=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[UnitKind] = mapped_column(label_enum(UnitKind))
    approves_members: Mapped[bool] = mapped_column(default=False)
    accepts_members: Mapped[bool] = mapped_column(default=False)
    needs_opinion: Mapped[bool | None]
    join_form: Mapped[JoinForm | None] = mapped_column(label_enum(JoinForm))
    contact_phone: Mapped[str] = mapped_column(String(40), default="")
    sms_signature: Mapped[str] = mapped_column(String(SIGNATURE_MOST), default="")
    is_enabled: Mapped[bool] = mapped_column(default=True)

    parent: Mapped[OrgUnit | None] = relationship(remote_side=[id], back_populates="children")
    children: Mapped[list[OrgUnit]] = relationship(back_populates="parent", order_by="OrgUnit.code")

    @property
    def unit_id(self) -> int:
        """A unit is seen from itself."""
        return self.id

    def covers(self, other: OrgUnit) -> bool:
        """Whether `other` is this unit or below it."""
        return other.path.startswith(self.path)

    @property
    def path_end(self) -> str:
        """The first path after the subtree: `path <= p < path_end` is the subtree."""
        return self.path[:-1] + "0"  # "0" follows "/"

    @property
    def subtree(self) -> ColumnElement[bool]:
        """The condition that a unit is this one or below it, as `covers` asks it of one."""
        return and_(OrgUnit.path >= self.path, OrgUnit.path < self.path_end)


class User(Base):
    """Someone who signs in. A member's record points here, not the other way round."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    must_change_password: Mapped[bool] = mapped_column(default=False)
    is_enabled: Mapped[bool] = mapped_column(default=True)
    failed_logins: Mapped[int] = mapped_column(default=0)  # since `failing_since`, from everywhere
    failing_since: Mapped[datetime | None] = mapped_column(UtcTime)
    locked_until: Mapped[datetime | None] = mapped_column(UtcTime)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)

    grants: Mapped[list[Grant]] = relationship(
        back_populates="user", foreign_keys="Grant.user_id", lazy="selectin", order_by="Grant.id"
    )

    # Flask-Login's four questions. Its id is the token of the session, so that signing out really ends it.
    session_token = ""
    is_authenticated = True
    is_anonymous = False

    @property
    def is_active(self) -> bool:
        """Whether the account may be used."""
        return self.is_enabled

    def get_id(self) -> str:
        """Return what the cookie carries: the token of this session."""
        return self.session_token

    @property
    def label(self) -> str:
        """The name that the trace shows."""
        return self.name

    @property
    def trace_label(self) -> str:
        """The account as the trace names it."""
        return f"{self.name}（{self.username}）"

    @property
    def live_grants(self) -> list[Grant]:
        """The grants that hold today."""
        day = today()
        return [grant for grant in self.grants if grant.holds_on(day)]

    def has_kept_grants_of(self, at: datetime) -> bool:
        """Whether every grant that held at that moment holds still: who was given less since reads less, too."""
        day = local(at).date()
        return all(
            grant.holds_on(today())
            for grant in self.grants
            if grant.starts <= day <= (grant.ends or day) and (grant.revoked_at is None or grant.revoked_at > at)
        )

    def giving(self, permission: str) -> list[Grant]:
        """Return the live grants that give `permission`, lent ones too; none for a disabled account.

        Every question of who may what ends here.
        """
        return [grant for grant in self.live_grants if grant.gives(permission)] if self.is_enabled else []

    def may(self, permission: str, unit: object) -> bool:
        """Whether a live grant covers `permission` at `unit`."""
        return isinstance(unit, OrgUnit) and any(grant.unit.covers(unit) for grant in self.giving(permission))

    def holds(self, permission: str) -> bool:
        """Whether a live grant gives `permission` anywhere; `SIGNED_IN` needs no grant."""
        return self.is_enabled if permission == Permission.SIGNED_IN else bool(self.giving(permission))

    def lends(self, permission: str, unit: OrgUnit) -> bool:
        """Whether she has `permission` at `unit` herself today, by a right that is her own, and may lend it."""
        return any(
            grant.lender_id is None and grant.gives(Permission.DELEGATE) and grant.unit.covers(unit)
            for grant in self.giving(permission)
        )

    def label_for(self, permission: str, unit: object = None) -> str:
        """Return the name for the trace of an act by `permission` (at `unit`); 「某某代某某」 where it is lent."""
        grants = [
            grant
            for grant in self.giving(permission)
            if unit is None or (isinstance(unit, OrgUnit) and grant.unit.covers(unit))
        ]
        lenders = [grant.lender for grant in grants if grant.lender is not None]
        return f"{self.name}代{lenders[0].name}" if lenders and len(lenders) == len(grants) else self.name


class Grant(Base):
    """A role at a unit for a user from a day up to and including a day (`ends` None: open).

    A lent one has a `lender`, the chair whose `decisions` the user takes in those days, and nothing else of the role.
    """

    __tablename__ = "grants"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[Role] = mapped_column(label_enum(Role))
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_units.id"), index=True)
    starts: Mapped[date]
    ends: Mapped[date | None]
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)  # ended at once, whatever day it was given to
    lender_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    decisions: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))

    user: Mapped[User] = relationship(back_populates="grants", foreign_keys=[user_id])
    lender: Mapped[User | None] = relationship(foreign_keys=[lender_id])
    unit: Mapped[OrgUnit] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (CheckConstraint("ends IS NULL OR ends >= starts", name="ends_after_start"),)

    def holds_on(self, day: date) -> bool:
        """Whether the grant is in force on `day`."""
        return self.starts <= day and not self.is_over(day)

    def is_over(self, day: date) -> bool:
        """Whether the grant has ended before `day`, or on it by being revoked."""
        revoked = self.revoked_at is not None and local(self.revoked_at).date() <= day
        return revoked or (self.ends is not None and self.ends < day)

    def gives(self, permission: str) -> bool:
        """Whether the grant, while it holds, gives `permission`; a lent one as long as its lender has it herself."""
        if self.lender is None:
            return permission in ROLE_PERMISSIONS[self.role]
        taken = (DELEGABLE[Permission(one)].permissions for one in self.decisions or ())
        return any(permission in one for one in taken) and self.lender.lends(permission, self.unit)

    @property
    def title(self) -> str:
        """What its holder is, in words: her role, or whom she stands in for."""
        return f"{self.role.label}（代{self.lender.name}）" if self.lender else self.role.label

    @property
    def trace_label(self) -> str:
        """The grant as the trace names it."""
        return f"{self.title}·{self.unit.name}"


class LoginSession(Base):
    """A signed-in device: the cookie carries a random token, this row its keyed hash."""

    __tablename__ = "login_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcTime)
    address: Mapped[str] = mapped_column(String(45))
    device: Mapped[str] = mapped_column(String(200))

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (Index("ix_login_sessions_user", "user_id"),)


class LoginFailure(Base):
    """Wrong passwords for an account from one network (`core.networks`), in a row; it may have to wait."""

    __tablename__ = "login_failures"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    network: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime] = mapped_column(UtcTime)
    waits_until: Mapped[datetime | None] = mapped_column(UtcTime)


class InUnit:
    """A row that belongs to a unit and is seen from it and from above."""

    @declared_attr
    def unit_id(cls) -> Mapped[int]:
        """The unit the row belongs to."""
        return mapped_column(ForeignKey("org_units.id"), index=True)

    @declared_attr
    def unit(cls) -> Mapped[OrgUnit]:
        """The unit itself."""
        return relationship(OrgUnit, foreign_keys=[cls.unit_id], lazy="joined", innerjoin=True)  # type: ignore[list-item]  # a mapped column by then

    @classmethod
    def places(cls) -> tuple[Any, ...]:
        """Return the numbers of the units that the row is seen from: its own, and where it goes if it is on its way."""
        return (cls.unit_id,)
