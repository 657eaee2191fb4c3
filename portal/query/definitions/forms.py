"""The shape of what is typed about definitions: the blanks of one, and what it is saved as."""

from __future__ import annotations

from typing import Any

from wtforms import HiddenField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, DateInput, ListWidget, MonthInput, TextArea

from portal.core.forms import AddressForm, PortalForm

from .blanks import Blank, BlankKind
from .models import LONGEST_NAME, LONGEST_NOTE, Reach

TYPED = {"autocomplete": "off", "spellcheck": "false"}
PREFIX = "b_"  # of a blank's name in the address
LONGEST_SENTENCE = 80_000  # with a pasted list of 5,000 names


def _input(blank: Blank) -> Any:
    if blank.choices:
        return SelectField(blank.label, choices=dict(blank.choices), validate_choice=False)
    if blank.kind is BlankKind.DAY:
        return StringField(blank.label, widget=DateInput())
    if blank.kind is BlankKind.MONTH:
        return StringField(blank.label, widget=MonthInput(), description="年-月，例如 2026-11")
    keys = {"inputmode": "numeric"} if blank.kind is BlankKind.NUMBER else {}
    return StringField(blank.label, render_kw={**TYPED, **keys})


def blanks_form(blanks: tuple[Blank, ...], answers: dict[str, str], *, since: bool = False) -> AddressForm:
    """Return the form of a question's blanks and its as-of day, filled with `answers`; `since` asks a second day."""
    inputs: dict[str, Any] = {f"{PREFIX}{blank.name}": _input(blank) for blank in blanks}
    if since:
        inputs["since"] = StringField("上次日期", widget=DateInput(), description="与截至日期比较")
    inputs["as_of"] = StringField("截至日期", widget=DateInput(), description="以前的日期按当时的资料统计")
    made: type[AddressForm] = type("BlanksForm", (AddressForm,), inputs)
    names = {blank.name for blank in blanks}
    return made(None, data={(f"{PREFIX}{name}" if name in names else name): text for name, text in answers.items()})


class SaveForm(PortalForm):
    """A name, its words, who sees it, the sentence, and which of its values are asked for each time."""

    name = StringField(
        "名称", [InputRequired("请填写名称"), Length(max=LONGEST_NAME, message=f"最多 {LONGEST_NAME} 个字，请缩短")],
        render_kw=TYPED,
    )  # fmt: skip
    note = StringField(
        "口径说明", [Length(max=LONGEST_NOTE, message=f"最多 {LONGEST_NOTE} 个字，请缩短")],
        description="显示在人数下面，说清算谁、不算谁；花括号里的名字显示为填空项的值",
        widget=TextArea(), render_kw={"rows": "3"},
    )  # fmt: skip
    reach = RadioField("谁可以用", choices=dict(Reach.choices()), default=Reach.PRIVATE.value, validate_choice=False)
    unit = SelectField("共用的单位", validate_choice=False, description="只在选“本单位及以下共用”时起作用")
    sentence = StringField(
        "条件",
        [
            InputRequired("请填写条件"),
            Length(max=LONGEST_SENTENCE, message=f"最多 {LONGEST_SENTENCE} 个字，请缩短"),
        ],
        description="照样子书写，例如：会籍状态 属于「正常」，且 年龄 小于「45」；也可以先在查询页设好条件再保存",
        widget=TextArea(),
        render_kw={"rows": "5", **TYPED},
    )
    ticked = SelectMultipleField(
        "每次打开时填写", validate_choice=False, option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False),
        description="勾选的数值成为填空项，打开口径时可以改，原来的值是默认值",
    )  # fmt: skip
    seen = HiddenField()
