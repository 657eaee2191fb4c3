"""The shapes of what is typed about members: the filters, an edit, a reason."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask_wtf.file import FileField
from markupsafe import Markup, escape
from wtforms import DateField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # younger than its stubs
from wtforms.validators import InputRequired, Length, Optional, Regexp
from wtforms.widgets import Select

from portal.core.forms import AddressForm, PortalForm, form_class

from .catalogue import FIELD
from .enums import MembershipStatus, Sex
from .search import ANY_STATUS, Sort


class Options(Select):
    """The options of a select box, written without WTForms' general way, which takes half the time of a list's page."""

    @classmethod
    def render_option(cls, choice: SelectChoice, **attributes: Any) -> Markup:  # type: ignore[override]  # older stubs
        """Return one option; it has a value and a label, and nothing else."""
        chosen = " selected" if choice.selected else ""
        return Markup(f'<option{chosen} value="{escape(choice.value)}">{escape(choice.label)}</option>')  # noqa: S704  # both are escaped


class FilterForm(PortalForm):
    """The filters above the list; `kept` stands for a number that was searched for and is not shown again."""

    q = StringField(
        "查找",
        description="姓名、拼音或首字母、工号、会员证号，证件或手机号码（或后四位）",
        render_kw={"autocomplete": "off", "maxlength": "60"},
    )
    kept = HiddenField()
    unit = SelectField("所属分工会", choices={}, validate_choice=False, widget=Options())  # the view knows which
    membership_status = SelectField(
        "会籍状态",
        choices=dict(MembershipStatus.choices()) | {ANY_STATUS: "全部"},
        validate_choice=False,
        widget=Options(),
    )
    sex = SelectField("性别", choices={"": "全部"} | dict(Sex.choices()), validate_choice=False, widget=Options())
    sort = SelectField("排序", choices=dict(Sort.choices()), validate_choice=False, widget=Options())


class ReasonForm(PortalForm):
    """Why someone wants to read a secret."""

    reason = TextAreaField(
        "查看原因",
        [Length(max=200, message="查看原因最多 200 个字")],
        description="至少 4 个字；查看人、时间和原因会员本人可以看到",
        render_kw={"rows": "2", "maxlength": "200"},
    )


class PhotoForm(PortalForm):
    """A photo; it is read and checked by `core.uploads`."""

    photo = FileField(
        "照片",
        description=FIELD["photo"].hint,
        render_kw={"accept": "image/jpeg,image/png,image/webp"},
    )


COPY = "copy"  # the verb of the button that fills the family from spouse and children
CHILD_OF_SEX: dict[object, str] = {Sex.MALE.value: "20", Sex.FEMALE.value: "30"}  # 子, 女 (GB/T 4761)
SPOUSE = "10"


class _EditForm(PortalForm):
    """What every edit form carries beside its fields.

    That is the version that it was filled from, the newer one that the person has been told of, and a button that
    spares typing spouse and children once more among the family.
    """

    seen_version = HiddenField()
    known_version = HiddenField()

    def reshape(self, verb: str, name: str = "") -> None:
        """Know one button more: put spouse and children, who are not there yet, below the family's rows."""
        if verb != COPY or name != "family_members" or name not in self:
            super().reshape(verb, name)
            return
        family = self[name]
        there = {row["name"] for row in family.typed()}
        family.fill([row for row in self._relatives() if row["name"] and row["name"] not in there])

    def offer(self) -> None:
        """Show that button where the form asks for the family and for whom it could be filled from."""
        if "family_members" in self and {"spouse", "children"} & set(self._fields):
            self["family_members"].offers = [(COPY, "从配偶、子女带入")]

    def _relatives(self) -> list[dict[str, object]]:
        spouse = self["spouse"].typed() if "spouse" in self else {}
        children = self["children"].typed() if "children" in self else []
        return [
            {"relation": SPOUSE, **{column: spouse.get(column) for column in ("name", "workplace", "phone")}},
            *(
                {"relation": CHILD_OF_SEX.get(row["sex"]), "name": row["name"], "workplace": row["school"]}
                for row in children
            ),
        ]


@lru_cache(maxsize=128)
def edit_form(names: tuple[str, ...], required: tuple[str, ...]) -> type[_EditForm]:
    """Return a form class for the fields `names`; `required` of them may not be emptied."""
    base = form_class("Inputs", (FIELD[name] for name in names), required=required)
    return type("EditForm", (_EditForm, base), {})


class ChooseForm(AddressForm):
    """Which field is to be corrected, and from which day on; it stands in the address."""

    field = SelectField("更正哪一项", choices=[], validate_choice=False)
    since = DateField("从哪天起", validators=[Optional()], description="不填就是今天；不能晚于今天")


class _Why(PortalForm):
    """Why something is corrected, and what the form was made from."""

    reason = TextAreaField(
        "更正原因", [Length(max=100, message="更正原因最多 100 个字")], description="4 至 100 个字，会员本人可以看到",
        render_kw={"rows": "2", "maxlength": "100"},
    )  # fmt: skip
    document_no = StringField("文号", [Length(max=40, message="文号最多 40 个字")], description="有依据文件的填写")
    seen = HiddenField(validators=[Regexp(r"^\d{0,18}$", message="页面已过期，请重新打开")])


class RedateForm(_Why):
    """The day on which a line of the record really happened."""

    on = DateField("实际日期", validators=[InputRequired("请填写实际日期")])


@lru_cache(maxsize=64)
def correct_form(name: str) -> type[_Why]:
    """Return a form class for a correction of the field `name`."""
    return type("CorrectForm", (_Why, form_class("Input", [FIELD[name]])), {})
