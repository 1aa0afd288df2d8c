"""Escaped, coloured HTML: what the records' ``_repr_html_`` is made of.

Text comes from users, so each function escapes what it is given and returns finished HTML. Colour
is never the only carrier: words that speak for a class are underlined solid and those against it
dotted, and the strongest ones carry their score as a number. Colours are translucent, so that the
page's own text colour and background show through in light and dark themes alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from interpbook._files import readable
from interpbook.text import Token, isolated, runs_leftwards

# Blue and orange, which every colour vision tells apart.
FOR, AGAINST = "33, 113, 181", "217, 95, 2"

_LINE = 24  # characters that fit on a phone's line
SHOWN_WORDS, SHOWN_CHARACTERS = 1000, 10_000  # a page of HTML that still opens at once

STYLE = f"""<style>
.ib {{ font-size: 0.95rem; line-height: 1.5; color: inherit; max-width: 46rem; }}
.ib p {{ margin: 0.4rem 0; }}
.ib .ib-text {{ line-height: 2.3; white-space: pre-wrap; overflow-wrap: anywhere; }}
.ib .ib-word {{ border-radius: 0.2em; padding: 0.1em 0.15em;
  border-bottom: 2px solid transparent; }}
.ib .ib-for {{ border-bottom-color: rgb({FOR}); }}
.ib .ib-against {{ border-bottom-color: rgb({AGAINST}); border-bottom-style: dotted; }}
.ib .ib-unknown {{ font-style: italic; opacity: 0.75; }}
.ib .ib-changed {{ font-weight: bold; border-bottom: 2px dashed currentColor; }}
.ib ruby:not(.ib-long) {{ white-space: nowrap; }}
.ib ruby rt {{ font-size: 0.65em; line-height: 1; position: relative; top: -0.4em; }}
.ib .ib-scroll {{ overflow-x: auto; }}
.ib table {{ border-collapse: collapse; margin: 0.4rem 0; }}
.ib th, .ib td {{ padding: 0.15rem 0.5rem; text-align: right; white-space: nowrap; background: none;
  border: 0; border-bottom: 1px solid rgba(128, 128, 128, 0.35); color: inherit; }}
