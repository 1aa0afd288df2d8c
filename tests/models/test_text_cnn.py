"""The TextCNN: its configuration, its windows as the design words them, its modes."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
import torch
from hypothesis import given

from interpbook import TextCNNConfig
from interpbook.models import document_lengths
from interpbook.models.text_cnn import hide_windows
from support.networks import cases, network

SIZES = {"vocab_size": 9, "embedding_dim": 2, "num_classes": 2}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"vocab_size": 0}, "vocab_size is a positive number, got 0"),
        ({"embedding_dim": -1}, "embedding_dim is a positive number, got -1"),
        ({"num_classes": 0}, "num_classes is a positive number, got 0"),
        ({"filters_per_width": 0}, "filters_per_width is a positive number, got 0"),
        ({"widths": ()}, r"widths are one or more positive numbers, got \(\)"),
        ({"widths": (3, 0)}, r"widths are one or more positive numbers, got \(3, 0\)"),
        ({"widths": 3}, "widths are one or more positive numbers, got 3"),
        ({"widths": (3, 2.5)}, r"widths are one or more positive numbers, got \(3, 2.5\)"),
        ({"vocab_size": 9.0}, "vocab_size is a positive number, got 9.0"),
        ({"num_classes": "2"}, "num_classes is a positive number, got '2'"),
        ({"max_length": 5.5}, "max_length is a positive number, got 5.5"),
        ({"padding": "same"}, "padding is 'masked' or 'paper', got 'same'"),
        ({"padding": "paper"}, "pads every document to max_length: give one"),
        ({"max_length": 4}, "the widest filter reads 5 tokens but max_length is 4"),
        ({"dropout": 1.0}, "dropout is a probability below 1, got 1.0"),
        ({"dropout": -0.1}, "dropout is a probability below 1, got -0.1"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused(as_users_run_it, wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        TextCNNConfig(**(SIZES | wrong))


def test_widths_may_come_as_a_list(as_users_run_it):
    config = TextCNNConfig(**SIZES, widths=[3, 2])
    assert config.widths == (3, 2) and config.num_filters == 100


def test_numpys_whole_numbers_become_pythons_which_json_can_write(as_users_run_it):
    config = TextCNNConfig(**(SIZES | {"num_classes": np.int64(2)}), widths=np.array([2, 3]))
    assert json.loads(json.dumps(asdict(config)))["widths"] == [2, 3]


def test_spare_columns_behind_max_length_are_no_tokens():
    model = network(padding="paper", max_length=4)
    ids = torch.tensor([[2, 3, 0, 0]])
    wider = torch.nn.functional.pad(ids, (0, 3))
    torch.testing.assert_close(model(wider), model(ids), rtol=0, atol=1e-12)


def test_an_all_padding_document_has_logits_in_paper_mode():
    model = network(padding="paper", max_length=4)
    pooled = torch.cat([conv.bias for conv in model.convs])[None]
    torch.testing.assert_close(model(torch.tensor([[0, 0]])), model.classify(pooled))


def allowed_starts(length: int, width: int, case, columns: int) -> list[int]:
    """Windows of one document, as the design words them."""
    config = case.model.config
    widest = max(config.widths)
    if config.padding == "masked":
        return [i for i in range(length) if i + width <= max(length, widest)]
    return [i for i in range(columns) if i + width <= min(columns, config.max_length)]


@given(cases())
def test_windows_are_those_of_the_design(case):
    ids, windows = case.model.lay_out(case.ids)
    assert torch.equal(ids[:, : case.ids.shape[1]], case.ids)
    assert not ids[:, case.ids.shape[1] :].any()
    lengths = document_lengths(ids).tolist()
    for length, row in zip(lengths, windows.tolist(), strict=True):
        for width, number in zip(case.model.config.widths, row, strict=True):
            starts = allowed_starts(length, width, case, ids.shape[1])
            assert list(range(number)) == starts


@given(cases())
def test_predictions_do_not_depend_on_the_batch(case):
    model, together = case.model, case.model(case.ids)
    for number, document in enumerate(case.documents):
        alone = model(torch.tensor([document]))[0]
        torch.testing.assert_close(alone, together[number], rtol=0, atol=1e-12)
    torch.testing.assert_close(model(case.ids.flip(0)), together.flip(0), rtol=0, atol=1e-12)


def test_hidden_windows_score_minus_infinity():
    scores = hide_windows(torch.zeros(2, 1, 3), torch.tensor([3, 1]))
    assert scores.isneginf().tolist() == [[[False] * 3], [[False, True, True]]]


def test_dropout_acts_in_training_only():
    model, ids = network(dropout=0.9, filters_per_width=50), torch.tensor([[2, 3, 4]])
    assert torch.equal(model(ids), model(ids))
    assert not torch.equal(model.train()(ids), model(ids))
