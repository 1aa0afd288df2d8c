// Who has no mouse scrolls a wide equation or table by keyboard: make those, and only those, focusable.
(function () {
  const WIDE = 'mjx-container[display="true"], .pst-scrollable-table-container, .cell_output .text_html';

  function update() {
    for (const box of document.querySelectorAll(WIDE)) {
      if (box.scrollWidth > box.clientWidth + 1) {
        box.setAttribute("tabindex", "0");
      } else {
        box.removeAttribute("tabindex");
      }
    }
  }

  window.addEventListener("load", async () => {
    await window.MathJax?.startup?.promise;
    update();
    new ResizeObserver(update).observe(document.body);
  });
})();
