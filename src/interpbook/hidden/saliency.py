"""Which locations of a hidden layer speak for a class: gradient times activation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from interpbook._checks import number_from
from interpbook.models import DeepTextCNN, as_deep_text_cnn
from interpbook.models.autocast import own_precision
from interpbook.models.training import check_labels


@dataclass(frozen=True, eq=False)
class ReadBatch:
    """A batch of N documents, laid out and run through every layer once.

    Attributes
    ----------
    deep : DeepTextCNN
        The network, in evaluation mode.
    inside : Tensor of shape (N, 1, padded), bool
        Which locations count, from ``DeepTextCNN.lay_out``.
    layers : tuple of Tensor of shape (N, channels, padded)
        The activations of every layer, the embedding's first.
    """

    deep: DeepTextCNN
    inside: Bool[Tensor, "N 1 padded"]
    layers: tuple[Float[Tensor, "N _ padded"], ...]

    @classmethod
    @own_precision
    @torch.no_grad()
    def of(cls, deep: DeepTextCNN, ids: Int64[Tensor, "N l"], layer: int) -> ReadBatch:
        """Read a batch for questions about a layer.

        Raises
        ------
        TypeError, ValueError
            If the model is no DeepTextCNN or has no such layer, its weights are not finite, or the
            ids do not suit it (``DeepTextCNN.lay_out``).
        """
        as_deep_text_cnn(deep).eval()
        deep.check_layer(layer)
        check_weights(deep)
        ids, inside = deep.lay_out(ids)
        return cls(deep, inside, deep.layers_of(ids, inside))

    @property
    @own_precision
    @torch.no_grad()
    def logits(self) -> Float[Tensor, "N c"]:
        """The network's output."""
        return self.deep.scores_from(len(self.layers) - 1, self.layers[-1], self.inside)

    @own_precision
    @torch.enable_grad()
    def saliency(
        self, layer: int, target: int | Int64[Tensor, " N"]
    ) -> Float[Tensor, "N d padded"]:
        """Return ``channel_saliency`` of the batch.

        Raises
        ------
        ValueError
            If there is no such class.
        """
        documents = len(self.inside)
        targets = torch.as_tensor(target, device=self.inside.device)
        if targets.ndim > 1 or (targets.ndim and len(targets) != documents):
            raise ValueError(
                f"expected one class, or one for each of {documents} documents, got classes of "
                f"shape {tuple(targets.shape)}"
            )
        targets = targets.expand(documents)
        check_labels(targets.cpu().numpy(), self.deep.config.num_classes)
        activations = self.layers[layer].detach().requires_grad_()
        logits = self.deep.scores_from(layer, activations, self.inside)
        (gradient,) = torch.autograd.grad(logits.gather(1, targets[:, None]).sum(), activations)
        return gradient * activations.detach()

    def strongest(
        self, layer: int, saliency: Float[Tensor, "N padded"], count: int
    ) -> list[list[int]]:
        """Return ``strongest_locations`` of the batch by their saliency."""
        alive = (self.layers[layer] != 0).any(dim=1)  # (N, padded)
        ranked = saliency.masked_fill(~alive, -torch.inf)
        order = ranked.argsort(dim=1, descending=True, stable=True)
        kept = alive.sum(dim=1).clamp(max=count)
        return [row[:n] for row, n in zip(order.tolist(), kept.tolist(), strict=True)]


