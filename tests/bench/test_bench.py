"""The benchmark's arithmetic, what it writes, and that floor and product find the same. No times are judged here."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from flask import Flask
from pypdf import PdfReader
from werkzeug.datastructures import Headers

from portal.bench import NAMES, measuring, memory, pages, paper, place, runner, signin
from portal.bench.measuring import Case, Follower, Timing, Unequal, measure, rounds_for, worst
from portal.core import crypto
from portal.core.errors import DomainError
from portal.core.pdf import Paper


def test_rounds_are_five_at_least_and_three_for_what_is_slow() -> None:
    assert rounds_for(0.0001, 0.0002) == measuring.ROUNDS_MOST
    assert rounds_for(0.125, 0.25) == 8
    assert rounds_for(2, 4) == 5
    assert rounds_for(6, 1) == rounds_for(1, 6) == 3


def test_an_operation_is_as_good_as_its_worst_case() -> None:
    timings = [Timing("首页", 10, 21, 9), Timing("末页", 2, 6, 9), Timing("中间页", 30, 60, 9)]

    assert worst(timings).case == "末页"
    assert runner.report("list", timings, 97.26) == {
        "name": "list", "ratio": 3.0, "floor_ms": 2, "ours_ms": 6, "peak_mb": 97.3
    }  # fmt: skip


def test_floor_and_ours_alternate_and_times_are_for_one_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "SECONDS_FOR_A_CASE", 0.1)
    calls: list[str] = []

    def call(name: str, steps: int) -> int:
        calls.append(name)
        return sum(range(steps)) * 0

    case = Case(
        "十份",
        floor=lambda: call("A", 300_000),
        ours=lambda given: call("B", 1_800_000) + given,
        same=lambda expected, found: expected == found,
        arrange=lambda: 0,
        per=10,
    )

    timing = measure(case)

    assert calls == ["A", "B"] * (timing.rounds + 1)  # one round of each is not counted
    assert timing.rounds >= measuring.ROUNDS_LEAST
    assert 0 < timing.floor_ms < timing.ours_ms


def test_a_time_for_another_result_is_none() -> None:
    case = Case("首页", lambda: 1, lambda given: 2, lambda a, b: a == b)

    with pytest.raises(Unequal, match="「首页」的结果与下限的结果不一致"):
        measure(case)


def test_the_time_of_children_counts_also_of_those_nobody_waits_for() -> None:
    script = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
its_end, open_until_it_ends = os.pipe()
if os.fork() == 0:
    while time.process_time() < 0.3:
        pass
else:
    os.close(open_until_it_ends)
    os.read(its_end, 1)
"""

    with Follower() as follower:
        begun = time.process_time()
        subprocess.run([sys.executable, "-c", script], check=True)
        own = time.process_time() - begun

    assert follower.used >= 0.29
    assert follower.cost < own + 0.1


def test_memory_is_that_of_the_whole_family() -> None:
    hold = "import time; kept = bytearray(b'x') * (60 << 20); time.sleep(0.5)"
    both = f"import subprocess, sys; one = subprocess.Popen([sys.executable, '-c', {hold!r}]); {hold}; one.wait()"

    assert 120 < memory.peak_mb([sys.executable, "-c", both]) < 200
    with pytest.raises(memory.Failed, match="退出码 1"):
        memory.peak_mb([sys.executable, "-c", "raise SystemExit('阿')"])


def found_alike(case: Case) -> bool:
    arranged = case.arrange()
    return case.same(case.floor(), case.ours(arranged))


def test_each_page_of_the_list_shows_what_bare_sql_finds(city: place.Place) -> None:
    cases = pages.list_cases(city)

    names = [case.name for case in cases]
    assert names[:3] == ["全市首页", "全市中间页", "全市末页"]
    assert {"区县操作员首页", "按区县筛选首页", "基层操作员首页", "按基层筛选首页"} < set(names)
    for case in cases:
        assert found_alike(case), case.name
    rows = cases[0].floor()
    assert len(rows) == 50
    assert not cases[0].same(rows[1:] + rows[:1], cases[0].ours(None))  # in this order, and no other


@pytest.mark.parametrize("name", ["filter", "any", "name", "id", "summary", "as_of"])
def test_the_query_finds_what_bare_sql_finds(city: place.Place, name: str) -> None:
    with place.place_at(city.folder) as here:  # whose transaction stays open meanwhile
        cases = runner.OPERATIONS[name](here)

        assert cases
        for case in cases:
            assert found_alike(case), case.name
            assert not case.same(case.floor(), case.ours(None)[:-1]), case.name


def test_signing_in_signs_in(city: place.Place) -> None:
    [case] = signin.signin_cases(city)

    assert found_alike(case)
    assert not case.same(True, ([], "302 FOUND", Headers()))


def test_forms_read_alike_whoever_prints_them(city: place.Place) -> None:
    [case] = paper.form_cases(city)

    assert found_alike(case)
    assert not case.same(case.floor()[1:], case.ours(None))


def test_one_document_holds_all_forms_each_with_its_picture() -> None:
    page = '<html><head></head><body><p>{}</p><img src="image:photo"></body></html>'
    together, pictures = paper.one_document([Paper(page.format(name), {"photo": name.encode()}) for name in "甲乙"])

    assert pictures == {"photo-0": "甲".encode(), "photo-1": "乙".encode()}
    assert re.findall(r"甲|乙|image:photo-\d", together) == ["甲", "image:photo-0", "乙", "image:photo-1"]


def test_a_batch_is_one_pdf_in_the_same_order(city: place.Place) -> None:
    forms = paper._forms(city, 30)

    texts = [page.extract_text() for page in PdfReader(io.BytesIO(paper.print_batch(forms))).pages]

    numbers = [form.member_no for form in forms]
    shown = [number for text in texts for number in re.findall(r"会员证号码：\s*(\S+)", text)]
    assert list(dict.fromkeys(shown)) == numbers


def test_a_place_is_kept_and_its_rows_are_the_same_again(city: place.Place, tmp_path: Path) -> None:
    instance = city.folder.parents[1]
    told: list[str] = []

    assert place.seeded(instance, 400, told.append) == city.folder
    assert told == []
    with city.reading():
        first = place.rows_sha256()
    with place.place_at(place.seeded(tmp_path, 400, told.append)) as other, other.reading():
        assert place.rows_sha256() == first
    with city.app.app_context():
        crypto.use(crypto.keys_at(city.folder / "keys.json") or crypto.Keys.fresh())


def test_an_unknown_operation_is_refused(app: Flask, tmp_path: Path) -> None:
    with pytest.raises(DomainError, match=f"没有名为 pages 的测试项目，可选：{'、'.join(NAMES)}"):
        runner.run(tmp_path, members=1000, only=["list", "pages"], say=lambda sentence: None)
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_is_what_is_promised(city: place.Place) -> None:
    peak = memory.peak_mb([sys.executable, "-m", "portal.bench.alone", str(city.folder), "signin"])
    timing = Timing("登录", 23.4567, 25.6789, 41)

    written = json.loads(json.dumps(runner.report("signin", [timing], peak)))

    assert list(written) == ["name", "ratio", "floor_ms", "ours_ms", "peak_mb"]
    assert written | {"peak_mb": 0} == {
        "name": "signin", "ratio": 1.095, "floor_ms": 23.457, "ours_ms": 25.679, "peak_mb": 0
    }  # fmt: skip
    assert 40 < peak < 400
    assert re.fullmatch(r"\d+ x \w+, Python 3\.\d+\.\d+\S*, SQLite 3\.\d+\.\d+", runner.machine())
