from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
import pytest
import torch

from interpbook import DeepTextCNN, invert, load_corpus, pad
from interpbook.hidden import (
    METHODS,
    Fields,
    PreservationStudy,
    closed_form,
    interpretation_words,
    nearest_ids,
    paired_lead,
    preservation,
    preservation_study,
    strongest_locations,
)
from interpbook.models import predict
from support.deep_networks import deep_network, one_sentence, shipped

# A network whose answers can be said beforehand ----------------------------------------------

# One number of a word speaks for class 0, the other for class 1; each location sees its own word.
FAIR, GREAT, DULL, AWFUL = 3, 2, 4, 5
VECTORS = {GREAT: (3.0, 0.0), FAIR: (2.0, 0.1), DULL: (0.1, 1.0), AWFUL: (0.0, 9.0)}
DOCUMENTS = [[GREAT, DULL], [AWFUL, FAIR]]  # of classes 0 and 1
SETTLED = {"l2": 0.5, "similarity": 0.0, "steps": 400, "learning_rate": 0.1}


@pytest.fixture
def by_hand() -> DeepTextCNN:
    deep = deep_network(
        embedding_dim=2, channels=(2,), kernel_size=1, num_classes=2, vocab_size=6, max_length=8
    )
    with torch.no_grad():
        for word, vector in VECTORS.items():
            deep.embedding.weight[word] = torch.tensor(vector)
        deep.convs[0].weight[:] = torch.eye(2)[:, :, None]
        deep.convs[0].bias.zero_()
        deep.output.weight[:] = torch.tensor([[1.0, -1], [-1, 1]])
        deep.output.bias.zero_()
    return deep


# Of the first document, great's two nearest words are great and fair, dull's are dull and awful:
# great dull is still of class 0, great fair dull awful no more. Of the second, awful wins anyway.
STRONGEST = [[[True, True], [True, False]], [[True, True], [True, True]]]
# dull alone, then fair alone, are of the other class; the two words of a document are itself.
WEAKEST = [[[False, False], [True, False]], [[False, False], [True, True]]]


@pytest.mark.parametrize(
    ("method", "layer", "kept"),
    [
        ("closed form", 1, STRONGEST),
        ("inversion", 0, STRONGEST),
        ("without similarity", 0, STRONGEST),
        ("weakest locations", 0, WEAKEST),
        # A location of one word has no second one to add.
        ("own words", 0, [[[True, True], [True, True]]] * 2),
        ("own words", 1, [[[True, True], [True, True]]] * 2),
    ],
)
def test_the_study_of_the_network_by_hand(by_hand, method, layer, kept):
    study = preservation_study(
        by_hand, DOCUMENTS, method, layer=layer, locations=(1, 2), words=(1, 2), settings=SETTLED
    )
    assert study.targets.tolist() == [0, 1]
    assert study.kept.tolist() == kept
    for row, k in enumerate((1, 2)):
        for column, m in enumerate((1, 2)):
            share = np.mean([document[row][column] for document in kept])
            assert study.rate(k, m) == pytest.approx(share)


def test_the_words_come_strongest_location_and_nearest_word_first(by_hand):
    found = interpretation_words(
        by_hand, DOCUMENTS, torch.tensor([0, 1]), "closed form", locations=2, words=2
    )
    assert found == [[[GREAT, FAIR], [DULL, AWFUL]], [[AWFUL, DULL], [FAIR, GREAT]]]
    turned = interpretation_words(
        by_hand, DOCUMENTS, torch.tensor([1, 0]), "closed form", locations=1, words=1
    )
    assert turned == [[[DULL]], [[FAIR]]], "asked for the other classes"


def test_a_short_document_uses_the_locations_it_has(by_hand):
    study = preservation_study(
        by_hand, [[GREAT]], "closed form", locations=(1, 3), words=(2,), settings=SETTLED
    )
    assert study.kept.tolist() == [[[True], [True]]]
    found = interpretation_words(
        by_hand, [[GREAT], [DULL, FAIR, AWFUL]], torch.tensor([0, 1]), "own words", locations=2
    )
    assert [len(places) for places in found] == [1, 2]


def test_the_closed_form_needs_no_settings(by_hand):
    found = interpretation_words(by_hand, [[GREAT]], torch.tensor([0]), "closed form", words=1)
    assert found == [[[GREAT]]]


# The parts put together by hand ----------------------------------------------------------------


def random_documents(count: int = 6) -> list[list[int]]:
    rng = np.random.default_rng(0)
    return [rng.integers(1, 30, size=size).tolist() for size in rng.integers(3, 9, size=count)]


