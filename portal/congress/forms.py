"""The shape of what is typed about a congress."""

from __future__ import annotations

from typing import Any, cast

from flask_wtf.file import FileField
from wtforms import HiddenField, SelectField, StringField
from wtforms.widgets import TextArea

from portal.core.enums import LabelEnum
from portal.core.fields import Field
from portal.core.forms import AddressForm, PortalForm, form_class
from portal.core.kinds import Kind

from .models import PLACE_MOST, WHY_MOST, DelegateKind, DelegationPost, Vacated
from .offices.models import CommitteePost, HandlerPost
from .seats import Cut
from .service import GRACE_MOST

TYPED = {"autocomplete": "off", "spellcheck": "false"}


class Part(LabelEnum):
    """The heading of the fields."""

    CONGRESS = "congress", "教代会"


_C = Part.CONGRESS

_Congress = form_class(
    "_Congress",
    [
        Field("number", "第几届", Kind.INTEGER, _C, low=1, high=99),
        Field("starts", "任期开始", Kind.DATE, _C),
        Field("ends", "任期截止", Kind.DATE, _C, hint="含当天；一般三年或五年"),
    ],
    required=("number", "starts", "ends"),
)


class CongressForm(_Congress):  # type: ignore[misc,valid-type]  # a class that is made of fields
    """A congress that begins."""

    unit = SelectField("工会", validate_choice=False)


SessionForm = form_class(
    "SessionForm",
    [
        Field("held_on", "开会日期", Kind.DATE, _C, hint="还没有定的可以不填"),
        Field("place", "地点", Kind.TEXT, _C, max_length=PLACE_MOST),
        Field("collects_from", "提案征集开始", Kind.DATE, _C),
        Field("collects_until", "提案征集截止", Kind.DATE, _C, hint="含当天"),
        Field("grace_days", "截止后的宽限（天）", Kind.INTEGER, _C, low=0, high=GRACE_MOST,
              hint="征集期内已开始填写的，宽限期内仍可提交"),
    ],
)  # fmt: skip


class DelegationsForm(PortalForm):
    """The names of the delegations, one in each line."""

    names = StringField(
        "代表团", description="一行一个，按顺序；导入代表名单时名单里的代表团会自动建立", widget=TextArea(),
        render_kw={"rows": "12", **TYPED},
    )  # fmt: skip


class CutForm(AddressForm):
    """What the list of seats is cut to; it stands in the address."""

    cut = SelectField("情况", choices=dict(Cut.choices()), validate_choice=False)
    kind = SelectField("代表类别", choices={"": "全部", **dict(DelegateKind.choices())}, validate_choice=False)
    delegation = SelectField("代表团", validate_choice=False)


class SeatForm(PortalForm):
    """Where a delegate sits."""

    delegation = SelectField("代表团", validate_choice=False)
    post = SelectField("团内职务", choices=dict(DelegationPost.choices()), validate_choice=False)
    replaces = SelectField("补谁的缺", validate_choice=False)


_Leave = form_class(
    "_Leave",
    [
        Field("on", "最后一天", Kind.DATE, _C, hint="含当天，不晚于今天"),
        Field("note", "说明", Kind.TEXT, _C, max_length=WHY_MOST),
    ],
    required=("on",),
)


class LeaveForm(_Leave):  # type: ignore[misc,valid-type]  # a class that is made of fields
    """Why and when a seat is left."""

    why = SelectField("原因", choices={"": "请选择", **dict(Vacated.choices())}, validate_choice=False)


class UploadForm(PortalForm):
    """A list of delegates."""

    file = FileField(
        "代表名单",
        description="xlsx、xls 或 csv；要有姓名、代表团，最好有工号；代表类别不填为正式代表；不是会员的还要有性别",
        render_kw={"accept": ".xlsx,.xls,.et,.csv,.txt"},
    )


class RecordForm(PortalForm):
    """What is about to be written; `seen` is the number on the button."""

    seen = HiddenField()


class _Named(PortalForm):
    """Who is given an office."""

    person = StringField("姓名或工号", description="会员，或已在代表名单里的人；重名时填工号", render_kw=TYPED)


class CommitteeForm(_Named):
    """Somebody for the committee."""

    post = SelectField("职务", choices=dict(reversed(CommitteePost.choices())), validate_choice=False)


class HandlerForm(_Named):
    """Somebody for a department."""

    post = SelectField("职责", choices=dict(HandlerPost.choices()), validate_choice=False)


class DepartmentForm(PortalForm):
    """A department."""

    name = StringField("部门名称", render_kw=TYPED)


def offered(form: Any, **choices: dict[str, str]) -> Any:
    """Return the form with what its select boxes offer."""
    for name, pairs in choices.items():
        cast(SelectField, form[name]).choices = pairs
    return form
