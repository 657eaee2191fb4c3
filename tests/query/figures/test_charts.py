"""Charts show what the table shows: their numbers, which kinds fit, what is left out, and the drawing for paper."""

from __future__ import annotations

import io
import json
import random
import re
import unicodedata
from datetime import date

import openpyxl
import pdfplumber
import pytest
import time_machine

from portal.core.calendar import show_date, today
from portal.core.db import db
from portal.org.models import User
from portal.org.permissions import Role
from portal.query import asking, conditions
from portal.query.asking import Asked
from portal.query.figures import charts, drawing, exporting, forms, ledger, saying
from portal.query.figures.charts import ChartKind as K
from portal.query.figures.charts import Numbers, Series
from portal.query.figures.reports import TOTAL, Wish
from portal.query.figures.shelf import REPORTS
from portal.query.figures.summary import Cell, summary
from tests.client import links, words
from tests.conftest import PROOF
from tests.query import oracle
from tests.query.asked import Asker
from tests.query.people import noon, populate

TODAY = date(2026, 2, 28)
QUESTIONS, PAPERS = (200, 20) if PROOF else (8, 2)
BY = ("sex", "age", "branch", "title_level", "marital_status", "education", "children_count", "counted_here")


def numbers_of(*rows, names=(TOTAL,), **more):
    series = tuple(
        Series(name, tuple(Cell(row[place], conditions.EVERYBODY) for row in rows)) for place, name in enumerate(names)
    )
    labels = tuple(f"第{place}类" for place in range(len(rows)))
    return Numbers("表", ("海港大学工会　截至 2026年2月28日",), "类别", labels, series, sum(map(sum, rows)), **more)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (numbers_of((3,), (2,), (0,)), (K.BAR, K.PIE)),
        (numbers_of((3,), (2,), is_ordered=True), (K.BAR, K.PIE, K.LINE)),
        (numbers_of(*[(1,)] * 9), (K.BAR,)),  # nine slices cannot be told apart
        (numbers_of(*[(1,)] * 61), ()),
        (numbers_of((0,), (0,)), ()),
        (numbers_of((1, 2), (3, 4), names=("甲", "乙")), (K.STACKED, K.GROUPED)),
        (numbers_of((1, 2), (3, 4), names=("甲", "乙"), is_ordered=True), (K.STACKED, K.GROUPED, K.LINE)),
        (numbers_of((1,) * 5, names="甲乙丙丁戊"), (K.STACKED,)),
        (numbers_of((1,) * 11, names="甲乙丙丁戊己庚辛壬癸子"), ()),
        (
            numbers_of((1, 2, 0), (3, 4, 1), names=("男", "女", "未填"), is_ordered=True, sides=(0, 1)),
            (K.PYRAMID, K.STACKED, K.GROUPED, K.LINE),
        ),
        (
            numbers_of((0, 0, 5), names=("男", "女", "未填"), is_ordered=True, sides=(0, 1)),
            (K.STACKED, K.GROUPED, K.LINE),
        ),
    ],
)
def test_which_kinds_fit(numbers, expected):
    assert charts.fitting(numbers) == expected


def test_a_kind_that_does_not_fit_gives_way_to_the_best():
    numbers = numbers_of((3,), (2,))

    assert charts.chart(numbers, "pyramid").kind is K.BAR
    assert charts.chart(numbers, "pie").kind is K.PIE


def test_what_is_left_out_is_said():
    pyramid = charts.chart(numbers_of((1, 2, 3), names=("男", "女", "未填"), is_ordered=True, sides=(0, 1)), "")
    many = charts.chart(numbers_of(*[(place % 2,) for place in range(14)]), "bar")

    assert (pyramid.note, [one.name for one in pyramid.series]) == ("另有性别不明的 3 人没有画出", ["男", "女"])
    assert (many.note, many.sums) == ("人数为 0 的 7 项没有画出", (1,) * 7)


