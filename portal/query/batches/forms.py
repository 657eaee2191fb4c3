"""The shape of a batch edit: which fields, their new values, the day, the document and the reason."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from wtforms import BooleanField, HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import DateInput

from portal.core import kinds
from portal.core.errors import Problems
from portal.core.fields import Field
from portal.core.forms import PortalForm, form_class
from portal.core.inputs import input_of
from portal.members.catalogue import FIELD

from .models import LONGEST_DOCUMENT, LONGEST_REASON

CLEAR = "clear-"  # of a box's name: the field is to be emptied
TYPED = {"autocomplete": "off"}


class _ChangeForm(PortalForm):
    """What every batch edit asks beside the new values."""

    day = StringField(
        "生效日期", widget=DateInput(), description="不能晚于今天；以前的日期按那天起补记，之后另有修改的保持不变"
    )
    document_no = StringField(
        "文号",
        [Length(max=LONGEST_DOCUMENT, message=f"文号最多 {LONGEST_DOCUMENT} 个字，请缩短")],
        description="没有可以不填，例如：海大工〔2026〕12 号",
        render_kw=TYPED,
    )
    reason = TextAreaField(
        "原因",
        [
            InputRequired("请填写原因，会员本人可以看到"),
            Length(max=LONGEST_REASON, message=f"原因最多 {LONGEST_REASON} 个字，请缩短"),
        ],
        description="例如：部门合并；会员本人可以看到",
        render_kw={"rows": "2"},
    )
    selection = HiddenField()

    def changes(self, fields: Sequence[Field]) -> dict[str, Any]:
        """Return the new values by name, None to empty a field. Raises Problems, with one that is neither."""
        changes: dict[str, Any] = {}

        def decide(typed: dict[str, Any]) -> None:
            errors: dict[str, list[str]] = {}
            for field in fields:
                value, box = typed.get(field.name), f"{CLEAR}{field.name}"
                is_empty, empties = value in (None, []), box in self and bool(self[box].data)
                if is_empty and not empties:
                    errors[field.name] = [kinds.missing(field) + ("，或勾选“清空”" if box in self else "")]
                elif empties and not is_empty:
                    errors[field.name] = [f"{field.label}已勾选“清空”，请不要再填新值，或取消勾选"]
                changes[field.name] = None if empties else value
            if errors:
                raise Problems(errors)

        self.values(fields, check=decide)
        return changes


@lru_cache(maxsize=128)
def change_form(names: tuple[str, ...], emptied: frozenset[str]) -> type[_ChangeForm]:
    """Return a form class for the fields `names`, with a box beside each of `emptied` that empties it."""
    base = form_class("Inputs", ())
    inputs: dict[str, Any] = {name: input_of(FIELD[name], False) for name in names}
    inputs |= {f"{CLEAR}{name}": BooleanField(f"清空{FIELD[name].label}") for name in names if name in emptied}
    return type("ChangeForm", (_ChangeForm, base), inputs)


class WriteForm(PortalForm):
    """What is about to be written; `seen` is the number on the button."""

    seen = HiddenField()
