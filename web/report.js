// report.js - comfort only: sorting and copying. Without it the page is whole.
"use strict";
(() => {
  const key = cell => {
    const v = cell && cell.dataset.v;
    return v === undefined || v === "" ? null : isNaN(v) ? v : Number(v);
  };
  for (const table of document.querySelectorAll("table.sort")) {
    const body = table.tBodies[table.tBodies.length - 1];
    table.querySelectorAll("thead th").forEach((th, column) => {
      const button = document.createElement("button");
      button.type = "button";
      while (th.firstChild) button.append(th.firstChild);
      th.append(button);
      button.addEventListener("click", () => {
        const down = th.getAttribute("aria-sort") === "ascending";
        for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
        th.setAttribute("aria-sort", down ? "descending" : "ascending");
        [...body.rows].map((row, at) => ({ row, at, k: key(row.cells[column]) })).sort((a, b) => {
          if (a.k === null || b.k === null) return (a.k === null) - (b.k === null) || a.at - b.at;
          const d = a.k < b.k ? -1 : a.k > b.k ? 1 : 0;
          return (down ? -d : d) || a.at - b.at;
        }).forEach(x => body.append(x.row));
      });
    });
  }
  if (navigator.clipboard) {
    for (const row of document.querySelectorAll(".cmd .row")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "Copy";
      button.addEventListener("click", () => navigator.clipboard.writeText(row.querySelector("pre").textContent)
        .then(() => { button.textContent = "Copied"; setTimeout(() => { button.textContent = "Copy"; }, 1500); }, () => {}));
      row.append(button);
    }
  }
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(d => { if (d.dataset.print) d.open = true; }));
})();
