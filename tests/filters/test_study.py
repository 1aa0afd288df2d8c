"""Table 1's quantities against a slow twin, in the cases with a closed form, and on the records."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from interpbook import (
    FilterStudy,
    TextCNN,
    filter_study,
    load_classifier,
    load_corpus,
    pad,
)
from interpbook.filters import EPSILONS, variances
from interpbook.models import batches, evaluate
from support.networks import Case, cases, laid_out, network

Batch = tuple[Tensor, Tensor]

# The slow twin: Xu & Du (2020), section 4.2, in Python numbers, from the model's own weights. -----


@dataclass(frozen=True)
class Feature:
    """What one filter does in one document."""

    width: int
    alive: bool
    padding: bool
    row: list[float]  # of A

    @cached_property
    def variance(self) -> float:
        """Equation (12)."""
        mean = sum(self.row) / len(self.row)
        return sum((score - mean) ** 2 for score in self.row) / len(self.row)


def features(model: TextCNN, document: list[int], scores: dict) -> list[Feature]:
    """Walk over filters and windows; ``scores`` remembers each n-gram's w . x of each filter."""
    words, last = laid_out(model, document)
    length = max((i + 1 for i, word in enumerate(document) if word), default=0)
    vectors = model.embedding.weight.tolist() if "vectors" not in scores else scores["vectors"]
    scores["vectors"] = vectors
    W, b = model.output.weight.tolist(), model.output.bias.tolist()
    k, found = model.config.num_filters, []
    for conv in model.convs:
        n = conv.kernel_size[0]
        for weight, bias in zip(conv.weight, conv.bias.tolist(), strict=True):
            p, u = len(found), []
            for i in range(len(words) - n + 1):
                ngram = tuple(words[i : i + n])
                if (p, ngram) not in scores:
                    slots = scores.setdefault(p, weight.T.tolist())
                    scores[p, ngram] = sum(
                        sum(x * y for x, y in zip(slot, vectors[word], strict=True))
                        for slot, word in zip(slots, ngram, strict=True)
                    )
                if i < last:
                    u.append(scores[p, ngram] + bias)
            u_max = max(u)
            v_p = max(u_max, 0.0)
            row = [W[q][p] * v_p + b[q] / k for q in range(len(b))]
            found.append(Feature(n, u_max > 0, u.index(u_max) >= length, row))
    return found


def first_largest(logits: Sequence[float]) -> int:
    return logits.index(max(logits))


class Twin:
    """The study of a corpus, document by document, filter by filter, class by class."""

    def __init__(self, model: TextCNN, documents: list[list[int]], labels: list[int]) -> None:
        scores: dict = {}
        self.model, self.labels = model, labels
        self.table = [features(model, document, scores) for document in documents]
        self.total = len(self.table) * model.config.num_filters

    def accuracy_of(self, epsilon: float) -> int:
        """Count the documents that A classifies correctly without the rows up to epsilon."""
        right = 0
        for row, label in zip(self.table, self.labels, strict=True):
            kept = [feature.row for feature in row if feature.variance > epsilon]
            logits = [sum(row[q] for row in kept) for q in range(self.model.config.num_classes)]
            right += first_largest(logits) == label
        return right

    def count(self, p: int, what: str) -> int:
        return sum(getattr(row[p], what) for row in self.table)

    def discriminative(self, p: int, epsilon: float) -> int:
        return sum(row[p].variance > epsilon for row in self.table)


