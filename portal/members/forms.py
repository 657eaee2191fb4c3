"""The shapes of what is typed about members: the filters, an edit, a reason."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask_wtf.file import FileField
from markupsafe import Markup, escape
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # younger than its stubs
from wtforms.validators import Length
from wtforms.widgets import Select

from portal.core.forms import PortalForm, form_class

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


@lru_cache(maxsize=128)
def edit_form(names: tuple[str, ...], required: tuple[str, ...]) -> type[PortalForm]:
    """Return a form class for the fields `names`; `required` of them may not be emptied.

    It carries the version that it was filled from, and the newer one that the person has been told of.
    """
    base = form_class("EditForm", (FIELD[name] for name in names), required=required)
    return type("EditForm", (base,), {"seen_version": HiddenField(), "known_version": HiddenField()})
