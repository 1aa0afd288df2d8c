from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from interpbook import pad
from interpbook.models import TrainingHistory, batches, bucket, evaluate, fit, predict
from support.deep_networks import deep_network
from support.networks import network

# Class 1 if the word 5 stands in the document.
DOCUMENTS = [[2, 5, 3], [2, 3], [3, 3, 4, 2], [4, 5], [5, 2, 2, 4], [4, 2, 3]] * 8
LABELS = [int(5 in document) for document in DOCUMENTS]
TOY = {"num_classes": 2, "dtype": torch.float32}
RECIPE = {"epochs": 2, "learning_rate": 0.05, "batch_size": 16}


@given(
    st.lists(st.integers(1, 400), max_size=60), st.integers(1, 9), st.none() | st.integers(0, 99)
)
def test_buckets_hold_each_document_once(lengths, batch_size, seed):
    found = bucket(lengths, batch_size, seed=seed)
    assert sorted(i for batch in found for i in batch) == list(range(len(lengths)))
    assert all(1 <= len(batch) <= batch_size for batch in found)


def test_buckets_bound_how_far_lengths_spread():
    lengths = np.random.default_rng(0).integers(10, 400, size=10_000)
    found = bucket(lengths.tolist(), 20, seed=0)
    spreads = [np.ptp(lengths[batch]) for batch in found]
    padded = sum(lengths[batch].max() * len(batch) for batch in found)
    assert np.mean(spreads) < 10 and padded < 1.03 * lengths.sum()


def test_a_seed_decides_the_order():
    lengths = list(range(200))
    orders = [np.concatenate(bucket(lengths, 8, seed=seed)).tolist() for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]


def test_a_batch_holds_a_document():
    with pytest.raises(ValueError, match="batch_size is a positive number, got 0"):
        bucket([1, 2], 0)


def test_batches_keep_documents_and_labels_together_and_pad_no_more_than_needed():
    seen = []
    for ids, labels in batches(DOCUMENTS, LABELS, batch_size=5, seed=0):
        assert ids[:, -1].any()
        assert torch.equal((ids == 5).any(dim=1).long(), labels)
        seen += [[i for i in row if i] for row in ids.tolist()]
    assert sorted(seen) == sorted(DOCUMENTS)


def test_each_document_has_one_label():
    with pytest.raises(ValueError, match="got 2 documents and 1 labels"):
        list(batches([[2], [3]], [0]))


def test_fit_learns_a_toy_task():
    model = network(**TOY)
    history = fit(
        model, DOCUMENTS, LABELS, **(RECIPE | {"epochs": 15}), validation=(DOCUMENTS, LABELS)
    )
    assert len(history.losses) == len(history.accuracies) == len(history.seconds) == 15
    assert history.losses[-1] < history.losses[0] / 2
    assert history.accuracies[-1] == evaluate(model, DOCUMENTS, LABELS) == 1.0
    assert min(history.seconds) > 0
    assert not model.training


def test_the_first_loss_is_the_mean_over_documents():
    model = network(dropout=0.0)
    ids, labels = pad(DOCUMENTS[:7]), torch.tensor(LABELS[:7])
    expected = F.cross_entropy(model(ids), labels).item()
    # At this rate nothing moves, so batches of 4 and 3 see the same model.
    history = fit(model, DOCUMENTS[:7], LABELS[:7], epochs=1, learning_rate=1e-300, batch_size=4)
    assert history.losses[0] == pytest.approx(expected, abs=1e-12)


def weights(model) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def test_fit_is_decided_by_its_seed():
    models = [network(**TOY) for _ in range(3)]
    records = []
    for model, seed in zip(models, (1, 1, 2), strict=True):
        torch.rand(1)  # what others draw in between must not matter
        records.append(fit(model, DOCUMENTS, LABELS, seed=seed, **RECIPE))
    assert records[0].losses == records[1].losses != records[2].losses
    assert torch.equal(weights(models[0]), weights(models[1]))
    assert not torch.equal(weights(models[0]), weights(models[2]))


