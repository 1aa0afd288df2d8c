"""Which locations of a hidden layer speak for a class: gradient times activation."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from interpbook.models import DeepTextCNN, as_deep_text_cnn
from interpbook.models.training import check_labels


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
        In logits; zero behind a document's end. Under ``padding="paper"`` as many columns as
        ``max_length``.

    Raises
    ------
    TypeError, ValueError
        If the network has no such layer or class, its weights are not finite, or the ids do not
        suit it (``DeepTextCNN.lay_out``).

    References
    ----------
    Yuan et al. (2019), equations (1) to (3).
    """
    return channel_saliency(deep, ids, layer, target).sum(dim=1)


@torch.enable_grad()
def channel_saliency(
    deep: DeepTextCNN, ids: Int64[Tensor, "N l"], layer: int, target: int | Int64[Tensor, " N"]
) -> Float[Tensor, "N d padded"]:
    """Return the share of each of a layer's d channels in ``location_saliency``, in logits.

    Parameters, errors and source are those of ``location_saliency``.
    """
    as_deep_text_cnn(deep).eval()
    deep.check_layer(layer)
    check_weights(deep)
    _, inside = deep.lay_out(ids)
    targets = torch.as_tensor(target, device=ids.device)
    if targets.ndim > 1 or (targets.ndim and len(targets) != len(ids)):
        raise ValueError(
            f"expected one class, or one for each of {len(ids)} documents, got classes of shape "
            f"{tuple(targets.shape)}"
        )
    targets = targets.expand(len(ids))
    check_labels(targets.cpu().numpy(), deep.config.num_classes)
    activations = deep.activations(ids)[layer].detach().requires_grad_()
    logits = deep.scores_from(layer, activations, inside)
    (gradient,) = torch.autograd.grad(logits.gather(1, targets[:, None]).sum(), activations)
    return gradient * activations.detach()


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

    Raises
    ------
    TypeError, ValueError
        If ``count`` is not positive, or as ``location_saliency``.
    """
    if count < 1:
        raise ValueError(f"count is a positive number, got {count}")
    saliency = location_saliency(deep, ids, layer, target)
    with torch.no_grad():
        alive = (deep.activations(ids)[layer] != 0).any(dim=1)  # (N, l)
    order = saliency.masked_fill(~alive, -torch.inf).argsort(dim=1, descending=True, stable=True)
    kept = alive.sum(dim=1).clamp(max=count)
    return [row[:n] for row, n in zip(order.tolist(), kept.tolist(), strict=True)]


def check_weights(deep: DeepTextCNN) -> None:
    """Raise a ValueError if a weight is nan or infinite."""
    for name, weight in deep.named_parameters():
        if not torch.isfinite(weight).all():
            raise ValueError(
                f"{name} holds nan or infinity: load the model again, or train it with a smaller "
                "learning rate"
            )
