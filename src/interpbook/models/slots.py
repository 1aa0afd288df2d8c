"""Slot scores: what each word is worth in each slot of each filter, as one matrix product.

A filter of width n is n *slots*, and the word x in slot j scores w_j . x wherever the window
stands. So a table with one row a word and one column a (filter, slot) pair holds all that a
convolution needs: a window's score is the sum of n entries along a diagonal, plus the bias.
Everything that reads a trained TextCNN closely (A, B, ideal n-grams, word swaps) looks scores up
here instead of running the convolution again, and training finds its best windows here too.
"""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from interpbook.models.autocast import own_precision
from interpbook.models.text_cnn import TextCNN, as_text_cnn

# The maximum over positions is taken in blocks: one fast pass finds each block's maximum, and only
# the winning block is searched for the position.
_BLOCK = 16


def score_words(model: TextCNN, vectors: Float[Tensor, "R m"]) -> list[Float[Tensor, "R _"]]:
    """Score word vectors in every slot of every filter: one matrix product for each width.

    Parameters
    ----------
    model : TextCNN
        Gives the filters.
    vectors : Tensor of shape (R, m)
        Word vectors, one a row.

    Returns
    -------
    list of Tensors, one for each width n, of shape (R, n f)
        Column j f + p holds w_j . x of the width's p-th filter, in units of u, not of logits;
        biases are not in it.

    Examples
    --------
    >>> from interpbook.models import TextCNNConfig
    >>> model = TextCNN(TextCNNConfig(10, 4, 2, widths=(2, 3), filters_per_width=5))
    >>> [tuple(scores.shape) for scores in score_words(model, model.embedding.weight)]
    [(10, 10), (10, 15)]
    """
    return [vectors @ slot_weights(conv.weight) for conv in model.convs]


def slot_weights(weight: Float[Tensor, "f m n"]) -> Float[Tensor, "m slots"]:
    """Lay the slots of a convolution's filters side by side, slot by slot."""
    return weight.permute(1, 2, 0).flatten(start_dim=1)


