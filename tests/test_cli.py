from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from interpbook import Classifier, Vocabulary, cli, interpret, load_classifier, load_corpus
from interpbook.cli import explanation_text, main
from interpbook.corpora import data_folder
from interpbook.experiments import RECIPES, cells, ledger, read_record, write_record
from interpbook.experiments.studies.xu_du import FILTERS
from support.deep_networks import deep_network
from support.networks import WORDS, tiny_classifier
from support.places import ROOT


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


def test_all_trains_every_classifier_that_the_book_ships(monkeypatch, tmp_path, capsys):
    trained = []

    def quick(recipe):
        trained.append(recipe)
        classifier = tiny_classifier()
        classifier.card["test_accuracy"] = 0.875
        return classifier

    monkeypatch.setattr(cli, "train_classifier", quick)
    assert main(["train", "all", "--out", str(tmp_path)]) == 0
    shipped = sorted(path.name for path in (data_folder() / "models").iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == shipped
    assert trained == list(RECIPES.values()) and capsys.readouterr().out.count("87.50%") == 7
    assert "interpbook train all" in (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["explain"], ["train", "nonsense"]])
def test_a_command_that_is_not_understood_gets_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2 and "usage: interpbook" in capsys.readouterr().err


def test_arguments_come_from_the_command_line(monkeypatch, folder, capsys):
    monkeypatch.setattr(sys, "argv", ["interpbook", "explain", "good", "--model", folder])
    assert main() == 0 and "good" in capsys.readouterr().out


# ---------------------------------------------------------------------------------- deep networks


@pytest.fixture
def deep_folder(tmp_path):
    model = deep_network(dtype=torch.float32, num_classes=2, embedding_dim=6, channels=(8, 5))
    vocabulary = Vocabulary(("<pad>", "<unk>", *WORDS))
    names = ("negative", "<b>positive</b>")
    Classifier(model, vocabulary, names, lowercase=False).save(tmp_path / "deep")
    return str(tmp_path / "deep")


def test_explain_interprets_a_deep_classifier(deep_folder, capsys):
    text = "the movie isn't bad but slow Zebra"
    assert main(["explain", text, "--model", deep_folder]) == 0
    out, err = capsys.readouterr()
    found = interpret(load_classifier(deep_folder), text)
    first, second, *lines = out.splitlines()
    shares = [float(share) for share in re.findall(r"(\S+)%", first)]
    assert sum(shares) == pytest.approx(100, abs=0.2)
    assert shares[found.target] == max(shares)
    assert second == f"Strongest for {found.class_names[found.target]}, in layer 1:"
    tokens = text.split()
    for reading, location, words in zip(found.readings, lines[::2], lines[1::2], strict=True):
        saliency, *seen = location.split()
        assert saliency == f"{reading.saliency:+.3f}"
        own = tokens[reading.location]
        field = tokens[reading.field.start : reading.field.stop]
        assert seen == [f"[{word}]" if word == own else word for word in field]
        assert words == " " * 10 + (", ".join(word for word, _ in reading.words) or "(no answer)")
    assert len(lines) == 2 * len(found.readings) > 0 and not err


def test_a_text_that_a_deep_classifier_cannot_read_is_one_line(deep_folder, capsys):
    assert main(["explain", "?!", "--model", deep_folder]) == 1
    error = capsys.readouterr().err
    assert error.startswith("interpbook: the text holds no word") and error.count("\n") == 1


@pytest.mark.parametrize("name", ["reviews", "mr_deep", "ag_news_deep"])
def test_train_saves_in_the_precision_of_its_recipe(monkeypatch, tmp_path, capsys, name):
    monkeypatch.setattr(cli, "train_classifier", lambda recipe: quick_classifier())
    assert main(["train", name, "--out", str(tmp_path / "new")]) == 0
    stored = safetensors.torch.load_file(tmp_path / "new" / "model.safetensors")
    kinds = {"reviews": torch.float16, "mr_deep": torch.int8, "ag_news_deep": torch.int8}
    assert stored["embedding.weight"].dtype == kinds[name]
    assert stored["output.bias"].dtype == torch.float16


def quick_classifier() -> Classifier:
    classifier = tiny_classifier()
    classifier.card["test_accuracy"] = 0.875
    return classifier


# --------------------------------------------------------------------------- reproduce and ledger

XU_DU_STUDIES = ("table1", "choices", "table2", "defences")
YUAN_STUDIES = ("yuan-table3", "yuan-choices", "yuan-interpretations")
SMALL = ["reproduce", "table1", "--corpus", "reviews", "--filters", "3", "6", "--seeds", "4"]