@pytest.mark.parametrize("padding", ["masked", "paper"])
def test_the_study_is_its_parts_put_together(padding):
    deep = deep_network(
        seed=1, biases=False, vocab_size=30, channels=(8, 6), padding=padding, max_length=12
    )
    documents = random_documents()
    study = preservation_study(
        deep, documents, "closed form", locations=(1, 3), words=(2, 4), settings={"l2": 0.2}
    )
    for n, document in enumerate(documents):
        ids = torch.tensor([document])
        target = int(deep(ids).argmax())
        (places,) = strongest_locations(deep, ids, 1, target)
        near, _ = nearest_ids(deep, closed_form(Fields.of(deep, ids, 1, places), 0.2).overall, 4)
        for row, k in enumerate((1, 3)):
            for column, m in enumerate((2, 4)):
                read = near[:k, :m].reshape(1, -1)
                assert bool(study.kept[n, row, column]) == (int(deep(read).argmax()) == target)
    assert 0 < study.kept.double().mean() < 1, "both happen"


@pytest.mark.parametrize("padding", ["masked", "paper"])
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_own_words_are_those_that_the_location_sees(padding, layer):
    deep = deep_network(vocab_size=30, channels=(8, 6), padding=padding, max_length=12)
    documents = random_documents()
    targets = predict(deep, documents).argmax(dim=1)
    found = interpretation_words(
        deep, documents, targets, "own words", layer=layer, locations=9, words=9
    )
    ranked = strongest_locations(deep, pad(documents), layer, targets, 99)
    for document, places, rows in zip(documents, ranked, found, strict=True):
        # Padding speaks, in "paper" mode, but has no word; such locations are left out.
        seen = [i for i in places if i - layer < len(document)][:9]
        for i, words in zip(seen, rows, strict=True):
            field = range(max(i - layer, 0), min(i + layer + 1, len(document)))
            assert sorted(words) == sorted(document[j] for j in field)
            if i < len(document):
                assert words[0] == document[i], "the middle comes first"


def test_random_locations_are_any_live_ones_of_the_document():
    deep = deep_network(vocab_size=30)
    deep.embedding.weight.data[7] = 0.0  # dead in layer 0
    firsts = set()
    for seed in range(15):
        # In layer 0 a location's nearest word is its own: that tells which it was.
        ((*places,),) = interpretation_words(
            deep,
            [[3, 7, 5, 9, 4]],
            torch.tensor([0]),
            "random locations",
            layer=0,
            words=1,
            settings=SETTLED | {"steps": 60},
            seed=seed,
        )
        drawn = [word for (word,) in places]
        assert len({*drawn}) == 3 and {*drawn} <= {3, 5, 9, 4}
        firsts.add(drawn[0])
    assert firsts == {3, 5, 9, 4}


@pytest.mark.parametrize("method", ["random words", "random locations", "inversion"])
def test_a_seed_decides_the_draws(method):
    deep = deep_network(vocab_size=300, channels=(8, 6), max_length=12)
    documents, settings = random_documents(), {"steps": 5, "learning_rate": 0.05}
    targets = predict(deep, documents).argmax(dim=1)

    def words(seed: int) -> list[list[list[int]]]:
        return interpretation_words(
            deep, documents, targets, method, settings=settings, seed=seed, words=5
        )

    assert words(1) == words(1) != words(2)


def test_settings_are_those_of_invert():
    deep = deep_network(vocab_size=30, channels=(8, 6), max_length=12)
    documents = random_documents()
    targets, ids = predict(deep, documents).argmax(dim=1), pad(documents)
    size = {"l2": 0.3, "similarity": 0.1, "steps": 7, "learning_rate": 0.05, "restarts": 2}
    found = interpretation_words(
        deep, documents, targets, "inversion", locations=2, words=4, settings=size, seed=5
    )
    chosen = strongest_locations(deep, ids, 1, targets, 2)
    near, _ = nearest_ids(deep, invert(deep, ids, 1, chosen, **size, seed=5).overall, 4)
    assert [words for places in found for words in places] == near.tolist()


def test_random_words_are_words_each_once_a_location():
    deep = deep_network(vocab_size=12, channels=(8, 6))
    found = interpretation_words(
        deep, [[2, 3, 4]] * 20, torch.zeros(20, dtype=torch.int64), "random words", words=10
    )
    drawn = [words for places in found for words in places]
    assert all(sorted(words) == [*range(2, 12)] for words in drawn)
    assert len({words[0] for words in drawn}) == 10, "any may come first"


def test_the_methods_stand_in_the_order_of_the_records():
    assert METHODS == (
        "inversion",
        "without l2",
        "without similarity",
        "without either",
        "closed form",
        "random locations",
        "weakest locations",
        "own words",
        "random words",
    )