@pytest.mark.parametrize("width", [880, 320])
@pytest.mark.parametrize("kind", list(K))
def test_every_number_and_name_stands_in_the_drawing(kind, width):
    rows = ((34, 24), (45, 65), (0, 3)) if kind not in (K.BAR, K.PIE) else ((34,), (45,), (3,))
    names = ("男", "女") if len(rows[0]) == 2 else (TOTAL,)
    numbers = numbers_of(*rows, names=names, is_ordered=True, sides=(0, 1) if len(names) == 2 else None)

    drawn = drawing.drawing(charts.chart(numbers, kind.value), width, "one")

    told = " ".join(shape.text for shape in drawn.shapes)
    wanted = {str(number) for row in rows for number in row if number} | set(numbers.labels)
    if kind is K.STACKED:  # a number stands in a piece that has room for it, the sum always at the end
        wanted = {"58", "110", "3", *numbers.labels}
    assert {one for one in wanted if one not in told} == set()
    assert [name for name in names if name != TOTAL and name not in told] == []
    places = [float(shape.attributes[one]) for shape in drawn.shapes for one in ("x", "cx") if one in shape.attributes]
    assert min(places) >= 0
    assert max(places) <= width
    fills = {shape.attributes.get("fill", "") for shape in drawn.shapes}
    assert {f"#one-{one}" for one in re.findall(r"url\(#one-(\d+)\)", " ".join(fills))} <= {
        f"#{pattern.id}" for pattern in drawn.patterns
    }


def test_chart_table_and_count_agree_for_random_questions(tree, user_as):
    people = populate(tree, 60)
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    asker, rng, drawn_kinds = Asker(people, seed=11), random.Random(11), set()
    with time_machine.travel(noon(TODAY), tick=False):
        for serial in range(QUESTIONS):
            question = asker.question() if serial % 4 else {"all": []}
            asked = Asked(conditions.parse(question), TODAY)
            by = rng.sample(BY, 1 + serial % 2) if serial != 5 else ["sex", "age"]
            found = summary(operator, asked, by)
            expected = sum(oracle.matches(question, one, TODAY, people.within) for one in people.now.values())

            assert found.total.number == asking.count(operator, asked) == len(asking.ids(operator, asked)) == expected
            numbers = charts.of_summary(found, "表", ["甲"])
            assert sum(sum(one.numbers) for one in numbers.series) == expected
            for kind in charts.fitting(numbers):
                chart = charts.chart(numbers, kind.value)
                told = json.loads(json.dumps(charts.data(chart, lambda cell: str(cell.number))))
                left_out = int((re.search(r"不明的 (\d+) 人", chart.note) or [0, 0])[1])
                assert sum(sum(one["numbers"]) for one in told["series"]) == expected - left_out
                table = {
                    (line.label, label): cell.number
                    for line in found.lines
                    for label, cell in zip([name for _, name in found.columns], line.cells, strict=True)
                } or {(line.label, TOTAL): line.total.number for line in found.lines}
                for one in told["series"]:
                    for label, number, link in zip(told["labels"], one["numbers"], one["links"], strict=True):
                        place = (label, one["name"]) if (label, one["name"]) in table else (one["name"], label)
                        assert (number, link) == (table[place], str(table[place]))
                assert drawing.drawing(chart, 880, "one").shapes
                drawn_kinds.add(kind)
            lines = exporting.summary_table(found)
            assert [line[1:-1] for line in lines[1:]] == [
                tuple(str(cell.number) for cell in (*cells, total))
                for cells, total in [*((line.cells, line.total) for line in found.lines), (found.totals, found.total)]
            ]
            _, sheet = exporting.export_summary(operator, asked, by, kind=forms.XLSX, purpose="核对人数")
            rows = openpyxl.load_workbook(io.BytesIO(sheet)).active.iter_rows(min_row=2, values_only=True)
            shown = [tuple(str(value) for value in row if value is not None) for row in rows]
            assert [line[:-1] for line in shown[: len(lines)]] == [line[:-1] for line in lines]
            if serial < PAPERS:
                _, paper = exporting.export_summary(operator, asked, by, kind=forms.PDF, purpose="核对人数")
                with pdfplumber.open(io.BytesIO(paper)) as read:
                    tables = [row for page in read.pages for table in page.extract_tables() for row in table]
                assert [tuple("".join((cell or "").split()) for cell in row) for row in tables if row[0]] == [
                    tuple("".join(cell.split()) for cell in line) for line in lines
                ]
            operator = db.session.get_one(User, operator.id)
    assert drawn_kinds >= {K.PYRAMID, K.BAR, K.STACKED}


