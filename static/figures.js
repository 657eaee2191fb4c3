/* Charts: what the server has drawn is drawn again with words under the pointer, ways to the people and a picture to
   save. Without this file the server's drawing stands there; on paper it always does. */
"use strict";

const COLOURS = ["#1f5f8b", "#c2571a", "#3f7d4e", "#7a4f9a", "#9a7200", "#0f7c86", "#a23b5f", "#6b7280", "#2e4057", "#b0651d"];
const INK = "#22262c";
const SOFT = "#5a616b";
const LINE = "#dcd8d0";
const MARKERS = ["circle", "rect", "triangle", "diamond"];
const DASHES = ["solid", [7, 4], [2, 3], [9, 3, 2, 3]];
const ROW = 30; // px of one bar with the space around it
const SIZE = 13;
const PICTURE = 1200; // px of a saved picture, drawn twice as fine

/* Every colour has a pattern of its own. */
const white = { color: "rgba(255,255,255,.6)" };
const PATTERNS = [
  { color: "rgba(0,0,0,0)", symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 6] },
  { ...white, symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 6], rotation: -Math.PI / 4 },
  { ...white, symbol: "circle", dashArrayX: [[6, 6], [0, 6, 6, 0]], dashArrayY: [6, 0], symbolSize: 0.5 },
  { ...white, symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 6], rotation: Math.PI / 4 },
  { ...white, symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 6] },
  { ...white, symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 6], rotation: Math.PI / 2 },
  { ...white, symbol: "triangle", dashArrayX: [[8, 8], [0, 8, 8, 0]], dashArrayY: [8, 0], symbolSize: 0.6 },
  { ...white, symbol: "diamond", dashArrayX: [[8, 8], [0, 8, 8, 0]], dashArrayY: [8, 0], symbolSize: 0.6 },
  { ...white, symbol: "rect", dashArrayX: [1, 0], dashArrayY: [4, 4], rotation: -Math.PI / 4 },
  { ...white, symbol: "rect", dashArrayX: [1, 0], dashArrayY: [4, 4], rotation: Math.PI / 2 },
];

function measure(text, size = SIZE) {
  return [...text].reduce((sum, letter) => sum + (letter.codePointAt(0) > 0x2e7f ? size : size * 0.58), 0);
}

function most(series) {
  return Math.max(1, ...series.flatMap((one) => one.numbers));
}

function sums(chart) {
  return chart.labels.map((_, row) => chart.series.reduce((sum, one) => sum + one.numbers[row], 0));
}

function legend(chart, top) {
  return {
    show: chart.series.length > 1, top, left: 0, itemWidth: 16, itemHeight: 14, itemGap: 16,
    textStyle: { color: INK, fontSize: SIZE },
  };
}

function legendHeight(chart, width) {
  if (chart.series.length < 2) return 8;
  let [x, lines] = [0, 1];
  for (const one of chart.series) {
    const wide = 22 + measure(one.name) + 16;
    if (x && x + wide > width) [x, lines] = [0, lines + 1];
    x += wide;
  }
  return lines * 30 + 6;
}

function styled(place) {
  return { color: COLOURS[place % COLOURS.length], decal: PATTERNS[place % PATTERNS.length] };
}

function words(chart, series, row) {
  const one = chart.series[series];
  const of = chart.series.length > 1 ? `\n${one.name}` : "";
  const share = chart.series.length > 1 ? "" : `（${chart.shares[row]}%）`;
  return `${chart.labels[row]}${of}\n${one.numbers[row]} 人${share}`;
}

function categories(chart, room) {
  return {
    type: "category", data: chart.labels, inverse: true, axisTick: { show: false }, axisLine: { lineStyle: { color: SOFT } },
    axisLabel: { color: INK, fontSize: SIZE, interval: 0, width: room + 8, overflow: "truncate" },
  };
}

/* Lying bars: one series with its share, several in a pile or side by side. */
function bars(chart, width, top) {
  const room = Math.min(Math.max(...chart.labels.map((label) => measure(label))), width * 0.36);
  const piled = chart.kind === "stacked";
  const single = chart.series.length === 1;
  const total = sums(chart);
  const tail = single ? measure("00000（00.0%）") : measure(String(Math.max(...total))) + 12;
  const height = chart.labels.length * (piled || single ? ROW : chart.series.length * 14 + 12);
  const longest = piled ? Math.max(1, ...total) : most(chart.series);
  const begin = top + legendHeight(chart, width);
  const room2 = Math.max(40, width - room - 18 - tail);
  const shown = chart.series.map((one, place) => ({
    name: one.name,
    type: "bar",
    stack: piled ? "all" : undefined,
    barWidth: piled || single ? 18 : 11,
    barGap: "20%",
    data: piled
      ? one.numbers.map((number) => ({
          value: number || null, label: { show: (number / longest) * room2 >= measure(String(number), 11) + 8 },
        }))
      : one.numbers,
    itemStyle: { ...styled(place), borderColor: "#fff", borderWidth: piled ? 0.5 : 0 },
    label: piled
      ? {
          position: "inside", fontSize: 11, color: "#fff", backgroundColor: COLOURS[place % COLOURS.length], padding: [1, 3],
        }
      : {
          show: true, position: "right", fontSize: single ? SIZE : 11, color: INK,
          formatter: (part) => (single ? `${part.value}（${chart.shares[part.dataIndex]}%）` : String(part.value)),
        },
  }));
  if (piled) {
    // the sum stands behind the pile
    shown.push({
      name: "", type: "bar", stack: "all", data: total.map(() => 0), silent: true, tooltip: { show: false },
      label: { show: true, position: "right", color: INK, fontSize: SIZE, formatter: (part) => String(total[part.dataIndex]) },
    });
  }
  const option = {
    grid: { left: room + 18, right: tail, top: begin, height },
    legend: { ...legend(chart, top), data: chart.series.map((one) => one.name) },
    yAxis: categories(chart, room),
    xAxis: { type: "value", show: false, max: longest },
    series: shown,
  };
  return [option, begin + height + 6];
}