def test_a_method_is_a_function_and_a_row(by_hand, monkeypatch):
    def always_dull(asked, chosen):
        return [[DULL] * asked.words for places in chosen for _ in places]

    row = preservation._Row(preservation._weakest_first, always_dull)
    monkeypatch.setitem(preservation._METHODS, "always dull", row)
    study = preservation_study(by_hand, DOCUMENTS, "always dull", locations=(1,), words=(3,))
    assert study.kept.tolist() == [[[False]], [[True]]], "dull speaks for class 1"


# Counts and intervals --------------------------------------------------------------------------


def study_of(kept: list[bool], targets: list[int] | None = None) -> PreservationStudy:
    targets = [0] * len(kept) if targets is None else targets
    return PreservationStudy(
        "inversion", (3,), (5,), torch.tensor(targets), torch.tensor(kept)[:, None, None]
    )


def wilson(kept: int, documents: int) -> tuple[float, float]:
    """Wilson's interval at 95%, as he wrote it."""
    z, p = 1.959963984540054, kept / documents
    middle = (p + z * z / (2 * documents)) / (1 + z * z / documents)
    reach = (p * (1 - p) / documents + z * z / (4 * documents**2)) ** 0.5
    reach *= z / (1 + z * z / documents)
    return middle - reach, middle + reach


@pytest.mark.parametrize("documents", [1, 7, 40])
def test_the_interval_is_wilsons(documents):
    for kept in range(documents + 1):
        study = study_of([i < kept for i in range(documents)])
        assert study.rate(3, 5) == pytest.approx(kept / documents)
        assert study.interval(3, 5) == pytest.approx(wilson(kept, documents), abs=1e-12)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_interval_holds_the_true_share_about_95_times_in_100(share):
    chances, n = 0.0, 60
    for kept in range(n + 1):
        low, high = study_of([i < kept for i in range(n)]).interval(3, 5)
        chances += comb(n, kept) * share**kept * (1 - share) ** (n - kept) * (low <= share <= high)
    assert 0.92 < chances < 0.98


def test_a_wider_confidence_is_a_wider_interval():
    study, other = study_of([True] * 9 + [False]), study_of([True] * 5 + [False] * 5)
    for ends in (
        [study.interval(3, 5, confidence=c) for c in (0.5, 0.9, 0.99)],
        [study.lead(other, 3, 5, confidence=c)[1:] for c in (0.5, 0.9, 0.99)],
    ):
        assert ends[0][0] > ends[1][0] > ends[2][0] and ends[0][1] < ends[1][1] < ends[2][1]


@pytest.mark.parametrize(
    ("won", "lost", "documents"), [(30, 10, 100), (0, 0, 5), (3, 3, 6), (0, 4, 9)]
)
def test_the_paired_lead_is_the_normal_interval_of_a_difference(won, lost, documents):
    # Each document is worth 1, 0 or -1: their mean, and its standard error.
    worth = np.array([1.0] * won + [-1.0] * lost + [0.0] * (documents - won - lost))
    reach = 1.959963984540054 * worth.std() / documents**0.5
    expected = (worth.mean(), worth.mean() - reach, worth.mean() + reach)
    assert paired_lead(won, lost, documents) == pytest.approx(expected, abs=1e-12)


def test_the_paired_lead_holds_the_true_difference_about_95_times_in_100():
    n, wins, losses, chances = 60, 0.3, 0.1, 0.0
    for won, lost in product(range(n + 1), repeat=2):
        if won + lost <= n:
            _, low, high = paired_lead(won, lost, n)
            ways = comb(n, won) * comb(n - won, lost)
            chance = wins**won * losses**lost * (1 - wins - losses) ** (n - won - lost)
            chances += ways * chance * (low <= wins - losses <= high)
    assert 0.92 < chances < 0.97


def test_a_lead_counts_document_by_document():
    first = study_of([True, True, True, False, False, True])
    second = study_of([True, False, False, True, False, False])
    assert first.lead(second, 3, 5) == pytest.approx(paired_lead(3, 1, 6))
    assert second.lead(first, 3, 5) == pytest.approx(paired_lead(1, 3, 6))
    assert first.lead(first, 3, 5) == (0.0, 0.0, 0.0)


def test_a_lead_between_other_documents_is_refused():
    with one_sentence(ValueError, "two methods on the same documents and model"):
        study_of([True, True]).lead(study_of([True, True], [0, 1]), 3, 5)
    with one_sentence(ValueError, "two methods on the same documents and model"):
        study_of([True, True]).lead(study_of([True]), 3, 5)


@pytest.mark.parametrize(("k", "m"), [(1, 5), (3, 1)])
def test_what_was_not_tried_is_refused(k, m):
    with one_sentence(ValueError, rf"one of \(3,\) and m one of \(5,\) here, got {k} and {m}"):
        study_of([True]).rate(k, m)


@pytest.mark.parametrize("counts", [(1, 0, 0), (3, 3, 5), (-1, 0, 5), (0, 0, 0)])
def test_counts_that_do_not_fit_are_refused(counts):
    with one_sentence(ValueError, "won and lost count some of the documents"):
        paired_lead(*counts)


