"""Runs of Yuan et al.'s studies, end to end on an invented corpus, and what they record."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from interpbook import DeepTextCNN, load_classifier
from interpbook.corpora import data_folder
from interpbook.experiments import (
    Cell,
    building,
    cells,
    encode_corpus,
    read_record,
    read_records,
    run_cell,
    train_model,
    write_record,
)
from interpbook.experiments.runner import hardware, is_done, record_path
from interpbook.experiments.studies import yuan
from interpbook.experiments.studies.yuan import corpus_statistics, interpretation_metrics
from interpbook.hidden import METHODS, invert, preservation_study, strongest_locations
from interpbook.models import evaluate, pack, predict, unpack
from interpbook.text import pad
from interpbook.vectors import VectorRecipe
from support.inventions import invented_corpus, made_up_vectors

GOOD = ("lovely", "warm", "funny", "bright", "tender", "sharp")
BAD = ("dull", "leaden", "joyless", "stale", "clumsy", "flat")
FILLERS = ("a", "the", "film", "story", "and", "it", "is", "with", "Kim", "says")
CHANGES = {
    "vector_corpora": (),
    "embedding_dim": 12,
    "channels": (12, 8),
    "kernel_size": 3,
    "epochs": 6,
    "learning_rate": 0.01,
    "batch_size": 16,
    "dropout": 0.0,
}
READ, K, M, STEPS = 24, (1, 2), (1, 3), 40
QUARTER = READ // 4  # of the documents are started anew, and read in deeper layers


# Every record of these is committed.
WHOLE = ("yuan-table3", "yuan-choices", "yuan-interpretations")
# Asked here, before the fixtures below make the studies small.
COMMITTED = {
    study: {cell.name: is_done(data_folder() / "results", cell) for cell in cells(study)}
    for study in WHOLE
}


def texts_and_labels(count: int, seed: int) -> tuple[list[str], list[int]]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count).tolist()
    texts = []
    for label in labels:
        words = [*rng.choice((BAD, GOOD)[label], 3), *rng.choice(FILLERS, 5)]
        texts.append(" ".join(rng.permutation(words)))
    return texts, labels


@pytest.fixture(scope="module", autouse=True)
def small():
    """A small film corpus in MR's place, and studies that read little of it."""
    names = ("negative", "positive")
    there = {
        split: invented_corpus("mr", split, *texts_and_labels(count, seed), names)
        for split, count, seed in (("train", 120, 1), ("test", 40, 2))
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "load_corpus", lambda name, split: there[split])
        patch.setattr(yuan, "READ_DOCUMENTS", {"mr": READ})
        patch.setattr(yuan, "LOCATIONS", K)
        patch.setattr(yuan, "WORDS", M)
        patch.setattr(yuan, "STEPS", STEPS)
        building._tokenized.cache_clear()
        yield there
        building._tokenized.cache_clear()


def cell_of(study: str, seed: int = 3, **changes: Any) -> Cell:
    return Cell(study, "mr", None, seed, CHANGES | changes)


def fail(*_: Any, **__: Any) -> None:
    raise AssertionError("trained again")


# ------------------------------------------------------------------------------------- Table 3


@pytest.fixture(scope="module")
def table3(small, tmp_path_factory) -> tuple[dict[str, Any], Any]:
    models = tmp_path_factory.mktemp("models")
    return run_cell(cell_of("yuan-table3"), models), models


def test_a_run_is_a_trained_network_and_its_accuracy(table3, small):
    record, _ = table3
    recipe = cell_of("yuan-table3").recipe
    corpus = encode_corpus(recipe)
    model, history, _ = train_model(recipe, corpus, progress=False)
    assert record["metrics"] == {"accuracy": evaluate(model, *corpus.test)}
    assert record["metrics"]["accuracy"] > 0.8, "the invented task is learned"
    assert record["losses"] == [round(loss, 6) for loss in history.losses]
    assert record["corpus"] == corpus.provenance and record["vectors"] == {}
    words = {word for text in small["train"].texts for word in text.split()}
    assert record["statistics"] == {
        "classes": 2,
        "train_documents": 120,
        "test_documents": 40,
        "vocabulary": len(words),
    }


def test_statistics_count_documents_without_a_word_and_words_that_are_kept(small, monkeypatch):
    corpora = {
        "train": invented_corpus("mr", "train", ["A good film", "?!", "a bad film"]),
        "test": invented_corpus("mr", "test", ["good", "..."]),
    }
    monkeypatch.setattr(building, "load_corpus", lambda name, split: corpora[split])
    building._tokenized.cache_clear()
    corpus = encode_corpus(cell_of("yuan-table3", vocab_size=6).recipe)
    building._tokenized.cache_clear()
    assert corpus_statistics(corpus) == {
        "classes": 2,
        "train_documents": 3,
        "test_documents": 2,
        "vocabulary": 4,
    }


