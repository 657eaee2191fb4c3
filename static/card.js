/* The code on the e-card: a new picture every 15 seconds, before the one shown grows old; none at all rather than an old one. */
"use strict";

const EVERY = 15000;
const GOOD = 30000; // a code is worth at least this long after it was drawn

document.addEventListener("DOMContentLoaded", () => {
  const box = document.querySelector("[data-code]");
  const hint = document.querySelector(".e-card-hint");
  const words = hint.textContent;
  let shownAt = Date.now();

  const change = () => {
    const asked = Date.now();
    const picture = new Image(240, 240);
    picture.alt = "会员证二维码";
    picture.onload = () => {
      box.replaceChildren(picture);
      shownAt = asked;
      hint.textContent = words;
    };
    picture.onerror = () => {
      if (Date.now() - shownAt < GOOD) return;
      box.replaceChildren();
      hint.textContent = "二维码没有更新，请检查网络后刷新页面";
    };
    picture.src = `${box.dataset.code}?${asked}`;
  };

  setInterval(change, EVERY);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    if (Date.now() - shownAt >= GOOD) box.replaceChildren(); // a phone that slept shows no old code
    change();
  });
});