def test_reproduce_makes_records_and_keeps_models_where_it_is_told(tmp_path, capsys):
    command = [*SMALL, "--set", "epochs=1", "padding=masked", "--out", str(tmp_path / "new")]
    assert main([*command, "--models", str(tmp_path / "models")]) == 0
    out, err = capsys.readouterr()
    assert out == f"table1: 2 runs, 2 of them to do; records in {tmp_path / 'new'}\n"
    assert "2 of 2 runs" in err
    for k in (3, 6):
        name = f"reviews-k{k}-epochs=1-padding=masked-seed4"
        record = read_record(tmp_path / "new" / "table1" / f"{name}.json")
        assert (record["k"], record["seed"], record["recipe"]["padding"]) == (k, 4, "masked")
        classifier = load_classifier(tmp_path / "models" / "table1" / name)
        assert classifier.model.config.num_filters == k
    assert main([*command, "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert "2 runs, 0 of them to do" in out and not err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("epochs=3", ("epochs", 3)),
        ("dropout=0.25", ("dropout", 0.25)),
        ("pretrained=False", ("pretrained", False)),
        ("padding=masked", ("padding", "masked")),
        ("widths=(2, 3)", ("widths", (2, 3))),
        ("tokenizer='cased'", ("tokenizer", "cased")),
        ("tokenizer=a=b", ("tokenizer", "a=b")),
        ("tokenizer=", ("tokenizer", "")),
    ],
)
def test_a_setting_is_read_as_pythons_value_or_as_text(text, expected):
    assert cli._setting(text) == expected


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--corpus", "nonsense"], "corpora are ag_news, imdb, reviews, headlines, got 'nonsense'"),
        (["--filters", "31"], "so it is a multiple of 3, got 31"),
        (["--filters", "0"], "so it is a multiple of 3, got 0"),
        (["--set", "epochs"], "--set expects NAME=VALUE, got 'epochs'"),
        (["--set", "epoch=3"], "a recipe has the settings vocab_size"),
        (["--set", "epochs=three"], "epochs is a value like 10, got 'three'"),
        (["--set", "padding=none"], "padding is 'masked' or 'paper', got 'none'"),
        (["--set", "epochs=0"], "epochs is at least 1, got 0"),
        (["--set", "batch_size=0"], "batch_size=0-seed4 failed: batch_size is a positive number"),
        (["--jobs", "0"], "jobs is a positive number"),
        (["--jobs", "2", "--scheduler", "tcp://127.0.0.1:1"], "a scheduler brings its own workers"),
    ],
)
def test_a_grid_that_cannot_be_is_one_line(as_users_run_it, arguments, sentence, tmp_path, capsys):
    assert main([*SMALL, "--quiet", "--out", str(tmp_path), *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith("interpbook: ") and sentence in error and error.count("\n") == 1
    assert not list(tmp_path.rglob("*.json"))


def test_a_folder_for_records_that_cannot_be_is_named_first(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cli, "reproduce", lambda *_, **__: pytest.fail("ran"))
    (tmp_path / "file").touch()
    assert main([*SMALL, "--out", str(tmp_path / "file" / "new")]) == 1
    assert capsys.readouterr().err.startswith("interpbook: ")


@pytest.mark.parametrize(
    "arguments",
    [["reproduce"], ["reproduce", "table9"], [*SMALL, "--seeds", "x"], [*SMALL, "--jobs", "two"]],
)
def test_a_grid_that_is_not_understood_gets_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2 and "usage: interpbook reproduce" in capsys.readouterr().err


@pytest.fixture
def grids(monkeypatch) -> list[tuple[list[Any], dict[str, Any]]]:
    """Let nothing run; return the grids that would have been."""
    asked: list[tuple[list[Any], dict[str, Any]]] = []

    def stand_in(grid: Sequence[Any], folder: Path, **options: Any) -> None:
        asked.append((list(grid), options))

    monkeypatch.setattr(cli, "reproduce", stand_in)
    return asked


def test_a_study_of_yuan_takes_corpora_seeds_and_settings(grids, tmp_path, capsys):
    command = ["reproduce", "yuan-table3", "--corpus", "mr", "--seeds", "0", "--out", str(tmp_path)]
    assert main(command) == 0
    assert (
        capsys.readouterr().out == f"yuan-table3: 1 runs, 1 of them to do; records in {tmp_path}\n"
    )
    more = ["--set", "epochs=2", "vector_corpora=('imdb',)", "tokenizer=words", "--jobs", "2"]
    assert main([*command, *more]) == 0
    plain, changed = ([cell.name for cell in grid] for grid, _ in grids)
    assert plain == ["mr-seed0"]
    assert changed == ["mr-epochs=2-tokenizer=words-vector_corpora=imdb-seed0"]
    assert grids[1][1]["jobs"] == 2


@pytest.mark.parametrize("study", YUAN_STUDIES)
def test_a_study_of_yuan_is_whole_by_default(grids, tmp_path, study):
    assert main(["reproduce", study, "--out", str(tmp_path)]) == 0
    assert grids[0][0] == cells(study)


def test_all_contains_every_study(grids, tmp_path):
    assert main(["reproduce", "all", "--out", str(tmp_path)]) == 0
    studies = {cell.study for cell in grids[0][0]}
    assert studies == {*XU_DU_STUDIES, *YUAN_STUDIES}
    assert grids[0][0] == cells("all")
    assert len(grids[0][0]) == sum(len(cells(study)) for study in studies)
    assert main(["reproduce", "all", "--seeds", "1", "--out", str(tmp_path)]) == 0
    assert {cell.seed for cell in grids[1][0]} == {1}
    assert {cell.study for cell in grids[1][0]} == studies


def test_all_with_what_is_one_papers_own_is_that_papers(grids, tmp_path):
    """No corpus, k or setting means the same to networks with a number of filters and without."""
    command = ["reproduce", "all", "--out", str(tmp_path), "--corpus", "imdb"]
    assert main(command) == 0
    assert {cell.study for cell in grids[0][0]} == {*XU_DU_STUDIES}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--filters", "30"], "has no --filters: its networks have no number of filters k"),
        (["--corpus", "imdb"], "corpora are mr, ag_news, got 'imdb'"),
        (["--set", "epochs=three"], "epochs is a value like 8, got 'three'"),
        (["--set", "epochs=0"], "epochs is at least 1, got 0"),
        (["--set", "embedding_dim=2.5"], "embedding_dim is a value like 300, got 2.5"),
        (["--set", "widths=(3,)"], "a recipe has the settings vocab_size"),
        (["--set", "vector_corpora=('mr',)"], "trained on imdb or ag_news or both, got ('mr',)"),
    ],
)
@pytest.mark.parametrize("study", YUAN_STUDIES)
def test_a_study_of_yuan_that_cannot_be_is_one_line(
    as_users_run_it, grids, tmp_path, capsys, study, arguments, sentence
):
    assert main(["reproduce", study, "--out", str(tmp_path), *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith("interpbook: ") and sentence in error and error.count("\n") == 1
    assert not grids


def test_choices_of_a_corpus_without_any_are_one_line(grids, tmp_path, capsys):
    command = ["reproduce", "yuan-choices", "--corpus", "ag_news", "--out", str(tmp_path)]
    assert main(command) == 1
    assert capsys.readouterr().err == "interpbook: yuan-choices has no runs of ag_news\n"
    assert not grids


def test_ledger_compares_records_anywhere_with_the_papers_numbers(tmp_path, capsys):
    """A lab's own records need no copy of the papers' numbers beside them."""
    share = {"kept_accuracy": 0.9, "ratio2": 0.9, "ratio3": 0.5}
    train = {"documents": 10, "official_documents": 20}
    for corpus in ("ag_news", "imdb"):
        for k in FILTERS:
            record = {
                "k": k,
                "changes": {},
                "recipe": {"corpus": corpus},
                "corpus": {"train": train},
                "metrics": {"accuracy": 0.9, "ratio1": 0.5, "paper": share, "calibrated": share},
            }
            write_record(tmp_path / "table1" / f"{corpus}-k{k}.json", record)
    committed = data_folder() / "results" / "ledger.csv"
    before = committed.read_bytes() if committed.is_file() else None
    assert main(["ledger", "--records", str(tmp_path)]) == 0
    rows = ledger.read_ledger(tmp_path / "ledger.csv")
    out = capsys.readouterr().out
    assert out.startswith(f"{tmp_path / 'ledger.csv'}: ")
    assert sum(int(part.split()[0]) for part in out.split(": ")[-1].split(", ")) == len(rows) == 112
    assert {row.trained_on for row in rows} == {"10 of 20"}
    assert (committed.read_bytes() if committed.is_file() else None) == before


def test_ledger_without_records_says_how_to_make_them(tmp_path, capsys):
    assert main(["ledger", "--records", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert "make them with `interpbook reproduce table1`" in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())
