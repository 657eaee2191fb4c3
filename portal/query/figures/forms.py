"""What a report is asked for, as it stands in the address."""

from __future__ import annotations

from wtforms import BooleanField, DateField, SelectField, StringField
from wtforms.validators import Length, Optional, ValidationError

from portal.core.forms import AddressForm, PortalForm
from portal.core.purpose import MOST

EXAMPLE = "报送校工会年度统计"
YEARS = range(1950, 2101)
XLSX, PDF, WITH_CHART = "xlsx", "pdf", "pdf-chart"


class ReportForm(AddressForm):
    """The unit, the day, and the two ways in which one may count."""

    unit = SelectField("单位", validate_choice=False)
    as_of = DateField("截至日期", validators=[Optional()], description="不填就是今天")

    def validate_as_of(self, given: DateField) -> None:
        """Refuse a day of another age, around which nothing can be reckoned."""
        if given.data and given.data.year not in YEARS:
            raise ValidationError(f"截至日期应在 {YEARS[0]} 年至 {YEARS[-1]} 年之间，下面按今天统计")

    is_inclusive = BooleanField("“以下”含本数")
    all_who_studied = BooleanField("学历含结业、肄业")
    is_public = BooleanField("对外公布版（合并不足 5 人的行、列）")


class ExportForm(PortalForm):
    """For what, and as what kind of file."""

    purpose = StringField("用途", validators=[Length(max=MOST)], description=f"例如：{EXAMPLE}")
    kind = SelectField("文件", choices={XLSX: "Excel 表格", PDF: "PDF（打印用）", WITH_CHART: "PDF（表格，另附图）"})
