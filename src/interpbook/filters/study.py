"""How many filters speak, how loudly, and of what: Table 1's quantities in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from interpbook.models import TextCNN, as_text_cnn, best_of_filters, document_lengths
from interpbook.models.autocast import own_precision
from interpbook.models.slots import check_finite
from interpbook.models.training import check_labels
from interpbook.scores import filter_widths, ngram_score_matrix

# Thresholds from 1e-8 to 1e3 squared logits, 20 a decade. The variances of discriminative features
# lie well inside.
EPSILONS = tuple(float(f"{10 ** (step / 20):.4g}") for step in range(-160, 61))


@dataclass(frozen=True, eq=False)
class FilterStudy:
    """What the filters of one model do over a corpus, for any threshold epsilon.

    A feature is one filter's v_p in one document. It is *alive* if u_max > 0 and *discriminative*
    if Var(v_p) > epsilon.

    Attributes
    ----------
    epsilon : float
        The threshold that ``counts``, the ratios and ``kept_accuracy`` speak of, in squared logits.
    documents : int
        The number N of documents.
    correct : int
        How many documents the model classifies correctly.
    widths : Tensor of shape (k,), int64
        Every filter's width n.
    alive : Tensor of shape (k,), int64
        In how many documents the filter survives ReLU.
    padding, padding_alive : Tensors of shape (k,), int64
        In how many documents the filter's best window lies after the last word, so that it holds
        nothing but padding, and in how many of these the filter is alive.
    epsilons : Tensor of shape (E,), float64
        Rising thresholds in squared logits, ``epsilon`` among them.
    kept_correct : Tensor of shape (E,), int64
        How many documents are still classified correctly when every row of A with
        Var(v_p) <= epsilons[e] is left out of the sum. With every row left out all logits are zero,
        which counts as class 0.
    histogram : Tensor of shape (k, E + 1), int64
        Entry [p, e] counts the documents with epsilons[e - 1] < Var(v_p) <= epsilons[e]. Bin 0 has
        no lower bound, and bin E no upper one::

            threshold       eps[0]    eps[1]            eps[E-1]
            Var(v_p)   ------]---------]------- ... -------]------->
            bin           0       1        2     ...  E-1      E

        The features above threshold e are those of bins e + 1..E.

    Raises
    ------
    ValueError
        If a row of the histogram does not hold N documents, or ``epsilon`` is none of ``epsilons``.

    References
    ----------
    Xu & Du (2020), section 4.2: RQ1-RQ3, equation (12), Table 1.

    Examples
    --------
    >>> from interpbook import load_classifier, load_corpus
    >>> from interpbook.models import batches
    >>> classifier, corpus = load_classifier("reviews"), load_corpus("reviews", "test")
    >>> read = batches(classifier.encode(corpus.texts), corpus.labels)
    >>> study = filter_study(classifier.model, read, epsilon=0.005)
    >>> f"{study.ratio2:.0%} of all features have a variance of 0.005 or less"
    '75% of all features have a variance of 0.005 or less'
    >>> f"without the rows of 0.1 or less: {study.at(0.1).kept_accuracy:.0%} correct"
    'without the rows of 0.1 or less: 51% correct'
    """

    epsilon: float
    documents: int
    correct: int
    widths: Int64[Tensor, " k"]
    alive: Int64[Tensor, " k"]
    padding: Int64[Tensor, " k"]
    padding_alive: Int64[Tensor, " k"]
    epsilons: Float64[Tensor, " E"]
    kept_correct: Int64[Tensor, " E"]
    histogram: Int64[Tensor, "k bins"]

    def __post_init__(self) -> None:
        if not (self.histogram.sum(dim=1) == self.documents).all():
            raise ValueError(f"the histogram does not hold {self.documents} documents a filter")
        if not (self.epsilons == self.epsilon).any():
            raise ValueError(
                f"epsilon is one of the {len(self.epsilons)} thresholds that were studied, "
                f"got {self.epsilon}: study the corpus with it"
            )

    @property
    def accuracy(self) -> float:
        """The share of documents classified correctly (RQ1)."""
        return self.correct / self.documents

    @property
    def ratio1(self) -> float:
        """@Ratio1: the share of all u_max that ReLU sets to zero."""
        return (self._features - int(self.alive.sum())) / self._features

    @property
    def kept_accuracy(self) -> float:
        """The accuracy from A once all rows with Var(v_p) <= epsilon are removed (RQ2)."""
        return int(self.kept_correct[self._place]) / self.documents

    @property
    def ratio2(self) -> float:
        """@Ratio2: the share of all v_p with Var(v_p) <= epsilon."""
        return (self._features - int(self.counts.sum())) / self._features

    @property
    def ratio3(self) -> float:
        """@Ratio3: the share of filters with a discriminative feature in at least one document."""
        return int((self.counts > 0).sum()) / len(self.widths)

    @property
    def counts(self) -> Int64[Tensor, " k"]:
        """In how many documents each filter's feature is discriminative (Figure 4)."""
        return self.histogram[:, self._place + 1 :].sum(dim=1)

    def share_by_width(self) -> dict[int, float]:
        """Return the share of all discriminative features that filters of each width hold.

        All shares are zero if no feature is discriminative.

        References
        ----------
        Xu & Du (2020), Figure 5.
        """
        counts, total = self.counts, max(int(self.counts.sum()), 1)
        return {
            int(width): int(counts[self.widths == width].sum()) / total
            for width in self.widths.unique()
        }

    def at(self, epsilon: float) -> FilterStudy:
        """Return the same study for another of its thresholds.

        Parameters
        ----------
        epsilon : float
            One of ``epsilons``, in squared logits.

        Raises
        ------
        ValueError
            If ``epsilon`` is none of ``epsilons``.
        """
        return replace(self, epsilon=float(epsilon))

    def calibrated(self, cost: float = 0.01) -> FilterStudy:
        """Return the study at the largest threshold that costs at most so much accuracy.

        Parameters
        ----------
        cost : float
            The share of all documents that may be lost; 0.01 is one point of accuracy.

        Raises
        ------
        ValueError
            If even the smallest threshold costs more.
        """
        affordable = (self.correct - self.kept_correct) <= cost * self.documents
        if not affordable.any():
            raise ValueError(
                f"even epsilon {float(self.epsilons[0]):g} costs more than {cost:.1%} of accuracy: "
                "allow a higher cost"
            )
        return self.at(float(self.epsilons[affordable.nonzero().max()]))

    def curve(self) -> dict[str, list[float]]:
        """Return epsilon, kept accuracy, @Ratio2 and @Ratio3 at every threshold."""
        kept = self.histogram.flip(1).cumsum(1).flip(1)[:, 1:]  # (k, E): documents above each
        return {
            "epsilon": self.epsilons.tolist(),
            "kept_accuracy": (self.kept_correct.double() / self.documents).tolist(),
            "ratio2": ((self._features - kept.sum(dim=0)).double() / self._features).tolist(),
            "ratio3": ((kept > 0).sum(dim=0).double() / len(self.widths)).tolist(),
        }

    @property
    def _features(self) -> int:
        return self.documents * len(self.widths)

    @property
    def _place(self) -> int:
        return int((self.epsilons == self.epsilon).nonzero())

    def __repr__(self) -> str:
        return (
            f"FilterStudy({len(self.widths)} filters, {self.documents:,} documents, "
            f"epsilon {self.epsilon:g}: accuracy {self.accuracy:.2%}, @Ratio1 {self.ratio1:.2%}, "
            f"kept accuracy {self.kept_accuracy:.2%}, @Ratio2 {self.ratio2:.2%}, "
            f"@Ratio3 {self.ratio3:.2%})"
        )


