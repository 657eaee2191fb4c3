/* The form of conditions without a journey: what changes its shape is fetched and put in place, and how many it would
   find is asked while one types. The page works the same without this file. */
"use strict";

const WAIT = 400; // ms after the last key before the number is asked

let building = 0;
let counting = null;
let timer = 0;

function builder() {
  return document.querySelector("[data-builder]");
}

function said(text) {
  const place = builder().querySelector("[data-count]");
  if (place && place.textContent !== text) place.textContent = text;
}

function sent(form, act) {
  const data = new FormData(form);
  if (act) data.set("act", act);
  return data;
}

function same(one, other) {
  return new URLSearchParams(one).toString() === new URLSearchParams(other).toString();
}

/* After a row was added its field is next; else one stays where one was. */
function focusAfter(act, id) {
  const form = builder();
  const boxes = form.querySelectorAll(".rule-box");
  let place = id && document.getElementById(id);
  if (act === "add") place = [...form.querySelectorAll(":scope > .rules > .rule > .rule-field")].pop();
  else if (act === "box") place = boxes[boxes.length - 1].querySelector(".rule-mode");
  else if (act.startsWith("add-")) place = [...document.getElementById(act).closest("fieldset").querySelectorAll(".rule-field")].pop();
  else if (act.startsWith("remove-") || act === "clear") place = form.querySelector("#add");
  if (place) place.focus();
}

async function build(act) {
  const form = builder();
  const turn = (building += 1);
  const before = sent(form, act);
  form.setAttribute("aria-busy", "true");
  let page = "";
  try {
    const answer = await fetch(form.dataset.buildUrl, { method: "POST", body: before, credentials: "same-origin" });
    if (answer.redirected || !answer.ok) throw new Error(String(answer.status));
    page = await answer.text();
  } catch {
    form.removeAttribute("aria-busy");
    said("暂时连不上服务器，请稍候再试");
    return;
  }
  if (turn !== building) return; // a later press is on its way
  if (!same(before, sent(form, act))) {
    build(act); // something was typed meanwhile
    return;
  }
  const found = new DOMParser().parseFromString(page, "text/html").querySelector("[data-builder]");
  if (!found) return;
  const id = document.activeElement && document.activeElement.id; // where one has gone meanwhile
  form.replaceWith(document.adoptNode(found));
  prepare();
  focusAfter(act, id);
  count();
}

function count() {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const form = builder();
    if (counting) counting.abort();
    counting = new AbortController();
    try {
      const answer = await fetch(form.dataset.countUrl, { method: "POST", body: sent(form), signal: counting.signal });
      if (answer.ok) said((await answer.json()).said);
    } catch {
      /* another count has taken its place, or the server is away: the number is a comfort only */
    }
  }, WAIT);
}

/* A list of boxes to tick: what is ticked stands on its head, a long one can be searched. */
function prepareTicks(box) {
  const chosen = box.querySelector("[data-chosen]");
  const lines = [...box.querySelectorAll(".tick-line")];
  const empty = "请选择（可多选）";
  box.addEventListener("change", () => {
    const words = lines.filter((line) => line.querySelector("input").checked).map((line) => line.textContent.trim());
    chosen.textContent = words.join("、") || empty;
  });
  if (lines.length > 12) {
    const search = document.createElement("input");
    search.type = "search";
    search.className = "form-control ticks-search";
    search.placeholder = "输入文字筛选";
    search.setAttribute("aria-label", "筛选选项");
    search.addEventListener("input", (event) => {
      event.stopPropagation();
      for (const line of lines) line.hidden = !line.textContent.includes(search.value.trim());
    });
    search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
    });
    box.querySelector(".ticks-list").prepend(search);
  }
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && box.open) {
      box.open = false;
      box.querySelector("summary").focus();
    }
  });
}

function prepare() {
  const form = builder();
  if (!form) return;
  form.querySelectorAll("[data-ticks]").forEach(prepareTicks);
  form.addEventListener("click", (event) => {
    const pressed = event.target.closest("button[data-build]");
    if (!pressed) return;
    event.preventDefault();
    build(pressed.dataset.build);
  });
  form.addEventListener("change", (event) => {
    if (event.target.matches("select[data-build]")) build(event.target.dataset.build);
    else count();
  });
  form.addEventListener("input", (event) => {
    if (!event.target.matches("select[data-build]")) count();
  });
}

/* 本页全选, and the address to hand on. */
function prepareResult() {
  const all = document.querySelector("[data-tick-all]");
  if (all) {
    all.closest("[hidden]")?.removeAttribute("hidden");
    all.addEventListener("change", () => {
      for (const box of document.querySelectorAll('input[name="ids"]')) box.checked = all.checked;
    });
  }
  const copy = document.querySelector("[data-copy]");
  if (copy && navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(location.href);
      copy.querySelector("span").textContent = "已复制链接";
    });
  }
}

document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("[data-ticks][open]")) if (!open.contains(event.target)) open.open = false;
});

document.addEventListener("DOMContentLoaded", () => {
  prepare();
  prepareResult();
});
