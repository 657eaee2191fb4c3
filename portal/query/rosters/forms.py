"""The shape of what is typed about lists."""

from __future__ import annotations

import re

from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from portal.core.errors import DomainError
from portal.core.forms import AddressForm, PortalForm
from portal.core.purpose import MOST

from .direct import EXAMPLE
from .models import ITEM_MOST, MEASURE_MOST, REASON_MOST, TITLE_MOST, RosterKind, RosterState
from .papers import SheetKind

SHARE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,2})?", re.ASCII)
PDF, XLSX = "pdf", "xlsx"
TYPED = {"autocomplete": "off"}


def too_long(most: int) -> Length:
    """Return the check of a text's length."""
    return Length(max=most, message=f"最多 {most} 个字，请缩短")


class FreezeForm(PortalForm):
    """What a list is called, what it is for, and what each person gets."""

    title = StringField(
        "名单名称", [InputRequired("请填写名单名称，例如“2027年春节慰问品”"), too_long(TITLE_MOST)],
        description="例如：2027年春节慰问品", render_kw=TYPED,
    )  # fmt: skip
    kind = SelectField("用途", choices=dict(RosterKind.choices()), default=RosterKind.HOLIDAY.value)
    item = StringField("品名", [too_long(ITEM_MOST)], description="例如：米面油礼包；没有可以不填", render_kw=TYPED)
    share = StringField(
        "每人数量或金额", description="例如：1 或 300；不发放可以不填", render_kw={"inputmode": "decimal", **TYPED}
    )
    measure = StringField("计量单位", [too_long(MEASURE_MOST)], description="例如：份、元", render_kw=TYPED)
    columns = SelectMultipleField(
        "另外保存的列", validate_choice=False, option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False),
        description="姓名、工号、所属分工会总是保存；证件号码、手机、住址、工资不保存到名单中",
    )  # fmt: skip

    def hundredths(self) -> int:
        """Return what each person gets in hundredths. Raises DomainError on `share`, or on `measure` without one."""
        text = self.text("share").strip()
        if not text:
            return 0
        if not SHARE.fullmatch(text):
            raise DomainError("每人数量或金额应是数字，最多两位小数，例如 1 或 299.50", field="share")
        whole, _, rest = text.partition(".")
        found = int(whole) * 100 + int(rest.ljust(2, "0") or 0)
        if found and not self.text("measure").strip():
            raise DomainError("请填写计量单位，例如份、元", field="measure")
        return found


class CutForm(AddressForm):
    """What the index is cut to; it stands in the address."""

    q = StringField("名单名称", render_kw={"maxlength": 30})
    kind = SelectField("用途", validate_choice=False, choices=dict([("", "全部"), *RosterKind.choices()]))
    state = SelectField("情况", validate_choice=False, choices=dict([("", "全部"), *RosterState.choices()]))


class SeekForm(AddressForm):
    """Whom one looks for on a list; shorter than any number that must not stand in an address."""

    q = StringField("姓名或工号", render_kw={"maxlength": 10, **TYPED})
    part = SelectField("分工会", validate_choice=False, choices={})


class AddForm(PortalForm):
    """Whom to put on a list, and why."""

    q = StringField("姓名或工号", [too_long(20)], render_kw=TYPED)
    reason = StringField("原因", [too_long(REASON_MOST)], description="例如：退休返聘，按规定发放", render_kw=TYPED)


class SheetForm(PortalForm):
    """Which sheet is made of the members that a query has selected."""

    kind = SelectField("表格", choices=dict(SheetKind.choices()), default=SheetKind.PEOPLE.value)
    title = StringField(
        "标题", [InputRequired("请填写标题，例如“2027年春节慰问品签领表”"), too_long(TITLE_MOST)],
        description="印在表格上方，例如：2027年春节慰问品签领表", render_kw=TYPED,
    )  # fmt: skip
    item = StringField("品名", [too_long(ITEM_MOST)], description="只用于签领表，例如：米面油礼包 1份", render_kw=TYPED)
    purpose = StringField("打印用途", [Length(max=MOST)], description=f"记入操作日志，例如：{EXAMPLE}", render_kw=TYPED)
    columns = SelectMultipleField(
        "花名册的列", validate_choice=False, option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False),
        description="只用于花名册；序号、姓名、工号、所属分工会总有，列宽按 A4 纸自动调整",
    )  # fmt: skip
    out = SelectField("文件", choices={PDF: "PDF（A4，打印用）", XLSX: "Excel 表格"})
