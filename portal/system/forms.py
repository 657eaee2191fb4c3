"""The shape of what the administrator types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wtforms import HiddenField

from portal.core.forms import form_class
from portal.core.settings import Setting


def settings_form(settings: Sequence[Setting]) -> type[Any]:
    """Return a form with an input for each of `settings`, and the mark of what was looked at."""
    made = form_class(
        "SettingsForm",
        [setting.field for setting in settings],
        required=[setting.name for setting in settings if not setting.is_text],
    )
    return type("SettingsForm", (made,), {"seen": HiddenField()})