function pyramid(chart, width, top) {
  const room = Math.max(...chart.labels.map((label) => measure(label))) + 20;
  const height = chart.labels.length * ROW;
  const longest = most(chart.series) * 1.18;
  const half = (width - room) / 2;
  const [men, women] = chart.series;
  const side = (place, one) => ({
    name: one.name, type: "bar", xAxisIndex: place, yAxisIndex: place, barWidth: 20, data: one.numbers, itemStyle: styled(place),
    label: { show: true, position: place ? "right" : "left", color: INK, fontSize: SIZE },
  });
  const count = (one) => one.numbers.reduce((sum, number) => sum + number, 0);
  const begin = top + 34;
  const option = {
    legend: {
      ...legend(chart, top), left: "center",
      formatter: (name) => `${name} ${count(name === men.name ? men : women)} 人`,
    },
    grid: [{ left: 0, width: half, top: begin, height }, { left: half + room, width: half, top: begin, height }],
    xAxis: [0, 1].map((place) => ({ type: "value", gridIndex: place, show: false, inverse: !place, max: longest })),
    yAxis: [
      { type: "category", gridIndex: 0, position: "right", data: chart.labels, axisTick: { show: false }, axisLabel: { show: false }, axisLine: { lineStyle: { color: SOFT } } },
      {
        type: "category", gridIndex: 1, data: chart.labels, axisTick: { show: false }, axisLine: { lineStyle: { color: SOFT } },
        axisLabel: { color: INK, fontSize: SIZE, interval: 0, align: "center", margin: room / 2 },
      },
    ],
    series: [side(0, men), side(1, women)],
  };
  return [option, begin + height + 6];
}

function pie(chart, width, top) {
  const radius = Math.min(120, width * 0.26);
  const beside = width >= 520;
  const listed = chart.labels.length * 31;
  const height = beside ? Math.max(2 * radius + 20, listed + 10) : 2 * radius + 30 + listed;
  const numbers = chart.series[0].numbers;
  const option = {
    title: {
      text: String(chart.total), subtext: "人", textAlign: "center", itemGap: 2, left: beside ? radius + 10 : width / 2,
      top: (beside ? top + height / 2 : top + radius + 8) - 24, textStyle: { color: INK, fontSize: 20 }, subtextStyle: { color: SOFT, fontSize: SIZE },
    },
    legend: {
      orient: "vertical", itemWidth: 16, itemHeight: 14, itemGap: 12, textStyle: { color: INK, fontSize: SIZE },
      left: beside ? 2 * radius + 50 : Math.max(0, width / 2 - 130), top: beside ? top + (height - listed) / 2 : top + 2 * radius + 26,
      formatter: (name) => {
        const row = chart.labels.indexOf(name);
        return `${name}　${numbers[row]} 人　${chart.shares[row]}%`;
      },
    },
    series: [{
      type: "pie", radius: [radius * 0.46, radius], center: [beside ? radius + 10 : width / 2, beside ? top + height / 2 : top + radius + 8],
      startAngle: 90, data: chart.labels.map((label, row) => ({ name: label, value: numbers[row], itemStyle: { ...styled(row), borderColor: "#fff", borderWidth: 1.5 } })),
      labelLine: { show: false }, emphasis: { scale: false },
      label: {
        show: true, position: "inside", color: INK, fontSize: 11, backgroundColor: "rgba(255,255,255,.92)", padding: [2, 4], borderRadius: 3,
        formatter: (part) => (part.percent < 6 ? "" : measure(part.name, 11) < radius * 0.6 ? part.name : `${chart.shares[part.dataIndex]}%`),
      },
    }],
  };
  return [option, top + height];
}

/* Of two lines the lower one has its numbers below. */
function isBelow(chart, place, row) {
  const other = chart.series.length === 2 && chart.series[1 - place].numbers[row];
  const own = chart.series[place].numbers[row];
  return other !== false && own > 0 && (own < other || (own === other && place === 1));
}