def best_windows(
    table: Float[Tensor, "R slots"],
    rows: Int64[Tensor, "N l"],
    allowed: Int64[Tensor, " N"],
    width: int,
) -> tuple[Float[Tensor, "N f"], Int64[Tensor, "N f"]]:
    """Find each filter's best window; among equals, the first.

    Parameters
    ----------
    table : Tensor of shape (R, n f)
        Slot scores; its last row is minus infinity and stands for windows that do not count.
    rows : Tensor of shape (N, l), int64
        The table row of every word of N documents.
    allowed : Tensor of shape (N,), int64
        How many windows count, from the left (``TextCNN.lay_out``).
    width : int
        How many words n a window holds.

    Returns
    -------
    best : Tensor of shape (N, f)
        max_i u_i without the filter's bias.
    starts : Tensor of shape (N, f), int64
        The first i that reaches it, counted from 0.
    """
    # With n = 3 and blocks of 4 windows (_BLOCK is 16), a document of 10 words has 8 windows:
    #
    #   word          0  1  2  3  4  5  6  7  8  9
    #   block 0      [i0 i1 i2 i3  .  .]                windows 0..3 read words 0..5
    #   block 1                  [i0 i1 i2 i3  .  .]    windows 4..7 read words 4..9
    #
    # A block reads _BLOCK + n - 1 words, so that neighbours share n - 1 of them.
    filters = table.shape[1] // width
    length = rows.shape[1]
    blocks = -(-(length - width + 1) // _BLOCK)
    # Every window that does not count reaches past the last one that does. Pointing the words
    # there at the row of minus infinity rules them all out.
    positions = torch.arange(length, device=rows.device)
    rows = rows.masked_fill(positions >= allowed[:, None] + (width - 1), len(table) - 1)
    rows = F.pad(rows, (0, blocks * _BLOCK + width - 1 - length), value=len(table) - 1)
    # Blocks with no window that counts are left out; T remain. The i-th windows of all blocks lie
    # side by side, so that the maximum over i runs along memory.
    used = torch.arange(0, blocks * _BLOCK, _BLOCK, device=rows.device) < allowed[:, None]
    words = rows.unfold(1, _BLOCK + width - 1, _BLOCK)[used]  # (T, _BLOCK + n - 1)
    # Seen as (R n, f), row r n + j of the table holds slot j of word r for all filters; a window
    # is the sum of n such rows.
    entries = (words.T * width).unfold(0, width, 1) + torch.arange(width, device=rows.device)
    scores = F.embedding_bag(entries.reshape(-1, width), table.view(-1, filters), mode="sum")
    scores = scores.view(_BLOCK, -1, filters)  # (_BLOCK, T, f)

    # The first block that reaches a filter's maximum, then the first window inside that block.
    peaks = scores.new_full((*used.shape, filters), -torch.inf)  # (N, blocks, f)
    peaks[used] = scores.amax(dim=0)
    best = peaks.amax(dim=1)  # (N, f)
    check_finite(best)
    block = first_true(peaks == best[:, None], dim=1)
    inside = (used.flatten().cumsum(0) - 1).view_as(used).gather(1, block)  # which of the T
    winners = scores.gather(1, inside.expand(_BLOCK, -1, -1))  # (_BLOCK, N, f)
    return best, block * _BLOCK + first_true(winners == best, dim=0)


def check_finite(scores: Tensor) -> None:
    """Raise a ValueError if a model's scores are not all finite numbers."""
    if not torch.isfinite(scores).all():
        raise ValueError(
            "the model's weights give scores that are not finite: retrain or reload it"
        )


def first_true(hit: Bool[Tensor, ...], dim: int) -> Int64[Tensor, ...]:
    """Return the first i along ``dim`` that is True."""
    # Small integers keep this pass vectorised: int64 has no fast minimum, argmax no fast path.
    length = hit.shape[dim]
    numbers = torch.arange(length, dtype=torch.int32, device=hit.device)
    numbers = numbers.view([-1 if axis == dim else 1 for axis in range(hit.ndim)])
    return torch.where(hit, numbers, length).amin(dim=dim).long()


def distinct(ids: Int64[Tensor, "N l"], vocab_size: int) -> Int64[Tensor, " R"]:
    """Return the word ids that occur, in rising order; a lookup, not a sort."""
    seen = torch.zeros(vocab_size, dtype=torch.bool, device=ids.device)
    seen[ids.reshape(-1)] = True
    return seen.nonzero().squeeze(1)


class SlotTable:
    """A model's slot scores, filled in word by word and never out of date.

    A row is computed when a batch first holds its word and kept together with the vector it came
    from. Every use compares those vectors, and the filters, with the model's weights as they are
    now: an embedding that was trained on has its row redone, changed filters empty the table.

    Use ``slot_table(model)``, which keeps one table for each model.

    Parameters
    ----------
    model : TextCNN
        Gives the filters that words are scored with.

    Examples
    --------
    >>> from interpbook.models import TextCNNConfig
    >>> model = TextCNN(TextCNNConfig(10, 4, 2, widths=(2, 3), filters_per_width=5))
    >>> table = SlotTable(model)
    >>> [tuple(scores.shape) for scores in table.cover(model, torch.tensor([2, 3]))]
    [(11, 10), (11, 15)]
    """

    def __init__(self, model: TextCNN) -> None:
        weight = model.embedding.weight
        self._filters = [conv.weight.detach().clone() for conv in model.convs]
        self._vectors = torch.empty_like(weight, requires_grad=False)
        self._filled = torch.zeros(len(weight), dtype=torch.bool, device=weight.device)
        self._tables = []
        for conv in model.convs:
            slots = conv.kernel_size[0] * conv.out_channels
            table = torch.empty(len(weight) + 1, slots, dtype=weight.dtype, device=weight.device)
            table[-1] = -torch.inf
            self._tables.append(table)

    def fits(self, model: TextCNN) -> bool:
        """Say whether the filters are still the ones that the table was computed with."""
        return len(self._vectors) == len(model.embedding.weight) and all(
            ours.dtype == conv.weight.dtype
            and ours.device == conv.weight.device
            and torch.equal(ours, conv.weight)
            for ours, conv in zip(self._filters, model.convs, strict=True)
        )

    @own_precision
    @torch.no_grad()
    def cover(self, model: TextCNN, words: Int64[Tensor, " R"]) -> list[Tensor]:
        """Bring the rows of these words up to date and return one table for each width.

        Returns
        -------
        list of Tensors of shape (V + 1, n f)
            Rows of other words are not defined; row V is minus infinity.
        """
        now, before = model.embedding(words), self._vectors.index_select(0, words)
        if not (torch.equal(now, before) and self._filled[words].all()):
            stale = ~self._filled[words] | (now != before).any(dim=1)
            words, now = words[stale], now[stale]
            for table, scores in zip(self._tables, score_words(model, now), strict=True):
                table[words] = scores
            self._vectors[words] = now
            self._filled[words] = True
        return self._tables


_TABLES: WeakKeyDictionary[TextCNN, SlotTable] = WeakKeyDictionary()


def slot_table(model: TextCNN) -> SlotTable:
    """Return the model's table; a new one if its filters have changed.

    Parameters
    ----------
    model : TextCNN
        The model whose slot scores are kept.

    Returns
    -------
    SlotTable
        The one table of this model.

    Raises
    ------
    TypeError
        If the model is no TextCNN.

    Examples
    --------
    >>> from interpbook.models import TextCNNConfig
    >>> model = TextCNN(TextCNNConfig(10, 4, 2))
    >>> slot_table(model) is slot_table(model)
    True
    """
    table = _TABLES.get(as_text_cnn(model))
    if table is None or not table.fits(model):
        with torch.inference_mode(False):  # what is made inside could not be filled in outside
            table = _TABLES[model] = SlotTable(model)
    return table


def local_tables(
    model: TextCNN, ids: Int64[Tensor, "N l"]
) -> tuple[list[Float[Tensor, "R _"]], Int64[Tensor, "N l"]]:
    """Score just a batch's distinct words, so that gradients flow to them and to the filters.

    Returns
    -------
    tables : list of Tensors of shape (R + 1, n f)
        One table for each width, for ``best_windows``; R is the number of distinct words.
    rows : Tensor of shape (N, l), int64
        Each word's row.
    """
    weight = model.embedding.weight
    words = distinct(ids, len(weight))
    rows = torch.empty(len(weight), dtype=torch.int64, device=ids.device)
    rows[words] = torch.arange(len(words), device=ids.device)
    vectors = F.embedding(words, weight, padding_idx=model.embedding.padding_idx, sparse=True)
    tables = [
        F.pad(scores, (0, 0, 0, 1), value=-torch.inf) for scores in score_words(model, vectors)
    ]
    return tables, rows[ids]


def look_up(
    table: Float[Tensor, "R slots"],
    rows: Int64[Tensor, "N l"],
    starts: Int64[Tensor, "N f"],
    width: int,
) -> Float[Tensor, "N f n"]:
    """Return w_j . x_(i+j-1) of every filter's window at ``starts``, slot by slot."""
    # A row of the table, for n = 2 and f = 3: column j f + p is slot j of filter p.
    #
    #   slot      0  0  0  1  1  1
    #   filter    0  1  2  0  1  2
    #
    # Slot j reads the word at start + j.
    filters = starts.shape[1]
    slots = torch.arange(width, device=rows.device)
    inside = rows.gather(1, (starts[:, :, None] + slots).flatten(1)).view(-1, filters, width)
    columns = slots * filters + torch.arange(filters, device=rows.device)[:, None]  # (f, n)
    return table.reshape(-1)[inside * (width * filters) + columns]


def pooled_scores(model: TextCNN, ids: Int64[Tensor, "N l"]) -> Float[Tensor, "N k"]:
    """Compute every filter's u_max with gradients, at a fraction of a convolution's cost.

    The maximum passes a gradient only to the window that reached it. So the windows are found
    without gradients, and only the n table entries that make up each winner are summed with them:
    the same u_max and the same gradient as the convolution's, without scoring repeated words twice.

    Parameters
    ----------
    model : TextCNN
        Gives filters and embedding.
    ids : Tensor of shape (N, l), int64
        Encoded documents; 0 is padding.

    Returns
    -------
    Tensor of shape (N, k)
        u_max, biases included; ``model.classify`` turns it into logits.

    Raises
    ------
    TypeError, ValueError
        If the model is no TextCNN, or the ids do not suit it (``TextCNN.lay_out``).

    Examples
    --------
    >>> from interpbook.models import TextCNNConfig
    >>> model = TextCNN(TextCNNConfig(10, 4, 2, widths=(2, 3), filters_per_width=5)).eval()
    >>> ids = torch.tensor([[2, 3, 4, 5]])
    >>> pooled = pooled_scores(model, ids)
    >>> pooled.shape, torch.allclose(model.classify(pooled), model(ids), atol=1e-5)
    (torch.Size([1, 10]), True)
    """
    ids, windows = as_text_cnn(model).lay_out(ids)
    tables, rows = local_tables(model, ids)
    pooled = []
    for conv, table, allowed in zip(model.convs, tables, windows.unbind(1), strict=True):
        width = conv.kernel_size[0]
        with torch.no_grad():
            _, starts = best_windows(table, rows, allowed, width)
        pooled.append(look_up(table, rows, starts, width).sum(dim=2) + conv.bias)
    return torch.cat(pooled, dim=1)


def best_scores(
    model: TextCNN, ids: Int64[Tensor, "N padded"], windows: Int64[Tensor, "N widths"]
) -> Iterator[tuple[Float[Tensor, "V slots"], Float[Tensor, "N f"], Int64[Tensor, "N f"]]]:
    """Look every filter's best window up in the model's own table, one width after the other.

    Parameters
    ----------
    model : TextCNN
        Gives table and biases; no gradient is kept.
    ids, windows : Tensors
        What ``TextCNN.lay_out`` returns.

    Yields
    ------
    table : Tensor of shape (V + 1, n f)
        The width's slot scores.
    pooled : Tensor of shape (N, f)
        u_max, biases included.
    starts : Tensor of shape (N, f), int64
        Where the best window starts, counted from 0.
    """
    tables = slot_table(model).cover(model, distinct(ids, model.config.vocab_size))
    for conv, table, allowed in zip(model.convs, tables, windows.unbind(1), strict=True):
        best, starts = best_windows(table, ids, allowed, conv.kernel_size[0])
        yield table, best + conv.bias.detach(), starts


def best_of_filters(
    model: TextCNN, ids: Int64[Tensor, "N l"]
) -> tuple[Int64[Tensor, "N padded"], Float[Tensor, "N k"], Int64[Tensor, "N k"]]:
    """Return the ids as laid out, every filter's u_max and where its best window starts.

    Parameters
    ----------
    model : TextCNN
        Gives filters and embedding.
    ids : Tensor of shape (N, l), int64
        Encoded documents; 0 is padding.

    Returns
    -------
    ids : Tensor of shape (N, padded length), int64
        The documents as ``TextCNN.lay_out`` pads them.
    pooled : Tensor of shape (N, k)
        u_max, biases included.
    starts : Tensor of shape (N, k), int64
        Where each filter's best window starts, counted from 0.

    Examples
    --------
    >>> from interpbook.models import TextCNNConfig
    >>> model = TextCNN(TextCNNConfig(10, 4, 2, widths=(2, 3), filters_per_width=5)).eval()
    >>> ids, pooled, starts = best_of_filters(model, torch.tensor([[2, 3, 4, 5]]))
    >>> pooled.shape, starts.shape, bool((starts[:, 5:] <= 1).all())
    (torch.Size([1, 10]), torch.Size([1, 10]), True)
    """
    ids, windows = model.lay_out(ids)
    _, pooled, starts = zip(*best_scores(model, ids, windows), strict=True)
    return ids, torch.cat(pooled, dim=1), torch.cat(starts, dim=1)
