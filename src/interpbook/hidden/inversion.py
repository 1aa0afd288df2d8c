"""Inversion: an input, found by optimisation, that a hidden location answers as it answered a text.

Objective, network and loop are separate: ``objectives`` scores a batch of inputs, ``fields`` runs
just the part of the network that the locations can see, and here is the climb. Each location is a
row of the batch, whatever document it stands in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from interpbook._checks import number_from
from interpbook.hidden.fields import Fields, Locations
from interpbook.hidden.objectives import Objective
from interpbook.models import DeepTextCNN
from interpbook.models.autocast import own_precision

_TINY = 1e-12
_CHECKPOINTS = 20  # of a climb, in its result


@dataclass(frozen=True)
class Climb:
    """How an objective is climbed: Adam's steps, and the random starts.

    Parameters
    ----------
    steps : int
        How many steps Adam takes.
    learning_rate : float
        Adam's step size.
    restarts : int
        Random starts for each location.
    seed : int
        Decides the starts.

    Raises
    ------
    ValueError
        If ``steps``, ``learning_rate`` or ``restarts`` is not positive.
    """

    steps: int = 2000
    learning_rate: float = 2e-4
    restarts: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("restarts", "steps"):
            given = getattr(self, name)
            number = number_from(given, 1, f"{name} is a positive whole number, got {given!r}")
            object.__setattr__(self, name, number)
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"learning_rate is a positive number, got {self.learning_rate}")


@dataclass(frozen=True, eq=False)
class Inversion:
    """What B locations were inverted to, from several random starts each.

    Attributes
    ----------
    fields : Fields
        The locations.
    objective : Objective
        What was climbed.
    vectors : Tensor of shape (restarts, B, R, m)
        The inputs found; zero where a field reaches over an end of the document.
    steps : tuple of int
        After how many steps the values below were noted; 0 is the start.
    values : Tensor of shape (noted, restarts, B)
        The objective after each of ``steps``.
    path : Tensor of shape (noted, restarts, B, m)
        The overall vectors after each of ``steps``.
    gradients : Tensor of shape (restarts, B)
        The length of the objective's gradient at the end, in units of its first term's: zero at an
        optimum, 1 where the regularisation does not hold the first term yet. Where the location
        does not answer, the first term has none: zero if nothing else pulls, infinite if so.
    answered : Tensor of shape (restarts, B), bool
        Where the location answers the input found with one of the channels that count. Where it
        does not, the response never moved the input, whose words mean nothing: take another start.
    terms : dict of str to Tensor of shape (noted, restarts, B)
        What the values are sums of, as ``Objective.terms`` names them.

    Examples
    --------
    >>> from interpbook import load_classifier, pad
    >>> classifier = load_classifier("mr_deep")
    >>> ids = pad(classifier.encode(["a tedious and charming film"]))
    >>> settings = {"steps": 20, "learning_rate": 0.02, "restarts": 2}
    >>> found = invert(classifier.model, ids, 1, [1, 3], **settings)
    >>> found.vectors.shape, found.overall.shape
    (torch.Size([2, 2, 5, 300]), torch.Size([2, 300]))
    >>> found.steps[:3], found.values.shape
    ((0, 1, 2), torch.Size([21, 2, 2]))
    >>> [round(cosine, 1) for cosine in found.agreement().tolist()]
    [0.9, 0.4]
    """

    fields: Fields
    objective: Objective
    vectors: Float[Tensor, "restarts B R m"]
    steps: tuple[int, ...]
    values: Float[Tensor, "noted restarts B"]
    path: Float[Tensor, "noted restarts B m"]
    gradients: Float[Tensor, "restarts B"]
    answered: Bool[Tensor, "restarts B"]
    terms: dict[str, Float[Tensor, "noted restarts B"]] = field(default_factory=dict)

    @property
    def best(self) -> Int64[Tensor, " B"]:
        """For each location the restart that climbed highest, of those that it answers if any."""
        return self.values[-1].masked_fill(~self.answered, -torch.inf).argmax(dim=0)

    @property
    def overall(self) -> Float[Tensor, "B m"]:
        """x_overall of the best restart, equation (8): what ``nearest_words`` takes."""
        return self.path[-1, self.best, torch.arange(len(self.best))]

    @property
    def converged(self) -> Bool[Tensor, "restarts B"]:
        """Where the gradient is below a hundredth of its first term's."""
        return self.gradients < 0.01

    def agreement(self) -> Float[Tensor, " B"]:
        """Return the mean cosine between the overall vectors of any two restarts.

        Raises
        ------
        ValueError
            If there was one restart.
        """
        count = len(self.vectors)
        if count < 2:
            raise ValueError("agreement is between restarts: invert with restarts=2 or more")
        units = F.normalize(self.path[-1], dim=2)
        together = units.sum(dim=0).square().sum(dim=1)
        return (together - count) / (count * (count - 1))


