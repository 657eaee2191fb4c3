"""The shape of what is typed about bulletins."""

from __future__ import annotations

from wtforms import MultipleFileField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from portal.core.forms import PortalForm

from .models import BODY_MOST, TITLE_MOST


class BulletinForm(PortalForm):
    """What a bulletin says, for whom it is, and what comes with it."""

    title = StringField(
        "标题", [InputRequired("请填写标题"), Length(max=TITLE_MOST, message=f"最多 {TITLE_MOST} 个字，请缩短")],
        render_kw={"autocomplete": "off"},
    )  # fmt: skip
    body = TextAreaField(
        "正文", [InputRequired("请填写正文"), Length(max=BODY_MOST, message=f"最多 {BODY_MOST} 个字，请缩短")],
        render_kw={"rows": 10},
    )  # fmt: skip
    groups = SelectMultipleField(
        "发给谁", validate_choice=False, option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False),
        description="发布时按您的管理范围查出分组里的人",
    )  # fmt: skip
    unit = SelectField("发布单位", validate_choice=False)
    files = MultipleFileField("附件", description="pdf、word、excel、ppt 或图片，最多 5 个，每个不超过 10MB")
    dropped = SelectMultipleField(
        "去掉已有的附件", coerce=int, validate_choice=False, option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )  # fmt: skip
