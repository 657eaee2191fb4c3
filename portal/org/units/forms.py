"""The shape of what is typed about units, their names, their place, and the departments of HR."""

from __future__ import annotations

from collections.abc import Iterable

from wtforms import DateField, FileField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import TelInput, TextArea

from portal.core.forms import AddressForm, PortalForm
from portal.org.models import SIGNATURE_MOST, JoinForm, OrgUnit, UnitKind

from .models import DEPARTMENT_MOST, NAME_MOST
from .service import PHONE_MOST

YES_NO = {"1": "是", "0": "否"}
AS_ABOVE = {"": "同上级"}
_OFF = {"autocomplete": "off"}


def _yes(value: object) -> bool | None:
    """Read what was chosen: yes, no, or neither."""
    return {"1": True, "0": False, "True": True, "False": False}.get(str(value))


def _kind(value: object) -> UnitKind | None:
    return next((kind for kind in UnitKind if kind == value), None)


def _join_form(value: object) -> JoinForm | None:
    return next((form for form in JoinForm if form == value), None)


class SearchForm(AddressForm):
    """A part of a unit's name, of an old one, or the beginning of its code; stands in the address."""

    q = StringField("查找单位", description="名称（曾用名也可以）的一部分，或单位代码", render_kw=_OFF)


class DepartmentSearchForm(SearchForm):
    """A part of a department's name, or of its branch's; stands in the address."""

    q = StringField("查找部门", description="部门或分工会名称的一部分", render_kw=_OFF)


class _SettingsForm(PortalForm):
    """What a unit is and does."""

    kind = SelectField("类型", coerce=_kind, validate_choice=False)
    approves_members = SelectField(
        "审批会员入会", coerce=_yes, validate_choice=False, description="由它批准下级的入会申请，一般是基层工会"
    )
    accepts_members = SelectField(
        "直接接收会员", coerce=_yes, validate_choice=False, description="会员直接属于它，可以有入会二维码"
    )
    needs_opinion = SelectField(
        "入会先由分工会给意见", coerce=_yes, validate_choice=False, choices={**AS_ABOVE, "1": "需要", "0": "不需要"}
    )
    join_form = SelectField(
        "入会申请表", coerce=_join_form, validate_choice=False, choices={**AS_ABOVE, **dict(JoinForm.choices())}
    )
    contact_phone = StringField(
        "联系电话",
        [Length(max=PHONE_MOST, message=f"最多 {PHONE_MOST} 个字符，请缩短")],
        description="显示在入会海报和申请页上",
        widget=TelInput(),
        render_kw=_OFF,
    )
    sms_signature = StringField(
        "短信签名",
        [Length(max=SIGNATURE_MOST + 2, message=f"最多 {SIGNATURE_MOST} 个字，请缩短")],
        description="在运营商备案的签名，不带【】；不填就用上级的",
        render_kw=_OFF,
    )


class SettingsForm(_SettingsForm):
    """The settings of a unit that is there."""

    def offer(self, kinds: Iterable[UnitKind]) -> SettingsForm:
        """Offer `kinds`, and return self."""
        self.kind.choices = [(kind.value, kind.label) for kind in kinds]
        self.approves_members.choices = self.accepts_members.choices = YES_NO
        return self


class FoundForm(_SettingsForm):
    """A new unit."""

    name = StringField("名称", [InputRequired("请填写单位名称")], render_kw=_OFF)
    code = StringField(
        "代码", description="大写字母、数字和短横线，最多 20 个字符；不填则在上级代码后加两位数字", render_kw=_OFF
    )

    def offer(self, kinds: list[UnitKind]) -> FoundForm:
        """Offer `kinds`, and return self."""
        self.kind.choices = [(kind.value, kind.label) for kind in kinds]
        usual = {"": "按类型的惯例", **YES_NO}
        self.approves_members.choices = self.accepts_members.choices = usual
        return self


class RenameForm(PortalForm):
    """A new name and the day from which it holds."""

    name = StringField(
        "新名称",
        [InputRequired("请填写新名称"), Length(max=NAME_MOST, message=f"最多 {NAME_MOST} 个字，请缩短")],
        render_kw=_OFF,
    )
    on = DateField(
        "从哪一天起",
        [InputRequired("请填写更名日期")],
        description="可以填以后的日期，到那天自动生效；也可以补记以前的更名",
    )


class MoveForm(PortalForm):
    """The new parent, chosen from those that were found."""

    parent = IntegerField("新的上级")


class DepartmentForm(PortalForm):
    """A department and the branch it belongs to."""

    department = StringField(
        "部门",
        [
            InputRequired("请填写部门"),
            Length(max=DEPARTMENT_MOST, message=f"最多 {DEPARTMENT_MOST} 个字，请缩短"),
        ],
        description="按人事部门的写法",
        render_kw=_OFF,
    )
    unit = SelectField("分工会", coerce=int, validate_choice=False)
    starts = DateField("从哪一天起", [Optional()], description="不填：一直如此，或从原来的对应结束那天起")

    def offer(self, units: Iterable[OrgUnit]) -> DepartmentForm:
        """Offer `units`, and return self."""
        self.unit.choices = [(0, "请选择"), *((unit.id, f"{unit.name}（{unit.code}）") for unit in units)]
        return self


class PasteForm(PortalForm):
    """Many departments at once."""

    pasted = StringField(
        "粘贴两列",
        description="从表格里复制两列：部门、分工会（名称或代码），一行一个部门",
        widget=TextArea(),
        render_kw={"rows": "8", "spellcheck": "false", **_OFF},
    )
    pasted_from = DateField("从哪一天起", [Optional()], description="不填：一直如此，或从原来的对应结束那天起")


class EndForm(PortalForm):
    """From which day a department belongs to the branch no more."""

    on = DateField("从哪一天起不再对应", [InputRequired("请填写日期")])


class SheetForm(PortalForm):
    """A file of units, and where those without 上级代码 go."""

    file = FileField(
        "文件",
        description="xlsx、xls 或 csv，最多 20000 行",
        render_kw={"accept": ".xlsx,.xls,.et,.csv,.txt"},
    )
    unit = SelectField("没有写上级代码的，导入到", validate_choice=False)
