"""Recipes: from a corpus's text to a trained model, each choice where it belongs."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interpbook import Corpus, load_classifier, load_corpus, recipes, tokenize
from interpbook.corpora import EMBEDDED, Provenance
from interpbook.recipes import (
    RECIPES,
    Recipe,
    as_classifier,
    encode_corpus,
    public_vectors,
    train_classifier,
    train_model,
)
from interpbook.text import tokenize_with_spans
from interpbook.training import evaluate
from interpbook.vectors import WordVectors, align, save_vectors

QUICK = {"pretrained": False, "embedding_dim": 8, "filters_per_width": 4, "epochs": 1}
TOKENIZERS = ("words", "cased", "marks")
words_of = recipes._TOKENIZERS

TRAIN = ["So-so, FINE!", "Fine fine?", "?!", "bad"]
TEST = ["Fine, BAD?", "...", "new"]


@pytest.fixture
def corpora(monkeypatch):
    """Corpora that stand in for the real ones, by name and split; the words kept go with them."""
    there: dict[tuple[str, str], Corpus] = {}
    recipes._tokenized.cache_clear()
    monkeypatch.setattr(recipes, "load_corpus", lambda name, split: there[name, split])
    yield there
    recipes._tokenized.cache_clear()


@pytest.fixture
def invented(corpora):
    """A corpus of four and three texts, one of each without a word; return its recipe."""
    for split, texts in (("train", TRAIN), ("test", TEST)):
        origin = Provenance("invented", {}, len(texts), len(texts))
        labels = np.arange(len(texts)) % 2
        corpus = Corpus("invented", split, tuple(texts), labels, ("no", "yes"), origin)
        corpora["invented", split] = corpus
    return Recipe("invented", min_count=1, widths=(2,), **QUICK)


# ------------------------------------------------------------------------------------- tokenizers


@pytest.mark.parametrize(
    ("tokenizer", "expected"),
    [
        ("words", ["so", "so", "fine", "it's"]),
        ("cased", ["So", "so", "fine", "It's"]),
        ("marks", ["so", "-", "so", ",", "fine", "!", "!", "it's", "…"]),
    ],
)
def test_a_tokenizer_splits_as_it_says(tokenizer, expected):
    assert words_of[tokenizer]("So-so, fine!!\n It's …") == expected


@given(st.text())
def test_marks_are_single_signs_between_the_words(text):
    tokens = words_of["marks"](text)
    assert [token for token in tokens if tokenize(token)] == tokenize(text)
    outside = list(text)
    for token in tokenize_with_spans(text):
        outside[token.start : token.end] = " " * (token.end - token.start)
    assert [t for t in tokens if not tokenize(t)] == [sign for sign in outside if sign.strip()]


# ---------------------------------------------------------------------------------- encode_corpus


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("name", EMBEDDED)
def test_an_embedded_corpus_is_encoded_as_its_recipe_says(corpora, name, tokenizer):
    """A tenth of it will do."""
    for split in ("train", "test"):
        whole = load_corpus(name, split)
        texts, labels = whole.texts[::10], whole.labels[::10]
        origin = Provenance("a tenth", {}, len(texts), len(whole))
        corpora[name, split] = Corpus(name, split, texts, labels, whole.class_names, origin)
    recipe = Recipe(name, vocab_size=100, min_count=3, tokenizer=tokenizer, max_length=9)
    found = encode_corpus(recipe)
    ids = {word: id_ for id_, word in enumerate(found.vocabulary.words)}
    counts = Counter()
    for split, (documents, labels) in (("train", found.train), ("test", found.test)):
        corpus = corpora[name, split]
        assert labels == corpus.labels.tolist()
        assert found.provenance[split] == corpus.provenance.to_dict()
        for text, document in zip(corpus.texts, documents, strict=True):
            words = words_of[tokenizer](text)
            counts.update(words if split == "train" else ())
            assert document == [ids.get(word, 1) for word in words[:9]]
    assert len(ids) == 100 and found.class_names == corpora[name, "train"].class_names
    kept = [counts[word] for word in found.vocabulary.words[2:]]
    assert min(kept) >= 3
    assert max(count for word, count in counts.items() if word not in ids) <= min(kept)


def test_the_vocabulary_is_that_of_the_training_documents(invented):
    words = {}
    for tokenizer in TOKENIZERS:
        found = encode_corpus(replace(invented, tokenizer=tokenizer)).vocabulary
        words[tokenizer] = set(found.words[2:])
    assert words == {
        "words": {"so", "fine", "bad"},
        "cased": {"So", "so", "FINE", "Fine", "fine", "bad"},
        "marks": {"so", "fine", "bad", "-", ",", "!", "?"},
    }


def test_rare_words_become_unknown(invented):
    found = encode_corpus(replace(invented, min_count=2))
    assert found.vocabulary.words[2:] == ("fine", "so")
    assert found.test[0][0] == [found.vocabulary.id("fine"), 1]


def test_documents_without_a_word_are_left_out_with_their_labels(invented):
    found = encode_corpus(invented)
    assert found.train[1] == [0, 1, 1] and len(found.train[0]) == 3
    assert found.test[1] == [0, 0] and len(found.test[0]) == 2
    assert found.provenance["train"]["documents"] == 4
    with_marks = encode_corpus(replace(invented, tokenizer="marks"))  # signs are words there
    assert with_marks.train[1] == [0, 1, 0, 1]


# ------------------------------------------------------------------------------------ train_model


def made_up(dim: int = 100) -> WordVectors:
    table = np.random.default_rng(0).normal(2.0, 1.0, (3, dim)).astype(np.float32)
    return WordVectors(("fine", "bad", "elsewhere"), table, "made up")


@pytest.mark.parametrize("missing", ["random", "zero", "mean"])
def test_pretrained_vectors_are_aligned_as_the_recipe_says(invented, monkeypatch, missing):
    monkeypatch.setattr(recipes, "public_vectors", lambda *, progress: made_up())
    recipe = replace(
        invented, pretrained=True, embedding_dim=100, missing=missing, epochs=0, seed=3
    )
    corpus = encode_corpus(recipe)
    model, history, origin = train_model(recipe, corpus, progress=False)
    expected, coverage = align(made_up(), corpus.vocabulary, seed=3, missing=missing)
    assert torch.equal(model.embedding.weight, expected.half().float())
    assert origin == {"source": "made up", "coverage": str(coverage)}
    assert str(coverage) == "2 of 3 words (66.7%), missing: so"
    assert history.losses == ()


def test_random_vectors_start_small(invented):
    corpus = encode_corpus(invented)
    model, _, origin = train_model(
        replace(invented, epochs=0, embedding_dim=400), corpus, progress=False
    )
    weight = model.embedding.weight.detach()
    assert origin == {} and not weight[0].any()
    assert float(weight[1:].std()) == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("padding", ["masked", "paper"])
def test_settings_reach_the_model(invented, padding):
    recipe = replace(invented, padding=padding, max_length=7, widths=(1, 3), dropout=0.25)
    model, history, _ = train_model(recipe, encode_corpus(recipe), progress=False)
    assert model.config == recipe.config(vocab_size=5, num_classes=2)
    assert (model.config.padding, model.config.max_length, model.config.widths) == (
        padding,
        7,
        (1, 3),
    )
    assert model.config.dropout == 0.25 and model.config.num_filters == 8
    assert len(history.losses) == recipe.epochs and not model.training


def weights(model) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def test_training_is_decided_by_the_seed_alone(invented):
    corpus = encode_corpus(invented)
    found = []
    for seed in (1, 1, 2):
        state = torch.rand(1), torch.get_rng_state()  # what others draw must not matter
        found.append(weights(train_model(replace(invented, seed=seed), corpus, progress=False)[0]))
        assert torch.equal(torch.get_rng_state(), state[1])
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])


def test_weights_are_as_they_will_be_saved(invented):
    found = weights(train_model(invented, encode_corpus(invented), progress=False)[0])
    assert torch.equal(found, found.half().float())


def test_excerpts_are_pieces_of_documents_with_their_labels():
    documents, labels = [list(range(2, 60)), [60, 61], [62]], [0, 1, 0]
    recipe = Recipe("reviews", excerpts=50)
    found, found_labels = recipes._with_excerpts(documents, labels, recipe)
    assert (found[:3], found_labels[:3]) == (documents, labels)
    assert len(found) == len(found_labels) == 3 + 150
    pieces = list(zip(found[3:], found_labels[3:], strict=True))
    for number, (piece, label) in enumerate(pieces):
        document = documents[number // 50]
        assert label == labels[number // 50]
        begin = document.index(piece[0])
        assert piece == document[begin : begin + len(piece)]
        assert min(4, len(document)) <= len(piece) <= 40
    assert len({tuple(piece) for piece, _ in pieces[:50]}) > 25


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("name", EMBEDDED)
def test_an_embedded_corpus_can_be_learned_with_any_tokenizer(name, tokenizer):
    recipe = Recipe(name, tokenizer=tokenizer, learning_rate=0.01, **QUICK | {"epochs": 3})
    corpus = encode_corpus(recipe)
    model, history, _ = train_model(recipe, corpus, progress=False)
    assert history.losses[-1] < history.losses[0]
    assert evaluate(model, *corpus.test) > 1.3 / len(corpus.class_names)


def test_the_reviews_classifier_can_be_made_again():
    """Another processor may round otherwise, so the two agree within a point."""
    made = train_classifier(RECIPES["reviews"], progress=False)
    committed = load_classifier("reviews")
    assert made.vocabulary == committed.vocabulary
    assert made.class_names == committed.class_names
    for key in ("train", "test"):
        assert made.card[key] == committed.card[key]
    assert made.card["test_accuracy"] == pytest.approx(committed.card["test_accuracy"], abs=0.01)


# ---------------------------------------------------------------------------------- as_classifier


@pytest.mark.parametrize("tokenizer", ["words", "cased"])
def test_a_classifier_reads_texts_as_its_model_was_trained(invented, tokenizer):
    recipe = replace(invented, tokenizer=tokenizer)
    corpus = encode_corpus(recipe)
    model, _, _ = train_model(recipe, corpus, progress=False)
    classifier = as_classifier(recipe, model, corpus, {"source": "mine"}, 0.5)
    assert classifier.encode([TEST[0], TEST[2]]) == corpus.test[0]
    assert classifier.class_names == ("no", "yes")
    assert classifier.card == {
        "recipe": asdict(recipe),
        **corpus.provenance,
        "test_accuracy": 0.5,
        "vectors": {"source": "mine"},
    }


def test_a_classifier_cannot_read_marks(invented):
    recipe = replace(invented, tokenizer="marks")
    corpus = encode_corpus(recipe)
    model, _, _ = train_model(recipe, corpus, progress=False)
    with pytest.raises(ValueError, match="reads words, not marks: use the tokenizer words or"):
        as_classifier(recipe, model, corpus, {}, 0.5)


# ----------------------------------------------------------------------------------------- recipes


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tokenizer": "bytes"}, "expected one of words, cased, marks, got 'bytes'"),
        ({"missing": "drop"}, "expected one of random, zero, mean, got 'drop'"),
        ({"padding": "none"}, "padding is 'masked' or 'paper', got 'none'"),
        ({"padding": "paper"}, "pads every document to max_length: give one"),
        ({"widths": ()}, "widths are one or more positive numbers"),
        ({"dropout": 1.0}, "dropout is a probability below 1"),
        ({"embedding_dim": 50}, "vectors have 100 dimensions, got embedding_dim=50: set pretrain"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(as_users_run_it, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        Recipe("imdb", **changes)


def test_an_unknown_corpus_is_refused():
    with pytest.raises(ValueError, match="no corpus 'nonsense'"):
        encode_corpus(Recipe("nonsense"))


# ---------------------------------------------------------------------------------- public_vectors


def test_vectors_are_trained_once_and_kept_with_their_origin(monkeypatch, tmp_path):
    calls = []

    def train(documents, **options):
        calls.append((len(documents), options["dim"], options["source"]))
        return replace(made_up(), source=options["source"])

    def load(name: str, split: str) -> Corpus:
        texts = ("Fine.", "Bad!")
        return Corpus(name, split, texts, None, (), Provenance("invented", {}, 2, 4))

    monkeypatch.setattr(recipes, "train_skipgram", train)
    monkeypatch.setattr(recipes, "load_corpus", load)
    monkeypatch.setattr(recipes.pooch, "os_cache", lambda name: str(tmp_path / name))
    made, read = (public_vectors.__wrapped__(progress=False) for _ in range(2))
    assert len(calls) == 1 and calls[0][:2] == (6, 100)
    assert "imdb unsupervised, 2 of 4 documents (incomplete); ag_news train" in made.source
    assert (read.source, read.words) == (made.source, made.words)
    assert np.array_equal(read.vectors, made.vectors)


def test_vectors_without_their_note_are_trained_again(monkeypatch, tmp_path):
    """A note is written last, so vectors without one may be of another origin."""
    folder = tmp_path / "interpbook"
    folder.mkdir()
    save_vectors(made_up(2), folder / "skipgram-imdb-ag_news-100d.bin")
    monkeypatch.setattr(recipes.pooch, "os_cache", lambda name: str(tmp_path / name))

    def load(*_):
        raise InterruptedError

    monkeypatch.setattr(recipes, "load_corpus", load)
    with pytest.raises(InterruptedError):  # from reading what to train on
        public_vectors.__wrapped__(progress=False)
