"""The shape of what a member types to prove who she is."""

from __future__ import annotations

from wtforms import StringField
from wtforms.validators import InputRequired, Length

from portal.core.forms import PortalForm
from portal.org.forms import new_password, new_password_again


class ActivateForm(PortalForm):
    """Who she is, by three things, and the new password twice."""

    who = StringField(
        "工号或姓名",
        [InputRequired("请填写工号或姓名"), Length(max=50, message="工号或姓名过长，请核对")],
        render_kw={"autocomplete": "username"},
    )
    id_number = StringField(
        "证件号码",
        [InputRequired("请填写证件号码"), Length(max=40, message="证件号码过长，请核对")],
        description="与会员档案中登记的证件一致",
        render_kw={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"},
    )
    mobile = StringField(
        "登记的手机号码",
        [InputRequired("请填写登记的手机号码"), Length(max=30, message="手机号码过长，请核对")],
        description="会员档案中登记的号码；已换号的请到所在工会办理",
        render_kw={"autocomplete": "tel", "inputmode": "tel"},
    )
    new = new_password()
    again = new_password_again()
