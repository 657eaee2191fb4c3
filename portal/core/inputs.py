"""The inputs of catalogue fields: one line, a choice, a file, rows with the same columns, one such row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from wtforms import BooleanField, FieldList, FileField, Form, FormField, SelectField, SelectMultipleField, StringField
from wtforms import Field as Input
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # younger than its stubs
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, DateInput, ListWidget, MonthInput, TelInput, TextArea, TextInput

from portal.core import kinds
from portal.core.errors import DomainError
from portal.core.fields import Field, FieldError
from portal.core.kinds import Kind, RowErrors

SPARE_ROWS = 2  # empty rows to write in without a script
MOST_ROWS = 100  # of one field in a request; more than any field takes, few enough that making them costs nothing

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


class Answer(Input):
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


class _Line(Answer, StringField):
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


class _Choice(Answer, SelectField):
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


class _Choices(Answer, SelectMultipleField):
    """Boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, spec: Field, must: bool = False, **given: Any) -> None:
        super().__init__(spec, must, choices=_choices(*kinds.options_of(spec)), validate_choice=False, **given)

    def typed(self) -> object:
        """Return every ticked value."""
        return self.raw_data or None


class Photo(Answer, FileField):
    """A file; it is read by `core.uploads`, not here."""

    def pre_validate(self, form: Any) -> None:
        """A file has no text to read."""


class _KeptNumber(_Line):
    """The number of a document within a row: shown by its tail alone, and kept where it is left as it is shown."""

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else kinds.mask(self.spec, self.data)


class _Row(Form):
    """The inputs of one row; subclasses have one for each column."""


def _cells(row: Form) -> dict[str, object]:
    return {name: cell.typed() for name, cell in row._fields.items() if isinstance(cell, Answer)}


def _row_class(spec: Field) -> type[_Row]:
    inputs = {
        column.name: _KeptNumber(column) if column.kind is Kind.ID_NUMBER else input_of(column, False)
        for column in spec.rows
    }
    return type(f"{spec.name}_row", (_Row,), inputs)


class Rows(FieldList):
    """Rows with the same columns, a few of them empty, and a box for 「无」 where that is an answer.

    Inputs are named `resume-0-start`; the box is `none`, named `family_members-none`. A document's number that the
    form was filled with comes back by its tail, and is taken for the number that it stands for.
    """

    def __init__(self, spec: Field, must: bool = False, **given: Any) -> None:
        super().__init__(FormField(_row_class(spec)), spec.label, description=spec.hint, **given)
        self.spec = spec
        self.answer: object = None
        self.own_errors: list[str] = []
        self.offers: list[tuple[str, str]] = []  # verb and label of further buttons, which the form's `reshape` knows
        self.none = BooleanField("无", name=f"{self.name}-none", _form=given["_form"]) if spec.or_none else None
        if must:
            self.flags.required = True

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        """Take the rows that came, or those of `data`, and add empty ones."""
        super().process(formdata, data or [])
        if self.none is not None:
            self.none.process(formdata, data == [])
        self.max_entries = self.spec.max_rows  # only now: it would cut off what came beyond it without a word
        empty = sum(map(self._is_empty, self.entries))
        while empty < SPARE_ROWS and self.add():
            empty += 1

    def add(self, row: dict[str, object] | None = None) -> bool:
        """Add `row`, or an empty one to write in; False where there are as many as the field takes."""
        if len(self.entries) >= (self.spec.max_rows or MOST_ROWS):
            return False
        self.append_entry(row or {})
        return True

    def remove(self, place: int) -> None:
        """Take away the row at `place`, counted from 0 as the page shows them; of a single one what it holds."""
        self.entries = [entry for number, entry in enumerate(self.entries) if number != place]
        if not self.entries:
            self.add()

    def fill(self, rows: list[dict[str, object]]) -> None:
        """Put `rows` below those that hold anything, as many as the field takes, and untick 「无」."""
        self.entries = [entry for entry in self.entries if not self._is_empty(entry)]
        for row in rows:
            self.add(row)
        if not self.entries:
            self.add()
        if self.none is not None:
            self.none.data = False

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:
        # not by isdigit(), which takes characters that int() refuses
        found = (re.match(rf"{re.escape(prefix)}-([0-9]{{1,4}})-", key) for key in formdata)
        places = {int(match[1]) for match in found if match}
        if len(places) > MOST_ROWS:
            raise DomainError(f"{self.spec.label}的行数过多，请删去多余的行后重新提交")
        return iter(places)

    @staticmethod
    def _is_empty(entry: FormField) -> bool:
        cells = (cell for cell in entry.form if isinstance(cell, Answer))
        return all(kinds.is_empty(cell.typed() if cell.raw_data else cell.data) for cell in cells)

    def typed(self) -> list[dict[str, object]]:
        """Return what came with the request, row by row, a kept number in full."""
        return [self._whole(_cells(entry.form)) for entry in self.entries]

    def _whole(self, cells: dict[str, object]) -> dict[str, object]:
        """Return `cells` with the number that its tail stands for; of two with one tail, that of the same name."""
        numbers = [column for column in self.spec.rows if column.kind is Kind.ID_NUMBER]
        known = [row for row in self.object_data or () if isinstance(row, dict)]
        for column in numbers:
            shown = cells.get(column.name)
            stored = [row for row in known if row.get(column.name) and kinds.mask(column, row[column.name]) == shown]
            named = [row for row in stored if row.get("name") == cells.get("name")]
            meant = {row[column.name] for row in named or stored}
            if len(meant) == 1:
                cells = cells | {column.name: meant.pop()}
        return cells

    @property
    def errors(self) -> list[Any]:  # type: ignore[override]  # always what its rows say now
        """The sentences of the rows together, then those of each row by column."""
        return [*self.own_errors, *(entry.errors for entry in self.entries if entry.errors)]

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        """Read the rows; a sentence about a cell stands under the cell."""
        rows = self.typed()
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

    def typed(self) -> dict[str, object]:
        """Return what came with the request."""
        return _cells(self.form)

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        """Read the cells; each sentence stands under its cell."""
        try:
            self.answer = kinds.parse(self.spec, self.typed())
        except RowErrors as error:
            for column, sentence in error.cells.items():
                self.form[column].errors = [sentence]
            return False
        return True


_INPUTS: dict[Kind, Callable[[Field, bool], Any]] = {
    Kind.CHOICE: _Choice,
    Kind.BOOL: _Choice,
    Kind.MULTI_CHOICE: _Choices,
    Kind.PHOTO: Photo,
    Kind.ROWS: Rows,
    Kind.COMPOSITE: Composite,
}


def input_of(spec: Field, must: bool) -> Any:
    """Return the input of `spec` for a form class; `must` says that it may not be left empty."""
    return _INPUTS.get(spec.kind, _Line)(spec, must)
