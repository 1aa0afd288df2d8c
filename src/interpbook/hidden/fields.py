"""Receptive fields: hidden locations, each with just the part of the network that it can see."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from interpbook._checks import whole_number
from interpbook.hidden.saliency import ReadBatch
from interpbook.models import DeepTextCNN
from interpbook.models.autocast import own_precision

Locations = Sequence[int] | Sequence[Sequence[int]] | Int64[Tensor, "*N M"]
"""Word positions: one list for a single document, or one list for each of several."""


@dataclass(frozen=True, eq=False)
class Fields:
    """Locations of one layer, each with its receptive field and its activation.

    A field is laid out over R = 1 + layer (kernel_size - 1) words with the location's own in the
    middle; where that reaches over an end of the document, ``inside`` is False. In layer 1 of a
    network with kernels of 5, for a document of five words::

        word            -1   0   1   2   3   4   5
        location 1       .   x  [x]  x   x
        location 3               x   x  [x]  x   .

        x  inside    [x]  inside, and the location's own word    .  not inside

    Attributes
    ----------
    deep : DeepTextCNN
        The network.
    layer : int
        0 for the embedding, 1 for the first convolution.
    documents, locations : Tensor of shape (B,), int64
        Where each location stands.
    inside : Tensor of shape (B, R), bool
        Which words of its field the document has; N of equations (7) and (8) is their number.
    activations : Tensor of shape (B, channels)
        a, the location's answer to the text.

    Examples
    --------
    >>> from interpbook import load_classifier, pad
    >>> classifier = load_classifier("mr_deep")
    >>> ids = pad(classifier.encode(["a tedious and charming film"]))
    >>> fields = Fields.of(classifier.model, ids, 1, [1, 3])
    >>> fields.inside.int()
    tensor([[0, 1, 1, 1, 1],
            [1, 1, 1, 1, 0]], dtype=torch.int32)
    >>> fields.activations.shape
    torch.Size([2, 128])
    """

    deep: DeepTextCNN
    layer: int
    documents: Int64[Tensor, " B"]
    locations: Int64[Tensor, " B"]
    inside: Bool[Tensor, "B R"]
    activations: Float[Tensor, "B channels"]

    @classmethod
    def of(
        cls, deep: DeepTextCNN, ids: Int64[Tensor, "N l"], layer: int, locations: Locations
    ) -> Fields:
        """Look the locations of a batch of documents up.

        Parameters
        ----------
        deep : DeepTextCNN
            Left in evaluation mode.
        ids : Tensor of shape (N, l), int64
            Encoded documents.
        layer : int
            0 for the embedding, 1 for the first convolution.
        locations : sequence of int, or N sequences of int
            Word positions; one list for a single document, one list for each of several.

        Returns
        -------
        Fields
            All documents' locations one after another.

        Raises
        ------
        TypeError, ValueError
            If there is no such layer or location, a location is dead (its activation is all
            zeros), a weight of the network is not finite, or the ids do not suit the network
            (``DeepTextCNN.lay_out``).
        """
        return cls.of_batch(ReadBatch.of(deep, ids, layer), layer, locations)

    @classmethod
    def of_batch(cls, batch: ReadBatch, layer: int, locations: Locations) -> Fields:
        """Look locations up in documents that have been read, as ``of`` does."""
        deep, activations, device = batch.deep, batch.layers[layer], batch.inside.device
        lengths = batch.inside.sum(dim=(1, 2)).tolist()
        rows = _one_list_a_document(locations, len(lengths))
        pairs = [(n, i) for n, row in enumerate(rows) for i in row]
        if not pairs:
            raise ValueError("expected at least one location to invert, got none")
        for n, i in pairs:
            try:
                deep.receptive_field(layer, i, lengths[n])
            except ValueError as error:
                raise ValueError(f"in document {n} {error}") from None
        documents, places = torch.tensor(pairs, device=device).unbind(1)
        found = activations[documents, :, places]
        for (n, i), answer in zip(pairs, found, strict=True):
            if not answer.any():
                raise ValueError(
                    f"location {i} of layer {layer} is dead in document {n}, its activation is "
                    "zero throughout, so there is nothing to invert: choose another"
                )
        reach = layer * (deep.config.kernel_size // 2)
        around = places[:, None] + torch.arange(-reach, reach + 1, device=device)
        ends = torch.tensor(lengths, device=device)[documents, None]
        return cls(deep, layer, documents, places, (around >= 0) & (around < ends), found)

    @own_precision
    def respond(self, vectors: Float[Tensor, "B R m"]) -> Float[Tensor, "B channels"]:
        """Return a', the locations' answer to other words: the network below, on the field alone.

        What lies outside the document is zero in every layer, as it is when the network reads the
        whole document.

        Parameters
        ----------
        vectors : Tensor of shape (B, R, m)
            Other words' vectors for each field; what stands outside is not read.

        Returns
        -------
        Tensor of shape (B, channels)
            The activations of the layer at the locations.
        """
        # Every layer reads `size` neighbours at a time, so that a field of R = 9 words shrinks to
        # its location in two layers with kernels of 5:
        #
        #   layer 0   0 1 2 3 4 5 6 7 8
        #   layer 1       2 3 4 5 6      location 2 reads words 0..4, location 6 words 4..8
        #   layer 2           4          reads locations 2..6
        inside, answer = self.inside[:, :, None], vectors * self.inside[:, :, None]
        size = self.deep.config.kernel_size
        for conv in self.deep.convs[: self.layer]:
            # One matrix product of all windows is three times as fast here as a convolution.
            windows = answer.unfold(1, size, 1).transpose(2, 3).flatten(2)  # (B, windows, size m)
            weight = conv.weight.transpose(1, 2).flatten(1)  # (channels, size m)
            inside = inside[:, size // 2 : inside.shape[1] - size // 2]
            answer = F.relu(F.linear(windows, weight, conv.bias)) * inside
        return answer.squeeze(1)

    def place(self, whole: Float[Tensor, "l m"]) -> Float[Tensor, "B R m"]:
        """Cut each location's field out of one input that is as long as any document.

        Parameters
        ----------
        whole : Tensor of shape (l, m)
            One vector for each word; zeros are put where a field reaches over the document's end.

        Returns
        -------
        Tensor of shape (B, R, m)
            What each location sees of the input.
        """
        reach = self.inside.shape[1] // 2
        around = self.locations[:, None] + torch.arange(-reach, reach + 1, device=whole.device)
        return whole[around.clamp(0, len(whole) - 1)] * self.inside[:, :, None]

    def mean(self, vectors: Float[Tensor, "*r B R m"]) -> Float[Tensor, "*r B m"]:
        """Return x_overall, equation (8): the mean over the words of each field.

        Parameters
        ----------
        vectors : Tensor of shape (..., B, R, m)
            Inputs that are zero where a field reaches over an end of the document.
        """
        return vectors.sum(dim=-2) / self.inside.sum(dim=1)[:, None]


def _one_list_a_document(locations: Locations, documents: int) -> list[list[int]]:
    given = locations.tolist() if isinstance(locations, Tensor | np.ndarray) else locations
    try:
        rows = [row.tolist() if isinstance(row, np.ndarray) else row for row in given]
        nested = [isinstance(row, Sequence) for row in rows]
        rows = [[whole_number(i) for i in row] for row in (rows if any(nested) else [rows])]
    except TypeError:
        raise TypeError(
            "locations are whole numbers, one list of them for each document, "
            f"got {reprlib.repr(given)}"
        ) from None
    if len(rows) != documents:
        raise ValueError(
            f"expected one list of locations for each of {documents} documents, got {len(rows)}"
        )
    return rows
