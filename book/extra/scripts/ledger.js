// The ledger's filters and its sorting headers. vendor/sortable does the sorting: it listens for
// clicks inside a header, sorts by data-sort or text, and keeps aria-sort. A button in each header
// gives it the keyboard.
(function () {
  function start(ledger) {
    const form = ledger.querySelector("form");
    const table = ledger.querySelector("table");
    const count = ledger.querySelector(".ib-count");
    const headers = [...table.tHead.rows[0].cells];
    const rows = [...table.tBodies[0].rows];
    const texts = rows.map((row) => row.textContent.toLowerCase());

    function say() {
      const shown = rows.filter((row) => !row.hidden).length;
      const by = headers.find((header) => header.hasAttribute("aria-sort"));
      const order = by ? `, sorted by ${by.dataset.name}, ${by.getAttribute("aria-sort")}` : "";
      const text = shown ? `${shown} of ${rows.length} rows shown${order}` : "No row fits: change a filter";
      if (count.textContent !== text) count.textContent = text;
    }

    function filter() {
      const wanted = [...form.querySelectorAll("select")].filter((select) => select.value);
      const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
      rows.forEach((row, i) => {
        row.hidden = !(
          wanted.every((select) => row.dataset[select.name] === select.value) &&
          words.every((word) => texts[i].includes(word))
        );
      });
      say();
    }

    for (const header of headers) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
    }
    table.addEventListener("sort-end", say);
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => {
      for (const header of headers) header.removeAttribute("aria-sort");
      table.tBodies[0].append(...rows);
      setTimeout(filter); // the fields are empty only after this event
    });
    form.hidden = false;
    filter();
  }

  document.querySelectorAll(".ib-ledger").forEach(start);
})();
