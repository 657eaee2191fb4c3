"""Charts as SVG, drawn here: for paper, for windows without a script, and sharp at any size.

Shapes with attributes alone, which a template writes out: no style, as the content policy asks. Every colour comes with
a pattern of its own and every bar with its number, so that nothing has to be told by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .charts import Chart, ChartKind

INK, SOFT, LINE = "#22262c", "#5a616b", "#dcd8d0"
COLOURS = ("#1f5f8b", "#c2571a", "#3f7d4e", "#7a4f9a", "#9a7200", "#0f7c86", "#a23b5f", "#6b7280", "#2e4057", "#b0651d")
_HATCH = {"stroke": "#fff", "stroke-width": "1.4", "opacity": ".6", "fill": "none"}
_DOT = {"r": "1.2", "fill": "#fff", "opacity": ".75"}


@dataclass(frozen=True)
class Shape:
    """One element of a drawing: rect, path, circle or text, with its attributes."""

    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass(frozen=True)
class Pattern:
    """A colour with what is drawn over it, 8 px wide and high."""

    id: str
    colour: str
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Drawing:
    """A whole picture of so many px."""

    width: int
    height: int
    patterns: tuple[Pattern, ...]
    shapes: tuple[Shape, ...]


def _hatched(path: str) -> tuple[Shape, ...]:
    return (Shape("path", {"d": path} | _HATCH),)


_PATTERNS: tuple[tuple[Shape, ...], ...] = (
    (),
    _hatched("M-2 2 2-2M0 8 8 0M6 10l4-4"),
    (Shape("circle", {"cx": "2", "cy": "2"} | _DOT), Shape("circle", {"cx": "6", "cy": "6"} | _DOT)),
    _hatched("M-2 6l4 4M0 0l8 8M6-2l4 4"),
    _hatched("M0 4h8"),
    _hatched("M4 0v8"),
    _hatched("M0 4h8M4 0v8"),
    _hatched("M0 0l8 8M8 0 0 8"),
    _hatched("M-2 2 2-2M-1 5 5-1M0 8 8 0M3 9l6-6M6 10l4-4"),
    _hatched("M2 0v8M6 0v8"),
)
_DASHES = ("", "7 4", "2 3", "9 3 2 3")
TEXT = 13  # px of the letters
ROW, BAR, THIN = 28, 18, 11
MARK = 11


def drawing(drawn: Chart, width: int, name: str) -> Drawing:
    """Return the chart as a picture `width` px wide; `name` begins the ids of its patterns, unique on the page."""
    draw = {
        ChartKind.BAR: _bars,
        ChartKind.STACKED: _stacked,
        ChartKind.GROUPED: _grouped,
        ChartKind.PIE: _pie,
        ChartKind.LINE: _lines,
        ChartKind.PYRAMID: _pyramid,
    }[drawn.kind]
    sheet = _Sheet(width, name)
    height = draw(drawn, sheet)
    return sheet.closed(round(height), len(drawn.labels) if drawn.kind is ChartKind.PIE else len(drawn.series))


def measure(text: str, size: float = TEXT) -> float:
    """Return about how wide the text is, in px: Chinese letters are square, others a little over half as wide."""
    return sum(size if ord(letter) > 0x2E7F else size * 0.58 for letter in text)


def cut(text: str, width: float, size: float = TEXT) -> str:
    """Return the text, shortened with an ellipsis where it is wider than `width`."""
    if measure(text, size) <= width:
        return text
    while text and measure(text + "…", size) > width:
        text = text[:-1]
    return text + "…"


class _Sheet:
    """The parts of one drawing."""

    def __init__(self, width: int, name: str) -> None:
        self.width = width
        self.name = name
        self.shapes: list[Shape] = []

    def text(self, x: float, y: float, words: str, *, anchor: str = "start", size: float = TEXT, fill: str = INK,
             bold: bool = False) -> None:  # fmt: skip
        found = {"x": _px(x), "y": _px(y), "font-size": str(size), "text-anchor": anchor, "fill": fill}
        self.shapes.append(Shape("text", found | ({"font-weight": "600"} if bold else {}), words))

    def rect(self, x: float, y: float, width: float, height: float, fill: str, **more: str) -> None:
        found = {"x": _px(x), "y": _px(y), "width": _px(width), "height": _px(height), "fill": fill}
        self.shapes.append(Shape("rect", found | more))

    def circle(self, x: float, y: float, radius: float, fill: str) -> None:
        self.shapes.append(Shape("circle", {"cx": _px(x), "cy": _px(y), "r": _px(radius), "fill": fill}))

    def path(self, path: str, **attributes: str) -> None:
        self.shapes.append(
            Shape("path", {"d": path} | {name.replace("_", "-"): one for name, one in attributes.items()})
        )

    def bar(self, x: float, y: float, width: float, height: float, place: int) -> None:
        """A bar in the colour and pattern of the series at `place`."""
        if width > 0:
            self.rect(x, y, max(width, 1), height, self.fill(place))

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str = LINE) -> None:
        self.path(f"M{_px(x1)} {_px(y1)}L{_px(x2)} {_px(y2)}", stroke=colour, stroke_width="1")

    def fill(self, place: int) -> str:
        place %= len(COLOURS)
        return f"url(#{self.name}-{place})" if _PATTERNS[place] else COLOURS[place]

    def legend(self, names: Sequence[str], *, as_lines: bool = False) -> float:
        """Name the colours at the top; return where the drawing goes on."""
        x, y = 0.0, 4.0
        for place, name in enumerate(names):
            words = cut(name, self.width - 24)
            wide = 24 + measure(words) + 18
            if x and x + wide - 18 > self.width:
                x, y = 0.0, y + 22
            if as_lines:
                _stretch(self, (x - 3, y + 7), (x + 17, y + 7), place)
                _marker(self, x + 7, y + 7, place, COLOURS[place % len(COLOURS)])
            else:
                self.bar(x, y, 14, 14, place)
            self.text(x + 24 if as_lines else x + 20, y + 12, words)
            x += wide
        return y + 30

    def closed(self, height: int, colours: int) -> Drawing:
        patterns = (
            Pattern(f"{self.name}-{place}", COLOURS[place], _PATTERNS[place])
            for place in range(min(colours, len(COLOURS)))
            if _PATTERNS[place]
        )
        return Drawing(self.width, height, tuple(patterns), tuple(self.shapes))


def _px(number: float) -> str:
    return f"{number:.1f}"


def _labels(drawn: Chart, sheet: _Sheet) -> tuple[list[str], float]:
    """Return the labels as they fit, and where the bars begin."""
    room = min(max(map(measure, drawn.labels)), sheet.width * 0.36)
    return [cut(label, room) for label in drawn.labels], room + 10


def _bars(drawn: Chart, sheet: _Sheet) -> float:
    labels, begin = _labels(drawn, sheet)
    numbers = drawn.sums
    tails = [f"{number}（{share}%）" for number, share in zip(numbers, drawn.shares, strict=True)]
    scale = (sheet.width - begin - max(map(measure, tails)) - 10) / max(*numbers, 1)
    y = 2.0
    for label, number, tail in zip(labels, numbers, tails, strict=True):
        sheet.text(begin - 8, y + 16, label, anchor="end")
        sheet.bar(begin, y + 3, number * scale, BAR, 0)
        sheet.text(begin + number * scale + 6, y + 16, tail, fill=INK if number else SOFT)
        y += ROW
    sheet.line(begin, 0, begin, y, SOFT)
    return y + 2


def _stacked(drawn: Chart, sheet: _Sheet) -> float:
    y = sheet.legend([one.name for one in drawn.series])
    top = y - 2
    labels, begin = _labels(drawn, sheet)
    scale = (sheet.width - begin - measure(str(max(drawn.sums))) - 10) / max(*drawn.sums, 1)
    for row, label in enumerate(labels):
        sheet.text(begin - 8, y + 16, label, anchor="end")
        x = begin
        for place, one in enumerate(drawn.series):
            number = one.numbers[row]
            wide = number * scale
            sheet.bar(x, y + 3, wide, BAR, place)
            if number and wide >= measure(str(number), MARK) + 8:
                middle, half = x + wide / 2, measure(str(number), MARK) / 2 + 2
                # the number stands on plain colour, not on the pattern
                sheet.rect(middle - half, y + 5, 2 * half, BAR - 4, COLOURS[place % len(COLOURS)])
                sheet.text(middle, y + 16, str(number), anchor="middle", size=MARK, fill="#fff")
            x += wide
            if number:
                sheet.line(x, y + 3, x, y + 3 + BAR, "#fff")
        sheet.text(x + 6, y + 16, str(drawn.sums[row]), fill=INK if drawn.sums[row] else SOFT)
        y += ROW
    sheet.line(begin, top, begin, y, SOFT)
    return y + 2


def _grouped(drawn: Chart, sheet: _Sheet) -> float:
    y = sheet.legend([one.name for one in drawn.series])
    top = y - 2
    labels, begin = _labels(drawn, sheet)
    most = max(max(one.numbers) for one in drawn.series)
    scale = (sheet.width - begin - measure(str(most), MARK) - 10) / max(most, 1)
    for row, label in enumerate(labels):
        middle = y + len(drawn.series) * (THIN + 2) / 2
        sheet.text(begin - 8, middle + 5, label, anchor="end")
        for place, one in enumerate(drawn.series):
            sheet.bar(begin, y, one.numbers[row] * scale, THIN, place)
            sheet.text(begin + one.numbers[row] * scale + 5, y + 10, str(one.numbers[row]), size=MARK,
                       fill=INK if one.numbers[row] else SOFT)  # fmt: skip
            y += THIN + 2
        y += 10
    sheet.line(begin, top, begin, y - 6, SOFT)
    return y


def _pie(drawn: Chart, sheet: _Sheet) -> float:
    radius = min(110.0, sheet.width * 0.3)
    beside = sheet.width >= 520
    listed = ROW * len(drawn.labels)
    height = max(2 * radius + 8, listed) if beside else 2 * radius + 16 + listed
    x, y = radius + 4 if beside else sheet.width / 2, height / 2 if beside else radius + 4
    total, begun = sum(drawn.sums), -math.pi / 2
    marks = []
    for place, number in enumerate(drawn.sums):
        sweep = 2 * math.pi * number / total
        _slice(sheet, (x, y), radius, begun, sweep, sheet.fill(place))
        if number * 100 >= total * 6:
            middle = begun + sweep / 2
            marks.append((x + math.cos(middle) * radius * 0.74, y + math.sin(middle) * radius * 0.74, place))
        begun += sweep
    for mark_x, mark_y, place in marks:
        words = drawn.labels[place] if measure(drawn.labels[place], MARK) < radius * 0.6 else f"{drawn.shares[place]}%"
        half = measure(words, MARK) / 2 + 3
        sheet.rect(mark_x - half, mark_y - 8, 2 * half, 16, "#fff", rx="3", opacity=".92")
        sheet.text(mark_x, mark_y + 4, words, anchor="middle", size=MARK)
    sheet.circle(x, y, radius * 0.46, "#fff")
    sheet.text(x, y - 2, str(total), anchor="middle", size=20, bold=True)
    sheet.text(x, y + 18, "人", anchor="middle", fill=SOFT)
    left = 2 * radius + 40 if beside else max(0.0, sheet.width / 2 - 150)
    line = (height - listed) / 2 if beside else 2 * radius + 22
    for place, (label, number, share) in enumerate(zip(drawn.labels, drawn.sums, drawn.shares, strict=True)):
        tail = f"{number} 人　{share}%"
        sheet.bar(left, line + 4, 14, 14, place)
        sheet.text(left + 22, line + 16, cut(label, sheet.width - left - 40 - measure(tail)))
        sheet.text(min(left + 300, sheet.width - 2), line + 16, tail, anchor="end")
        line += ROW
    return height + 4


def _slice(sheet: _Sheet, middle: tuple[float, float], radius: float, begun: float, sweep: float, fill: str) -> None:
    x, y = middle
    if sweep >= 2 * math.pi - 1e-9:
        sheet.circle(x, y, radius, fill)
        return
    first, last = ((x + math.cos(angle) * radius, y + math.sin(angle) * radius) for angle in (begun, begun + sweep))
    big = int(sweep > math.pi)
    path = (
        f"M{x:.2f} {y:.2f}L{first[0]:.2f} {first[1]:.2f}"
        f"A{radius:.2f} {radius:.2f} 0 {big} 1 {last[0]:.2f} {last[1]:.2f}Z"
    )
    sheet.path(path, fill=fill, stroke="#fff", stroke_width="1.5")


def _lines(drawn: Chart, sheet: _Sheet) -> float:
    y = 22.0
    if len(drawn.series) > 1:
        y = sheet.legend([one.name for one in drawn.series], as_lines=True) + 10
    step_up = _step(max(*(number for one in drawn.series for number in one.numbers), 1))
    most = step_up * math.ceil(max(*(number for one in drawn.series for number in one.numbers), 1) / step_up)
    height, left, right = 220.0, measure(str(most)) + 10, 16.0
    bottom = y + height
    for mark in range(0, most + 1, step_up):
        level = bottom - height * mark / most
        sheet.line(left, level, sheet.width - right, level)
        sheet.text(left - 6, level + 4, str(mark), anchor="end", size=MARK, fill=SOFT)
    count = len(drawn.labels)
    inset = 18.0
    step = (sheet.width - left - right - 2 * inset) / max(count - 1, 1)
    at = [left + inset + step * place for place in range(count)]
    wide = max(measure(label, MARK) for label in drawn.labels)
    every = max(1, math.ceil((min(wide, 92) + 6) / step)) if count > 1 else 1
    for place, label in enumerate(drawn.labels):
        if place % every == 0:
            sheet.text(at[place], bottom + 18, cut(label, max(step * every, 40), MARK), anchor="middle", size=MARK)
    for number, one in enumerate(drawn.series):
        colour = COLOURS[number % len(COLOURS)]
        heights = [bottom - height * value / most for value in one.numbers]
        for begun, ended in pairwise(zip(at, heights, strict=True)):
            _stretch(sheet, begun, ended, number)
        for place, value in enumerate(one.numbers):
            _marker(sheet, at[place], heights[place], number, colour)
            if len(drawn.series) < 3 and (step >= measure(str(value), MARK) + 4 or place % every == 0):
                away = 17 if _is_below(drawn, number, place) else -8
                sheet.text(at[place], heights[place] + away, str(value), anchor="middle", size=MARK, fill=colour)
    return bottom + 28


def _step(most: int) -> int:
    """Return how far the marks of a scale up to `most` lie apart: 1, 2 or 5 of some power of ten, five marks or so."""
    power = 10 ** max(0, len(str(most)) - 2)
    return next(one * power for one in (1, 2, 5, 10, 20, 50) if most <= 5 * one * power)


def _is_below(drawn: Chart, number: int, place: int) -> bool:
    """Whether the number stands below its point: of two lines that of the lower one."""
    if len(drawn.series) != 2:
        return False
    own, other = drawn.series[number].numbers[place], drawn.series[1 - number].numbers[place]
    return own > 0 and (own, -number) < (other, number - 1)


def _stretch(sheet: _Sheet, begun: tuple[float, float], ended: tuple[float, float], number: int) -> None:
    dash = _DASHES[number % len(_DASHES)]
    dashed = {"stroke_dasharray": dash} if dash else {}
    path = f"M{_px(begun[0])} {_px(begun[1])}L{_px(ended[0])} {_px(ended[1])}"
    sheet.path(path, stroke=COLOURS[number % len(COLOURS)], stroke_width="2.2", **dashed)


def _marker(sheet: _Sheet, x: float, y: float, number: int, colour: str) -> None:
    match number % 4:
        case 0:
            sheet.circle(x, y, 4, colour)
        case 1:
            sheet.rect(x - 4, y - 4, 8, 8, colour)
        case 2:
            sheet.path(f"M{_px(x)} {_px(y - 5)}l5 9h-10z", fill=colour)
        case _:
            sheet.path(f"M{_px(x)} {_px(y - 5.5)}l5 5.5-5 5.5-5-5.5z", fill=colour)


def _pyramid(drawn: Chart, sheet: _Sheet) -> float:
    """Men to the left, women to the right, the oldest at the top."""
    men, women = (one.numbers for one in drawn.series)
    room = max(map(measure, drawn.labels)) + 20
    middle = sheet.width / 2
    most = max(*men, *women, 1)
    tail = measure(str(most)) + 8
    scale = (middle - room / 2 - tail) / most
    left, right = middle - room / 2, middle + room / 2
    for place, (side, anchor) in enumerate(((left, "end"), (right, "start"))):
        words = f"{drawn.series[place].name} {sum(drawn.series[place].numbers)} 人"
        mark = side - measure(words) - 20 if place == 0 else side
        sheet.bar(mark, 4, 14, 14, place)
        sheet.text(side if place == 0 else side + 20, 16, words, anchor=anchor, bold=True)
    y = 28.0
    for row in reversed(range(len(drawn.labels))):
        sheet.text(middle, y + 16, drawn.labels[row], anchor="middle")
        sheet.bar(left - men[row] * scale, y + 3, men[row] * scale, BAR + 2, 0)
        sheet.bar(right, y + 3, women[row] * scale, BAR + 2, 1)
        sheet.text(left - men[row] * scale - 5, y + 17, str(men[row]), anchor="end", fill=INK if men[row] else SOFT)
        sheet.text(right + women[row] * scale + 5, y + 17, str(women[row]), fill=INK if women[row] else SOFT)
        y += ROW
    sheet.line(left, 26, left, y, SOFT)
    sheet.line(right, 26, right, y, SOFT)
    return y + 4
