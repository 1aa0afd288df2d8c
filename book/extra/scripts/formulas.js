// Set the formulas, each where it stands: \( ... \) in a line, \[ ... \] on a line of its own.
(function () {
  const MATHML = "http://www.w3.org/1998/Math/MathML";
  // Each child of these has a role by its place; a name that holds elements is no name.
  const PLACED = "mfrac, mroot, msub, msup, msubsup, munder, mover, munderover";
  const NAMES = "mi, mn, mo, mtext, ms";
  const APPLY = "\u2061"; // what a screen reader is told stands between a function and its argument

  /** Put nodes that stand side by side into a row, in their place. */
  function row(...nodes) {
    const made = document.createElementNS(MATHML, "mrow");
    nodes[0].replaceWith(made);
    made.append(...nodes);
  }

  // KaTeX writes \max as a name and a sign, side by side: in u_{\max} the sub- and superscripts, or a
  // fraction's two halves, are then three. And \operatorname{GL_2} becomes a name that holds elements.
  function mend(formula) {
    for (const sign of formula.querySelectorAll("mo"))
      if (sign.textContent === APPLY && sign.parentNode.matches(PLACED)) row(sign.previousSibling, sign);
    for (const name of [...formula.querySelectorAll(NAMES)].reverse())
      if (name.firstElementChild) {
        row(name);
        name.replaceWith(...name.childNodes);
      }
  }

  for (const box of document.querySelectorAll(".math")) {
    renderMathInElement(box, {
      delimiters: [
        { left: "\\(", right: "\\)", display: false },
        { left: "\\[", right: "\\]", display: true },
      ],
      throwOnError: false,
    });
    box.querySelectorAll("math").forEach(mend);
  }
})();
