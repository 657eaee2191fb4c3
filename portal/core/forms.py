"""Forms made from catalogue fields: inputs named as the fields, which keep what was typed and speak Chinese.

Only the shape of what is typed is checked here; what a person may say is decided by the verb that takes the values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, FieldList, FileField, Form, FormField, SelectField, SelectMultipleField, StringField
from wtforms import Field as Input
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # younger than its stubs
from wtforms.meta import DefaultMeta
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, DateInput, ListWidget, MonthInput, TelInput, TextArea, TextInput

from portal.core import kinds
from portal.core.errors import DomainError, Problems
from portal.core.fields import Field, FieldError
from portal.core.kinds import Kind, RowErrors

SPARE_ROWS = 2  # empty rows to write in without a script
MOST_ROWS = 100  # of one field in a request; more than any field takes, few enough that making them costs nothing
CSRF_SENTENCE = "页面停留太久，安全校验已过期，请重新提交；您填写的内容还在"

_ISO = {Kind.DATE: re.compile(r"\d{4}-\d\d-\d\d"), Kind.MONTH: re.compile(r"\d{4}-\d\d")}
_ISO[Kind.END_MONTH] = _ISO[Kind.MONTH]
_WIDGETS = {
    Kind.LONG_TEXT: TextArea(),
    Kind.DATE: DateInput(),
    Kind.MONTH: MonthInput(),
    Kind.END_MONTH: MonthInput(),
    Kind.PHONE: TelInput(),
    Kind.TELEPHONE: TelInput(),
}
_ATTRIBUTES = {
    Kind.PHONE: {"inputmode": "tel"},
    Kind.TELEPHONE: {"inputmode": "tel"},
    Kind.INTEGER: {"inputmode": "numeric"},
    Kind.MONEY: {"inputmode": "decimal"},
    Kind.ID_NUMBER: {"autocapitalize": "characters", "spellcheck": "false"},
    Kind.MONTH: {"placeholder": "例如 1990-05"},
    Kind.END_MONTH: {"placeholder": "例如 2020-08"},
    Kind.LONG_TEXT: {"rows": "3"},
    Kind.PHOTO: {"accept": "image/jpeg,image/png,image/webp"},
}


class _Answer(Input):
    """An input of a catalogue field: `spec` is the field, `answer` what was typed once it is read."""

    def __init__(self, spec: Field, must: bool = False, **given: Any) -> None:
        super().__init__(spec.label, description=spec.hint, render_kw=_ATTRIBUTES.get(spec.kind), **given)
        self.spec = spec
        self.answer: object = None
        if must:
            self.flags.required = True

    def typed(self) -> object:
        """Return the text that came with the request, or None."""
        return self.raw_data[0] if self.raw_data else None

    def pre_validate(self, form: Any) -> None:
        """Read what was typed."""
        try:
            self.answer = kinds.parse(self.spec, self.typed())
        except FieldError as error:
            raise ValidationError(error.message) from error
        if self.answer is None and self.flags.required:
            raise ValidationError(kinds.missing(self.spec))


class _Line(_Answer, StringField):
    """One line, or a text area; days and months have the browser's own inputs."""

    def __init__(self, spec: Field, must: bool = False, **given: Any) -> None:
        super().__init__(spec, must, widget=_WIDGETS.get(spec.kind, TextInput()), **given)
        self.render_kw = {**(self.render_kw or {}), "autocomplete": spec.autocomplete or "off"}
        if spec.kind is Kind.LONG_TEXT:
            self.type = "TextAreaField"  # the word by which templates know what takes the whole width

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Keep the text; what an input of days could not show again gets one of text."""
        super().process_formdata(valuelist)
        iso = _ISO.get(self.spec.kind)
        if iso and valuelist and valuelist[0] and not iso.fullmatch(str(valuelist[0])):
            self.widget = TextInput()

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else kinds.to_input(self.spec, self.data)


def _choices(*pairs: tuple[str, str]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in pairs]


class _Choice(_Answer, SelectField):
    """A select box; the first line stands for no answer."""

    def __init__(self, spec: Field, must: bool = False, **given: Any) -> None:
        yes_no = [("1", "是"), ("0", "否")]
        options = yes_no if spec.kind is Kind.BOOL else kinds.options_of(spec)
        super().__init__(
            spec, must, choices=_choices(("", "请选择"), *options), validate_choice=False, coerce=self._coerced, **given
        )

    def pre_validate(self, form: Any) -> None:
        """Read what was chosen; a label that came instead of its code selects the code."""
        super().pre_validate(form)
        self.data = self._coerced(self.answer)

    def _coerced(self, value: object) -> str:
        return kinds.to_input(self.spec, value)


class _Choices(_Answer, SelectMultipleField):
    """Boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, spec: Field, must: bool = False, **given: Any) -> None:
        super().__init__(spec, must, choices=_choices(*kinds.options_of(spec)), validate_choice=False, **given)

    def typed(self) -> object:
        """Return every ticked value."""
        return self.raw_data or None


class _Photo(_Answer, FileField):
    """A file; it is read by `core.uploads`, not here."""

    def pre_validate(self, form: Any) -> None:
        """A file has no text to read."""


class _Row(Form):
    """The inputs of one row; subclasses have one for each column."""


def _cells(row: Form) -> dict[str, object]:
    return {name: cell.typed() for name, cell in row._fields.items() if isinstance(cell, _Answer)}