def test_fit_leaves_the_global_random_state_alone():
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    fit(network(**TOY), DOCUMENTS, LABELS, **RECIPE)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])


def test_words_outside_the_corpus_and_padding_keep_their_vectors():
    model = network(**TOY)
    before = model.embedding.weight.detach().clone()
    fit(model, DOCUMENTS, LABELS, **RECIPE)
    moved = (model.embedding.weight.detach() != before).any(dim=1)
    assert moved.nonzero().flatten().tolist() == [2, 3, 4, 5]
    assert not model.embedding.weight[0].any()


@pytest.mark.parametrize("padding", ["masked", "paper"])
def test_fit_takes_the_steps_of_the_usual_loop(padding):
    """Conv1d forward and backward, Adam, SparseAdam on the vectors: the same weights after."""
    model = network(dropout=0.0, num_classes=2, padding=padding, max_length=6)
    documents, labels = [[2, 5, 3], [7, 3, 4, 2], [4, 8], [9]], [1, 0, 1, 0]
    usual = deepcopy(model)
    usual.embedding.sparse = True
    optimizers = [
        torch.optim.SparseAdam([usual.embedding.weight], lr=0.01),
        torch.optim.Adam([*usual.convs.parameters(), *usual.output.parameters()], lr=0.01),
    ]
    losses = []
    for _ in range(3):
        loss = F.cross_entropy(usual(pad(documents)), torch.tensor(labels))
        losses.append(loss.item())
        usual.zero_grad(set_to_none=True)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
    history = fit(model, documents, labels, epochs=3, learning_rate=0.01, batch_size=4)
    assert history.losses == pytest.approx(losses, abs=1e-10)
    torch.testing.assert_close(weights(model), weights(usual), rtol=0, atol=1e-9)


def test_frozen_vectors_stay():
    model = network(**TOY)
    model.embedding.weight.requires_grad_(False)
    before = model.embedding.weight.clone()
    fit(model, DOCUMENTS, LABELS, **RECIPE)
    assert torch.equal(model.embedding.weight, before)


@pytest.mark.parametrize("label", [-1, 2])
def test_a_label_outside_the_classes_is_refused(label):
    labels = [0, 1, label, *LABELS[3:]]
    sentence = rf"labels lie in 0..1 here, got {label} for document 2"
    with pytest.raises(ValueError, match=sentence):
        fit(network(**TOY), DOCUMENTS, labels, **RECIPE)
    with pytest.raises(ValueError, match=sentence):
        evaluate(network(**TOY), DOCUMENTS, labels)


@pytest.mark.parametrize(
    "labels", [None, [0.0, 1.7], ["a", "b"], [[0], [1]]], ids=["none", "float", "str", "nested"]
)
def test_labels_that_are_no_class_numbers_are_refused(as_users_run_it, labels):
    with pytest.raises(ValueError, match=r"labels are whole numbers 0..1, one a document, got "):
        fit(network(**TOY), DOCUMENTS[:2], labels, **RECIPE)
    with pytest.raises(ValueError, match=r"labels are whole numbers 0..1, one a document, got "):
        evaluate(network(**TOY), DOCUMENTS[:2], labels)


def test_a_batch_without_room_is_refused():
    with pytest.raises(ValueError, match="batch_size is a positive number, got 0"):
        fit(network(**TOY), DOCUMENTS, LABELS, **(RECIPE | {"batch_size": 0}))


@pytest.mark.parametrize("documents", [[[2], []], [[], []]], ids=["one", "all"])
def test_an_empty_document_is_refused(documents):
    with pytest.raises(ValueError, match=r"document \d holds no token: leave it out"):
        fit(network(**TOY), documents, [0, 1], **RECIPE)


def test_nothing_to_learn_from_is_refused():
    with pytest.raises(ValueError, match="expected at least one document, got none"):
        fit(network(**TOY), [], [], **RECIPE)
    with pytest.raises(ValueError, match="expected at least one document, got none"):
        evaluate(network(**TOY), [], [])


