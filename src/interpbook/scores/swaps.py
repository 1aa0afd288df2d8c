"""What swapping words does, exactly: one pass over a batch, then a few additions a swap."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional as F

from interpbook.models import TextCNN, document_lengths, slot_table
from interpbook.models.autocast import own_precision
from interpbook.models.slots import check_finite, distinct
from interpbook.text import PADDING, UNKNOWN

# Windows are kept in blocks with the best of each, so that a swap looks again at one or two blocks.
_BLOCK = 16


@own_precision
@torch.no_grad()
def swap_logits(
    model: TextCNN, ids: Int64[Tensor, "N l"], replacement: int = UNKNOWN
) -> Float[Tensor, "N l c"]:
    """Return the logits after each single word was replaced, one position at a time.

    A swap at position i changes only the windows that cover i, and in each only one slot. So the
    new maximum of a filter is the larger of two: the best window that does not cover i, which is
    the old winner for all but the winner's own n words, and the best of the n windows that do, each
    one addition away.

    Parameters
    ----------
    model : TextCNN
        Any TextCNN; dropout plays no part.
    ids : Tensor of shape (N, l), int64
        Encoded documents.
    replacement : int
        The word put in; the unknown word by default.

    Returns
    -------
    Tensor of shape (N, l, c)
        Entry [d, i] holds the logits of document d with ``replacement`` at position i; after a
        document's last word, its own logits.

    Raises
    ------
    TypeError, ValueError
        If the ids do not suit the model (``TextCNN.lay_out``).
    ValueError
        If the replacement is padding, which could end the document, or no word of the model.

    Examples
    --------
    >>> from interpbook import load_classifier, pad
    >>> classifier = load_classifier("mr")
    >>> ids = pad(classifier.encode(["a dull film with a great cast"]))
    >>> swapped = swap_logits(classifier.model, ids)
    >>> swapped.argmax(dim=2)  # without "dull" the document is positive
    tensor([[0, 1, 0, 0, 0, 0, 0]])
    >>> ids[0, 1] = UNKNOWN
    >>> torch.allclose(swapped[:, 1], classifier.model(ids), atol=1e-5)
    True
    """
    batch = SwapBatch(model, ids, replacement)
    rows = torch.arange(len(ids), device=ids.device)
    inside = torch.arange(ids.shape[1], device=ids.device) < document_lengths(ids)[:, None]
    unchanged = model.output(batch.pooled(rows).relu())
    logits = batch.swap_logits(rows)[:, : ids.shape[1]]
    return torch.where(inside[:, :, None], logits, unchanged[:, None])


def check_replacement(model: TextCNN, replacement: int) -> None:
    """Raise a ValueError if this is padding, which could end a document, or no word at all."""
    if not PADDING < replacement < model.config.vocab_size:
        raise ValueError(
            f"the replacement is a word, 1..{model.config.vocab_size - 1}, got {replacement}"
        )


class SwapBatch:
    """A batch of documents whose words are swapped for one other word, again and again.

    Every window is scored once. A swap then scores the n windows of each width that cover its
    position, and only filters whose winner may have changed look for the new one, among the bests
    of blocks: a search over many swaps costs little more than one pass. What ``pooled`` returns
    equals a new pass to the last bit; ``swap_logits`` adds differences, so it equals one up to
    rounding.

    Parameters
    ----------
    model : TextCNN
        Its weights must not change while the batch is in use.
    ids : Tensor of shape (N, l), int64
        Encoded documents; the batch's own ``ids`` are a copy, padded, that follows the swaps.
    replacement : int
        The word put in.

    Raises
    ------
    TypeError, ValueError
        For the reasons that ``swap_logits`` names.

    Examples
    --------
    >>> from interpbook import load_classifier, pad
    >>> classifier = load_classifier("mr")
    >>> batch = SwapBatch(classifier.model, pad(classifier.encode(["a dull film, a great cast"])))
    >>> row, dull = torch.tensor([0]), torch.tensor([1])
    >>> batch.swap(row, dull)
    >>> classifier.vocabulary.decode(batch.ids[0, :6].tolist())
    ['a', '<unk>', 'film', 'a', 'great', 'cast']
    >>> pooled = batch.pooled(row)
    >>> torch.equal(pooled, SwapBatch(classifier.model, batch.ids).pooled(row))
    True
    """

    @own_precision
    @torch.no_grad()
    def __init__(
        self, model: TextCNN, ids: Int64[Tensor, "N l"], replacement: int = UNKNOWN
    ) -> None:
        check_replacement(model, replacement)
        ids, allowed = model.lay_out(ids)
        self.model, self.replacement, self.ids = model, replacement, ids.clone()
        words = torch.cat([ids.flatten(), ids.new_tensor([replacement])])[None]
        tables = slot_table(model).cover(model, distinct(words, model.config.vocab_size))
        self._widths = [
            _Windows(table, self.ids, count, width, replacement)
            for table, count, width in zip(
                tables, allowed.unbind(1), model.config.widths, strict=True
            )
        ]

    @own_precision
    @torch.no_grad()
    def swap(self, rows: Int64[Tensor, " R"], positions: Int64[Tensor, " R"]) -> None:
        """Put the replacement at one position, inside the document, of each of these rows."""
        self.ids[rows, positions] = self.replacement
        for windows in self._widths:
            windows.swap(rows, positions)

    @own_precision
    @torch.no_grad()
    def pooled(self, rows: Int64[Tensor, " R"]) -> Float[Tensor, "R k"]:
        """Return every filter's u_max in these rows as they are now."""
        pooled = [
            windows.best[rows] + conv.bias
            for conv, windows in zip(self.model.convs, self._widths, strict=True)
        ]
        return torch.cat(pooled, dim=1)

    def starts(self, rows: Int64[Tensor, " R"]) -> Int64[Tensor, "R k"]:
        """Return where the best windows of these rows start, the first among equals."""
        return torch.cat([windows.starts[rows] for windows in self._widths], dim=1)

    def slots(self, rows: Int64[Tensor, " R"]) -> list[Float[Tensor, "R f _"]]:
        """Return w_j . x, without biases, of the n words in these rows' best windows, by width."""
        return [windows.slots[rows] for windows in self._widths]

    @own_precision
    @torch.no_grad()
    def swap_logits(self, rows: Int64[Tensor, " R"]) -> Float[Tensor, "R l c"]:
        """Return the logits after one more swap at each position.

        After a document's last word they mean nothing: a swap there would make it longer. Swaps
        that leave the same maxima have the same logits, to the last bit, in any batch.
        """
        output, sizes = self.model.output, self.model.config.filters_per_width
        # A matrix product rounds equal rows differently, by where they stand and how many there
        # are. In double precision that is lost when the sum is rounded to the model's own.
        logits = output.bias.double()
        for conv, windows, weight in zip(
            self.model.convs, self._widths, output.weight.split(sizes, dim=1), strict=True
        ):
            maxima = windows.swapped_maxima(rows)  # large, so changed in place
            logits = logits + maxima.add_(conv.bias).relu_().double() @ weight.T.double()
        return logits.to(output.weight.dtype)


