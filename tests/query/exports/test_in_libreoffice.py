"""Another office program opens what we export (the long run alone, which installs it)."""

from __future__ import annotations

import csv
import io
import subprocess

import pytest

from portal.core.calendar import now, today
from portal.core.db import db
from portal.org.permissions import Role
from portal.query import asking
from portal.query.asking import Asked
from portal.query.exports import making
from portal.query.exports.making import Order
from portal.query.exports.models import ExportFormat, Secrets
from portal.query.fields import askable
from tests import factories
from tests.conftest import PROOF
from tests.query.exports import books

# separator, quotation marks, UTF-8, from the first line, cells as shown, of the first sheet
AS_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1"


@pytest.mark.skipif(not PROOF, reason="LibreOffice is installed by test --proof alone")
def test_libreoffice_reads_the_same_rows(tree, user_as, tmp_path):
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    for name in ("安小青", "白大山", "陈·玛丽"):
        factories.make_member(
            tree["a"], name=name, staff_no=f"00{len(name)}1234{ord(name[0])}", remark="=1+1\n第二行 _x0041_",
            admin_duty="=SUM(A1:A2)", department="a&b <c>", mobile="13800000001",
        )  # fmt: skip
    db.session.commit()
    columns = tuple(one.name for one in askable(operator))
    order = Order(
        "DC1", operator.id, "殷录入", "本单位", "", ExportFormat.XLSX, Secrets.FULL, columns,
        asking.ids(operator, Asked()), today(), "口径", "姓名", "测试用途", "", now(),
    )  # fmt: skip
    out = io.BytesIO()
    making.write(out, order)
    (tmp_path / "people.xlsx").write_bytes(out.getvalue())

    subprocess.run(
        ["soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to", AS_CSV,
         "--outdir", tmp_path, tmp_path / "people.xlsx"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip

    [path] = tmp_path.glob("people*.csv")
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))
    expected = books.rows_in(out.getvalue())
    assert [row[: len(expected[0])] for row in rows[1:]] == expected
    assert len(expected) == 4
