// Set the formulas, each where it stands: \( ... \) in a line, \[ ... \] on a line of its own.
for (const box of document.querySelectorAll(".math")) {
  renderMathInElement(box, {
    delimiters: [
      { left: "\\(", right: "\\)", display: false },
      { left: "\\[", right: "\\]", display: true },
    ],
    throwOnError: false,
  });
}
