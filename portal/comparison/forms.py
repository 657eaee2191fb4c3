"""The shape of what is brought to a comparison, and of what is said when something found is settled."""

from __future__ import annotations

from wtforms import FileField, HiddenField, SelectField, StringField

from portal.core.forms import AddressForm, PortalForm

from .taking import NOTE_LONGEST, Reason


class UploadForm(PortalForm):
    """A personnel office's list, and the unit whose members it is compared with."""

    file = FileField(
        "人事名单",
        description="人事部门的在职人员名单，xlsx、xls 或 csv，最多 10000 行；表头写在前 20 行内，各列顺序不限，"
        "有身份证号最准确",
        render_kw={"accept": ".xlsx,.xls,.et,.csv,.txt"},
    )
    unit = SelectField("与哪里的会员比对", validate_choice=False)


class CutForm(AddressForm):
    """What a list is cut to; it stands in the address."""

    show = SelectField("情况", validate_choice=False)
    unit = SelectField("分工会", validate_choice=False)


class TakeForm(PortalForm):
    """What is done to those that were chosen; `ids` are their numbers."""

    ids = HiddenField()
    note = StringField("备注", description=f"可以不填，最多 {NOTE_LONGEST} 个字", render_kw={"autocomplete": "off"})


class IgnoreForm(TakeForm):
    """Why they are ignored."""

    reason = SelectField("原因", choices={"": "请选择", **dict(Reason.choices())}, validate_choice=False)


class ExportForm(PortalForm):
    """What a list is taken out of the house for."""

    purpose = StringField(
        "用途",
        description="例如：与人事处核对。导出的名单不含证件号码",
        render_kw={"autocomplete": "off", "maxlength": "100"},
    )
