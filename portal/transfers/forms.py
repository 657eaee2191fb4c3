"""What the pages of transfers ask for: shape of input only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import Length
from wtforms.widgets import TextArea

from portal.core.fields import Field
from portal.core.forms import AddressForm, PortalForm, form_class
from portal.core.kinds import Kind
from portal.members.catalogue import Section
from portal.org.models import OrgUnit

from .models import DEPARTMENT_MOST, NOTE_MOST, Occasion, TurnDown


def _words(label: str, hint: str = "") -> StringField:
    """Return an input for what somebody has to say; whether it must be said the step knows."""
    longest = Length(max=NOTE_MOST, message=f"最多 {NOTE_MOST} 个字，请缩短")
    return StringField(label, [longest], description=hint, widget=TextArea(), render_kw={"rows": "3"})


def _chosen(kind: type[Occasion] | type[TurnDown]) -> Callable[[Any], Any]:
    return lambda value: next((one for one in kind if one == value), None)


class TargetForm(PortalForm):
    """Where to; in a city also a unit of another union, by its code or name."""

    to = SelectField("转入单位", coerce=int)
    elsewhere = StringField(
        "转到其他工会",
        [Length(max=120, message="最多 120 个字")],
        description="不在上面的列表中时，填写对方单位的代码或全称，并在上面选“其他工会”",
        render_kw={"autocomplete": "off"},
    )

    def offer(self, units: Iterable[OrgUnit], *, is_city: bool) -> TargetForm:
        """Offer `units`, and return self."""
        self.to.choices = [(0, "其他工会" if is_city else "请选择"), *((unit.id, unit.name) for unit in units)]
        if not is_city:
            del self.elsewhere
        return self


class AskForm(TargetForm):
    """What a member says who would like to move."""

    occasion = SelectField("转会原因", coerce=_chosen(Occasion), choices={"": "请选择", **dict(Occasion.choices())})
    note = _words("说明", "选填，例如调动通知的文号；办理转会的单位都会看到")


_Until = form_class(
    "_Until",
    [Field("until", "借调结束日期", Kind.DATE, Section.WORK, hint="只在校内借调时填写；不满 6 个月一般不转会")],
)
SendForm: type[AskForm] = type("SendForm", (AskForm, _Until), {})


class ResendForm(TargetForm):
    """Where to now, and what to say to what was wrong."""

    note = _words("说明", "会替换原来的说明")


class RerouteForm(TargetForm):
    """Who is to receive instead, and why."""

    comment = _words("理由", "写入办理记录，各单位都会看到")


_DEPARTMENT = Field(
    "department", "到新单位后的部门", Kind.TEXT, Section.WORK, max_length=DEPARTMENT_MOST, hint="选填，不填则部门不变"
)
ReceiveForm = form_class("ReceiveForm", [_DEPARTMENT])


class _ForceForm(PortalForm):
    """Why the union acts for the receiver."""

    comment = _words("理由", "写入办理记录，转入单位会收到通知")


ForceForm: type[PortalForm] = type("ForceForm", (_ForceForm, ReceiveForm), {})


class TurnDownForm(PortalForm):
    """Why the receiver does not take her."""

    reason = SelectField("原因", coerce=_chosen(TurnDown), choices={"": "请选择", **dict(TurnDown.choices())})
    comment = _words("说明", "选“其他”时必填；转出单位和校工会会看到")


class ManyForm(PortalForm):
    """A word on what is done to many at once; `ids` are their numbers."""

    ids = HiddenField()
    comment = _words("意见", "选填，写入每一份的办理记录")


class FilterForm(AddressForm):
    """The filters above the list, which stand in the address."""

    state = SelectField("状态", validate_choice=False)
    way = SelectField("方向", validate_choice=False, choices={"": "转出和转入", "out": "转出", "in": "转入"})
    unit = SelectField("单位", validate_choice=False)
    q = StringField("姓名", render_kw={"autocomplete": "off"})
