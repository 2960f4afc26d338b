"use strict";

const SECONDS = 4;                               // a box stays so long while the page plays by itself
const boxes = [...document.querySelectorAll("article")];
const links = [...document.querySelectorAll("nav a")];
const element = (id) => document.getElementById(id);
let shown = 0;
let timer = null;

// The place is kept in the address (#7), so that it can be linked, reloaded and gone back to.
function go(index) {
  const box = boxes[Math.min(Math.max(index, 0), boxes.length - 1)];
  location.replace("#" + box.id);
}

function show() {
  const found = boxes.findIndex((box) => "#" + box.id === location.hash);
  shown = Math.max(found, 0);
  boxes.forEach((box, i) => { box.hidden = i !== shown; });
  links.forEach((link, i) => { i === shown ? link.setAttribute("aria-current", "step") : link.removeAttribute("aria-current"); });
  document.querySelectorAll("nav details").forEach((task) => { task.open = task.contains(links[shown]); });
  links[shown].scrollIntoView({ block: "nearest" });
  document.querySelector("main").scrollTop = 0;
  window.scrollTo(0, 0);
  element("place").value = `box ${shown + 1} of ${boxes.length}`;
  element("progress").value = shown + 1;
  element("previous").disabled = shown === 0;
  element("next").disabled = shown === boxes.length - 1;
}

function pause() {
  clearInterval(timer);
  timer = null;
  element("play").textContent = "Play";
}

function playOrPause() {
  if (timer) return pause();
  if (shown === boxes.length - 1) go(0);
  element("play").textContent = "Pause";
  timer = setInterval(() => shown === boxes.length - 1 ? pause() : go(shown + 1), SECONDS * 1000);
}

const keys = {                                   // Page Up and Page Down are what presenters' remote controls send
  ArrowLeft: () => go(shown - 1), PageUp: () => go(shown - 1),
  ArrowRight: () => go(shown + 1), PageDown: () => go(shown + 1),
  Home: () => go(0), End: () => go(boxes.length - 1), " ": playOrPause,
};

document.addEventListener("keydown", (event) => {
  const action = keys[event.key];
  const pressed = event.key === " " && event.target.closest("button, summary, a");   // Space presses what has the focus
  if (!action || pressed || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  action();
});
element("previous").addEventListener("click", () => go(shown - 1));
element("next").addEventListener("click", () => go(shown + 1));
element("play").addEventListener("click", playOrPause);
window.addEventListener("hashchange", show);
show();
