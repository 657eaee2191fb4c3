/* Comforts on top of pages that work without a script: rows to add and remove, one submit at a time, menus that close. */
"use strict";

/* 添加一行 / 删除 for every FieldList of rows. */
function renumber(row, index) {
  for (const part of row.querySelectorAll("[name], [id], [for], [aria-describedby]")) {
    for (const attribute of ["name", "id", "for", "aria-describedby"]) {
      const text = part.getAttribute(attribute);
      if (text) part.setAttribute(attribute, text.replace(/-\d+-/, `-${index}-`));
    }
  }
}

function clear(row) {
  for (const note of row.querySelectorAll(".field-error")) note.remove();
  for (const cell of row.querySelectorAll(".has-error")) cell.classList.remove("has-error");
  for (const input of row.querySelectorAll("input, select, textarea")) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
    if (input.type === "checkbox" || input.type === "radio") input.checked = false;
    else if (input.tagName === "SELECT") input.selectedIndex = 0;
    else input.value = "";
  }
}

/* The buttons of rows send the form where there is no script; here they work in place. */
function prepareRows(box) {
  const body = box.querySelector("tbody");
  const limit = Number(box.dataset.rows);
  if (!body) return;
  const add = box.querySelector(".btn-add");
  let next = Math.max(...[...body.rows].map((row) => Number((row.querySelector("[name]").name.match(/-(\d+)-/) || [0, 0])[1]))) + 1;

  const refresh = () => {
    add.hidden = body.rows.length >= limit;
  };
  const equip = (row) => {
    const remove = row.querySelector(".btn-remove");
    remove.type = "button"; // else the Enter key might press it
    remove.addEventListener("click", () => {
      const neighbour = row.nextElementSibling || row.previousElementSibling;
      if (neighbour) row.remove();
      else clear(row);
      ((neighbour || row).querySelector("input, select, textarea")).focus();
      refresh();
    });
  };
  for (const row of body.rows) equip(row);
  add.type = "button";
  add.addEventListener("click", () => {
    const row = body.rows[body.rows.length - 1].cloneNode(true);
    clear(row);
    renumber(row, next);
    next += 1;
    body.append(row);
    equip(row);
    refresh();
    row.querySelector("input, select, textarea").focus();
  });
  refresh();
}

/* A form goes out once: the second click of an impatient thumb is swallowed. Coming back by the back button frees it. */
function guardSubmits() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    for (const pressed of form.querySelectorAll("button[type=submit]")) pressed.setAttribute("aria-disabled", "true");
    setTimeout(() => free(form), 8000); // where a file came instead of a page, the form is still here
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(free));
}

function free(form) {
  delete form.dataset.sent;
  for (const pressed of form.querySelectorAll("[aria-disabled]")) pressed.removeAttribute("aria-disabled");
}

/* Menus close by Escape and by a click beside them. */
function closeMenus(except) {
  for (const open of document.querySelectorAll("details[data-menu][open], details[data-confirm][open]")) {
    if (!except || !open.contains(except)) open.open = false;
  }
}

function prepareMenus() {
  document.addEventListener("click", (event) => {
    closeMenus(event.target);
    if (event.target.id === "menu") location.hash = "top"; // the shade beside the open menu
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details[data-menu][open], details[data-confirm][open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    } else if (location.hash === "#menu") {
      location.hash = "top";
      document.querySelector(".menu-open").focus();
    }
  });
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-rows]").forEach(prepareRows);
  guardSubmits();
  prepareMenus();
  for (const printer of document.querySelectorAll("[data-print]")) {
    printer.hidden = false;
    printer.addEventListener("click", () => window.print());
  }
  const problems = document.querySelector("[data-focus]");
  if (problems) problems.focus();
});
