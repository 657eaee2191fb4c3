"""The shape of what is set about birthdays."""

from __future__ import annotations

from wtforms import BooleanField, SelectField

from portal.core.forms import PortalForm


class BirthdayForm(PortalForm):
    """Whether a union greets, whom, and in which words."""

    is_on = BooleanField("每天早上 9 点给当天生日的会员发祝福")
    to_retained = BooleanField("保留会籍的会员（退休等）也发")
    wording = SelectField("模板", validate_choice=False)