def test_every_report_has_a_chart_that_adds_up_and_a_sentence(tree, user_as):
    populate(tree, 40)
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    with time_machine.travel(noon(TODAY), tick=False):
        for name, (_, _, make) in REPORTS.items():
            report = make(operator, Wish(tree["root"], TODAY))
            numbers = charts.of_report(report, ["甲"])
            said = saying.of_report(report)

            if name in ledger.BALANCES:  # a table of months, without a picture
                assert charts.fitting(numbers) == ()
                assert f"{report.totals.cells[-2].number}人" in said
            else:
                assert sum(sum(one.numbers) for one in numbers.series) == numbers.total > 0
                assert charts.fitting(numbers), name
                assert f"{numbers.total}人" in said
            assert "2026年2月28日，" in said or "2026年2月28日），" in said
            assert len(saying.columns(operator, report)) == len(report.columns)
    assert (
        charts.fitting(charts.of_report(REPORTS["ages"][2](operator, Wish(tree["root"], TODAY)), [""]))[0] is K.PYRAMID
    )


def test_a_report_goes_on_paper_with_its_chart(tree, user_as, client_of):
    populate(tree, 20)
    browser = client_of(user_as(Role.UNION_OPERATOR, tree["root"]))

    paper = browser.post("/query/reports/ages", data={"purpose": "年度总结", "kind": "pdf-chart"})

    with pdfplumber.open(io.BytesIO(paper.data)) as document:
        _, picture = document.pages
        told = unicodedata.normalize("NFKC", picture.extract_text()).replace(" ", "")
        bars = [one for one in picture.rects if one["height"] > 8]
    assert "attachment" in paper.headers["Content-Disposition"]
    assert paper.headers["Content-Disposition"].endswith(".pdf")
    assert "年龄结构表" in told
    assert "60岁及以上" in told
    assert re.search(r"男\d+人", told)
    assert "口径:" in told
    assert len(bars) > 3


@pytest.mark.parametrize("path", ["/query/reports/ages", "/query/summary", "/query/overview"])
def test_words_that_no_page_knows_do_no_harm(tree, user_as, client_of, path):
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))
    populate(tree, 8)

    strange = "?by=sex&name=x&endpoint=y&_scheme=z&_external=1&_anchor=%22%3E&chart=%3Cb%3E&values=1&unit=GH01"

    assert browser.get(path + strange).status_code == 200


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "今天"])
def test_a_day_that_cannot_be_is_said(tree, user_as, client_of, day):
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))

    for path in ("/query/reports/monthly", "/query/reports/ages", "/query/overview"):
        page = browser.get(f"{path}?unit=GH01&as_of={day}")

        assert page.status_code == 200
        assert 'aria-invalid="true"' in page.text
        assert f"截至 {show_date(today())}" in words(page.text)


def test_a_saved_question_leads_to_its_charts(tree, user_as, client_of):
    populate(tree, 20)
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))

    page = browser.get("/query/definitions/presets/q5")
    charts_url = next(link for link in links(page.text) if link.startswith("/query/summary?"))
    shown = browser.get(charts_url)

    told = json.loads(re.search(r'<script type="application/json">(.*?)</script>', shown.text)[1])
    number = int(re.search(r"人数(\d+)", words(page.text))[1])
    assert told["total"] == number > 0


def test_the_page_carries_the_numbers_of_its_table(tree, user_as, client_of):
    populate(tree, 20)
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))

    page = browser.get("/query/reports/ages?chart=stacked").text
    plain = browser.get("/query/summary?by=title_level&chart=pie").text
    empty = browser.get('/query/summary?by=title_level&q={"any":[]}').text

    told = json.loads(re.search(r'<script type="application/json">(.*?)</script>', page)[1])
    cells = [int(one) for one in re.findall(r'<td class="number"><a[^>]*>(\d+)</a>', page)]
    assert told["kind"] == "stacked"
    assert sum(sum(one["numbers"]) for one in told["series"]) == cells[-1] == told["total"]
    assert 'aria-current="true">堆积条形图' in page
    assert 'aria-current="true">饼图' in plain
    assert page.count("<svg xmlns=") == 2
    assert "图表" not in words(empty)
    assert "截至" in words(page)
    assert "复制这句话" in words(page)
