from __future__ import annotations

import sys

import pytest
import torch

from interpbook import cli, load_corpus
from interpbook.cli import explanation_text, main
from interpbook.recipes import RECIPES
from networks import tiny_classifier


@pytest.fixture
def folder(tmp_path):
    tiny_classifier().save(tmp_path)
    return str(tmp_path)


def test_explain_prints_a_row_a_word_and_both_sums(folder, capsys):
    assert main(["explain", "A good zebra", "--model", folder]) == 0
    out, err = capsys.readouterr()
    rows = {line[:12].strip(): line[12:].split() for line in out.splitlines()}
    assert list(rows)[1:4] == ["a", "good", "zebra"]
    assert rows["sum of B"] == rows["sum of A"] == rows["logit"]
    words = torch.tensor([[float(x) for x in rows[w]] for w in ("a", "good", "zebra", "padding")])
    logits = torch.tensor([float(x) for x in rows["logit"]])
    torch.testing.assert_close(words.sum(dim=0), logits, rtol=0, atol=5e-3)
    assert not err


def test_explain_knows_the_embedded_classifiers(capsys):
    assert main(["explain", "not a good movie", "--model", "reviews"]) == 0
    assert "negative" in capsys.readouterr().out


def test_columns_stay_aligned_for_long_names_and_words():
    classifier = tiny_classifier(class_names=("a very long class name", "b"))
    lines = explanation_text(classifier.explain("good " + "x" * 10**5)).splitlines()
    assert len({len(line) for line in lines}) == 1 and len(lines[0]) < 100


@pytest.mark.parametrize("name", ["reviews", "headlines"])
def test_corpus_prints_what_was_loaded(name, capsys):
    assert main(["corpus", name, "--split", "test"]) == 0
    assert str(load_corpus(name, "test")) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["explain", "?!", "--model", "{folder}"], "holds no word to classify"),
        (["explain", "good", "--model", "nonsense"], "got 'nonsense'"),
        (["corpus", "nonsense"], "nonsense"),
        (["corpus", "reviews", "--split", "nonsense"], "nonsense"),
    ],
)
def test_an_error_is_one_line_and_exit_status_1(arguments, sentence, folder, capsys):
    assert main([argument.format(folder=folder) for argument in arguments]) == 1
    out, err = capsys.readouterr()
    assert not out and err.count("\n") == 1
    assert err.startswith("interpbook: ") and sentence in err


def test_a_folder_that_cannot_be_is_named_before_the_training(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(cli, "train_classifier", lambda recipe: pytest.fail("trained"))
    (tmp_path / "file").touch()
    assert main(["train", "reviews", "--out", str(tmp_path / "file" / "new")]) == 1
    assert capsys.readouterr().err.startswith("interpbook: ")


def test_help_says_what_the_command_does(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "explain a prediction, load a corpus" in capsys.readouterr().out


def test_a_stop_by_the_user_is_exit_status_130(monkeypatch, capsys):
    def stop(_name):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "load_classifier", stop)
    assert main(["explain", "good"]) == 130
    assert capsys.readouterr().err == "interpbook: stopped\n"


def test_train_saves_where_it_is_told_and_says_how_good_it_is(monkeypatch, tmp_path, capsys):
    def quick(recipe):
        assert recipe is RECIPES["reviews"]
        classifier = tiny_classifier()
        classifier.card["test_accuracy"] = 0.875
        return classifier

    monkeypatch.setattr(cli, "train_classifier", quick)
    assert main(["train", "reviews", "--out", str(tmp_path / "new")]) == 0
    assert "test accuracy 87.50% (12 words)" in capsys.readouterr().out
    assert main(["explain", "good", "--model", str(tmp_path / "new")]) == 0


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["explain"], ["train", "nonsense"]])
def test_a_command_that_is_not_understood_gets_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2 and "usage: interpbook" in capsys.readouterr().err


def test_arguments_come_from_the_command_line(monkeypatch, folder, capsys):
    monkeypatch.setattr(sys, "argv", ["interpbook", "explain", "good", "--model", folder])
    assert main() == 0 and "good" in capsys.readouterr().out