.ib th:first-child, .ib td:first-child {{ text-align: left; }}
.ib .ib-note {{ font-size: 0.85em; opacity: 0.85; }}
</style>"""


def page(*parts: str) -> str:
    """Wrap finished HTML parts and the style sheet in one block that any page can hold.

    Examples
    --------
    >>> page(paragraph("Two words.")).endswith("</p></div>")
    True
    """
    return readable(f'{STYLE}<div class="ib">{"".join(parts)}</div>')


def paragraph(text: str, *, note: bool = False) -> str:
    """Return one escaped paragraph.

    Examples
    --------
    >>> paragraph("a < b")
    '<p>a &lt; b</p>'
    """
    return f"<p{' class=ib-note' if note else ''}>{escape(text)}</p>"


def coloured_text(
    text: str,
    spans: Sequence[tuple[int, int]],
    scores: Sequence[float],
    *,
    titles: Sequence[str],
    unknown: Sequence[bool],
    label_above: float = 0.25,
) -> str:
    """Colour the words of a text by their scores; what stands between them stays plain.

    Parameters
    ----------
    text : str
        The text as written.
    spans : sequence of (start, end)
        Where the words are, in the order of the text.
    scores : sequence of float
        One number a word, which is positive if the word speaks for the class. The word with the
        largest in size gets the full colour.
    titles : sequence of str
        For each word, what a pointer resting on it shows.
    unknown : sequence of bool
        For each word, whether it is set in italics because the model does not know it.
    label_above : float
        Words whose score reaches this share of the largest in size carry their number.

    Examples
    --------
    >>> html = coloured_text("<b> good", [(4, 8)], [1.5], titles=["+1.50"], unknown=[False])
    >>> "&lt;b&gt;" in html, "+1.5" in html
    (True, True)
    """
    strongest = max((abs(score) for score in scores), default=0) or 1.0
    words = []
    for (start, stop), score, title, new in zip(spans, scores, titles, unknown, strict=True):
        share = score / strongest
        classes = ["ib-word"]
        if abs(share) >= 0.05:
            classes.append("ib-for" if share > 0 else "ib-against")
        if new:
            classes.append("ib-unknown")
        colour = f"rgba({FOR if share > 0 else AGAINST}, {0.55 * abs(share):.2f})"
        word = (
            f'<span class="{" ".join(classes)}" style="background: {colour}" '
            f'title="{escape(title)}">{escape(text[start:stop])}</span>'
        )
        if abs(share) >= label_above:
            word = _with_note(word, number_in(text, f"{score:+.1f}"), stop - start)
        words.append(word)
    return _in_place(text, spans, words)


def read_text_html(
    text: str,
    spans: Sequence[Token],
    scores: Sequence[float],
    *,
    titles: Sequence[str],
    known: Sequence[bool],
    unread: int,
    note: str,
) -> str:
    """Return a text that a model read, or its beginning, coloured by scores, and a note below.

    At most the first ``SHOWN_WORDS`` words and ``SHOWN_CHARACTERS`` characters are shown.

    Parameters
    ----------
    text : str
        The text as written.
    spans : sequence of Token
        The words that the model read.
    scores : sequence of float
        A number for each word; those after the last word that is shown are ignored.
    titles : sequence of str
        For each word, what a pointer resting on it shows after the word itself.
    known : sequence of bool
        For each word that the model read, whether it is in the model's vocabulary.
    unread : int
        How many words after ``spans`` the model did not read.
    note : str
        What the colours mean; the note goes on to say which words are unknown or left out.

    Examples
    --------
    >>> html = read_text_html("A film", [Token("a", 0, 1)], [1.0], titles=["+1.00"], known=[False],
    ...     unread=1, note="Logits.")
    >>> 'title="a: +1.00">A<' in html, "film" in html
    (True, False)
    >>> "The model reads the first 1 words; 1 more are left out.</p>" in html
    True
    """
    shown = [span for span in spans[:SHOWN_WORDS] if span.end <= SHOWN_CHARACTERS]
    left = len(spans) - len(shown)
    if left or unread or len(text) > SHOWN_CHARACTERS:
        text = text[: shown[-1].end if shown else 0]
    html = coloured_text(
        text,
        [(span.start, span.end) for span in shown],
        scores[: len(shown)],
        titles=[
            f"{isolated(span.word)}: {title}" for span, title in zip(shown, titles, strict=False)
        ],
        unknown=[not there for there in known[: len(shown)]],
    )
    if not all(known):
        note += " Words in italics are not in the model's vocabulary."
    if left:
        note += f" {left:,} more words are not shown."
    if unread:
        note += f" The model reads the first {len(spans):,} words; {unread:,} more are left out."
    return html + paragraph(note, note=True)


def marked_text(
    text: str, spans: Sequence[tuple[int, int]], *, titles: Sequence[str], notes: Sequence[str]
) -> str:
    """Mark some words of a text: bold, underlined, with a note above.

    Parameters
    ----------
    text : str
        The text as written.
    spans : sequence of (start, end)
        Where the words to mark are, in the order of the text.
    titles : sequence of str
        For each of these words, what a pointer resting on it shows.
    notes : sequence of str
        For each of these words, what stands above it.

    Examples
    --------
    >>> html = marked_text("a fi1e", [(2, 6)], titles=["file -> fi1e"], notes=["1"])
    >>> "<rt>1</rt>" in html, "file -&gt; fi1e" in html
    (True, True)
    """
    words = [
        _with_note(
            f'<span class="ib-word ib-changed" title="{escape(title)}">'
            f"{escape(text[start:stop])}</span>",
            number_in(text, note),
            stop - start,
        )
        for (start, stop), title, note in zip(spans, titles, notes, strict=True)
    ]
    return _in_place(text, spans, words)


def _with_note(word: str, note: str, length: int) -> str:
    """Put a note above a finished word, which then breaks only if it is longer than a line."""
    kind = ' class="ib-long"' if length > _LINE else ""
    return f"<ruby{kind}>{word}<rt>{escape(note)}</rt></ruby>"


def number_in(text: str, number: str) -> str:
    """Return a number for a place in a text: its sign stays before it in one from right to left."""
    return f"\u2066{number}\u2069" if runs_leftwards(text) else number


def _in_place(text: str, spans: Sequence[tuple[int, int]], words: Sequence[str]) -> str:
    """Put finished words where they stand in a text and escape what is between them."""
    pieces, end = [], 0
    for (start, stop), word in zip(spans, words, strict=True):
        pieces += [escape(text[end:start]), word]
        end = stop
    return f'<p class="ib-text" dir="auto">{"".join(pieces)}{escape(text[end:])}</p>'


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str) -> str:
    """Return an escaped table that scrolls inside itself.

    Parameters
    ----------
    header : sequence of str
        The columns' names.
    rows : iterable of sequences of str
        The cells, row by row.
    caption : str
        What the table shows; it stands above the table.

    Examples
    --------
    >>> "<td>a&amp;b</td>" in table(["word"], [["a&b"]], caption="Words")
    True
    """
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return (
        f'{paragraph(caption, note=True)}<div class="ib-scroll" tabindex="0" role="group" '
        f'aria-label="{escape(caption)}"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
