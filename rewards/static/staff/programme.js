/* The editor without reloading: the same form is posted, and what came back takes the place of what is there.
   Without this file every button still works. No other script, nothing evaluated. */
"use strict";
(() => {
  document.documentElement.classList.add("scripted");
  const wait = 400;
  let timer = 0;
  let turn = 0;

  const form = () => document.getElementById("editor");

  async function post(deed, whole) {
    const here = form();
    const mine = ++turn;
    const data = new FormData(here);
    data.set("do", deed);
    const answer = await fetch(here.action, { method: "POST", body: data, credentials: "same-origin" });
    if (mine !== turn) return;
    if (answer.redirected || !answer.ok) {
      const button = document.createElement("button");
      button.name = "do";
      button.value = deed;
      button.hidden = true;
      here.append(button);
      here.requestSubmit(button);
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (whole) swap(page, "editor");
    else {
      ["panel", "reach-head"].forEach((id) => swap(page, id));
      errors(page);
    }
  }

  /* What is wrong, at its control, while the controls themselves stay as they are. */
  function errors(page) {
    form().querySelectorAll(".error[id]").forEach((one) => one.remove());
    form().querySelectorAll("[aria-invalid]").forEach((one) => { one.removeAttribute("aria-invalid"); one.removeAttribute("aria-describedby"); });
    page.querySelectorAll("#editor .error[id]").forEach((one) => {
      const at = document.getElementById(one.id.replace(/-error$/, ""));
      if (!at) return;
      if (at.matches(".cond")) at.append(document.adoptNode(one));
      else at.after(document.adoptNode(one));
      const box = at.matches(".cond") ? at.querySelector("[name$='.value']") : at;
      if (box) { box.setAttribute("aria-invalid", "true"); box.setAttribute("aria-describedby", one.id); }
    });
  }

  function swap(page, id) {
    const fresh = page.getElementById(id);
    const old = document.getElementById(id);
    if (!fresh || !old) return;
    const focused = document.activeElement;
    const inside = old.contains(focused) ? focused : null;
    const name = inside && inside.name;
    const value = inside && inside.value;
    const open = [...old.querySelectorAll("details")].map((one) => one.open);
    const typed = inside && id === "panel" && inside.matches("input") ? [inside.selectionStart, value] : null;
    old.replaceWith(document.adoptNode(fresh));
    const later = [...fresh.querySelectorAll("details")];
    if (later.length === open.length) later.forEach((one, i) => { one.open = one.open || open[i]; });
    if (!name) return;
    const same = [...fresh.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
    const again = same.find((one) => one.value === value) || same[0];
    if (again) again.focus({ preventScroll: true });
    if (again && typed && again.type === "text") { again.value = typed[1]; again.setSelectionRange(typed[0], typed[0]); }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("button[name=do]");
    if (!button || !form() || !form().contains(button)) return;
    if (["save", "review", "remove"].includes(button.value)) return;
    event.preventDefault();
    post(button.value, button.value !== "look");
  });

  document.addEventListener("change", (event) => {
    const here = form();
    if (!here || !here.contains(event.target)) return;
    clearTimeout(timer);
    const whole = event.target.matches("[data-redraw]") || /(^|\.)kind$/.test(event.target.name) || event.target.name.endsWith(".trigger");
    if (whole) post("look", true);
    else timer = setTimeout(() => post("look", false), 60);
  });

  document.addEventListener("input", (event) => {
    const here = form();
    if (!here || !here.contains(event.target) || !event.target.matches("input[type=text]")) return;
    clearTimeout(timer);
    timer = setTimeout(() => post("look", false), wait);
  });

  /* A what-if that is still running: look again until it is done. */
  async function again() {
    const here = document.getElementById("whatif");
    if (!here || !("again" in here.dataset)) return;
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("whatif");
    if (fresh && "again" in fresh.dataset) {
      here.replaceChildren(...document.adoptNode(fresh).childNodes);
      setTimeout(again, 1500);
    } else location.reload();
  }
  setTimeout(again, 1500);
})();
