"""Inversion: an input, found by optimisation, that a hidden location answers as it answered a text.

Terms, network and loop are separate: ``response``, ``squared_length`` and ``similarity`` score a
batch of inputs, ``Fields`` runs just the part of the network that the locations can see, ``invert``
climbs. Each location is a row of the batch, whatever document it stands in.
"""

from __future__ import annotations

import operator
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from interpbook.models import DeepTextCNN, as_deep_text_cnn
from interpbook.saliency import check_weights

Locations = Sequence[int] | Sequence[Sequence[int]] | Int64[Tensor, "*N M"]

_TINY = 1e-12
_CHECKPOINTS = 20  # of a climb, in its result
_ROUNDS = 1000  # far more than there are; a channel at zero but for rounding could flip for ever


# ------------------------------------------------------------------------------------------- terms


def response(
    wanted: Float[Tensor, "B channels"], found: Float[Tensor, "B channels"]
) -> Float[Tensor, " B"]:
    """Return a . a', equation (5): how much an input's activation is that of the text.

    References
    ----------
    Yuan et al. (2019), equation (5).
    """
    return (wanted * found).sum(dim=1)


def squared_length(vectors: Float[Tensor, "B R m"]) -> Float[Tensor, " B"]:
    """Return ||X||^2, the L2 term of equation (6), over a receptive field of R words."""
    return vectors.square().sum(dim=(1, 2))


def similarity(vectors: Float[Tensor, "B R m"], inside: Bool[Tensor, "B R"]) -> Float[Tensor, " B"]:
    """Return Sim(X), equation (7): how much the vectors of a receptive field point one way.

    (1/N) times the sum of the cosines of all N^2 pairs, each vector with itself too. So it lies in
    0..N, is N for vectors of one direction, and does not change with their lengths.

    References
    ----------
    Yuan et al. (2019), equation (7).

    Examples
    --------
    >>> inside = torch.ones(2, 2, dtype=torch.bool)
    >>> similarity(torch.tensor([[[1.0, 0], [2, 0]], [[1, 0], [0, 3]]]), inside)
    tensor([2., 1.])
    """
    products = vectors @ vectors.transpose(1, 2)  # (B, R, R): half the time of unit vectors
    squares = products.diagonal(dim1=1, dim2=2).clamp(min=_TINY)
    weights = squares.rsqrt() * inside
    cosines = products * weights[:, :, None] * weights[:, None, :]
    return cosines.sum(dim=(1, 2)) / inside.sum(dim=1)


@dataclass(frozen=True)
class Objective:
    """a . a' - l2 ||X||^2 + similarity Sim(X), equation (6); a weight of zero switches a term off.

    Parameters
    ----------
    l2, similarity : float
        lambda_1 and lambda_2. Yuan et al. take 0.004 and 0.02 for MR, 0.002 and 0.01 for AG's News.

    Raises
    ------
    ValueError
        If a weight is negative or not finite.
    """

    l2: float = 0.004
    similarity: float = 0.02

    def __post_init__(self) -> None:
        for name in ("l2", "similarity"):
            weight = getattr(self, name)
            if not 0 <= weight < float("inf"):
                raise ValueError(f"{name} is a finite weight of at least 0, got {weight}")

    def terms(
        self,
        wanted: Float[Tensor, "B channels"],
        found: Float[Tensor, "B channels"],
        vectors: Float[Tensor, "B R m"],
        inside: Bool[Tensor, "B R"],
    ) -> dict[str, Float[Tensor, " B"]]:
        """Return the terms that are on, with their weights and signs, to be summed."""
        terms = {"response": response(wanted, found)}
        if self.l2:
            terms["l2"] = -self.l2 * squared_length(vectors)
        if self.similarity:
            terms["similarity"] = self.similarity * similarity(vectors, inside)
        return terms


# ----------------------------------------------------------------------------------------- network


