"""What is asked before an export."""

from __future__ import annotations

from wtforms import PasswordField, SelectField, SelectMultipleField, StringField
from wtforms.validators import Length
from wtforms.widgets import CheckboxInput, ListWidget

from portal.core.forms import PortalForm
from portal.core.purpose import MOST

from .models import EXAMPLE, ExportFormat, Secrets


class ExportForm(PortalForm):
    """Columns in their order, the kind of file, how numbers are written, and for what."""

    columns = SelectMultipleField(
        "导出的列", validate_choice=False, option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False)
    )
    template = SelectField("导出内容", validate_choice=False)
    format = SelectField("文件", choices=dict(ExportFormat.choices()), default=ExportFormat.XLSX.value)
    secrets = SelectField("号码", choices=dict(Secrets.choices()), default=Secrets.MASKED.value, validate_choice=False)
    purpose = StringField(
        "用途", [Length(max=MOST, message=f"最多 {MOST} 个字，请缩短")], render_kw={"maxlength": MOST},
        description=f"写入文件和操作日志，例如：{EXAMPLE}",
    )  # fmt: skip
    password = PasswordField("登录密码", render_kw={"autocomplete": "current-password"})
