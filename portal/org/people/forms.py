"""The shape of what is typed about accounts, offices and delegations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, cast

from wtforms import BooleanField, HiddenField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from portal.core.enums import LabelEnum
from portal.core.fields import Field
from portal.core.forms import AddressForm, PortalForm, form_class
from portal.core.kinds import Kind
from portal.org.models import OrgUnit
from portal.org.permissions import DELEGABLE, Role

from .listing import Sort, State

NOTHING = {"autocomplete": "off", "spellcheck": "false"}


class Part(LabelEnum):
    """The heading of the days."""

    TERM = "term", "任期"


_Term = form_class(
    "_Term",
    [
        Field("starts", "起始日期", Kind.DATE, Part.TERM, hint="从这一天起有效"),
        Field("ends", "截止日期", Kind.DATE, Part.TERM, hint="含当天；不知道时留空，以后可以结束"),
    ],
    required=("starts",),
)  # fmt: skip


class _Office:
    """A role at a unit, which is typed: there may be 15,000 of them; several that fit are offered as `choice`."""

    role = SelectField("角色", [InputRequired("请选择角色")], description="能做什么由角色决定")
    unit = StringField(
        "单位",
        [Length(max=120, message="最多 120 个字，请缩短")],
        description="填写单位代码，或名称的一部分；该角色只有一个单位可设时可以留空",
        render_kw=NOTHING,
    )
    choice = RadioField("请选择单位", validate_choice=False)
    asked = HiddenField()


class _Person:
    """Who gets a new account."""

    username = StringField(
        "用户名",
        [InputRequired("请填写用户名"), Length(max=60, message="用户名过长，请缩短")],
        description="登录时使用，例如工号、手机号、姓名拼音；不能是证件号码",
        render_kw=NOTHING | {"autocapitalize": "none"},
    )
    name = StringField(
        "姓名", [InputRequired("请填写姓名"), Length(max=60, message="姓名过长，请缩短")], render_kw=NOTHING
    )


class OfficeForm(PortalForm, _Office):
    """What `_Office` asks, with the methods that fill and read it; the days come with the classes below."""

    role: Any
    unit: Any
    choice: Any
    asked: Any

    def offer(self, roles: Iterable[Role], unit: OrgUnit | None = None) -> OfficeForm:
        """Offer `roles`, name `unit` where nothing is typed yet, and return self."""
        choices = [(role.value, role.label) for role in roles]
        self.role.choices = choices if len(choices) == 1 else [("", "请选择"), *choices]
        if unit is not None and not self.unit.data:
            self.unit.data = unit.code
        self.choice.choices = []
        return self

    def wanted(self) -> str:
        """Return the unit that is meant: the one chosen of several, unless another text was typed since."""
        if self.choice.data and self.unit.data == self.asked.data:
            return str(self.choice.data)
        return self.text("unit").strip()

    def ask(self, units: Iterable[OrgUnit]) -> None:
        """Offer several units that the text may mean."""
        self.choice.choices = [(unit.code, f"{unit.name}（{unit.code}）") for unit in units]
        self.asked.data = self.unit.data

    @property
    def office(self) -> Role:
        """The role that is meant, one of those offered."""
        return Role(str(self.role.data))  # type: ignore[call-arg]  # by its value alone

    @property
    def term(self) -> tuple[date, date | None]:
        """The first and the last day."""
        values = self.values()
        return cast(date, values["starts"]), cast("date | None", values["ends"])


AccountForm = cast("type[OfficeForm]", type("AccountForm", (OfficeForm, _Person, _Term), {}))
GrantForm = cast("type[OfficeForm]", type("GrantForm", (OfficeForm, _Term), {}))


EndForm = form_class("EndForm", [Field("on", "最后一天", Kind.DATE, Part.TERM, hint="含当天")])


class AtOnce(PortalForm):
    """Whether an office ends before the day is over."""

    at_once = BooleanField("立即结束")


class FilterForm(AddressForm):
    """The filters above the list, which stand in the address."""

    q = StringField("查找", description="姓名、用户名、单位名称或代码", render_kw={"autocomplete": "off"})
    role = SelectField("角色", validate_choice=False)
    unit = StringField("单位代码", description="含下级", render_kw=NOTHING)
    state = SelectField("状态", choices={"": "全部", **dict(State.choices())}, validate_choice=False)
    sort = SelectField("排序", choices=dict(Sort.choices()), validate_choice=False)


class _Lent:
    """To whom, and what."""

    unit = SelectField("单位", coerce=int, validate_choice=False)
    username = StringField(
        "受托人的用户名",
        [InputRequired("请填写受托人的用户名"), Length(max=60, message="用户名过长，请缩短")],
        description="在您的工会有职责的人，例如副主席、分工会主席、操作员",
        render_kw=NOTHING | {"autocapitalize": "none"},
    )
    decisions = SelectMultipleField(
        "委托的事项",
        [InputRequired("请勾选要委托的事项")],
        choices={permission.value: decision.label for permission, decision in DELEGABLE.items()},
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validate_choice=False,
    )
    reason = StringField(
        "事由",
        [Length(max=200, message="最多 200 个字，请缩短")],
        description="选填，写入日志，例如：出差",
        render_kw={"autocomplete": "off"},
    )


_Days = form_class(
    "_Days",
    [
        Field("starts", "起始日期", Kind.DATE, Part.TERM, hint="从这一天起由受托人办理，您本人照常可以办理"),
        Field("ends", "截止日期", Kind.DATE, Part.TERM, hint="含当天，到期自动结束；最长一年"),
    ],
    required=("starts", "ends"),
)  # fmt: skip
LendForm: type[PortalForm] = type("LendForm", (_Lent, _Days), {})
