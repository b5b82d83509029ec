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
  document.addEventListener("DOMContentLoaded", () => prepare(document));
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
})();