function lines(chart, width, top) {
  const begin = top + Math.max(24, legendHeight(chart, width) + 10);
  const height = 220;
  const option = {
    legend: { ...legend(chart, top), itemWidth: 34 },
    grid: { left: measure(String(most(chart.series))) + 14, right: 20, top: begin, height },
    xAxis: { type: "category", data: chart.labels, axisLabel: { color: INK, fontSize: 11, hideOverlap: true }, axisTick: { show: false }, axisLine: { lineStyle: { color: SOFT } } },
    yAxis: { type: "value", minInterval: 1, axisLabel: { color: SOFT, fontSize: 11 }, splitLine: { lineStyle: { color: LINE } } },
    series: chart.series.map((one, place) => ({
      name: one.name, type: "line", data: one.numbers.map((value, row) => ({ value, label: { position: isBelow(chart, place, row) ? "bottom" : "top" } })), symbol: MARKERS[place % 4], symbolSize: 9, color: COLOURS[place % COLOURS.length],
      lineStyle: { width: 2.2, type: DASHES[place % 4] }, itemStyle: { color: COLOURS[place % COLOURS.length] },
      label: { show: chart.series.length < 3, fontSize: 11, color: COLOURS[place % COLOURS.length] },
    })),
  };
  return [option, begin + height + 34];
}

const DRAWN = { bar: bars, stacked: bars, grouped: bars, pie, line: lines, pyramid };

/* Return option and height of a chart `width` px wide whose drawing begins `top` px down. */
function optionOf(chart, width, top) {
  const [option, height] = DRAWN[chart.kind](chart, width, top);
  return [{
    animation: false,
    aria: { enabled: true, label: { enabled: false }, decal: { show: true } },
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    tooltip: { trigger: "item", renderMode: "richText", confine: true, borderColor: LINE, textStyle: { color: INK, fontSize: SIZE }, formatter: (part) => words(chart, part.seriesIndex, part.dataIndex) },
    ...option,
  }, Math.ceil(height)];
}

function draw(figure) {
  const chart = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
  const place = figure.querySelector("[data-canvas]");
  figure.classList.add("chart-live");
  place.hidden = false;
  const drawn = echarts.init(place, null, { renderer: "canvas", width: place.clientWidth, height: 300 });
  let wide = 0;
  const show = () => {
    if (!place.clientWidth || place.clientWidth === wide) return;
    wide = place.clientWidth;
    const [option, height] = optionOf(chart, wide, 0);
    drawn.resize({ width: wide, height });
    drawn.setOption(option, true);
  };
  show();
  new ResizeObserver(show).observe(place);
  drawn.on("click", (part) => {
    const series = chart.series[part.seriesIndex];
    const link = series && series.links[part.dataIndex];
    if (link) location.href = link;
  });
  const save = figure.closest("section").querySelector("[data-save]");
  save.hidden = false;
  save.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = picture(chart);
    link.download = `${chart.title}.png`;
    link.click();
  });
  figure.dataset.drawn = "yes";
}

/* The picture that is saved: with its title, the day and the definition, on white. */
function picture(chart) {
  const margin = 40;
  const wide = PICTURE - 2 * margin;
  const about = [...chart.about, ...(chart.note ? [`注：${chart.note}`] : [])];
  const rows = about.reduce((sum, line) => sum + Math.ceil(measure(line, 14) / wide), 0);
  const top = 56 + rows * 22;
  const [option, height] = optionOf(chart, wide, 0);
  const [head, body] = [document.createElement("div"), document.createElement("div")];
  const first = echarts.init(body, null, { renderer: "canvas", width: wide, height, devicePixelRatio: 2 });
  first.setOption(option);
  const second = echarts.init(head, null, { renderer: "canvas", width: wide, height: top, devicePixelRatio: 2 });
  second.setOption({
    animation: false,
    textStyle: option.textStyle,
    title: {
      text: chart.title, subtext: about.join("\n"), left: 0, top: 0, itemGap: 12, textStyle: { color: INK, fontSize: 24, fontFamily: option.textStyle.fontFamily },
      subtextStyle: { color: SOFT, fontSize: 14, lineHeight: 22, width: wide, overflow: "break", fontFamily: option.textStyle.fontFamily },
    },
  });
  const sheet = document.createElement("canvas");
  [sheet.width, sheet.height] = [2 * PICTURE, 2 * (top + height + 2 * margin)];
  const pen = sheet.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, sheet.width, sheet.height);
  pen.drawImage(second.renderToCanvas({ pixelRatio: 2 }), 2 * margin, 2 * margin);
  pen.drawImage(first.renderToCanvas({ pixelRatio: 2 }), 2 * margin, 2 * (margin + top));
  first.dispose();
  second.dispose();
  return sheet.toDataURL("image/png");
}

/* 复制这句话 */
function prepareCopies() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy-from]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copyFrom).textContent.trim());
      button.querySelector("span").textContent = "已复制";
    });
  }
}

document.addEventListener("DOMContentLoaded", () => {
  prepareCopies();
  if (window.echarts) document.querySelectorAll("[data-chart]").forEach(draw);
});