@pytest.mark.parametrize("study", WHOLE)
def test_a_record_states_what_decides_it_and_survives_its_file(table3, tmp_path, study):
    cell = cell_of(study)
    record = run_cell(cell, table3[1])
    assert (record["study"], record["cell"]) == (study, cell.name)
    assert {name: record[name] for name in cell.settings} == cell.settings
    assert set(record["versions"]) == {"interpbook", "python", "torch"}
    assert set(record["hardware"]) == set(hardware())
    assert set(record["seconds"]) == {"prepare", "train", "epochs", "measure"}
    trained = study != "yuan-interpretations"
    assert len(record["losses"]) == len(record["seconds"]["epochs"]) == (6 if trained else 0)
    assert ("methods" in record["metrics"]) == (not trained)
    write_record(record_path(tmp_path, cell), record)
    kept = read_record(record_path(tmp_path, cell))
    assert kept == {"format": 1, **json.loads(json.dumps(record))}
    assert is_done(tmp_path, cell)
    assert record["metrics"]["accuracy"] == table3[0]["metrics"]["accuracy"]


def test_the_classifier_is_kept_where_asked(table3):
    record, models = table3
    cell = cell_of("yuan-table3")
    assert [path.name for path in (models / "yuan-table3").iterdir()] == [cell.name]
    classifier = load_classifier(models / "yuan-table3" / cell.name)
    assert isinstance(classifier.model, DeepTextCNN) and not classifier.lowercase
    assert classifier.card["test_accuracy"] == record["metrics"]["accuracy"]
    corpus = encode_corpus(cell.recipe)
    assert evaluate(classifier.model, *corpus.test) == record["metrics"]["accuracy"]


def test_vectors_are_those_of_the_cells_recipe(small, monkeypatch):
    asked = []

    def vectors(recipe, *, progress):
        asked.append((recipe, progress))
        return made_up_vectors(recipe.dim, ("film", "dull", "Kim"))

    monkeypatch.setattr(building, "public_vectors", vectors)
    record = run_cell(cell_of("yuan-choices", vector_corpora=("imdb",), epochs=1))
    assert asked == [(VectorRecipe(12, False, ("imdb",)), False)]
    assert record["vectors"]["source"] == "made up"
    assert record["vectors"]["coverage"].startswith("3 of ")


def test_choices_are_measured_and_not_kept(tmp_path):
    cell = cell_of("yuan-choices", epochs=1, tokenizer="words")
    record = run_cell(cell, tmp_path)
    assert record["changes"]["tokenizer"] == record["recipe"]["tokenizer"] == "words"
    assert set(record["metrics"]) == {"accuracy"} and not list(tmp_path.iterdir())


@pytest.mark.parametrize("study", WHOLE)
def test_a_model_that_reads_marks_is_measured_and_not_kept(tmp_path, study):
    record = run_cell(cell_of(study, epochs=2, tokenizer="marks"), tmp_path)
    assert 0 <= record["metrics"]["accuracy"] <= 1
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------------------- interpretations


@pytest.fixture(scope="module")
def interpreted(table3) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yuan, "train_model", fail)  # Table 3's network is there
        return run_cell(cell_of("yuan-interpretations"), table3[1])


@pytest.fixture(scope="module")
def read(table3) -> tuple[DeepTextCNN, list[list[int]]]:
    """The network, and the documents that the study reads."""
    cell = cell_of("yuan-table3")
    documents = encode_corpus(cell.recipe).test[0]
    chosen = np.random.default_rng(0).permutation(len(documents))[:READ]
    classifier = load_classifier(table3[1] / "yuan-table3" / cell.name)
    return classifier.model, [documents[i] for i in chosen]


def test_interpretations_are_of_the_network_that_table3_left(table3, interpreted):
    assert interpreted["metrics"]["accuracy"] == table3[0]["metrics"]["accuracy"]
    assert interpreted["losses"] == interpreted["seconds"]["epochs"] == []
    assert interpreted["recipe"] == table3[0]["recipe"]
    assert interpreted["vectors"] == table3[0]["vectors"]


