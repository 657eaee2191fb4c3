"""The shape of what is typed about posts."""

from __future__ import annotations

from typing import Any, cast

from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import TextArea

from portal.core.enums import LabelEnum
from portal.core.fields import Field
from portal.core.forms import AddressForm, form_class
from portal.core.kinds import Kind
from portal.members.enums import PostKind

from .service import Standing

TYPED = {"autocomplete": "off", "spellcheck": "false"}
KINDS = {"": "请选择", **dict(PostKind.choices())}


class Part(LabelEnum):
    """The heading of the days."""

    TERM = "term", "任期"


class FilterForm(AddressForm):
    """The filters above the list, which stand in the address."""

    unit = StringField("单位", description="代码或名称，含下级", render_kw=TYPED)
    kind = SelectField("职务", choices={"": "全部", **dict(PostKind.choices())}, validate_choice=False)
    term = SelectField("届次", validate_choice=False)
    standing = SelectField("情况", choices={"": "全部", **dict(Standing.choices())}, validate_choice=False)


_Days = form_class(
    "_Days",
    [
        Field("starts", "任职起始日期", Kind.DATE, Part.TERM),
        Field("ends", "任职截止日期", Kind.DATE, Part.TERM, hint="含当天；不知道时留空，以后可以结束"),
    ],
    required=("starts",),
)  # fmt: skip


class _Post:
    """Who, what, where."""

    member = StringField(
        "会员", [InputRequired("请填写会员")], description="姓名、工号或会员证号；重名时填工号", render_kw=TYPED
    )
    kind = SelectField("职务", [InputRequired("请选择职务")], choices=KINDS, validate_choice=False)
    title = StringField(
        "职务名称",
        [Length(max=60, message="最多 60 个字，请缩短")],
        description="选填，例如：组织委员、第2小组组长",
        render_kw=TYPED,
    )
    unit = StringField(
        "单位",
        [Length(max=120, message="最多 120 个字，请缩短")],
        description="单位代码或全称；留空为您所在的工会",
        render_kw=TYPED,
    )
    term = StringField(
        "届次",
        [Length(max=20, message="最多 20 个字，请缩短")],
        description="选填，例如：第八届",
        render_kw=TYPED,
    )
    with_office = BooleanField("同时授予账号职责（校工会主席、分工会主席）", default=True)


class _Term:
    """The lines of a whole term."""

    term = StringField(
        "届次", [InputRequired("请填写届次"), Length(max=20, message="最多 20 个字，请缩短")],
        description="例如：第九届", render_kw=TYPED,
    )  # fmt: skip
    lines = StringField(
        "名单",
        [InputRequired("请粘贴名单，一行一人：姓名或工号、职务、单位")],
        description="一行一人：姓名或工号、职务、单位（代码或全称，留空为您所在的工会）；可从表格直接粘贴，最多 500 行",
        widget=TextArea(),
        render_kw={"rows": "10", **TYPED},
    )
    ends_others = BooleanField("同时结束本届原任（同单位同职务的原任，任期到起始日期前一天为止）", default=True)
    hands_over = BooleanField("同时办理交接（原任的账号职责、待办和名下事项移交给同单位同职务的接任人）", default=True)


PostForm = cast("type[Any]", type("PostForm", (_Post, _Days), {}))
TermForm = cast("type[Any]", type("TermForm", (_Term, _Days), {}))
EndForm = form_class(
    "EndForm",
    [Field("on", "最后一天", Kind.DATE, Part.TERM, hint="含当天；填今天或更早的，随职务授予的账号职责立即结束")],
    required=("on",),
)
