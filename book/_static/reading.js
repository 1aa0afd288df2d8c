// What a reader's circumstances ask of a page: a keyboard, a sheet of paper, a folder on the disk.

// Who has no mouse scrolls a wide equation, table or listing by keyboard: make those, and only
// those, focusable.
(function () {
  const WIDE =
    ".katex-display, .pst-scrollable-table-container, .cell_output .text_html, .highlight pre";

  function update() {
    for (const box of document.querySelectorAll(WIDE)) {
      if (box.scrollWidth > box.clientWidth + 1) {
        box.setAttribute("tabindex", "0");
      } else {
        box.removeAttribute("tabindex");
      }
    }
  }

  window.addEventListener("load", () => {
    update();
    new ResizeObserver(update).observe(document.body);
  });
})();

// What the theme's buttons above a page do: its policy lets no handler run that stands in a tag.
document.addEventListener("click", ({ target }) => {
  const pressed = target.closest("[data-press]")?.dataset.press;
  if (pressed === "window.print") window.print();
  if (pressed === "toggleFullScreen") window.toggleFullScreen();
});

// Paper is white: while a page prints it has the light theme, and then the reader's own again.
(function () {
  const root = document.documentElement;
  let own = null;

  function begin() {
    own ??= root.dataset.theme;
    root.dataset.theme = "light";
  }
  function end() {
    if (own !== null) root.dataset.theme = own;
    own = null;
  }

  window.addEventListener("beforeprint", begin);
  window.addEventListener("afterprint", end);
  window.matchMedia("print").addEventListener("change", (query) => (query.matches ? begin() : end()));
})();

// Who reads the unpacked archive has it already, and it does not hold itself.
document.addEventListener("DOMContentLoaded", () => {
  if (location.protocol !== "file:") return;
  for (const link of document.querySelectorAll(".book-archive, .btn-download-book-button")) {
    link.parentElement.remove();
  }
});