def _row_class(spec: Field) -> type[_Row]:
    return type(f"{spec.name}_row", (_Row,), {column.name: _input(column, False) for column in spec.rows})


class Rows(FieldList):
    """Rows with the same columns, a few of them empty, and a box for 「无」 where that is an answer.

    Inputs are named `resume-0-start`; the box is `none`, named `family_members-none`.
    """

    def __init__(self, spec: Field, must: bool = False, **given: Any) -> None:
        super().__init__(FormField(_row_class(spec)), spec.label, description=spec.hint, **given)
        self.spec = spec
        self.answer: object = None
        self.own_errors: list[str] = []
        self.none = BooleanField("无", name=f"{self.name}-none", _form=given["_form"]) if spec.or_none else None
        if must:
            self.flags.required = True

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        """Take the rows that came, or those of `data`, and add empty ones."""
        super().process(formdata, data or [])
        if self.none is not None:
            self.none.process(formdata, data == [])
        self.max_entries = self.spec.max_rows  # only now: it would cut off what came beyond it without a word
        empty = sum(all(kinds.is_empty(cell) for cell in self._typed(entry)) for entry in self.entries)
        while empty < SPARE_ROWS and len(self.entries) < (self.spec.max_rows or SPARE_ROWS):
            self.append_entry()
            empty += 1

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:
        # not by isdigit(), which takes characters that int() refuses
        found = (re.match(rf"{re.escape(prefix)}-([0-9]{{1,4}})-", key) for key in formdata)
        places = {int(match[1]) for match in found if match}
        if len(places) > MOST_ROWS:
            raise DomainError(f"{self.spec.label}的行数过多，请删去多余的行后重新提交")
        return iter(places)

    @staticmethod
    def _typed(entry: FormField) -> list[object]:
        cells = (cell for cell in entry.form if isinstance(cell, _Answer))
        return [cell.typed() if cell.raw_data else cell.data for cell in cells]

    @property
    def errors(self) -> list[Any]:  # type: ignore[override]  # always what its rows say now
        """The sentences of the rows together, then those of each row by column."""
        return [*self.own_errors, *(entry.errors for entry in self.entries if entry.errors)]

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        """Read the rows; a sentence about a cell stands under the cell."""
        rows = [_cells(entry.form) for entry in self.entries]
        is_none = self.none is not None and bool(self.none.data)
        filled = [row for row in rows if not all(map(kinds.is_empty, row.values()))]
        self.own_errors = []
        try:
            if is_none and filled:
                raise FieldError(f"{self.spec.label}已勾选“无”，请清空各行，或取消勾选")
            self.answer = [] if is_none else kinds.parse(self.spec, rows or None)
            if self.answer is None and self.flags.required:
                raise FieldError(kinds.missing(self.spec))
        except RowErrors as error:
            for place, sentence in error.cells.items():
                row, column = place.split("-")
                self.entries[int(row)].form[column].errors = [sentence]
        except FieldError as error:
            self.own_errors = [error.message]
        return not self.errors


class Composite(FormField):
    """One row; its inputs are named `spouse-name`."""

    def __init__(self, spec: Field, must: bool = False, **given: Any) -> None:
        super().__init__(_row_class(spec), spec.label, description=spec.hint, **given)
        self.spec = spec
        self.answer: object = None

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        """Take the cells that came, or those of `data`."""
        super().process(formdata, data if isinstance(data, dict) else {})

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        """Read the cells; each sentence stands under its cell."""
        try:
            self.answer = kinds.parse(self.spec, _cells(self.form))
        except RowErrors as error:
            for column, sentence in error.cells.items():
                self.form[column].errors = [sentence]
            return False
        return True


_INPUTS: dict[Kind, Callable[[Field, bool], Any]] = {
    Kind.CHOICE: _Choice,
    Kind.BOOL: _Choice,
    Kind.MULTI_CHOICE: _Choices,
    Kind.PHOTO: _Photo,
    Kind.ROWS: Rows,
    Kind.COMPOSITE: Composite,
}


def _input(spec: Field, must: bool) -> Any:
    return _INPUTS.get(spec.kind, _Line)(spec, must)


class PortalForm(FlaskForm):
    """A form that speaks Chinese and knows the status its page answers with.

    `status` is 200, or 422 after a failed validation, or that of the error given to `refuse`. `top_errors` are the
    sentences that belong under no single input.
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

    def validate(self, extra_validators: Any = None) -> bool:
        """Read every input; whether all could be taken."""
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
        if not self._is_read:
            self.validate()
        wanted = None if fields is None else {field.name for field in fields}
        errors = {one.name: list(one.errors) for one in self._inputs() if one.errors}
        errors |= {one.name: one.own_errors for one in self if isinstance(one, Rows) and one.own_errors}
        read: dict[str, object] = {
            one.spec.name: one.answer
            for one in self
            if isinstance(one, _Answer | Rows | Composite)
            and not isinstance(one, _Photo)
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


def form_class(name: str, fields: Iterable[Field], *, required: Iterable[str] = ()) -> type[PortalForm]:
    """Return a form class called `name` with an input for each of `fields`, in their order.

    `required` are names of fields that must be answered. Give the form `data={name: value}` to fill it. A form with a
    photo needs `enctype="multipart/form-data"`.
    """
    must = set(required)
    inputs = {field.name: _input(field, field.name in must) for field in fields}
    return type(name, (PortalForm,), inputs)