@own_precision
@torch.no_grad()
def filter_study(
    model: TextCNN,
    batches: Iterable[tuple[Int64[Tensor, "N l"], Int64[Tensor, " N"]]],
    epsilon: float,
) -> FilterStudy:
    """Measure in one pass how many n-gram features are discarded, negligible or discriminative.

    Var(v_p) is the variance of filter p's row of A over the classes. Documents are counted and then
    forgotten, so memory does not grow with the corpus.

    Parameters
    ----------
    model : TextCNN
        Any TextCNN; dropout plays no part.
    batches : iterable of (ids, labels)
        Encoded documents with their classes, as ``interpbook.models.batches`` yields them.
    epsilon : float
        The paper's threshold: 0.1 on AG's News, 0.005 on IMDB. The study answers for all of
        ``EPSILONS`` too; see ``FilterStudy.at`` and ``FilterStudy.calibrated``.

    Returns
    -------
    FilterStudy
        Accuracies, ratios and counts.

    Raises
    ------
    TypeError, ValueError
        If the model is no TextCNN, or ids do not suit it (``TextCNN.lay_out``).
    ValueError
        If there is no batch, a label is no class, or epsilon is negative or not a number.

    References
    ----------
    Xu & Du (2020), section 4.2, equation (12) and Table 1.

    Examples
    --------
    >>> from interpbook import load_classifier, load_corpus
    >>> from interpbook.models import batches
    >>> classifier, corpus = load_classifier("reviews"), load_corpus("reviews", "test")
    >>> read = batches(classifier.encode(corpus.texts), corpus.labels)
    >>> study = filter_study(classifier.model, read, epsilon=0.005)
    >>> shares = study.accuracy, study.ratio2, study.kept_accuracy
    >>> [f"{share:.0%}" for share in shares]  # 75% of the features can go without harm
    ['90%', '75%', '91%']
    >>> {width: round(share, 2) for width, share in study.share_by_width().items()}
    {3: 0.26, 4: 0.25, 5: 0.49}
    """
    if not epsilon >= 0:
        raise ValueError(f"epsilon is a variance, zero or more, got {epsilon}")
    device, dtype = model.output.weight.device, model.output.weight.dtype
    filters, classes = as_text_cnn(model).config.num_filters, model.config.num_classes
    epsilons = torch.tensor(sorted({*EPSILONS, float(epsilon)}), dtype=torch.float64, device=device)
    bins = len(epsilons) + 1
    documents = correct = 0
    kept_correct = torch.zeros(bins - 1, dtype=torch.int64, device=device)
    alive, padding, padding_alive = torch.zeros(3, filters, dtype=torch.int64, device=device)
    histogram = torch.zeros(filters * bins, dtype=torch.int64, device=device)
    rows = torch.arange(filters, device=device) * bins  # where a filter's row of bins begins
    for ids, labels in batches:
        ids, labels = ids.to(device), labels.to(device)
        check_labels(labels.cpu().numpy(), classes)
        if len(labels) != len(ids):
            raise ValueError(f"each document has one label, got {len(ids)} and {len(labels)}")
        _, pooled, starts = best_of_filters(model, ids)
        ngram_scores = ngram_score_matrix(model, pooled)
        place = torch.searchsorted(epsilons, variances(ngram_scores).double())  # bins, (N, k)
        # Each document has a row of bins too, and in each bin the sum of the rows of A in it.
        kept = torch.zeros(len(ids) * bins, classes, dtype=dtype, device=device)
        first = torch.arange(len(ids), device=device)[:, None] * bins
        kept.index_add_(0, (first + place).flatten(), ngram_scores.flatten(0, 1))
        # The logits from what lies above threshold e are the sum over bins e + 1..E: sums from the
        # last bin down, without the sum over all bins.
        kept = kept.view(-1, bins, classes).flip(1).cumsum(dim=1).flip(1)[:, 1:]
        kept_correct += (kept.argmax(dim=2) == labels[:, None]).sum(dim=0)
        logits = model.output(pooled.relu())
        check_finite(logits)
        correct += int((logits.argmax(dim=1) == labels).sum())
        on_padding = starts >= document_lengths(ids)[:, None]
        alive += (pooled > 0).sum(dim=0)
        padding += on_padding.sum(dim=0)
        padding_alive += (on_padding & (pooled > 0)).sum(dim=0)
        histogram += torch.bincount((rows + place).flatten(), minlength=filters * bins)
        documents += len(ids)
    if not documents:
        raise ValueError("expected at least one batch of (ids, labels), got none")
    return FilterStudy(
        epsilon=float(epsilon),
        documents=documents,
        correct=correct,
        widths=filter_widths(model).cpu(),
        alive=alive.cpu(),
        padding=padding.cpu(),
        padding_alive=padding_alive.cpu(),
        epsilons=epsilons.cpu(),
        kept_correct=kept_correct.cpu(),
        histogram=histogram.view(filters, bins).cpu(),
    )


def variances(ngram_scores: Float[Tensor, "... k c"]) -> Float[Tensor, "... k"]:
    """Return Var(v_p): the variance of each row of A over the c classes, in squared logits.

    Parameters
    ----------
    ngram_scores : Tensor of shape (..., k, c)
        A, in logits.

    Returns
    -------
    Tensor of shape (..., k)
        The mean squared distance of each row's c entries from their mean.

    References
    ----------
    Xu & Du (2020), equation (12).

    Examples
    --------
    >>> variances(torch.tensor([[1.0, -1.0], [2.0, 2.0]]))
    tensor([1., 0.])
    """
    return ngram_scores.var(dim=-1, correction=0)