def assert_same(study: FilterStudy, twin: Twin, *, thresholds: int = 1) -> None:
    """Compare all that a study says; numbers of documents and their ratios have to be equal."""
    N, filters = len(twin.table), range(twin.model.config.num_filters)
    epsilon = study.epsilon
    counts = [twin.discriminative(p, epsilon) for p in filters]
    alive = [twin.count(p, "alive") for p in filters]
    assert study.documents == N
    assert study.widths.tolist() == [feature.width for feature in twin.table[0]]
    assert study.alive.tolist() == alive
    assert study.padding.tolist() == [twin.count(p, "padding") for p in filters]
    assert study.padding_alive.tolist() == [
        sum(row[p].padding and row[p].alive for row in twin.table) for p in filters
    ]
    assert study.counts.tolist() == counts
    assert study.correct == twin.accuracy_of(-1.0)  # no variance is negative: nothing is removed
    assert study.accuracy == study.correct / N
    assert study.ratio1 == (twin.total - sum(alive)) / twin.total
    assert study.ratio2 == (twin.total - sum(counts)) / twin.total
    assert study.ratio3 == sum(count > 0 for count in counts) / len(filters)
    assert study.kept_accuracy == twin.accuracy_of(epsilon) / N
    assert study.share_by_width() == {
        n: sum(c for c, f in zip(counts, twin.table[0], strict=True) if f.width == n)
        / max(sum(counts), 1)
        for n in set(twin.model.config.widths)
    }
    curve = study.curve()
    assert curve["epsilon"] == study.epsilons.tolist() == sorted({*EPSILONS, *curve["epsilon"]})
    assert epsilon in curve["epsilon"]
    for place in range(0, len(curve["epsilon"]), thresholds):
        epsilon = curve["epsilon"][place]
        counts = [twin.discriminative(p, epsilon) for p in filters]
        assert curve["kept_accuracy"][place] == twin.accuracy_of(epsilon) / N
        assert curve["ratio2"][place] == (twin.total - sum(counts)) / twin.total
        assert curve["ratio3"][place] == sum(count > 0 for count in counts) / len(filters)
        there = study.at(epsilon)
        assert (there.epsilon, there.counts.tolist()) == (epsilon, counts)
        assert there.kept_accuracy == curve["kept_accuracy"][place]
        assert (there.ratio2, there.ratio3) == (curve["ratio2"][place], curve["ratio3"][place])


def some_labels(case: Case) -> list[int]:
    """Give the documents classes that any drawn model has; not all are the model's own."""
    return [i % case.config["num_classes"] for i in range(len(case.documents))]


thresholds = st.sampled_from([0.0, 1e-4, 0.005, 0.1, 1e9]) | st.floats(1e-6, 2.0)


@given(cases(), thresholds)
@settings(max_examples=60)
def test_the_study_equals_its_slow_twin(case: Case, epsilon: float):
    labels = some_labels(case)
    study = filter_study(case.model, [(case.ids, torch.tensor(labels))], epsilon)
    assert_same(study, Twin(case.model, case.documents, labels), thresholds=7)


@given(cases(), st.sampled_from([0.0, 0.01, 0.3, 1.0]))
@settings(max_examples=20)
def test_calibration_finds_the_largest_threshold_that_costs_no_more(case: Case, cost: float):
    labels = some_labels(case)
    study = filter_study(case.model, [(case.ids, torch.tensor(labels))], 0.005)
    twin = Twin(case.model, case.documents, labels)
    right = {epsilon: twin.accuracy_of(epsilon) for epsilon in study.epsilons.tolist()}
    affordable = [e for e, n in right.items() if study.correct - n <= cost * study.documents]
    if affordable:
        assert study.calibrated(cost).epsilon == max(affordable)
        assert_same(study.calibrated(cost), twin, thresholds=50)
    else:
        with pytest.raises(ValueError, match=r"even epsilon 1e-08 costs more than"):
            study.calibrated(cost)