def invert(
    deep: DeepTextCNN,
    ids: Int64[Tensor, "N l"],
    layer: int,
    locations: Locations,
    *,
    l2: float = 0.004,
    similarity: float = 0.02,
    steps: int = 2000,
    learning_rate: float = 2e-4,
    restarts: int = 1,
    seed: int = 0,
) -> Inversion:
    """Find inputs that locations answer as they answered the documents.

    Maximises a . a' - l2 ||X||^2 + similarity Sim(X) over the receptive fields with Adam. All
    locations, documents and restarts are one batch; since Adam moves every number by itself, each
    takes the same path as it would alone.

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
    l2, similarity : float
        lambda_1 and lambda_2, those of Yuan et al. for MR by default.
    steps : int
        How many steps Adam takes, with beta_1 = 0.9 and beta_2 = 0.999. The paper does not say how
        many it took.
    learning_rate : float
        Adam's step size: the paper's "2 x e^-4", read as 2e-4.
    restarts : int
        Random starts for each location.
    seed : int
        Decides the starts: one Xavier input of ``max_length`` words for each restart, the same for
        all documents. More restarts leave the first ones as they are.

    Returns
    -------
    Inversion
        Inputs, overall vectors and how far the climb got.

    Raises
    ------
    TypeError, ValueError
        If there is no such layer or location, a location is dead (its activation is all zeros), a
        weight of the network is not finite, a number is out of range, or the ids do not suit the
        network (``DeepTextCNN.lay_out``).

    References
    ----------
    Yuan et al. (2019), equations (5) to (8).

    Examples
    --------
    The words that the location at "tedious" looks for:

    >>> from interpbook import load_classifier, pad
    >>> classifier = load_classifier("mr_deep")
    >>> ids = pad(classifier.encode(["a tedious and charming film"]))
    >>> from interpbook import nearest_words
    >>> found = invert(classifier.model, ids, 1, [1], steps=20, learning_rate=0.02)
    >>> (near,) = nearest_words(classifier.model, classifier.vocabulary, found.overall, 3)
    >>> sorted(word for word, _ in near)
    ['labored', 'leaden', 'plodding']
    """
    return invert_fields(
        Fields.of(deep, ids, layer, locations),
        Objective(l2, similarity),
        Climb(steps, learning_rate, restarts, seed),
    )


def invert_fields(fields: Fields, objective: Objective, how: Climb) -> Inversion:
    """Invert locations that have been looked up, as ``invert`` does."""
    inputs = xavier_inputs(fields.deep, how.restarts, how.seed)
    return _climb(fields, objective, torch.cat([fields.place(whole) for whole in inputs]), how)


