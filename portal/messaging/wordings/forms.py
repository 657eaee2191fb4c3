"""The shape of what is typed about wordings."""

from __future__ import annotations

from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from portal.core.forms import AddressForm, PortalForm

from .models import NAME_MOST, NUMBER_MOST, TEXT_MOST, WordingState


class WordingForm(PortalForm):
    """What a wording says, and which of its blanks are filled in when it is sent."""

    name = StringField(
        "模板名称", [InputRequired("请填写模板名称，例如“领慰问品”"),
                 Length(max=NAME_MOST, message=f"最多 {NAME_MOST} 个字，请缩短")], render_kw={"autocomplete": "off"},
    )  # fmt: skip
    words = TextAreaField(
        "短信内容", [InputRequired("请填写短信内容"), Length(max=TEXT_MOST, message=f"最多 {TEXT_MOST} 个字，请缩短")],
        description="填空写在【】里，例如【姓名】老师；不用写签名，签名会自动加在前面", render_kw={"rows": 5},
    )  # fmt: skip
    typed = StringField(
        "发送时填写的空", [Length(max=200, message="最多 200 个字，请缩短")],
        description="不在会员资料里、每次发送时填一遍的，例如：时间、地点", render_kw={"autocomplete": "off"},
    )  # fmt: skip
    template_no = StringField(
        "短信平台的模板编号", [Length(max=NUMBER_MOST, message=f"最多 {NUMBER_MOST} 个字，请缩短")],
        description="短信平台要求备案的才填", render_kw={"autocomplete": "off"},
    )  # fmt: skip
    unit = SelectField("所属单位", validate_choice=False)


class CutForm(AddressForm):
    """What the list is cut to; it stands in the address."""

    state = SelectField("情况", validate_choice=False, choices=dict([("", "全部"), *WordingState.choices()]))