def location_saliency(
    deep: DeepTextCNN, ids: Int64[Tensor, "N l"], layer: int, target: int | Int64[Tensor, " N"]
) -> Float[Tensor, "N padded"]:
    """Score each location of a layer by what it adds to a class's logit, to first order.

    Score_c(X)_ij = dS_c / da_ij . a_ij, with S_c the logit of the class and a_ij the activation
    vector of location i in layer j. Layer 0 is the embedding, whose locations are the words: there
    the score is gradient times input.

    The network is piecewise linear, so the scores of a layer add up to the logit but for what the
    biases above the layer contribute.

    Parameters
    ----------
    deep : DeepTextCNN
        Left in evaluation mode.
    ids : Tensor of shape (N, l), int64
        Encoded documents.
    layer : int
        0 for the embedding, 1 for the first convolution.
    target : int or Tensor of shape (N,), int64
        The class c, one for all documents or one each.

    Returns
    -------
    Tensor of shape (N, l)
        In logits; zero after a document's end. Under ``padding="paper"`` as many columns as
        ``max_length``.

    Raises
    ------
    TypeError, ValueError
        If the network has no such layer or class, its weights are not finite, or the ids do not
        suit it (``DeepTextCNN.lay_out``).

    References
    ----------
    Yuan et al. (2019), equations (1) to (3).

    Examples
    --------
    >>> from interpbook import load_classifier, pad
    >>> classifier = load_classifier("mr_deep")
    >>> ids = pad(classifier.encode(["a tedious and charming film"]))
    >>> location_saliency(classifier.model, ids, layer=1, target=0)
    tensor([[ 0.4910,  0.8171,  0.4099,  0.3986, -0.3624]])
    """
    return channel_saliency(deep, ids, layer, target).sum(dim=1)


def channel_saliency(
    deep: DeepTextCNN, ids: Int64[Tensor, "N l"], layer: int, target: int | Int64[Tensor, " N"]
) -> Float[Tensor, "N d padded"]:
    """Return the share of each of a layer's d channels in ``location_saliency``, in logits.

    Parameters
    ----------
    deep, ids, layer, target
        Each is described under ``location_saliency``.

    Returns
    -------
    Tensor of shape (N, d, l)
        dS_c / da_ijk . a_ijk in logits; zero after a document's end. Under ``padding="paper"`` as
        many locations as ``max_length``.

    Raises
    ------
    TypeError, ValueError
        For the reasons that ``location_saliency`` names.

    References
    ----------
    Yuan et al. (2019), equations (1) to (3).

    Examples
    --------
    >>> from interpbook import load_classifier, pad
    >>> classifier = load_classifier("mr_deep")
    >>> ids = pad(classifier.encode(["a tedious and charming film"]))
    >>> shares = channel_saliency(classifier.model, ids, layer=1, target=0)
    >>> shares.shape
    torch.Size([1, 128, 5])
    >>> torch.equal(shares.sum(dim=1), location_saliency(classifier.model, ids, 1, 0))
    True
    """
    return ReadBatch.of(deep, ids, layer).saliency(layer, target)


def strongest_locations(
    deep: DeepTextCNN,
    ids: Int64[Tensor, "N l"],
    layer: int,
    target: int | Int64[Tensor, " N"],
    count: int = 3,
) -> list[list[int]]:
    """List each document's locations of highest saliency, the highest first.

    The highest may still be negative, in a text where nothing speaks for the class. A dead
    location, one whose activation is zero throughout, is never among them: it has nothing to say.
    So a short document may have fewer than ``count``.

    Parameters
    ----------
    deep, ids, layer, target
        Each is described under ``location_saliency``.
    count : int
        How many locations to list for each document, at most.

    Returns
    -------
    list of lists of int
        For each document, word positions.

    Raises
    ------
    TypeError, ValueError
        If ``count`` is not positive, or for the reasons that ``location_saliency`` names.

    Examples
    --------
    >>> from interpbook import load_classifier, pad
    >>> classifier = load_classifier("mr_deep")
    >>> ids = pad(classifier.encode(["a tedious and charming film"]))
    >>> strongest_locations(classifier.model, ids, layer=1, target=0, count=2)
    [[1, 0]]
    """
    count = number_from(count, 1, f"count is a positive number, got {count}")
    batch = ReadBatch.of(deep, ids, layer)
    return batch.strongest(layer, batch.saliency(layer, target).sum(dim=1), count)


def check_weights(deep: DeepTextCNN) -> None:
    """Raise a ValueError if a weight is nan or infinite."""
    for name, weight in deep.named_parameters():
        if not torch.isfinite(weight).all():
            raise ValueError(
                f"{name} holds nan or infinity: load the model again, or train it with a smaller "
                "learning rate"
            )
