"""The shape of what is typed about a handing-over."""

from __future__ import annotations

from typing import Any, cast

from wtforms import StringField
from wtforms.validators import InputRequired, Length

from portal.core.enums import LabelEnum
from portal.core.fields import Field
from portal.core.forms import AddressForm, form_class
from portal.core.kinds import Kind

TYPED = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


class Part(LabelEnum):
    """The heading of the day."""

    DAY = "day", "交接日"


class LeaverForm(AddressForm):
    """Whose work is handed over; stands in the address."""

    from_username = StringField(
        "移交人的用户名",
        [Length(max=60, message="用户名过长，请缩短")],
        description="在“账号与权限”里可以查到",
        render_kw=TYPED,
    )


class _Successor:
    """Who takes over."""

    to_username = StringField(
        "接任人的用户名",
        [InputRequired("请填写接任人的用户名"), Length(max=60, message="用户名过长，请缩短")],
        description="已有账号的人；是会员的，用户名是工号或会员证号",
        render_kw=TYPED,
    )
    to_name = StringField(
        "接任人的姓名",
        [Length(max=50, message="姓名过长，请缩短")],
        description="接任人还没有账号时填写，系统为其开通并显示一次性密码",
        render_kw={"autocomplete": "off"},
    )
    reason = StringField(
        "事由",
        [Length(max=200, message="最多 200 个字，请缩短")],
        description="选填，例如：换届、岗位调整",
        render_kw={"autocomplete": "off"},
    )


_Day = form_class(
    "_Day",
    [Field("day", "交接日", Kind.DATE, Part.DAY, hint="从这一天起由接任人办理；选今天立即完成")],
    required=("day",),
)
ArrangeForm = cast("type[Any]", type("ArrangeForm", (_Successor, _Day), {}))