def xavier_inputs(deep: DeepTextCNN, count: int, seed: int) -> Float[Tensor, "count length m"]:
    """Draw whole inputs X_0 of ``max_length`` words by Xavier's rule, uniform on +- sqrt(6/(l+m)).

    Parameters
    ----------
    deep : DeepTextCNN
        The network whose ``max_length`` l and ``embedding_dim`` m the inputs have.
    count : int
        How many inputs to draw.
    seed : int
        Decides the draws. A larger count leaves the first ones as they are.

    References
    ----------
    Glorot & Bengio (2010), equation (16).

    Examples
    --------
    >>> from interpbook import DeepTextCNN, DeepTextCNNConfig
    >>> config = DeepTextCNNConfig(vocab_size=10, num_classes=2, embedding_dim=4, max_length=8)
    >>> inputs = xavier_inputs(DeepTextCNN(config), count=2, seed=0)
    >>> inputs.shape, bool(inputs.abs().max() <= (6 / 12) ** 0.5)
    (torch.Size([2, 8, 4]), True)
    """
    weight = deep.embedding.weight
    shape = (deep.config.max_length, deep.config.embedding_dim)
    limit = (6 / sum(shape)) ** 0.5
    drawn = np.random.default_rng(seed).uniform(-limit, limit, (count, *shape))
    return torch.as_tensor(drawn, dtype=weight.dtype, device=weight.device)


def climb(
    fields: Fields,
    objective: Objective,
    starts: Float[Tensor, "rows R m"],
    *,
    steps: int = 2000,
    learning_rate: float = 2e-4,
) -> Inversion:
    """Climb the objective with Adam from given inputs.

    Parameters
    ----------
    fields : Fields
        B locations.
    objective : Objective
        What to climb.
    starts : Tensor of shape (restarts * B, R, m)
        Where to begin: the inputs of all B locations for the first start, then all for the second.
    steps, learning_rate
        Each is described under ``invert``.

    Raises
    ------
    ValueError
        If ``steps`` or ``learning_rate`` is not positive, the starts do not fit the fields, or the
        climb leaves the finite numbers.

    Examples
    --------
    From the optimum that the closed form finds there is nowhere to go:

    >>> from interpbook.hidden.closed_forms import closed_form
    >>> from interpbook import load_classifier, pad
    >>> classifier = load_classifier("mr_deep")
    >>> ids = pad(classifier.encode(["a tedious and charming film"]))
    >>> fields = Fields.of(classifier.model, ids, 1, [1])
    >>> top = closed_form(fields, l2=0.004)
    >>> found = climb(fields, Objective(0.004, 0.0), top.vectors, steps=1)
    >>> found.converged
    tensor([[True]])
    """
    return _climb(fields, objective, starts, Climb(steps, learning_rate))


@own_precision
@torch.enable_grad()
def _climb(
    fields: Fields, objective: Objective, starts: Float[Tensor, "rows R m"], how: Climb
) -> Inversion:
    """Climb from given inputs, as ``climb`` does; restarts are as many as the starts make."""
    B, R = fields.inside.shape
    m = fields.deep.config.embedding_dim
    if not len(starts) or len(starts) % B or starts.shape[1:] != (R, m):
        raise ValueError(
            f"expected starts of shape (restarts * {B}, {R}, {m}), got {tuple(starts.shape)}"
        )
    restarts = len(starts) // B
    repeated = Fields(
        fields.deep,
        fields.layer,
        fields.documents.repeat(restarts),
        fields.locations.repeat(restarts),
        fields.inside.repeat(restarts, 1),
        fields.activations.repeat(restarts, 1),
    )
    vectors = starts.clone().requires_grad_()
    adam = torch.optim.Adam([vectors], lr=how.learning_rate, maximize=True, fused=True)
    noted = sorted({round(how.steps * part / _CHECKPOINTS) for part in range(_CHECKPOINTS + 1)})
    values, path, terms = [], [], []
    for step in range(how.steps + 1):
        found = repeated.respond(vectors)
        parts = objective.terms(repeated.activations, found, vectors, repeated.inside)
        value = torch.stack(tuple(parts.values())).sum(dim=0)
        if step in noted:
            values.append(value.detach())
            terms.append({name: part.detach() for name, part in parts.items()})
            path.append(repeated.mean(vectors.detach()))
        if step < how.steps:
            # The sum over rows gives each row its own gradient: none moves another's input.
            (vectors.grad,) = torch.autograd.grad(value.sum(), vectors)
            adam.step()
    (whole,) = torch.autograd.grad(value.sum(), vectors, retain_graph=True)
    (first,) = torch.autograd.grad(parts["response"].sum(), vectors)
    length = whole.flatten(1).norm(dim=1)
    ratio = length / first.flatten(1).norm(dim=1).clamp(min=_TINY)
    if not torch.isfinite(value).all():
        raise ValueError("the climb left the finite numbers: use a smaller learning rate")
    # A response can be negative in layer 0, where an answer is a word's vector.
    answered = parts["response"].detach() != 0
    shape = (restarts, B)
    return Inversion(
        fields,
        objective,
        vectors.detach().unflatten(0, shape),
        tuple(noted),
        torch.stack(values).unflatten(1, shape),
        torch.stack(path).unflatten(1, shape),
        # Where the first term has no gradient, any other counts as infinitely larger.
        ratio.where(answered, torch.where(length > _TINY, torch.inf, 0.0)).view(shape),
        answered.view(shape),
        {name: torch.stack([part[name] for part in terms]).unflatten(1, shape) for name in parts},
    )


