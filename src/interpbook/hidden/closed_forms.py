"""The first layer's inversion without a climb: where the optimum has a closed form."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from interpbook.hidden.fields import Fields
from interpbook.hidden.objectives import response, squared_length
from interpbook.models.autocast import own_precision

# Far more rounds than it takes: a channel that is zero but for rounding could flip for ever.
_ROUNDS = 1000


@dataclass(frozen=True, eq=False)
class ClosedForm:
    """The optimum of a first-layer location without similarity, on its active set.

    Attributes
    ----------
    vectors : Tensor of shape (B, R, m)
        X = W_S^T a_S / (2 l2).
    overall : Tensor of shape (B, m)
        x_overall, equation (8): the mean of ``vectors`` over the words of each field.
    values : Tensor of shape (B,)
        The objective at ``vectors``.
    active : Tensor of shape (B, channels), bool
        S: the channels that count (a > 0) and answer X with more than zero.
    rounds : int
        How often sets were corrected until each agreed with its X.

    Examples
    --------
    >>> from interpbook import load_classifier, pad
    >>> classifier = load_classifier("mr_deep")
    >>> ids = pad(classifier.encode(["a tedious and charming film"]))
    >>> found = closed_form(Fields.of(classifier.model, ids, 1, [1, 3]), l2=0.004)
    >>> found.vectors.shape, found.overall.shape
    (torch.Size([2, 5, 300]), torch.Size([2, 300]))
    >>> (found.values > 0).tolist()
    [True, True]
    """

    vectors: Float[Tensor, "B R m"]
    overall: Float[Tensor, "B m"]
    values: Float[Tensor, " B"]
    active: Bool[Tensor, "B channels"]
    rounds: int


@own_precision
@torch.no_grad()
def closed_form(
    fields: Fields, l2: float, *, active: Bool[Tensor, "B channels"] | None = None
) -> ClosedForm:
    """Return the optimum of a . a' - l2 ||X||^2 for locations of the first layer, without a climb.

    On inputs that a set S of channels answers with more than zero, the objective is
    sum over S of a_k (w_k . X + b_k) - l2 ||X||^2, a parabola with its top at
    X = sum over S of a_k w_k / (2 l2). If S is then the set that answers X, this is an optimum,
    exactly; if not, S becomes that set. Each round climbs, since the sum over S touches the
    objective from below where S answers, so the rounds end.

    What the rounds end at is a local optimum, the one above their start. Other sets can have
    optima of their own, so neither this nor a climb is sure of the highest; with negative biases
    the optimum can even be worth less than the 0 of no input at all. With similarity, or in a
    deeper layer, where channels with negative weights lie between, there is no such form.

    Parameters
    ----------
    fields : Fields
        B locations of layer 1.
    l2 : float
        lambda_1, positive.
    active : Tensor of shape (B, channels), bool, optional
        The set to begin with; all channels with a > 0 by default. To compare with a climb, the
        channels that answer its start.

    Returns
    -------
    ClosedForm
        The optimum of each location.

    Raises
    ------
    ValueError
        If the locations are of another layer than 1, or ``l2`` is not positive.

    References
    ----------
    Yuan et al. (2019), equation (6) with lambda_2 = 0; the closed form is ours. The rounds are the
    concave-convex procedure of Yuille & Rangarajan (2003).

    Examples
    --------
    The words that the location at "tedious" looks for:

    >>> from interpbook import load_classifier, pad
    >>> classifier = load_classifier("mr_deep")
    >>> ids = pad(classifier.encode(["a tedious and charming film"]))
    >>> from interpbook import nearest_words
    >>> found = closed_form(Fields.of(classifier.model, ids, 1, [1]), l2=0.004)
    >>> (near,) = nearest_words(classifier.model, classifier.vocabulary, found.overall, 3)
    >>> [word for word, _ in near]
    ['leaden', 'plodding', 'labored']
    """
    if fields.layer != 1:
        raise ValueError(f"the closed form is of layer 1, got locations of layer {fields.layer}")
    if not 0 < l2 < float("inf"):
        raise ValueError(f"l2 is a positive number, got {l2}")
    conv, counts = fields.deep.convs[0], fields.activations > 0
    chosen = counts if active is None else counts & active
    rounds, settled = 0, False
    while not settled and rounds < _ROUNDS:
        rounds += 1
        weights = fields.activations * chosen  # (B, channels)
        vectors = torch.einsum("bk,kmr->brm", weights, conv.weight) / (2 * l2)
        vectors *= fields.inside[:, :, None]
        found = fields.respond(vectors)
        answering = counts & (found > 0)
        settled = torch.equal(answering, chosen)
        chosen = answering
    return ClosedForm(
        vectors,
        fields.mean(vectors),
        response(fields.activations, found) - l2 * squared_length(vectors),
        chosen,
        rounds,
    )