def check_interpretations(record: dict[str, Any]) -> None:
    """See that the counts of a record belong to the same documents."""
    metrics, stated = record["metrics"], record["interpretation"]
    N, shape = metrics["documents"], (len(stated["locations"]), len(stated["words"]))
    assert N == stated["documents"] == sum(metrics["classes"])
    assert list(metrics["methods"]) == list(stated["methods"]) == list(METHODS)
    inversion = np.array(metrics["methods"]["inversion"]["kept"])
    for method, found in metrics["methods"].items():
        kept, won, lost = (np.array(found[name]) for name in ("kept", "won", "lost"))
        assert kept.shape == won.shape == lost.shape == shape, method
        assert np.array_equal(kept - inversion, won - lost), method
        assert (won >= 0).all() and (won <= kept).all() and (kept <= N).all()
        assert (lost >= 0).all() and (lost <= inversion).all() and (won + lost <= N).all()
        by_class = np.array(found["kept_by_class"])
        assert np.array_equal(by_class.sum(axis=0), kept)
        assert (by_class <= np.array(metrics["classes"])[:, None, None]).all()
    own = metrics["methods"]["inversion"]
    assert not np.any(own["won"]) and not np.any(own["lost"])
    layers = len(record["recipe"]["channels"])
    assert [part["layer"] for part in metrics["layers"]] == [*range(1, layers + 1)]
    for part in metrics["layers"]:
        assert part["documents"] == N // 4 and len(part["kept"]) == shape[1]
        assert all(0 <= kept <= part["documents"] for kept in part["kept"])
    restarts = metrics["restarts"]
    assert 0 < restarts["locations"] <= 3 * (N // 4)
    assert all(0 <= restarts[name] <= 1 for name in ("overlap", "closed_form_overlap"))
    assert all(-1 <= restarts[name] <= 1 for name in ("agreement", "closed_form_cosine"))


def test_counts_over_documents_fit_together(interpreted):
    assert interpreted["metrics"]["documents"] == READ
    check_interpretations(interpreted)
    methods = interpreted["metrics"]["methods"].values()
    assert any(np.any(found["won"]) or np.any(found["lost"]) for found in methods)


@pytest.mark.parametrize("method", ["inversion", "closed form", "own words", "random words"])
def test_counts_are_those_of_the_study_itself(interpreted, read, method):
    model, documents = read
    settings = {"l2": 0.004, "similarity": 0.02, "learning_rate": 2e-4, "steps": STEPS}
    asked = {"locations": K, "words": M, "settings": settings, "seed": 3}
    study, inversion = (
        preservation_study(model, documents, name, **asked) for name in (method, "inversion")
    )
    found = interpreted["metrics"]["methods"][method]
    for k in range(len(K)):
        for m in range(len(M)):
            ours, theirs = study.kept[:, k, m].tolist(), inversion.kept[:, k, m].tolist()
            assert found["kept"][k][m] == sum(ours) == round(READ * study.rate(K[k], M[m]))
            pairs = list(zip(ours, theirs, strict=True))
            assert found["won"][k][m] == pairs.count((True, False))
            assert found["lost"][k][m] == pairs.count((False, True))
            for label, by_class in enumerate(found["kept_by_class"]):
                of_class = (study.targets == label).tolist()
                assert by_class[k][m] == sum(
                    kept and there for kept, there in zip(ours, of_class, strict=True)
                )
    assert interpreted["metrics"]["classes"] == study.targets.bincount(minlength=2).tolist()


def test_every_layer_is_read_back(interpreted, read):
    model, documents = read
    found = interpreted["metrics"]["layers"]
    assert [part["layer"] for part in found] == [1, 2]
    for part in found:
        study = preservation_study(
            model,
            documents[:QUARTER],
            layer=part["layer"],
            locations=(3,),
            words=M,
            settings={"steps": STEPS},
            seed=3,
        )
        assert part["documents"] == QUARTER
        assert part["kept"] == [round(QUARTER * study.rate(3, m)) for m in M]


def test_restarts_are_compared_location_by_location(interpreted, read):
    model, documents = read
    ids = pad(documents[:QUARTER])
    targets = predict(model, documents[:QUARTER]).argmax(dim=1)
    chosen = strongest_locations(model, ids, 1, targets)
    found = interpreted["metrics"]["restarts"]
    assert (found["locations"], found["restarts"]) == (sum(map(len, chosen)), 4)
    inversion = invert(model, ids, 1, chosen, steps=STEPS, restarts=4, seed=3)
    assert found["agreement"] == pytest.approx(float(inversion.agreement().mean()), abs=1e-5)
    assert found["gradient"] == pytest.approx(float(inversion.gradients.mean()), abs=1e-4)
    for name in ("overlap", "closed_form_overlap"):
        assert 0 <= found[name] <= 1
    for name in ("agreement", "closed_form_cosine"):
        assert -1 <= found[name] <= 1


def test_overlap_is_the_share_of_common_entries():
    first = torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8]])
    second = torch.tensor([[4, 3, 9, 9], [5, 6, 7, 8]])
    assert yuan._overlap(first, first) == 1.0
    assert yuan._overlap(first, second) == 0.75
    assert yuan._overlap(first, second + 10) == 0.0


