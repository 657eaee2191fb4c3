"""The shape of what is brought and said about it: the file, its columns, the choice of the right rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, SelectField

from portal.core.forms import PortalForm
from portal.members.importing.headings import CHANGE, NAMES, field_of
from portal.members.importing.reading import UNCLEAR

NOT_READ = ""
MONTHS = {"": "分不清，请逐行改正", "1": "1 月", "10": "10 月"}


class UploadForm(PortalForm):
    """A file, and how it is to be taken."""

    file = FileField(
        "会员名单",
        description="xlsx、xls 或 csv，最多 10000 行；表头写在前 20 行内，各列顺序不限",
        render_kw={"accept": ".xlsx,.xls,.et,.csv,.txt"},
    )
    unit = SelectField("导入到", validate_choice=False)
    is_historic = BooleanField(
        "历史会员补录",
        description="名单中的人早已入会：直接成为会员，须有入会日期；没有会员证号的按入会年份编号。不勾选时，新增的人成为入会申请",
    )
    has_consent = BooleanField(
        "已取得本人对婚育与家庭信息的单独同意", description="不勾选时，入会申请中不导入婚姻状况、子女数等信息"
    )


class CommitForm(PortalForm):
    """What is about to be written; `seen` is the number on the button."""

    only_right = BooleanField("只导入正确的行")
    seen = HiddenField()


def columns_form(columns: Sequence[Mapping[str, Any]]) -> type[PortalForm]:
    """Return a form with an input for what each of the columns is, and for months that nobody can tell.

    `columns` are those of `uploading.Looked.said`.
    """
    choices = {NOT_READ: "不导入这一列"} | {name: field_of(name).label for name in (*NAMES, *CHANGE)}
    inputs: dict[str, Any] = {}
    for number, column in enumerate(columns):
        shown = "、".join(column["samples"])
        inputs[f"field{number}"] = SelectField(
            f"{column['letter']} 列“{column['heading']}”",
            choices=choices,
            default=column["field"] or column["suggested"] or NOT_READ,
            description=f"内容如：{shown}" if shown else "这一列没有内容",
        )
        if column["unclear"]:
            inputs[f"month{number}"] = SelectField(
                f"{column['letter']} 列中 1990.1 这样的写法（{column['unclear']} 处）是指",
                choices=MONTHS,
                description="Excel 会把 1990.10 变成 1990.1，请按实际情况选择",
            )
    return type("ColumnsForm", (PortalForm,), inputs)


def mapping_of(form: PortalForm, columns: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
    """Return what the form says, by the columns' keys."""
    mapping: dict[str, str | None] = {}
    for number, column in enumerate(columns):
        mapping[column["key"]] = form.text(f"field{number}") or None
        if column["unclear"]:
            mapping[column["key"] + UNCLEAR] = form.text(f"month{number}")
    return mapping
