"""The shape of what the time-line is cut to."""

from __future__ import annotations

from wtforms import SelectField

from portal.core.forms import AddressForm


class FilterForm(AddressForm):
    """The filter above the time-line, which stands in the address."""

    about = SelectField("内容", validate_choice=False)
