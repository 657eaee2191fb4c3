"""Forms made from catalogue fields: inputs named as the fields, which keep what was typed and speak Chinese.

Only the shape of what is typed is checked here; what a person may say is decided by the verb that takes the values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import Field as Input
from wtforms import FormField
from wtforms.meta import DefaultMeta

from portal.core.errors import DomainError, Problems
from portal.core.fields import Field
from portal.core.inputs import Answer, Composite, Photo, Rows, input_of

RESHAPE = "rows"  # the name of the buttons that add a row, take one away, or fill rows from others
CSRF_SENTENCE = "页面停留太久，安全校验已过期，请重新提交；您填写的内容还在"


class Reshaped(Problems):
    """Not the form was sent, but a button for its rows pressed: nothing is wrong, and the page is shown again."""

    status = 200

    def __init__(self) -> None:
        super().__init__({})


class PortalForm(FlaskForm):
    """A form that speaks Chinese and knows the status its page answers with.

    `status` is 200, or 422 after a failed validation, or that of the error given to `refuse`. `top_errors` are the
    sentences that belong under no single input. Where a button for the rows was pressed, the rows are as it asked for,
    and the form takes nothing: `validate` is False and `values` raises Reshaped, so that no verb is called.
    """

    class Meta(FlaskForm.Meta):
        """WTForms' own sentences in Chinese; Flask-WTF would leave them in English."""

        locales = ("zh_CN", "zh")

        def get_translations(self, form: Any) -> Any:
            """Return the translations that come with WTForms."""
            return DefaultMeta.get_translations(self, form)

    def __init__(self, *given: Any, **named: Any) -> None:
        self.status = 200
        self.top_errors: list[str] = []
        self._is_read = False
        super().__init__(*given, **named)
        self._pressed = request.form.get(RESHAPE, "") if self.is_submitted() else ""
        if self._pressed:
            self.reshape(*self._pressed.split("-", 1))

    def reshape(self, verb: str, name: str = "") -> None:
        """Do what a button for rows asks for: `add` to the field `name`, or `remove` its row `name`-place.

        Anything else changes nothing; a form with more such buttons goes on from here.
        """
        rows = {one.name: one for one in self if isinstance(one, Rows)}
        if verb == "add" and name in rows:
            rows[name].add()
        elif verb == "remove" and (found := re.fullmatch(r"(\w+)-([0-9]{1,3})", name)) and found[1] in rows:
            rows[found[1]].remove(int(found[2]))

    def validate(self, extra_validators: Any = None) -> bool:
        """Read every input; whether all could be taken."""
        if self._pressed:
            return False
        self._is_read = True
        valid = bool(super().validate(extra_validators))
        if "csrf_token" in self and self["csrf_token"].errors:
            self["csrf_token"].errors = [CSRF_SENTENCE]
        if not valid:
            self.status = 422
        return valid

    def values(
        self, fields: Iterable[Field] | None = None, *, check: Callable[[dict[str, object]], object] | None = None
    ) -> dict[str, object]:
        """Return what was typed by name of field: of `fields`, or of every catalogue input but photos.

        `check` is called with what could be read, also when something could not, so that the sentences of both show
        at once; where an input has a sentence already, a second one is dropped. Raises Problems with all of them.
        """
        if self._pressed:
            raise Reshaped
        if not self._is_read:
            self.validate()
        wanted = None if fields is None else {field.name for field in fields}
        errors = {one.name: list(one.errors) for one in self._inputs() if one.errors}
        errors |= {one.name: one.own_errors for one in self if isinstance(one, Rows) and one.own_errors}
        read: dict[str, object] = {
            one.spec.name: one.answer
            for one in self
            if isinstance(one, Answer | Rows | Composite)
            and not isinstance(one, Photo)
            and not one.errors
            and (wanted is None or one.spec.name in wanted)
        }
        warnings: list[str] = []
        if check is not None:
            known = {name.split("-")[0] for name in errors}
            try:
                check(dict(read))
            except Problems as problems:
                errors |= {name: told for name, told in problems.errors.items() if name.split("-")[0] not in known}
                warnings = problems.warnings
            except DomainError as error:
                if error.field not in known:
                    errors[error.field or ""] = [error.message]
        if errors:
            raise Problems(errors, warnings)
        return read

    def text(self, name: str) -> str:
        """Return what was typed into the input `name`; "" where nothing was."""
        return str(self[name].data or "")

    def refuse(self, error: DomainError) -> None:
        """Put the sentences of `error` under their inputs, or at the top, and answer with its status.

        A sentence about a group stands under its first cell, one about an input that is not here at the top.
        """
        self.status = error.status
        told: Mapping[str, list[str]] = {error.field or "": [error.message]}
        if isinstance(error, Problems):
            told = error.errors
        inputs = {one.name: one for one in self._inputs()}
        inputs |= {one.name: next(iter(one.form)) for one in self if isinstance(one, Composite)}
        rows = {one.name: one for one in self if isinstance(one, Rows)}
        for name, sentences in told.items():
            for sentence in sentences:
                if name in rows:
                    rows[name].own_errors = list(dict.fromkeys([*rows[name].own_errors, sentence]))
                elif name in inputs:
                    inputs[name].errors = list(dict.fromkeys([*inputs[name].errors, sentence]))
                else:
                    self.top_errors.append(sentence)

    def refuse_or_raise(self, error: DomainError) -> None:
        """Refuse what can be mended here, as `refuse`; raise anything else again, which has a page of its own."""
        if error.status not in (200, 422):
            raise error
        self.refuse(error)

    def _inputs(self) -> Iterator[Input]:
        """Every input that takes text, those within rows and groups too."""
        for one in self:
            if isinstance(one, Rows):
                for entry in one.entries:
                    yield from entry.form
            elif isinstance(one, FormField):
                yield from one.form
            else:
                yield one


class AddressForm(PortalForm):
    """A form that stands in the address: a filter, a search. It changes nothing, so it carries no token."""

    class Meta(PortalForm.Meta):
        """As the form."""

        csrf = False


def form_class(name: str, fields: Iterable[Field], *, required: Iterable[str] = ()) -> type[PortalForm]:
    """Return a form class called `name` with an input for each of `fields`, in their order.

    `required` are names of fields that must be answered. Give the form `data={name: value}` to fill it. A form with a
    photo needs `enctype="multipart/form-data"`.
    """
    must = set(required)
    inputs = {field.name: input_of(field, field.name in must) for field in fields}
    return type(name, (PortalForm,), inputs)
