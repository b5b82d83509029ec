// What is nicer with a script. Every page works without it.
"use strict";
(() => {
  // A box in the head of a table checks all rows.
  const prepare = (root) => {
    for (const box of root.querySelectorAll("[data-all]")) {
      const rows = () => document.querySelectorAll(`input[name="${box.dataset.all}"]`);
      box.hidden = false;
      box.addEventListener("change", () => rows().forEach((row) => { row.checked = box.checked; }));
    }
    // A command can be copied.
    for (const command of root.querySelectorAll(".command")) {
      if (command.querySelector("button") || !navigator.clipboard) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.setAttribute("aria-label", "Copy the command");
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(command.querySelector("code").textContent);
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      });
      command.append(button);
    }
  };
  document.addEventListener("DOMContentLoaded", () => {
    prepare(document);
    // On a small screen the list of pages is one line: the page that is shown is in sight.
    const shown = document.querySelector("nav [aria-current=page]"), nav = shown?.closest("nav");
    if (!nav) return;
    const [one, all] = [shown.getBoundingClientRect(), nav.getBoundingClientRect()];
    nav.scrollLeft += one.left + one.width / 2 - all.left - all.width / 2;
  });
  // Browsers leave what has the focus half outside of what it scrolls in.
  document.addEventListener("focusin", ({ target }) => {
    if (target.matches(":focus-visible")) target.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
})();
