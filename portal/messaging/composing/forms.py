"""The shape of what is typed about messages."""

from __future__ import annotations

from datetime import datetime

from wtforms import BooleanField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from portal.core.calendar import SHANGHAI
from portal.core.errors import DomainError
from portal.core.forms import AddressForm, PortalForm

from .models import TITLE_MOST, SmsState

BLANK = "blank-"  # before the place of a blank in the names of inputs
TYPED = {"autocomplete": "off"}


class ComposeForm(PortalForm):
    """To whom, and in which words."""

    groups = SelectMultipleField(
        "发给谁", validate_choice=False, option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False),
    )  # fmt: skip
    wording = SelectField("模板", validate_choice=False)


class FillForm(PortalForm):
    """What is typed for one message; the blanks of its wording are inputs of the page beside these."""

    title = StringField(
        "标题", [InputRequired("请填写标题"), Length(max=TITLE_MOST, message=f"最多 {TITLE_MOST} 个字，请缩短")],
        description="只有工会内部看得到", render_kw=TYPED,
    )  # fmt: skip
    is_essential = BooleanField("重要短信：选了只收重要短信的人也发")
    asks_receipt = BooleanField("请收到的人点链接确认")
    send_at = StringField(
        "预定时间", description="留空就在发送后马上发；夜间的等到早上", render_kw={"type": "datetime-local", **TYPED}
    )

    def moment(self) -> datetime | None:
        """Return the time that was typed, None for none. Raises DomainError on `send_at`."""
        text = self.text("send_at").strip()
        if not text:
            return None
        try:
            return datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=SHANGHAI)
        except ValueError:
            raise DomainError("请按 2027-01-20T09:00 的样子填写时间，或留空", field="send_at") from None


class CutForm(AddressForm):
    """What the list is cut to; it stands in the address."""

    state = SelectField("情况", validate_choice=False, choices=dict([("", "全部"), *SmsState.choices()]))
