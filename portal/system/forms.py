"""The shape of what the administrator types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wtforms import HiddenField, SelectField, StringField

from portal.core.enums import LabelEnum
from portal.core.fields import Field
from portal.core.forms import AddressForm, form_class
from portal.core.kinds import Kind
from portal.core.settings import Setting
from portal.core.workdays import NAME_MOST, SOURCE_MOST, SpanKind


class _Section(LabelEnum):
    """Where the days of a search stand."""

    SEARCH = "search", "查询"


_Days = form_class(
    "_Days",
    (Field("start", "从", Kind.DATE, _Section.SEARCH), Field("end", "到", Kind.DATE, _Section.SEARCH)),
)


class TraceFilterForm(_Days, AddressForm):  # type: ignore[misc,valid-type]  # a class that is made of fields
    """What the trace is cut to; from the address."""

    actor = StringField("办理人", description="姓名或用户名", render_kw={"maxlength": 40})
    act = SelectField("操作", validate_choice=False)
    subject = StringField("对象", description="会员、账号、单位的名称", render_kw={"maxlength": 40})
    unit = StringField("单位", description="代码或名称，含下级", render_kw={"maxlength": 60})
    item = HiddenField()
    batch = HiddenField()


def settings_form(settings: Sequence[Setting]) -> type[Any]:
    """Return a form with an input for each of `settings`, and the mark of what was looked at."""
    made = form_class(
        "SettingsForm",
        [setting.field for setting in settings],
        required=[setting.name for setting in settings if not setting.is_text],
    )
    return type("SettingsForm", (made,), {"seen": HiddenField()})


SPANS = Field(
    "spans", "日期", Kind.ROWS, _Section.SEARCH, max_rows=60,
    rows=(
        Field("kind", "类别", Kind.CHOICE, _Section.SEARCH, options=SpanKind, required=True),
        Field("name", "名称", Kind.TEXT, _Section.SEARCH, max_length=NAME_MOST, required=True, hint="如 国庆节、寒假"),
        Field("starts", "从", Kind.DATE, _Section.SEARCH, required=True),
        Field("ends", "到", Kind.DATE, _Section.SEARCH, hint="只有一天的可以不填"),
    ),
)  # fmt: skip
SOURCE = Field("source", "依据", Kind.TEXT, _Section.SEARCH, max_length=SOURCE_MOST, hint="放假通知、校历的名称和日期")

_Year = form_class("_Year", (SOURCE, SPANS))


class CalendarForm(_Year):  # type: ignore[misc,valid-type]  # a class that is made of fields
    """A year of the working-day calendar."""

    seen = HiddenField()


_Sum = form_class(
    "_Sum",
    (
        Field("start", "从哪天起", Kind.DATE, _Section.SEARCH),
        Field("number", "工作日", Kind.INTEGER, _Section.SEARCH, low=1, high=250),
    ),
)


class SumForm(_Sum, AddressForm):  # type: ignore[misc,valid-type]  # a class that is made of fields
    """A term to reckon; from the address."""
