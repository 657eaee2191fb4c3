"""What the pages of merges ask for: shape of input only."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import TextArea

from portal.core.forms import PortalForm

from .models import REASON_LEAST, REASON_MOST

TAKE = "take-"  # begins the name of the choice of a field


class OtherForm(PortalForm):
    """Which record is the other one."""

    q = StringField(
        "另一份档案",
        [Length(max=60, message="最多 60 个字，请缩短")],
        description="姓名、工号、会员证号，或证件号码、手机号码的后四位",
        render_kw={"autocomplete": "off"},
    )


class MergeForm(PortalForm):
    """Why it is one person, and that it was checked."""

    seen_kept = HiddenField()
    seen_gone = HiddenField()
    reason = StringField(
        "怎样确认是同一个人",
        [Length(max=REASON_MOST, message=f"最多 {REASON_MOST} 个字，请缩短")],
        description=f"{REASON_LEAST} 至 {REASON_MOST} 个字，例如：核对了本人身份证和旧护照",
        widget=TextArea(),
        render_kw={"rows": "2"},
    )
    is_sure = BooleanField(
        "已核对两份档案，确认是同一个人", [InputRequired(message="请先核对，再勾选“确认是同一个人”")]
    )