@pytest.fixture(scope="module")
def reviews() -> tuple[TextCNN, list[list[int]], list[int]]:
    """The embedded classifier in double precision and three dozen of its test documents."""
    classifier, corpus = load_classifier("reviews"), load_corpus("reviews", "test")
    chosen = range(0, len(corpus), len(corpus) // 36)
    documents = classifier.encode([corpus.texts[i] for i in chosen])
    return deepcopy(classifier.model).double(), documents, [int(corpus.labels[i]) for i in chosen]


def padded_as_in_the_paper(model: TextCNN, max_length: int) -> TextCNN:
    """Return a model with the same weights that sees every document padded to one length."""
    other = TextCNN(replace(model.config, padding="paper", max_length=max_length))
    other.load_state_dict(model.state_dict())
    return other.to(model.output.weight.dtype)


@pytest.mark.parametrize("padding", ["masked", "paper"])
def test_the_study_of_a_small_corpus_equals_its_slow_twin(reviews, padding):
    model, documents, labels = reviews
    if padding == "paper":
        model = padded_as_in_the_paper(model, max(map(len, documents)) + 2)
    study = filter_study(model, batches(documents, labels, batch_size=8), 0.005)
    assert 0.5 < study.accuracy and 0 < study.ratio1 < study.ratio2 < 1
    twin = Twin(model, documents, labels)
    assert_same(study, twin, thresholds=20)
    assert_same(study.calibrated(0.05), twin, thresholds=200)
    assert bool(study.padding.sum()) == (padding == "paper")


# ----------------------------------------------------------------------------- what must not matter


def numbers(study: FilterStudy) -> list:
    """Return all that a study holds, ready to be compared."""
    values = [getattr(study, field.name) for field in fields(study)]
    return [value.tolist() if isinstance(value, Tensor) else value for value in values]


@pytest.mark.parametrize("size", [1, 5, 36])
def test_the_size_of_batches_does_not_matter(reviews, size):
    model, documents, labels = reviews
    whole = filter_study(model, [(pad(documents), torch.tensor(labels))], 0.005)
    found = filter_study(model, batches(documents, labels, batch_size=size), 0.005)
    assert numbers(found) == numbers(whole)


@given(cases(), st.randoms())
def test_the_order_of_documents_and_spare_padding_do_not_matter(case: Case, random):
    labels = some_labels(case)
    found = filter_study(case.model, [(case.ids, torch.tensor(labels))], 0.005)
    pairs = list(zip(case.documents, labels, strict=True))
    random.shuffle(pairs)
    documents, labels = zip(*pairs, strict=True)
    ids = torch.nn.functional.pad(pad(documents), (0, 3))
    if case.config["padding"] == "paper":
        ids = ids[:, : case.config["max_length"]]
    shuffled = filter_study(case.model, [(ids, torch.tensor(labels))], 0.005)
    assert numbers(shuffled) == numbers(found)


def test_dropout_plays_no_part_and_the_models_mode_is_left_alone(reviews):
    model, documents, labels = reviews
    expected = numbers(filter_study(model, batches(documents, labels), 0.005))
    model = deepcopy(model).train()
    assert numbers(filter_study(model, batches(documents, labels), 0.005)) == expected
    assert model.training


def test_a_study_follows_the_weights_as_they_are_now(reviews):
    """What an earlier study kept of the model must not be served again."""
    model, documents, labels = deepcopy(reviews[0]), *reviews[1:]
    before = filter_study(model, batches(documents, labels), 0.005)
    with torch.no_grad():
        model.embedding.weight.mul_(-1)
        model.convs[0].bias.add_(0.1)
    after = filter_study(model, batches(documents, labels), 0.005)
    assert numbers(after) != numbers(before)
    assert numbers(after) == numbers(
        filter_study(deepcopy(model), batches(documents, labels), 0.005)
    )


def test_accuracy_is_what_evaluate_finds():
    classifier, corpus = load_classifier("headlines"), load_corpus("headlines", "test")
    documents = classifier.encode(corpus.texts)
    study = filter_study(classifier.model, batches(documents, corpus.labels), 0.1)
    assert study.documents == len(corpus)
    assert study.accuracy == pytest.approx(
        evaluate(classifier.model, documents, corpus.labels), abs=1 / len(corpus)
    )


# ----------------------------------------------------------------------------------- closed forms


def by_hand(outputs: list[list[float]], bias: list[float]) -> TextCNN:
    """Build a network whose filter p of width 1 scores word 2 with p + 1 and word 3 with -1."""
    k, c = len(outputs[0]), len(outputs)
    model = network(vocab_size=4, embedding_dim=2, num_classes=c, widths=(1,), filters_per_width=k)
    with torch.no_grad():
        model.embedding.weight.copy_(torch.tensor([[0.0, 0.0], [0, 0], [1, 0], [0, 1]]))
        model.convs[0].weight.copy_(
            torch.tensor([[[p + 1.0], [-1.0]] for p in range(k)], dtype=torch.float64)
        )
        model.convs[0].bias.zero_()
        model.output.weight.copy_(torch.tensor(outputs, dtype=torch.float64))
        model.output.bias.copy_(torch.tensor(bias, dtype=torch.float64))
    return model


# Word 2: u_max = 1 and 2, A = [[1, -1], [-2, 2]], variances 1 and 4. Word 3: both filters are dead.
BY_HAND = by_hand([[1, -1], [-1, 1]], [0, 0])
HAND_BATCH = (torch.tensor([[2], [3]]), torch.tensor([1, 1]))


@pytest.mark.parametrize(
    ("epsilon", "ratio2", "ratio3", "kept_correct", "counts"),
    [
        (0.0, 0.5, 1.0, 1, [1, 1]),
        (0.999, 0.5, 1.0, 1, [1, 1]),
        (1.0, 0.75, 0.5, 1, [0, 1]),  # Var <= epsilon goes: the threshold itself is removed
        (3.999, 0.75, 0.5, 1, [0, 1]),
        (4.0, 1.0, 0.0, 0, [0, 0]),
        (math.inf, 1.0, 0.0, 0, [0, 0]),
    ],
)
def test_a_study_by_hand(epsilon, ratio2, ratio3, kept_correct, counts):
    study = filter_study(BY_HAND, [HAND_BATCH], epsilon)
    assert (study.documents, study.correct, study.ratio1) == (2, 1, 0.5)
    assert (study.ratio2, study.ratio3) == (ratio2, ratio3)
    assert study.kept_accuracy == kept_correct / 2
    assert study.counts.tolist() == counts
    assert study.alive.tolist() == [1, 1]
    assert study.share_by_width() == {1: float(any(counts))}


def test_with_everything_removed_the_first_class_is_left():
    """Kept logits are all zero then, and the largest of equals is the first."""
    study = filter_study(BY_HAND, [(HAND_BATCH[0], torch.tensor([0, 1]))], 1e9)
    assert (study.kept_accuracy, study.ratio2, study.ratio3) == (0.5, 1.0, 0.0)


def test_at_epsilon_zero_only_rows_that_favour_no_class_are_removed():
    """Such rows move all logits alike, so no prediction changes."""
    model = network(num_classes=3, filters_per_width=4)
    model.output.weight.data[:, 1] = 0.5
    model.output.bias.data.zero_()
    ids, labels = torch.tensor([[2, 3, 4, 5], [6, 7, 8, 9]]), torch.tensor([0, 1])
    study = filter_study(model, [(ids, labels)], 0.0)
    assert study.counts[1] == 0 and study.ratio2 >= 1 / 8
    assert study.kept_accuracy == study.accuracy


def test_without_output_weights_no_feature_is_discriminative():
    model = network(filters_per_width=4)
    model.output.weight.data.zero_()
    spread = float((model.output.bias.detach() / 8).var(correction=0))  # all of A's rows: b / k
    study = filter_study(model, [(torch.tensor([[2, 3, 4]]), torch.tensor([0]))], spread * 1.001)
    assert (study.ratio2, study.ratio3, study.counts.sum()) == (1.0, 0.0, 0)
    assert set(study.share_by_width().values()) == {0.0}
    below = filter_study(model, [(torch.tensor([[2, 3, 4]]), torch.tensor([0]))], spread * 0.999)
    assert (below.ratio2, below.ratio3) == (0.0, 1.0)


def test_a_single_class_has_nothing_to_discriminate():
    model = network(num_classes=1)
    study = filter_study(model, [(torch.tensor([[2, 3, 4]]), torch.tensor([0]))], 0.0)
    assert (study.accuracy, study.kept_accuracy, study.ratio2, study.ratio3) == (1, 1, 1, 0)


@given(cases(), thresholds)
def test_what_follows_from_the_definitions(case: Case, epsilon: float):
    """Rising thresholds remove more; ReLU's zeros are removed once epsilon passes the bias's."""
    labels = torch.tensor(some_labels(case))
    study = filter_study(case.model, [(case.ids, labels)], epsilon)
    curve = study.curve()
    assert curve["ratio2"] == sorted(curve["ratio2"])
    assert curve["ratio3"] == sorted(curve["ratio3"], reverse=True)
    assert (study.counts <= study.documents).all() and (study.padding_alive <= study.alive).all()
    dead = float((case.model.output.bias.detach() / len(study.widths)).var(correction=0))
    if epsilon > 1.001 * dead:
        assert study.ratio2 >= study.ratio1
        assert (study.counts <= study.alive).all()


@pytest.mark.parametrize(("padding", "captured"), [("masked", 0), ("paper", 1)])
def test_a_filter_that_likes_padding_best_is_found(padding, captured):
    """Every word scores below zero, so padding, at zero, wins where a window may hold it alone."""
    model = network(
        vocab_size=4, widths=(2,), filters_per_width=1, padding=padding, max_length=6, num_classes=2
    )
    with torch.no_grad():
        model.embedding.weight[1:] = 1.0
        model.convs[0].weight.fill_(-1.0)
        model.convs[0].bias.fill_(0.5)
    batch = (torch.tensor([[2, 3, 2, 3], [2, 2, 0, 0]]), torch.tensor([0, 1]))
    study = filter_study(model, [batch], 0.1)
    assert study.padding.tolist() == study.padding_alive.tolist() == [2 * captured]
    model.convs[0].bias.data.fill_(-0.5)  # padding still wins, but ReLU stops it
    study = filter_study(model, [batch], 0.1)
    assert (study.padding.tolist(), study.padding_alive.tolist()) == ([2 * captured], [0])


def test_a_document_of_full_length_has_no_padding_to_choose():
    model = network(widths=(2,), filters_per_width=5, padding="paper", max_length=4)
    full = (torch.tensor([[2, 3, 4, 5]]), torch.tensor([0]))
    assert not filter_study(model, [full], 0.1).padding.any()


def test_variance_is_that_of_equation_12():
    scores = torch.tensor([[[1.0, 2.0, 6.0], [-1.0, -1.0, -1.0]]])
    torch.testing.assert_close(variances(scores), torch.tensor([[14 / 3, 0.0]]))


# --------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("epsilon", [-1e-9, -1.0, math.nan, -math.inf])
def test_an_epsilon_that_is_no_variance_is_refused(epsilon):
    with pytest.raises(ValueError, match=r"epsilon is a variance, zero or more, got (-|nan)"):
        filter_study(BY_HAND, [HAND_BATCH], epsilon)


def test_a_study_wants_documents():
    with pytest.raises(ValueError, match=r"expected at least one batch of \(ids, labels\), got no"):
        filter_study(BY_HAND, iter([]), 0.1)


@pytest.mark.parametrize("label", [-1, 2])
def test_a_label_that_is_no_class_is_refused(label):
    with pytest.raises(ValueError, match=rf"labels lie in 0..1 here, got {label} for document 1"):
        filter_study(BY_HAND, [(HAND_BATCH[0], torch.tensor([0, label]))], 0.1)


@pytest.mark.parametrize("count", [1, 3])
def test_each_document_has_one_label(as_users_run_it, count):
    labels = torch.zeros(count, dtype=torch.int64)
    with pytest.raises(ValueError, match=f"each document has one label, got 2 and {count}"):
        filter_study(BY_HAND, [(HAND_BATCH[0], labels)], 0.1)


def test_ids_outside_the_vocabulary_are_refused():
    with pytest.raises(ValueError, match=r"ids lie in 0..3 \(the vocabulary\), got 9"):
        filter_study(BY_HAND, [(torch.tensor([[9]]), torch.tensor([0]))], 0.1)


def test_weights_that_are_not_finite_are_refused():
    model = deepcopy(BY_HAND)
    model.output.weight.data[0, 0] = math.nan
    with pytest.raises(ValueError, match="scores that are not finite: retrain or reload it"):
        filter_study(model, [HAND_BATCH], 0.1)


def test_a_threshold_that_was_not_studied_is_named():
    study = filter_study(BY_HAND, [HAND_BATCH], 0.1)
    with pytest.raises(ValueError, match=r"one of the 221 thresholds that were studied, got 0.123"):
        study.at(0.123)


def test_a_cost_that_no_threshold_keeps_to_is_named():
    study = filter_study(BY_HAND, [HAND_BATCH], 0.1)
    with pytest.raises(ValueError, match=r"even epsilon 1e-08 costs more than -60.0% of accuracy"):
        study.calibrated(-0.6)


def test_a_study_checks_its_own_counts():
    study = filter_study(BY_HAND, [HAND_BATCH], 0.1)
    with pytest.raises(ValueError, match="histogram does not hold 3 documents a filter"):
        replace(study, documents=3)


def test_thresholds_rise_twenty_a_decade_and_hold_the_papers():
    assert list(EPSILONS) == sorted(EPSILONS) and len(set(EPSILONS)) == len(EPSILONS)
    assert (EPSILONS[0], EPSILONS[-1]) == (1e-08, 1000.0)
    ratios = [b / a for a, b in itertools.pairwise(EPSILONS)]
    assert all(math.isclose(ratio, 10**0.05, rel_tol=1e-3) for ratio in ratios)
    study = filter_study(BY_HAND, [HAND_BATCH], 0.005)  # the paper's are studied either way
    assert 0.005 in study.epsilons and study.at(0.1).epsilon == 0.1


def test_repr_says_all_five_numbers():
    assert repr(filter_study(BY_HAND, [HAND_BATCH], 1.0)) == (
        "FilterStudy(2 filters, 2 documents, epsilon 1: accuracy 50.00%, @Ratio1 50.00%, "
        "kept accuracy 50.00%, @Ratio2 75.00%, @Ratio3 50.00%)"
    )


# ------------------------------------------------------------------------------------------ memory

STREAM = """
import re, sys
from pathlib import Path

import torch
from interpbook import TextCNN, TextCNNConfig, filter_study
from interpbook.filters import study as filters

torch.set_num_threads(1)
config = TextCNNConfig(vocab_size=50, embedding_dim=4, num_classes=4, widths=(1,),
                       filters_per_width=300)
model = TextCNN(config).eval()
kept = []
if sys.argv[1] == "keep":  # what must not be: a list of all A
    score = filters.ngram_score_matrix
    filters.ngram_score_matrix = lambda *args: kept.append(score(*args)) or kept[-1]

def batches(number):
    for seed in range(number):
        generator = torch.Generator().manual_seed(seed)
        yield torch.randint(1, 50, (200, 6), generator=generator), torch.zeros(200).long()

def peak():  # not getrusage: its maximum begins with that of the process that started this one
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])

filter_study(model, batches(20), 0.1)
before = peak()
assert filter_study(model, batches(120), 0.1).documents == 24_000
print(peak() - before)
"""


@pytest.mark.parametrize("mode", ["stream", "keep"])
def test_memory_does_not_grow_with_the_corpus(mode):
    """One hundred batches more, whose A would take 96 MB; the second run shows that it is seen."""
    if not Path("/proc/self/status").is_file():
        pytest.skip("only Linux says how much memory a process has used at most")
    run = subprocess.run(
        [sys.executable, "-c", STREAM, mode], capture_output=True, text=True, check=True
    )
    all_of_A = 100 * 200 * 300 * 4 * 4  # batches, documents, filters, classes, bytes
    assert (int(run.stdout) > all_of_A / 4) == (mode == "keep")