def invert_by_neuron(
    deep: DeepTextCNN,
    ids: Int64[Tensor, "N l"],
    layer: int,
    locations: Locations,
    *,
    l2: float = 0.004,
    steps: int = 2000,
    learning_rate: float = 2e-4,
    seed: int = 0,
) -> tuple[Float[Tensor, "B R m"], Inversion]:
    """Invert neuron by neuron and add up: X_ij = sum_k a_ijk X_ijk, the way the paper drops.

    One climb for each channel with a_ijk other than 0, which maximises a'_ijk - l2 ||X||^2. A
    channel that answers its random start with zero has no gradient, which is one reason to drop
    this way; another is the number of climbs. Without L2 it stays where it is. With L2 its input
    shrinks, and wakes the channel only if Adam overshoots zero or the channel's bias is positive.
    In the first layer, where all channels answer, the sum is the closed form on all of them,
    W^T a / (2 l2).

    Parameters
    ----------
    deep, ids, layer, locations, l2, steps, learning_rate, seed
        Each is described under ``invert``. Without L2 the sum grows with the steps, as
        equation (5) does.

    Returns
    -------
    vectors : Tensor of shape (B, R, m)
        The weighted sums.
    inversion : Inversion
        One inversion of all the neurons, grouped by location.

    Raises
    ------
    TypeError, ValueError
        For the reasons that ``invert`` names.

    References
    ----------
    Yuan et al. (2019), equation (4).

    Examples
    --------
    One climb for each channel that answers:

    >>> from interpbook import load_classifier, pad
    >>> classifier = load_classifier("mr_deep")
    >>> ids = pad(classifier.encode(["a tedious and charming film"]))
    >>> sums, neurons = invert_by_neuron(classifier.model, ids, 1, [1], steps=2)
    >>> sums.shape, len(neurons.fields.locations)
    (torch.Size([1, 5, 300]), 113)
    """
    fields = Fields.of(deep, ids, layer, locations)
    objective, how = Objective(l2, 0.0), Climb(steps, learning_rate, seed=seed)
    rows, channels = fields.activations.nonzero(as_tuple=True)
    neurons = Fields(
        deep,
        layer,
        fields.documents[rows],
        fields.locations[rows],
        fields.inside[rows],
        F.one_hot(channels, fields.activations.shape[1]).to(fields.activations.dtype),
    )
    inversion = invert_fields(neurons, objective, how)
    shares = fields.activations[rows, channels, None, None] * inversion.vectors[0]
    empty = shares.new_zeros(len(fields.activations), *shares.shape[1:])
    return empty.index_add(0, rows, shares), inversion