def test_evaluate_wants_one_label_a_document():
    with pytest.raises(ValueError, match="got 3 documents and 1 labels"):
        evaluate(network(**TOY), DOCUMENTS[:3], [0])


def test_a_loss_that_explodes_is_named():
    model = network(**TOY)
    model.output.bias.data[0] = torch.inf
    with pytest.raises(ValueError, match="loss is no longer finite: use a smaller learning rate"):
        fit(model, DOCUMENTS, LABELS, **RECIPE)


def test_predict_keeps_the_order_of_documents():
    model = network()
    found = predict(model, DOCUMENTS[:9], batch_size=2)
    expected = torch.cat([model(torch.tensor([document])) for document in DOCUMENTS[:9]])
    torch.testing.assert_close(found, expected.detach(), rtol=0, atol=1e-12)
    assert not found.requires_grad


def test_predict_plays_no_dropout_and_takes_no_documents():
    model = network(dropout=0.9).train()
    assert torch.equal(predict(model, DOCUMENTS[:2]), predict(model.train(), DOCUMENTS[:2]))
    assert predict(model, []).shape == (0, 3)


def test_accuracy_is_the_share_of_right_answers():
    model = network(num_classes=2)
    right = predict(model, DOCUMENTS[:4]).argmax(dim=1).tolist()
    assert evaluate(model, DOCUMENTS[:4], [*right[:3], 1 - right[3]]) == 0.75


def test_no_epochs_change_nothing():
    model = network(**TOY)
    before = weights(model)
    assert fit(model, DOCUMENTS, LABELS, epochs=0, learning_rate=0.1) == TrainingHistory((), (), ())
    assert torch.equal(weights(model), before)


# --------------------------------------------------------------------------------- both networks

DEEP_TOY = TOY | {"channels": (6, 5)}
both = pytest.mark.parametrize(
    "build", [lambda: network(**TOY), lambda: deep_network(**DEEP_TOY)], ids=["flat", "deep"]
)


def check_usable(model) -> None:
    """See that a gradient taken after a training is the usual dense one, and nothing else."""
    assert not model.training and not model.embedding.sparse
    assert all(parameter.grad is None for parameter in model.parameters())
    F.cross_entropy(model(pad(DOCUMENTS[:2])), torch.tensor(LABELS[:2])).backward()
    assert model.embedding.weight.grad.layout == torch.strided


@both
def test_vectors_take_sparse_steps_in_training_and_only_there(build, monkeypatch):
    model, seen = build(), []
    monkeypatch.setattr(
        torch.optim.SparseAdam,
        "step",
        lambda self: seen.append(model.embedding.weight.grad.is_sparse),
    )
    fit(model, DOCUMENTS, LABELS, **RECIPE)
    assert seen == [True] * 6
    check_usable(model)


@both
def test_a_training_that_breaks_off_leaves_a_model_that_can_be_used(build):
    model = build()
    documents = [*DOCUMENTS[:47], [99]]  # a word outside the vocabulary
    with pytest.raises((ValueError, IndexError)):
        fit(model, documents, LABELS, **RECIPE)
    check_usable(model)
    assert fit(model, DOCUMENTS, LABELS, **RECIPE).losses


@both
def test_a_stop_by_the_user_leaves_a_model_that_can_be_used(build, monkeypatch):
    model = build()

    def stop(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.Adam, "step", stop)
        with pytest.raises(KeyboardInterrupt):
            fit(model, DOCUMENTS, LABELS, **RECIPE)
    check_usable(model)


# --------------------------------------------------------------------------------- deep networks


def test_a_deep_network_learns_a_toy_task():
    model = deep_network(**DEEP_TOY)
    settings = RECIPE | {"epochs": 20, "learning_rate": 0.02}
    history = fit(model, DOCUMENTS, LABELS, **settings, validation=(DOCUMENTS, LABELS))
    assert len(history.losses) == len(history.accuracies) == len(history.seconds) == 20
    assert history.losses[-1] < history.losses[0] / 2
    assert history.accuracies[-1] == evaluate(model, DOCUMENTS, LABELS) == 1.0
    assert not model.training


