"""Interpretations of Yuan et al. (2019) as HTML: shares that keep the class, texts read back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from interpbook import _html as markup
from interpbook.experiments import Record, kept_lead, kept_share, of_corpus
from interpbook.experiments.names import corpus_name, method_name
from interpbook.hidden import METHODS

# Five columns on a phone, a rule under each method, the intervals in smaller type.
_TABLE_STYLE = """<style>
.ib-preserved .ib :is(th, td) { padding: 0.1rem 0.4rem !important; font-size: 0.88rem; }
.ib-preserved tbody tr:nth-child(odd) td { border-bottom: 0 !important; font-weight: 600; }
.ib-preserved tbody tr:nth-child(even) td { font-size: 0.85rem; }
</style>"""


def preservation_html(
    records: Sequence[Record], corpus: str, *, k: int = 3, methods: Sequence[str] = METHODS
) -> str:
    """Return two tables as HTML: the shares kept by each method, and the inversion's leads.

    Each method has two short lines, the value and its 95% interval, so that five columns fit on a
    phone. How runs are pooled stands in the captions.

    Parameters
    ----------
    records : sequence of dict
        Records of the study ``yuan-interpretations``; those of other corpora are left out.
    corpus : str
        A name that ``load_corpus`` knows.
    k : int
        How many locations.
    methods : sequence of str
        Names out of ``interpbook.hidden.METHODS``. The inversion has no lead over itself.

    Raises
    ------
    ValueError
        If no method is asked for, a method is unknown, the records do not belong together
        (``interpbook.experiments.of_corpus``), or they hold no such k.

    Examples
    --------
    >>> from interpbook.corpora import data_folder
    >>> from interpbook.experiments import read_records
    >>> records = list(read_records(data_folder() / "results" / "yuan-interpretations"))
    >>> html = preservation_html(records, "mr", methods=["inversion", "random words"])
    >>> html.count("<table"), "random words" in html
    (2, True)
    """
    if not methods:
        raise ValueError("expected at least one method, got none")
    names = [method_name(method) for method in methods]
    chosen = of_corpus(records, corpus)
    read, documents = chosen[0]["interpretation"]["words"], chosen[0]["metrics"]["documents"]
    models = "Of one model"
    if len(chosen) > 1:
        models = f"Mean over {len(chosen)} models that read the same documents"
    locations = f"{k} location{'s' if k > 1 else ''}"
    shares, leads = [], []
    for method, name in zip(methods, names, strict=True):
        estimates = [kept_share(chosen, method, k, m) for m in read]
        shares.append([name, *(f"{100 * e.value:.1f}" for e in estimates)])
        limits = [f"{100 * e.low:.0f}–{100 * e.high:.0f}" for e in estimates]
        shares.append(["95% interval", *limits])
        if method == "inversion":
            continue
        estimates = [kept_lead(chosen, method, k, m) for m in read]
        leads.append([name, *(_number(100 * e.value, 1, sign="+") for e in estimates)])
        limits = [[_number(100 * end, 0) for end in (e.low, e.high)] for e in estimates]
        leads.append(["95% interval", *(f"{low} to {high}" for low, high in limits)])
    tables = [
        markup.table(
            ["words from", *(f"m = {m}" for m in read)],
            shares,
            caption=(
                f"{corpus_name(corpus)}: per cent of {documents} test documents whose "
                f"class the model says again when it reads the m words of each of {locations}. "
                f"{models}; Wilson's interval, for {documents} documents."
            ),
        )
    ]
    if leads:
        tables.append(
            markup.table(
                ["lead over", *(f"m = {m}" for m in read)],
                leads,
                caption=(
                    f"{corpus_name(corpus)}: by how many points the inversion's words of "
                    f"{locations} keep the class more often, compared document by document. "
                    f"{models}; paired interval, for {documents} documents."
                ),
            )
        )
    return f'{_TABLE_STYLE}<div class="ib-preserved">{markup.page(*tables)}</div>'


def _number(number: float, digits: int, *, sign: str = "") -> str:
    """Write a number with a real minus; what rounds to zero has no sign."""
    text = f"{number:{sign}.{digits}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("+-")


def read_back_html(
    text: str,
    words: Sequence[Sequence[str]],
    before: Sequence[float] | np.ndarray | Tensor,
    after: Sequence[float] | np.ndarray | Tensor,
    class_names: Sequence[str],
) -> str:
    """Return an interpretation as HTML: the text, the words of each location, and both verdicts.

    Parameters
    ----------
    text : str
        The text that was interpreted.
    words : sequence of sequences of str
        The words of each location, in the order in which they are read.
    before, after : arrays of shape (c,)
        Class probabilities of the text, and of all the words read as a text.
    class_names : sequence of str
        The c names.

    Examples
    --------
    >>> words, names = [["leaden", "dull"]], ["negative", "positive"]
    >>> html = read_back_html("a dull film", words, [0.9, 0.1], [0.8, 0.2], names)
    >>> "leaden" in html and "80%" in html
    True
    """
    before, after = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    said, again = int(before.argmax()), int(after.argmax())
    verdict = "kept" if said == again else "not kept"
    parts = [
        markup.paragraph(text),
        markup.paragraph(f"The model says {class_names[said]} ({before[said]:.0%})."),
        *(
            markup.paragraph(f"Location {number}: {', '.join(row)}")
            for number, row in enumerate(words, start=1)
        ),
        markup.paragraph(
            f"Of these words it says {class_names[again]} ({after[again]:.0%}): {verdict}."
        ),
    ]
    return markup.page(*parts)
