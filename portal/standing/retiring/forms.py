"""The shape of what is asked about the list and of what is given with many retirements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wtforms import SelectField, StringField
from wtforms.widgets import DateInput

from portal.core.forms import AddressForm, PortalForm

from .coming import MONTHS_MOST, Order, Row
from .service import day_field

AHEAD = {"0": "本月和已到期的"} | {str(number): f"{number} 个月内" for number in (1, 3, 6, 12, MONTHS_MOST)}


class CutForm(AddressForm):
    """What the list is cut to; it stands in the address."""

    months = SelectField("时间", choices=AHEAD, validate_choice=False)
    unit = SelectField("分工会", validate_choice=False)
    order = SelectField("排序", choices=dict(Order.choices()), validate_choice=False)


class PurposeForm(PortalForm):
    """What the list is handed out for."""

    purpose = StringField("用途", description="例如：与人事处核对", render_kw={"autocomplete": "off"})


def submit_form(rows: Sequence[Row]) -> type[PortalForm]:
    """Return a form with a day for each of these members, her predicted one at first, and one document's number."""
    inputs: dict[str, Any] = {
        "document_no": StringField(
            "文号", description="没有可以不填，例如：海大人〔2026〕12 号", render_kw={"autocomplete": "off"}
        )
    }
    for row in rows:
        inputs[day_field(row.member.id)] = StringField(
            f"{row.member.name}的退休日期", widget=DateInput(), default=row.when.on.isoformat()
        )
    return type("SubmitForm", (PortalForm,), inputs)
