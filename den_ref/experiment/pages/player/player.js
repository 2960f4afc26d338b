"use strict";

const SECONDS = 4;                               // a page stays so long while the page plays by itself
const pages = [...document.querySelectorAll("article")];
const links = [...document.querySelectorAll("#contents a")];       // one for each page
const element = (id) => document.getElementById(id);
let shown = 0;
let timer = null;

// The place is kept in the address (#7), so that it can be linked, reloaded and gone back to.
function go(index) {
  const page = pages[Math.min(Math.max(index, 0), pages.length - 1)];
  location.replace("#" + page.id);
}

function show() {
  const found = pages.findIndex((page) => "#" + page.id === location.hash);
  shown = Math.max(found, 0);
  pages.forEach((page, i) => { page.hidden = i !== shown; });
  links.forEach((link, i) => { i === shown ? link.setAttribute("aria-current", "step") : link.removeAttribute("aria-current"); });
  document.querySelectorAll("#contents details").forEach((task) => { task.open = task.contains(links[shown]); });
  links[shown].scrollIntoView({ block: "nearest" });
  document.querySelector("main").scrollTop = 0;
  window.scrollTo(0, 0);
  hint();
  element("place").value = `page ${shown + 1} of ${pages.length}`;
  element("progress").value = shown + 1;
  element("previous").disabled = shown === 0;
  element("next").disabled = shown === pages.length - 1;
}

// What is wider than its place gets a hint.
function hint() {
  document.querySelectorAll("article:not([hidden]) .scroll").forEach((part) => {
    part.classList.toggle("sideways", part.scrollWidth > part.clientWidth + 1);
  });
}

// In the map, arrows lead from link to link: along a row, or to the same column of another row.
function inMap(event) {
  const cell = event.target.closest(".map td");
  const rows = { ArrowUp: -1, ArrowDown: 1 }[event.key], columns = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!cell || !(rows || columns)) return false;
  const all = [...cell.closest("table").querySelectorAll("td a")];
  const near = (link) => link.closest("td").cellIndex === cell.cellIndex;
  const candidates = rows ? all.filter((link) => near(link) || link === event.target) : all;
  candidates[candidates.indexOf(event.target) + (rows || columns)]?.focus();
  return true;
}

function pause() {
  clearInterval(timer);
  timer = null;
  element("play").textContent = "Play";
}

function playOrPause() {
  if (timer) return pause();
  if (shown === pages.length - 1) go(0);
  element("play").textContent = "Pause";
  timer = setInterval(() => shown === pages.length - 1 ? pause() : go(shown + 1), SECONDS * 1000);
}

const keys = {                                   // Page Up and Page Down are what presenters' remote controls send
  ArrowLeft: () => go(shown - 1), PageUp: () => go(shown - 1),
  ArrowRight: () => go(shown + 1), PageDown: () => go(shown + 1),
  Home: () => go(0), End: () => go(pages.length - 1), " ": playOrPause,
};

document.addEventListener("keydown", (event) => {
  const action = keys[event.key];
  const pressed = event.key === " " && event.target.closest("button, summary, a");   // Space presses what has the focus
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (!inMap(event)) {
    if (!action || pressed) return;
    action();
  }
  event.preventDefault();
});
element("previous").addEventListener("click", () => go(shown - 1));
element("next").addEventListener("click", () => go(shown + 1));
element("play").addEventListener("click", playOrPause);
window.addEventListener("hashchange", show);
window.addEventListener("resize", hint);
show();