# On the shipped network ------------------------------------------------------------------------

COUNTS = {"locations": (1, 3), "words": (1, 5, 10)}


@pytest.fixture(scope="module")
def studies() -> dict[str, PreservationStudy]:
    """Studies of 50 of the book's own reviews, with a faster climb than the paper's."""
    classifier = shipped()
    documents = classifier.encode(load_corpus("reviews", "test").texts)
    chosen = np.random.default_rng(0).permutation(len(documents))[:50]
    settings = {"l2": 0.004, "similarity": 0.02, "steps": 60, "learning_rate": 0.01}
    return {
        method: preservation_study(
            classifier.model, [documents[i] for i in chosen], method, settings=settings, **COUNTS
        )
        for method in ("inversion", "closed form", "random locations", "random words", "own words")
    }


@pytest.mark.parametrize("k", COUNTS["locations"])
@pytest.mark.parametrize("m", COUNTS["words"])
@pytest.mark.parametrize("other", ["random locations", "random words"])
def test_inversion_keeps_the_class_more_often_than_chance(studies, other, k, m):
    lead, low, _ = studies["inversion"].lead(studies[other], k, m)
    assert 0 < low < lead


def test_inversion_keeps_the_class_of_most_reviews(studies):
    for k, m in product(COUNTS["locations"], COUNTS["words"]):
        low, _ = studies["inversion"].interval(k, m)
        assert low > 0.75
        assert low > studies["random words"].interval(k, m)[1], "not even the intervals meet"


def test_the_closed_form_does_as_well_as_the_climb(studies):
    for k, m in product(COUNTS["locations"], COUNTS["words"]):
        lead, low, _ = studies["inversion"].lead(studies["closed form"], k, m)
        assert abs(lead) < 0.15 and low <= 0


def test_both_classes_are_among_the_reviews(studies):
    counts = studies["inversion"].targets.bincount()
    assert len(counts) == 2 and counts.min() >= 10


# Bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "kind", "sentence"),
    [
        ({"method": "magic"}, ValueError, "a method is one of inversion, .*, got 'magic'"),
        ({"layer": 3}, ValueError, "layers are 0 .* to 2 here, got 3"),
        ({"layer": 1.0}, ValueError, "layers are 0 .* got 1.0"),
        ({"locations": ()}, ValueError, r"locations are one or more positive numbers, got \(\)"),
        ({"locations": (0, 1)}, ValueError, r"locations are one or more .* got \(0, 1\)"),
        ({"words": (1, -2)}, ValueError, r"words are one or more .* got \(1, -2\)"),
        ({"locations": (2,), "words": (5,)}, ValueError, "each make 10 words, but max_length is 9"),
        ({"documents": []}, ValueError, "at least one document to pad, got none"),
        ({"documents": [[2, 3], [0]]}, ValueError, "document 0 holds no token"),
        ({"documents": [[2, 12]]}, ValueError, "ids lie in 0..11"),
        ({"settings": {"steps": 0}}, ValueError, "steps is a positive whole number, got 0"),
        ({"settings": {"l2": -1.0}}, ValueError, "l2 is a finite weight of at least 0, got -1.0"),
    ],
)
def test_what_cannot_be_studied_is_refused(as_users_run_it, changes, kind, sentence):
    asked = {"documents": [[2, 3, 4]], "method": "inversion", "locations": (1,), "words": (2,)}
    with one_sentence(kind, sentence):
        preservation_study(deep_network(channels=(8, 6)), **(asked | changes))


@pytest.mark.parametrize("method", METHODS)
def test_a_document_that_no_location_answers_is_refused(method):
    deep = deep_network(channels=(8, 6))
    deep.convs[1].bias.data.fill_(-100.0)
    with one_sentence(ValueError, "document 0 has no live location in layer 2: leave it out"):
        preservation_study(
            deep, [[2, 3]], method, layer=2, locations=(1,), words=(1,), settings={"steps": 1}
        )


@pytest.mark.parametrize(
    ("method", "words"),
    [("random words", 0), ("random words", 11), ("closed form", 11), ("own words", 0)],
)
def test_more_words_than_there_are_is_refused(method, words):
    with one_sentence(ValueError, f"words are 1..10, those of the vocabulary, got {words}"):
        interpretation_words(
            deep_network(channels=(8, 6)), [[2, 3]], torch.tensor([0]), method, words=words
        )


def test_weights_that_are_no_numbers_are_refused():
    deep = deep_network(channels=(8, 6))
    deep.output.bias.data[0] = float("nan")
    with one_sentence(ValueError, "output.bias holds nan or infinity"):
        preservation_study(deep, [[2, 3]], "own words", locations=(1,), words=(1,))
