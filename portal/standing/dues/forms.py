"""The shape of what is brought and asked about dues."""

from __future__ import annotations

from flask_wtf.file import FileField
from wtforms import HiddenField, SelectField, StringField
from wtforms.widgets import MonthInput, TextArea

from portal.core.forms import AddressForm, PortalForm


class UploadForm(PortalForm):
    """A sheet, and which month it is about."""

    file = FileField(
        "会费表",
        description="xlsx、xls 或 csv，最多 10000 行；要有工号，最好有姓名，月份、金额可以没有",
        render_kw={"accept": ".xlsx,.xls,.et,.csv,.txt"},
    )
    month = StringField(
        "会费月份",
        widget=MonthInput(),
        description="表中没有“月份”一列时填写；有这一列的，以表中为准",
        render_kw={"placeholder": "例如 2026-09"},
    )
    unit = SelectField("工会", validate_choice=False)


class RecordForm(PortalForm):
    """What is about to be recorded; `seen` is the number on the button."""

    seen = HiddenField()


class CutForm(AddressForm):
    """What the list is cut to; it stands in the address."""

    union = SelectField("工会", validate_choice=False)
    unit = SelectField("分工会", validate_choice=False)
    months = SelectField(
        "会费",
        choices={"0": "全部", "1": "欠交", "3": "欠交 3 个月以上", "6": "欠交 6 个月以上"},
        validate_choice=False,
    )


class AmountsForm(PortalForm):
    """Why amounts are looked at."""

    reason = StringField(
        "查看原因",
        description="至少 4 个字，会员本人可以看到",
        widget=TextArea(),
        render_kw={"rows": "2", "maxlength": "200"},
    )