@dataclass(frozen=True, eq=False)
class Fields:
    """Locations of one layer, each with its receptive field and its activation.

    A field is laid out over R = 1 + layer (kernel_size - 1) words with the location's own in the
    middle; where that reaches over an end of the document, ``inside`` is False.

    Attributes
    ----------
    deep : DeepTextCNN
        The network.
    layer : int
        0 for the embedding, 1 for the first convolution.
    documents, locations : Tensor of shape (B,), int64
        Where each location stands.
    inside : Tensor of shape (B, R), bool
        Which words of its field there are; N of equations (7) and (8) is their number.
    activations : Tensor of shape (B, channels)
        a, the location's answer to the text.
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

        Raises
        ------
        TypeError, ValueError
            As ``invert``.
        """
        as_deep_text_cnn(deep).eval()
        deep.check_layer(layer)
        check_weights(deep)
        with torch.no_grad():
            activations = deep.activations(ids)[layer]
        _, counted = deep.lay_out(ids)
        lengths = counted.sum(dim=(1, 2)).tolist()
        rows = _one_list_a_document(locations, len(ids))
        pairs = [(n, i) for n, row in enumerate(rows) for i in row]
        if not pairs:
            raise ValueError("expected at least one location to invert, got none")
        for n, i in pairs:
            try:
                deep.receptive_field(layer, i, lengths[n])
            except ValueError as error:
                raise ValueError(f"in document {n} {error}") from None
        documents, places = torch.tensor(pairs, device=ids.device).unbind(1)
        found = activations[documents, :, places]
        for (n, i), answer in zip(pairs, found, strict=True):
            if not answer.any():
                raise ValueError(
                    f"location {i} of layer {layer} is dead in document {n}, its activation is "
                    "zero throughout, so there is nothing to invert: choose another"
                )
        reach = layer * (deep.config.kernel_size // 2)
        around = places[:, None] + torch.arange(-reach, reach + 1, device=ids.device)
        ends = torch.tensor(lengths, device=ids.device)[documents, None]
        return cls(deep, layer, documents, places, (around >= 0) & (around < ends), found)

    def respond(self, vectors: Float[Tensor, "B R m"]) -> Float[Tensor, "B channels"]:
        """Return a', the locations' answer to other words: the network below, on the field alone.

        As in the whole document, what lies outside is zero in every layer.
        """
        inside, answer = self.inside[:, :, None], vectors * self.inside[:, :, None]
        size = self.deep.config.kernel_size
        for conv in self.deep.convs[: self.layer]:
            # One matrix product for all windows: three times as fast here as a convolution.
            windows = answer.unfold(1, size, 1).transpose(2, 3).flatten(2)  # (B, windows, size m)
            weight = conv.weight.transpose(1, 2).flatten(1)  # (channels, size m)
            inside = inside[:, size // 2 : inside.shape[1] - size // 2]
            answer = F.relu(F.linear(windows, weight, conv.bias)) * inside
        return answer.squeeze(1)

    def place(self, whole: Float[Tensor, "l m"]) -> Float[Tensor, "B R m"]:
        """Cut each location's field out of one input that is as long as any document."""
        reach = self.inside.shape[1] // 2
        around = self.locations[:, None] + torch.arange(-reach, reach + 1, device=whole.device)
        return whole[around.clamp(0, len(whole) - 1)] * self.inside[:, :, None]

    def mean(self, vectors: Float[Tensor, "*r B R m"]) -> Float[Tensor, "*r B m"]:
        """Return x_overall, equation (8): the mean over the words of each field."""
        return vectors.sum(dim=-2) / self.inside.sum(dim=1)[:, None]


def _one_list_a_document(locations: Locations, documents: int) -> list[list[int]]:
    given = locations.tolist() if isinstance(locations, Tensor | np.ndarray) else locations
    try:
        rows = [row.tolist() if isinstance(row, np.ndarray) else row for row in given]
        nested = [isinstance(row, Sequence) for row in rows]
        rows = [[_whole(i) for i in row] for row in (rows if any(nested) else [rows])]
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


def _whole(number: object) -> int:
    """Return a whole number, of numpy's kinds too, as Python's; true and false are none."""
    if isinstance(number, bool | np.bool_):
        raise TypeError
    return operator.index(number)


def _positive_count(name: str, value: object) -> int:
    try:
        count = _whole(value)
    except TypeError:
        count = 0
    if count < 1:
        raise ValueError(f"{name} is a positive whole number, got {value!r}")
    return count


# -------------------------------------------------------------------------------------------- loop


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
        The objective.
    path : Tensor of shape (noted, restarts, B, m)
        The overall vectors.
    gradients : Tensor of shape (restarts, B)
        The length of the objective's gradient at the end, in units of its first term's: zero at an
        optimum, 1 where the regularisation does not hold the first term yet; infinite where the
        location does not answer, since the first term has no gradient there.
    answered : Tensor of shape (restarts, B), bool
        Where the location answers the input found with one of the channels that count. Where not,
        the response never moved the input, and its words mean nothing: take another start.
    """

    fields: Fields
    objective: Objective
    vectors: Float[Tensor, "restarts B R m"]
    steps: tuple[int, ...]
    values: Float[Tensor, "noted restarts B"]
    path: Float[Tensor, "noted restarts B m"]
    gradients: Float[Tensor, "restarts B"]
    answered: Bool[Tensor, "restarts B"]

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
        Of Adam, with beta_1 = 0.9 and beta_2 = 0.999. Ours: the paper does not say how many.
    learning_rate : float
        The paper's "2 x e^-4", read as 2e-4.
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
    """
    objective = Objective(l2, similarity)
    restarts = _positive_count("restarts", restarts)
    fields = Fields.of(deep, ids, layer, locations)
    starts = torch.cat([fields.place(whole) for whole in xavier_inputs(deep, restarts, seed)])
    return climb(fields, objective, starts, steps=steps, learning_rate=learning_rate)


def xavier_inputs(deep: DeepTextCNN, count: int, seed: int) -> Float[Tensor, "count length m"]:
    """Draw whole inputs X_0 of ``max_length`` words by Xavier's rule, uniform on +- sqrt(6/(l+m)).

    References
    ----------
    Glorot & Bengio (2010), equation (16).
    """
    weight = deep.embedding.weight
    shape = (deep.config.max_length, deep.config.embedding_dim)
    limit = (6 / sum(shape)) ** 0.5
    drawn = np.random.default_rng(seed).uniform(-limit, limit, (count, *shape))
    return torch.as_tensor(drawn, dtype=weight.dtype, device=weight.device)


@torch.enable_grad()
def climb(
    fields: Fields,
    objective: Objective,
    starts: Float[Tensor, "rows R m"],
    *,
    steps: int = 2000,
    learning_rate: float = 2e-4,
) -> Inversion:
    """Climb the objective with Adam from given inputs, the B locations' of one start after another.

    Parameters
    ----------
    fields : Fields
        B locations.
    objective : Objective
        What to climb.
    starts : Tensor of shape (restarts * B, R, m)
        Where to begin.
    steps, learning_rate
        As in ``invert``.

    Raises
    ------
    ValueError
        If ``steps`` or ``learning_rate`` is not positive, or the starts do not fit the fields.
    """
    steps = _positive_count("steps", steps)
    if not 0 < learning_rate < float("inf"):
        raise ValueError(f"learning_rate is a positive number, got {learning_rate}")
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
    adam = torch.optim.Adam([vectors], lr=learning_rate, maximize=True, fused=True)
    noted = sorted({round(steps * part / _CHECKPOINTS) for part in range(_CHECKPOINTS + 1)})
    values, path = [], []

    def terms() -> dict[str, Float[Tensor, " rows"]]:
        found = repeated.respond(vectors)
        return objective.terms(repeated.activations, found, vectors, repeated.inside)

    for step in range(steps + 1):
        parts = terms()
        value = torch.stack(tuple(parts.values())).sum(dim=0)
        if step in noted:
            values.append(value.detach())
            path.append(repeated.mean(vectors.detach()))
        if step < steps:
            # Set, not summed up: the batch's rows have no weights in common.
            (vectors.grad,) = torch.autograd.grad(value.sum(), vectors)
            adam.step()
    (whole,) = torch.autograd.grad(value.sum(), vectors, retain_graph=True)
    (first,) = torch.autograd.grad(parts["response"].sum(), vectors)
    ratio = whole.flatten(1).norm(dim=1) / first.flatten(1).norm(dim=1).clamp(min=_TINY)
    if not torch.isfinite(value).all():
        raise ValueError("the climb left the finite numbers: use a smaller learning rate")
    # In layer 0 an answer is a word's vector, whose numbers have signs.
    answered = parts["response"].detach() != 0
    shape = (restarts, B)
    return Inversion(
        fields,
        objective,
        vectors.detach().unflatten(0, shape),
        tuple(noted),
        torch.stack(values).unflatten(1, shape),
        torch.stack(path).unflatten(1, shape),
        ratio.masked_fill(~answered, torch.inf).view(shape),
        answered.view(shape),
    )


# -------------------------------------------------------------------------------------- other ways


@dataclass(frozen=True, eq=False)
class ClosedForm:
    """The optimum of a first-layer location without similarity, on its active set.

    Attributes
    ----------
    vectors : Tensor of shape (B, R, m)
        X = W_S^T a_S / (2 l2).
    overall : Tensor of shape (B, m)
        Their means, equation (8).
    values : Tensor of shape (B,)
        The objective there.
    active : Tensor of shape (B, channels), bool
        S: the channels that count (a > 0) and answer X with more than zero.
    rounds : int
        How often sets were corrected until each agreed with its X.
    """

    vectors: Float[Tensor, "B R m"]
    overall: Float[Tensor, "B m"]
    values: Float[Tensor, " B"]
    active: Bool[Tensor, "B channels"]
    rounds: int


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

    It is a local optimum, the one above its start. Other sets can have optima of their own, so
    neither this nor a climb is sure of the highest; with negative biases it can even be worth less
    than the 0 of no input at all. With similarity, or in a deeper layer, where
    channels with negative weights lie between, there is no such form.

    Parameters
    ----------
    fields : Fields
        B locations of layer 1.
    l2 : float
        lambda_1, positive.
    active : Tensor of shape (B, channels), bool, optional
        The set to begin with; all channels with a > 0 by default. To compare with a climb, the
        channels that answer its start.

    Raises
    ------
    ValueError
        If the layer is another, or ``l2`` is not positive.

    References
    ----------
    Yuan et al. (2019), equation (6) with lambda_2 = 0; the closed form is ours. The rounds are the
    concave-convex procedure of Yuille & Rangarajan (2003).
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
    channel that answers its random start with zero has no gradient, which is one reason to drop this way;
    another is the number of climbs. Without L2 it stays where it is. With L2 its input shrinks, and
    wakes the channel only if Adam overshoots zero or the channel's bias is positive. In the first
    layer, where all channels answer, the sum is the closed form on all of them, W^T a / (2 l2).

    Parameters
    ----------
    deep, ids, layer, locations, l2, steps, learning_rate, seed
        As in ``invert``; without L2 the sum grows with the steps, as equation (5) does.

    Returns
    -------
    vectors : Tensor of shape (B, R, m)
        The weighted sums.
    inversion : Inversion
        Of all the neurons, those of a location behind one another.

    Raises
    ------
    TypeError, ValueError
        As ``invert``.

    References
    ----------
    Yuan et al. (2019), equation (4).
    """
    fields = Fields.of(deep, ids, layer, locations)
    rows, channels = fields.activations.nonzero(as_tuple=True)
    neurons = Fields(
        deep,
        layer,
        fields.documents[rows],
        fields.locations[rows],
        fields.inside[rows],
        F.one_hot(channels, fields.activations.shape[1]).to(fields.activations.dtype),
    )
    (whole,) = xavier_inputs(deep, 1, seed)
    inversion = climb(
        neurons,
        Objective(l2, 0.0),
        neurons.place(whole),
        steps=steps,
        learning_rate=learning_rate,
    )
    shares = fields.activations[rows, channels, None, None] * inversion.vectors[0]
    empty = shares.new_zeros(len(fields.activations), *shares.shape[1:])
    return empty.index_add(0, rows, shares), inversion