def test_without_a_kept_network_one_is_trained_and_measured_alike(interpreted, tmp_path):
    cell = cell_of("yuan-interpretations")
    alone, keeping = run_cell(cell), run_cell(cell, tmp_path)
    assert len(alone["losses"]) == len(keeping["losses"]) == 6
    assert alone["metrics"] == keeping["metrics"] == interpreted["metrics"]
    assert (tmp_path / "yuan-table3" / cell.name).is_dir(), "for the next call"


def test_a_network_in_bytes_is_kept_as_it_was_measured(tmp_path):
    """Saved in another precision it would be rounded once more."""
    cell = cell_of("yuan-table3", epochs=1, precision="int8")
    run_cell(cell, tmp_path)
    recipe = cell.recipe
    measured, _, _ = train_model(recipe, encode_corpus(recipe), progress=False)
    kept = load_classifier(tmp_path / "yuan-table3" / cell.name).model.state_dict()
    for name, weight in measured.state_dict().items():
        assert torch.equal(kept[name], weight), name
    rounded_again = unpack(pack(measured.state_dict(), "float16"))
    assert not torch.equal(rounded_again["embedding.weight"], kept["embedding.weight"])


@pytest.mark.parametrize("change", ["recipe", "corpus"])
def test_a_network_of_another_recipe_or_corpus_is_trained_again(
    small, tmp_path, monkeypatch, change
):
    cell = cell_of("yuan-interpretations", epochs=1)
    if change == "recipe":
        other = cell_of("yuan-table3", epochs=2)
        run_cell(other, tmp_path)
        folder = tmp_path / "yuan-table3"
        (folder / other.name).rename(folder / cell.name)
    else:
        run_cell(cell_of("yuan-table3", epochs=1), tmp_path)
        train = small["train"]
        longer = replace(train, texts=(*train.texts[:-1], "Zebra zebra film"))
        corpora = {"train": longer, "test": small["test"]}
        monkeypatch.setattr(building, "load_corpus", lambda name, split: corpora[split])
        building._tokenized.cache_clear()
    record = run_cell(cell, tmp_path)
    building._tokenized.cache_clear()
    assert len(record["losses"]) == 1
    classifier = load_classifier(tmp_path / "yuan-table3" / cell.name)
    assert classifier.card["recipe"]["epochs"] == 1
    assert ("Zebra" in classifier.vocabulary) == (change == "corpus")


def test_metrics_follow_the_seed(read, interpreted):
    again, other = (interpretation_metrics(*read, "mr", seed) for seed in (3, 4))
    metrics = {name: x for name, x in interpreted["metrics"].items() if name != "accuracy"}
    assert again == metrics != other
    own, theirs = (found["methods"]["own words"]["kept"] for found in (again, other))
    assert own == theirs, "own words draw nothing"
    own, theirs = (found["methods"]["random words"]["kept"] for found in (again, other))
    assert own != theirs


# ------------------------------------------------------------------------------ committed records

RESULTS = data_folder() / "results"


@pytest.mark.parametrize("study", WHOLE)
def test_every_cell_has_its_committed_record(study):
    assert [name for name, done in COMMITTED[study].items() if not done] == [], (
        "run otherwise, or not"
    )


@pytest.mark.parametrize("study", WHOLE)
def test_no_committed_record_is_without_its_cell(study):
    names = {path.stem for path in (RESULTS / study).glob("*.json")}
    assert names <= {*COMMITTED[study]}
    assert [name for name in names if not COMMITTED[study][name]] == [], "run otherwise"


def test_committed_records_say_what_they_saw():
    for record in committed("yuan-table3", "yuan-choices", "yuan-interpretations"):
        recipe, statistics = record["recipe"], record["statistics"]
        for split in ("train", "test"):
            assert statistics[f"{split}_documents"] == record["corpus"][split]["documents"]
        assert statistics["classes"] == {"mr": 2, "ag_news": 4}[recipe["corpus"]]
        assert statistics["vocabulary"] <= recipe["vocab_size"] - 2
        assert bool(record["vectors"]) == bool(recipe["vector_corpora"])
        trained = record["study"] != "yuan-interpretations"
        assert len(record["losses"]) == (recipe["epochs"] if trained else 0)
        assert not re.search(r"/(home|root|work|tmp|Users)/", json.dumps(record)), "a local path"


def test_committed_interpretations_fit_together_and_are_of_table3s_networks():
    trained = {record["cell"]: record for record in committed("yuan-table3")}
    found = committed("yuan-interpretations")
    for record in found:
        check_interpretations(record)
        network = trained[record["cell"]]
        for part in ("recipe", "corpus", "vectors", "statistics"):
            assert record[part] == network[part]
        assert record["metrics"]["accuracy"] == network["metrics"]["accuracy"]


def committed(*studies: str) -> list[dict[str, Any]]:
    there = [RESULTS / study for study in studies if study in WHOLE or (RESULTS / study).is_dir()]
    return [record for folder in there for record in read_records(folder)]
