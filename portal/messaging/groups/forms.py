"""The shape of what is typed about groups."""

from __future__ import annotations

from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from portal.core.forms import AddressForm, PortalForm

from .models import NAME_MOST


class GroupForm(PortalForm):
    """What a group is called, where it is kept, and who finds its people."""

    name = StringField(
        "分组名称", [InputRequired("请填写分组名称，例如“篮球爱好者”"),
                 Length(max=NAME_MOST, message=f"最多 {NAME_MOST} 个字，请缩短")],
        description="例如：篮球爱好者、2027 年新入职", render_kw={"autocomplete": "off"},
    )  # fmt: skip
    source = SelectField(
        "人员", description="口径在每次发送时按发送人的管理范围重新查询；固定名单以后一个一个增减"
    )  # fmt: skip
    unit = SelectField("所属单位", validate_choice=False)
    is_shared = BooleanField("下级单位也可以使用（只发给他们自己管的人）")


class SeekForm(AddressForm):
    """Whom one looks for; shorter than any number that must not stand in an address."""

    q = StringField("姓名或工号", render_kw={"maxlength": 10, "autocomplete": "off"})