def test_the_first_loss_of_a_deep_network_is_the_mean_over_documents():
    model = deep_network(dropout=0.0)
    expected = F.cross_entropy(model(pad(DOCUMENTS[:7])), torch.tensor(LABELS[:7])).item()
    history = fit(model, DOCUMENTS[:7], LABELS[:7], epochs=1, learning_rate=1e-300, batch_size=4)
    assert history.losses[0] == pytest.approx(expected, abs=1e-12)


def test_deep_training_is_decided_by_its_seed():
    models = [deep_network(**DEEP_TOY) for _ in range(3)]
    records = []
    for model, seed in zip(models, (1, 1, 2), strict=True):
        torch.rand(1)  # what others draw in between must not matter
        records.append(fit(model, DOCUMENTS, LABELS, seed=seed, **RECIPE))
    assert records[0].losses == records[1].losses != records[2].losses
    assert torch.equal(weights(models[0]), weights(models[1]))
    assert not torch.equal(weights(models[0]), weights(models[2]))


@pytest.mark.parametrize("padding", ["masked", "paper"])
def test_deep_training_takes_the_steps_of_the_usual_loop(padding):
    """Adam on the network, SparseAdam on the vectors, written out: the same weights after."""
    model = deep_network(dropout=0.0, num_classes=2, padding=padding)
    documents, labels = [[2, 5, 3], [7, 3, 4, 2], [4, 8], [9]], [1, 0, 1, 0]
    usual = deepcopy(model)
    usual.embedding.sparse = True
    optimizers = [
        torch.optim.SparseAdam([usual.embedding.weight], lr=0.01),
        torch.optim.Adam([*usual.convs.parameters(), *usual.output.parameters()], lr=0.01),
    ]
    losses = []
    for _ in range(3):
        loss = F.cross_entropy(usual(pad(documents)), torch.tensor(labels))
        losses.append(loss.item())
        usual.zero_grad(set_to_none=True)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
    history = fit(model, documents, labels, epochs=3, learning_rate=0.01, batch_size=4)
    assert history.losses == pytest.approx(losses, abs=1e-10)
    torch.testing.assert_close(weights(model), weights(usual), rtol=0, atol=1e-9)


def test_words_outside_the_corpus_keep_their_vectors_in_a_deep_network():
    model = deep_network(**DEEP_TOY)
    before = model.embedding.weight.detach().clone()
    fit(model, DOCUMENTS, LABELS, **RECIPE)
    moved = (model.embedding.weight.detach() != before).any(dim=1)
    assert moved.nonzero().flatten().tolist() == [2, 3, 4, 5]


def test_dropout_of_a_deep_network_plays_in_training_only():
    losses = [
        fit(deep_network(**DEEP_TOY, dropout=dropout), DOCUMENTS, LABELS, **RECIPE).losses
        for dropout in (0.0, 0.5)
    ]
    assert losses[0][0] != losses[1][0]
    model = deep_network(dropout=0.9).train()
    assert torch.equal(predict(model, DOCUMENTS[:2]), predict(model.train(), DOCUMENTS[:2]))


@given(
    st.permutations(range(9)),
    st.integers(1, 9),
    st.sampled_from(["masked", "paper"]),
)
def test_a_deep_prediction_is_the_documents_own(order, batch_size, padding):
    """Neither its place, nor its neighbours, nor the batches' size matter."""
    model = deep_network(padding=padding)
    alone = torch.cat([model(torch.tensor([document])) for document in DOCUMENTS[:9]]).detach()
    found = predict(model, [DOCUMENTS[i] for i in order], batch_size=batch_size)
    torch.testing.assert_close(found, alone[list(order)], rtol=0, atol=1e-12)
    assert not found.requires_grad


def test_a_deep_network_takes_no_documents():
    assert predict(deep_network(), []).shape == (0, 3)


def test_a_document_longer_than_a_deep_network_reads_is_refused():
    with pytest.raises(ValueError, match="document 0 has 10 tokens but max_length is 9: cut it"):
        predict(deep_network(), [[2] * 10])
