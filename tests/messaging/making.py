"""Groups, wordings and bulletins for tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from portal.core import crypto, uploads
from portal.core.actors import SHELL
from portal.core.calendar import now
from portal.core.db import db, new_uuid
from portal.members import history
from portal.members.models import Member
from portal.messaging.birthdays.models import BirthdayPlan, Greeting
from portal.messaging.bulletins.models import Bulletin, BulletinFile, BulletinReader, BulletinState
from portal.messaging.choices import MessageChoice
from portal.messaging.composing.models import Outcome, Sms, SmsPerson, SmsState
from portal.messaging.groups.models import Group, GroupPerson
from portal.messaging.wordings.models import Wording, WordingState
from portal.org.models import OrgUnit, User
from portal.org.permissions import Role
from tests import factories


def an_owner(unit: OrgUnit) -> User:
    """Somebody who may send there."""
    return factories.make_user(Role.BRANCH_OPERATOR if unit.parent else Role.UNION_OPERATOR, unit, name="孙发信")


def make_group(unit: OrgUnit, *members: Member, owner: User | None = None, **columns: object) -> Group:
    """Add a group of the unit that names these members."""
    owner = owner or an_owner(unit)
    group = Group(unit=unit, name="球友", owner_id=owner.id, **columns)
    db.session.add(group)
    db.session.flush()  # its people name it
    db.session.add_all(GroupPerson(group=group, member=one, added_by=owner.id) for one in members)
    db.session.flush()  # tests name them by number
    return group


def make_wording(unit: OrgUnit, state: WordingState = WordingState.DRAFT) -> Wording:
    """Add a wording of the unit."""
    text = "【姓名】老师：请于【时间】领取。"
    item = Wording(unit=unit, owner_id=an_owner(unit).id, name="领取", text=text, typed="时间", state=state)
    db.session.add(item)
    db.session.flush()  # tests name it by number
    return item


def make_bulletin(
    unit: OrgUnit, state: BulletinState = BulletinState.DRAFT, readers: Iterable[Member] = ()
) -> Bulletin:
    """Add a bulletin to everyone of the unit, for whose only member it is unless `readers` are given."""
    readers = list(readers)
    if not readers and state is BulletinState.DRAFT:
        factories.make_member(unit)
    at = None if state is BulletinState.DRAFT else now()
    item = Bulletin(
        unit=unit, owner_id=an_owner(unit).id, title="运动会报名", body="十月举行。", groups=["b:everyone"],
        audience="全体会员", state=state, published_at=at,
    )  # fmt: skip
    db.session.add(item)
    db.session.flush()  # readers and files name it
    db.session.add_all(BulletinReader(bulletin=item, member=one) for one in readers)
    db.session.flush()  # tests name them by number
    return item


def make_plan(unit: OrgUnit, state: SmsState = SmsState.DRAFT, *, owner: User | None = None) -> Sms:
    """Add a message to everyone of the unit."""
    owner = owner or an_owner(unit)
    item = Sms(
        uuid=new_uuid(), unit=unit, owner_id=owner.id, title="生日祝福", groups=["b:everyone"], audience="全体会员",
        base_url="https://gh.example", state=state, asks_receipt=True,
    )  # fmt: skip
    item.said = {"text": "【姓名】老师：生日快乐", "typed": {}}
    if state is not SmsState.SENT:
        factories.make_member(unit)
    db.session.add(item)
    db.session.flush()  # tests name it by number
    return item


def attach(item: Bulletin) -> BulletinFile:
    """Give the bulletin an attachment."""
    upload = uploads.keep(SHELL, b"%PDF-1.7", kind="bulletin")
    row = BulletinFile(bulletin=item, upload_id=upload.id, name="报名表.pdf", size=8)
    db.session.add(row)
    db.session.flush()  # tests name it by number
    return row


@dataclass(frozen=True)
class Told:
    """What of this room lies at a place."""

    group: Group
    wording: Wording
    draft: Bulletin
    bulletin: Bulletin
    file: BulletinFile
    plan: Sms
    sent: Sms
    token: str

    @property
    def ids(self) -> dict[str, Any]:
        """The numbers that addresses take."""
        return {
            "group": self.group.id,
            "group_person": self.group.people[0].id,
            "wording": self.wording.id,
            "draft_bulletin": self.draft.id,
            "bulletin": self.bulletin.id,
            "bulletin_file": self.file.id,
            "short_message": self.plan.id,
            "sent_short_message": self.sent.id,
            "acknowledgement": self.token,
        }


NUMBERS = (
    "short_message",
    "sent_short_message",
    "group",
    "group_person",
    "wording",
    "draft_bulletin",
    "bulletin",
    "bulletin_file",
)


def fill(unit: OrgUnit, member: Member, owner: User) -> Told:
    """Put one of everything at the unit, about the member."""
    db.session.add(MessageChoice(member=member, is_inside=True))
    published = make_bulletin(unit, BulletinState.PUBLISHED, [member])
    numberless = factories.make_member(unit)
    history.write(numberless, {"mobile": None}, SHELL, reason="测试")
    sent = make_plan(unit, SmsState.SENT, owner=owner)
    person = SmsPerson(plan=sent, member=member, outcome=Outcome.DUE, token=crypto.random_token())
    db.session.add_all(
        [person, BirthdayPlan(unit=unit, is_on=False), Greeting(member=member, year=2026, has_number=True)]
    )
    db.session.flush()  # the walk names it by its token
    return Told(
        make_group(unit, member, owner=owner), make_wording(unit), make_bulletin(unit, readers=[member]), published,
        attach(published), make_plan(unit, owner=owner), sent, str(person.token),
    )  # fmt: skip


def own_of(user: User) -> dict[str, int]:
    """Return the numbers of what was published for a person."""
    query = db.select(BulletinReader).join(BulletinReader.member).where(Member.user_id == user.id)
    row = db.session.scalars(query.limit(1)).one()
    return {"bulletin": row.bulletin_id, "bulletin_file": row.bulletin.files[0].id}


def publish_for(member: Member) -> None:
    """Publish something for a person."""
    attach(make_bulletin(member.unit, BulletinState.PUBLISHED, [member]))