class _Windows:
    """The windows of one width, without the filters' biases, and the best of each block of them.

    The window that starts at word i has place i + n - 1, so the windows that cover word i have
    places i..i + n - 1. Windows that do not count score minus infinity. The words that windows read
    stand in a frame of words without a score, n - 1 before them and enough after them to fill the
    last block. Width 3, 5 words, frame words as ``-``, in blocks of 4 instead of 16::

        framed words       -     -     0     1     2     3     4     -     -     -
        place              0     1     2     3     4     5     6     7
        starts at word    -2    -1     0     1     2     3     4     5
        score           -inf  -inf    s0    s1    s2  -inf  -inf  -inf
        block           |          0          |           1          |
        peak            |     max(s0, s1)     |          s2          |
        slot of word 2                 2     1     0

    So word i has slot j in the window of place i + (n - 1) - j, and the words that share a window
    with it are those up to n - 1 away.
    """

    def __init__(
        self,
        table: Float[Tensor, "rows slots"],
        ids: Int64[Tensor, "N l"],
        allowed: Int64[Tensor, " N"],
        width: int,
        replacement: int,
    ) -> None:
        self.ids, self.width, self.replacement = ids, width, replacement
        self.numbers = torch.arange(width, device=ids.device)
        self.entries = table.view(-1, table.shape[1] // width)  # word r in slot j has row r n + j
        length, nothing = ids.shape[1], len(table) - 1
        blocks = -(-(length + width - 1) // _BLOCK)
        # Windows that count end before word allowed + n - 1. Pointing that word and all after it at
        # the row of minus infinity rules out the windows that do not count, and no others;
        # ``best_windows`` does the same.
        outside = torch.arange(length, device=ids.device) >= allowed[:, None] + (width - 1)
        frame = (width - 1, blocks * _BLOCK - length)
        self.words = F.pad(ids.masked_fill(outside, nothing), frame, value=nothing)
        self.scores = self._score(self.words)  # (N, places, f)
        self.blocks = self.scores.unflatten(1, (blocks, _BLOCK))  # the same memory
        self.peaks = self.blocks.amax(dim=2)  # (N, blocks, f)
        # Each filter's winner: its score (N, f), first word (N, f) and slots' scores (N, f, n).
        self.best = self.peaks.new_empty(len(ids), self.peaks.shape[2])
        self.starts = ids.new_empty(self.best.shape)
        self.slots = self.best.new_empty(*self.best.shape, width)
        self._find_winners(*torch.ones_like(self.best).nonzero(as_tuple=True))
        check_finite(self.entries[replacement * width + self.numbers])
        self.swapped: Tensor | None = None  # (N, l, f)

    def _score(self, words: Int64[Tensor, "R _"]) -> Float[Tensor, "R places f"]:
        """Score the windows of rows of words."""
        # The row of ``entries`` for each window's words, each word in the slot it has there.
        entries = (words * self.width).unfold(1, self.width, 1) + self.numbers
        scores = F.embedding_bag(entries.reshape(-1, self.width), self.entries, mode="sum")
        return scores.view(*entries.shape[:2], self.entries.shape[1])

    def swap(self, rows: Int64[Tensor, " R"], positions: Int64[Tensor, " R"]) -> None:
        """Follow a swap that ``ids`` has gone through already."""
        row, position, n = rows[:, None], positions[:, None], self.width
        # The n windows that cover word i read words i - (n - 1)..i + (n - 1), which are framed
        # words i..i + 2 (n - 1).
        near = torch.arange(2 * n - 1, device=rows.device)
        self.words[rows, positions + n - 1] = self.replacement
        scores = self._score(self.words[row, position + near])  # (R, n, f)
        self.scores[row, position + self.numbers] = scores
        self._update_peaks(row, position)
        # A filter looks for its winner again if the old one covers the word, or if a window that
        # covers the word now reaches the old one's score.
        back = position - self.starts[rows]  # (R, f)
        lost = (back >= 0) & (back < n) | (scores.amax(dim=1) >= self.best[rows])
        r, p = lost.nonzero(as_tuple=True)
        self._find_winners(rows[r], p)
        if self.swapped is not None:  # words up to n - 1 away share a window with the new one
            words = (position - (n - 1) + near).clamp(0, self.ids.shape[1] - 1)
            covering = self.scores[row[:, :, None], words[:, :, None] + self.numbers]
            self.swapped[row, words] = self._after_swap(
                self.ids[row, words], covering.transpose(2, 3)
            )

    def _update_peaks(self, row: Int64[Tensor, "R 1"], position: Int64[Tensor, "R 1"]) -> None:
        """Take the best again of each block with a window that covers a swapped word."""
        count, places, filters = self.blocks.shape[1:]
        touched = (row * count + self._blocks_from(position, self.width)).flatten()  # of all N
        blocks = self.blocks.view(-1, places, filters).index_select(0, touched)
        self.peaks.view(-1, filters)[touched] = blocks.amax(dim=1)

    def _find_winners(self, row: Int64[Tensor, " M"], p: Int64[Tensor, " M"]) -> None:
        """Find the first windows that reach the maxima of some filters p in some rows."""
        best, block = self.peaks[row, :, p].max(dim=1)  # the first among equals, torch promises
        check_finite(best)
        inside = self.blocks[row, block, :, p].argmax(dim=1)
        start = block * _BLOCK + inside - (self.width - 1)
        words = self.ids[row[:, None], start[:, None] + self.numbers]
        self.best[row, p], self.starts[row, p] = best, start
        self.slots[row, p] = self.entries[words * self.width + self.numbers, p[:, None]]

    def swapped_maxima(self, rows: Int64[Tensor, " R"]) -> Float[Tensor, "R l f"]:
        """Return these rows' maxima after one more swap at each position.

        A swap at word i leaves a filter the larger of two: the best of the n windows that cover i,
        scored with the new word, and the best of the others. For all words but the winner's own the
        winner is among the others, so the maximum over all peaks serves. For the winner's own words
        w..w + n - 1 the others are found anew, in two parts (width 3, winner at place p = w + 2)::

            places of windows that cover word w:      p-2 p-1  p
            places of windows that cover word w + 1:      p-1  p  p+1
            places of windows that cover word w + 2:           p  p+1 p+2
            blocks near the winner hold w..w + 4, which is     p-2..p+2

        The windows of far blocks cover none of these words: their peaks count whole. The windows of
        near blocks count where they do not cover the word.
        """
        if self.swapped is None:
            covering = self.scores.unfold(1, self.width, 1)[:, : self.ids.shape[1]]
            self.swapped = self._after_swap(self.ids, covering)
        best = self.swapped.index_select(0, rows)
        peaks, starts = self.peaks.index_select(0, rows), self.starts[rows]
        words = starts[:, None] + self.numbers[:, None]  # (R, n, f)
        kept = best.gather(1, words)  # the best of the covering windows, at the winner's own words
        torch.maximum(best, peaks.amax(dim=1, keepdim=True), out=best)
        near = self._blocks_from(starts[:, None], 2 * self.width - 1)  # (R, T, f)
        far = peaks.scatter_(1, near, -torch.inf).amax(dim=1)
        filters = torch.arange(starts.shape[1], device=rows.device)
        scores = self.blocks[rows[:, None, None], near, :, filters]  # (R, T, f, _BLOCK)
        places = near[..., None] * _BLOCK + torch.arange(_BLOCK, device=rows.device)
        for j in range(self.width):
            place = places - words[:, j, None, :, None]
            others = scores.masked_fill((place >= 0) & (place < self.width), -torch.inf)
            kept[:, j] = torch.maximum(kept[:, j], torch.maximum(far, others.amax(dim=(1, 3))))
        return best.scatter_(1, words, kept)

    def _after_swap(
        self, ids: Int64[Tensor, "R t"], covering: Float[Tensor, "R t f n"]
    ) -> Float[Tensor, "R t f"]:
        """Return the best of the n windows that cover a word, once it is replaced.

        Of the windows that cover the word, in order, the one in which it has slot j is the last but
        j, number n - 1 - j from 0.
        """
        best = None
        for j in range(self.width):
            own = F.embedding(ids * self.width + j, self.entries)
            new = self.entries[self.replacement * self.width + j] - own
            new += covering[..., self.width - 1 - j]
            best = new if best is None else torch.maximum(best, new, out=best)
        return best

    def _blocks_from(self, places: Int64[Tensor, "R 1 *f"], count: int) -> Int64[Tensor, "R T *f"]:
        """Return the T blocks that ``count`` places, from each of these on, can touch.

        T is what the worst case needs, a first place at the end of its block; a block past the last
        one is the last one again.
        """
        numbers = torch.arange((count + _BLOCK - 2) // _BLOCK + 1, device=places.device)
        numbers = numbers.view(-1, *[1] * (places.ndim - 2))
        return (places // _BLOCK + numbers).clamp(max=self.blocks.shape[1] - 1)
