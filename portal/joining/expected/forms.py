"""The shape of a list as it is brought, and of what is asked about it."""

from __future__ import annotations

from wtforms import BooleanField, FileField, HiddenField, IntegerField, SelectField, StringField
from wtforms.validators import Length
from wtforms.widgets import NumberInput, TextArea

from portal.core.forms import AddressForm, PortalForm
from portal.joining.links import DAYS, DAYS_MOST


class PeopleForm(PortalForm):
    """People pasted or uploaded; `seal` is that of the preview that was seen."""

    people = StringField(
        "粘贴名单",
        description="从表格或聊天记录复制：工号、姓名、部门、分工会（可没有），一行一人，最多 5000 行，其他列不使用",
        widget=TextArea(),
        render_kw={"rows": "10", "spellcheck": "false", "autocomplete": "off"},
    )
    file = FileField(
        "或上传文件",
        description="xlsx 或 csv，5MB 以内；上传后内容会显示在上面的框里，可以直接修改",
        render_kw={"accept": ".xlsx,.csv,.txt"},
    )
    skip_errors = BooleanField("有错误的行先不导入")
    seal = HiddenField()


class ListForm(PeopleForm):
    """A new list."""

    name = StringField(
        "名单名称",
        [Length(max=60, message="最多 60 个字，请缩短")],
        description="例如：2026年9月新入职",
        render_kw={"autocomplete": "off"},
    )
    unit = SelectField("所属单位", validate_choice=False)


class InviteForm(PortalForm):
    """How long the links open."""

    days = IntegerField(
        "链接有效天数", default=DAYS, widget=NumberInput(min=1, max=DAYS_MOST), render_kw={"inputmode": "numeric"}
    )


class ChooseForm(AddressForm):
    """The filters above the people, which stand in the address."""

    standing = SelectField("情况", validate_choice=False)
    unit = SelectField("分工会", validate_choice=False)
