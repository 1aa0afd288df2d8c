"""Building: from a corpus's text to a trained model, each choice of a recipe where it belongs."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interpbook import Corpus, load_classifier, load_corpus, tokenize
from interpbook.corpora import EMBEDDED, Provenance
from interpbook.experiments import (
    RECIPES,
    DeepRecipe,
    Recipe,
    as_classifier,
    building,
    encode_corpus,
    train_classifier,
    train_model,
)
from interpbook.models import evaluate, pack, unpack
from interpbook.text import tokenize_with_spans
from interpbook.vectors import VectorRecipe, align
from support.inventions import invented_corpus, made_up_vectors

QUICK = {"pretrained": False, "embedding_dim": 8, "filters_per_width": 4, "epochs": 1}
TOKENIZERS = ("words", "cased", "marks")
words_of = building._TOKENIZERS

TRAIN = ["So-so, FINE!", "Fine fine?", "?!", "bad"]
TEST = ["Fine, BAD?", "...", "new"]


@pytest.fixture
def corpora(monkeypatch):
    """Corpora that stand in for the real ones, by name and split; the words kept go with them."""
    there: dict[tuple[str, str], Corpus] = {}
    building._tokenized.cache_clear()
    monkeypatch.setattr(building, "load_corpus", lambda name, split: there[name, split])
    yield there
    building._tokenized.cache_clear()


@pytest.fixture
def invented(corpora):
    """A corpus of four and three texts, one of each without a word; return its recipe."""
    for split, texts in (("train", TRAIN), ("test", TEST)):
        corpora["invented", split] = invented_corpus("invented", split, texts)
    return Recipe("invented", min_count=1, widths=(2,), **QUICK)


@pytest.fixture
def deep(invented):
    """A recipe of a deep network for the same corpus."""
    sizes = {"embedding_dim": 6, "channels": (5, 4), "kernel_size": 3, "max_length": 3}
    return DeepRecipe("invented", vector_corpora=(), epochs=2, learning_rate=0.01, **sizes)


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


@pytest.mark.parametrize("missing", ["random", "zero", "mean"])
def test_pretrained_vectors_are_aligned_as_the_recipe_says(invented, monkeypatch, missing):
    asked = []

    def vectors(recipe, *, progress):
        asked.append(recipe)
        return made_up_vectors()

    monkeypatch.setattr(building, "public_vectors", vectors)
    recipe = replace(
        invented, pretrained=True, embedding_dim=100, missing=missing, epochs=0, seed=3
    )
    corpus = encode_corpus(recipe)
    model, history, origin = train_model(recipe, corpus, progress=False)
    assert asked == [recipe.vectors] == [VectorRecipe()]
    expected, coverage = align(made_up_vectors(), corpus.vocabulary, seed=3, missing=missing)
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
    found, found_labels = building._with_excerpts(documents, labels, recipe)
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


def test_an_unknown_corpus_is_refused():
    with pytest.raises(ValueError, match="no corpus 'nonsense'"):
        encode_corpus(Recipe("nonsense"))


# ---------------------------------------------------------------------------------- deep networks


def test_a_deep_recipe_reads_documents_as_long_as_its_network_does(deep):
    found = encode_corpus(replace(deep, kernel_size=1, max_length=2))
    assert found.vocabulary.words[2:] == ("FINE", "Fine", "So", "bad", "fine", "so")
    ids = found.vocabulary.encode
    assert found.train == ([ids(["So", "so"]), ids(["Fine", "fine"]), ids(["bad"])], [0, 1, 1])
    assert found.test == ([ids(["Fine", "BAD"]), ids(["new"])], [0, 0])


def test_settings_reach_the_deep_model(deep):
    model, history, origin = train_model(deep, encode_corpus(deep), progress=False)
    assert model.config == deep.config(vocab_size=8, num_classes=2)
    assert len(history.losses) == 2 and origin == {} and not model.training
    assert not model.embedding.sparse


def test_a_deep_model_starts_from_the_vectors_of_its_recipe(deep, monkeypatch):
    asked = []

    def vectors(recipe, *, progress):
        asked.append((recipe, progress))
        return made_up_vectors(recipe.dim)

    monkeypatch.setattr(building, "public_vectors", vectors)
    recipe = replace(deep, vector_corpora=("ag_news",), epochs=0, seed=3, missing="mean")
    corpus = encode_corpus(recipe)
    model, _, origin = train_model(recipe, corpus, progress=False)
    assert asked == [(VectorRecipe(6, False, ("ag_news",)), False)]
    expected, coverage = align(made_up_vectors(6), corpus.vocabulary, seed=3, missing="mean")
    assert torch.equal(model.embedding.weight, expected.half().float())
    assert origin == {"source": "made up", "coverage": str(coverage)}


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_deep_weights_are_as_they_will_be_saved(deep, precision):
    found = {}
    for stored in ("float16", precision):
        recipe = replace(deep, precision=stored)
        found[stored] = train_model(recipe, encode_corpus(recipe), progress=False)[0].state_dict()
    saved = unpack(pack(found[precision], precision))
    assert all(torch.equal(saved[name], weight) for name, weight in found[precision].items())
    rougher = [name for name in saved if not torch.equal(saved[name], found["float16"][name])]
    matrices = ["embedding.weight", "convs.0.weight", "convs.1.weight", "output.weight"]
    assert rougher == (matrices if precision == "int8" else [])


def test_deep_training_is_decided_by_the_seed_alone(deep):
    corpus = encode_corpus(deep)
    found = []
    for seed in (1, 1, 2):
        state = torch.rand(1), torch.get_rng_state()  # what others draw must not matter
        found.append(weights(train_model(replace(deep, seed=seed), corpus, progress=False)[0]))
        assert torch.equal(torch.get_rng_state(), state[1])
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])


def test_an_embedded_corpus_can_be_learned_by_a_deep_network():
    sizes = {"embedding_dim": 16, "channels": (12, 8), "max_length": 40}
    recipe = DeepRecipe("reviews", vector_corpora=(), epochs=3, learning_rate=0.01, **sizes)
    corpus = encode_corpus(recipe)
    model, history, _ = train_model(recipe, corpus, progress=False)
    assert history.losses[-1] < history.losses[0]
    assert evaluate(model, *corpus.test) > 0.7


@pytest.mark.parametrize("tokenizer", ["words", "cased"])
def test_a_deep_classifier_reads_texts_as_its_model_was_trained(deep, tokenizer):
    recipe = replace(deep, tokenizer=tokenizer)
    corpus = encode_corpus(recipe)
    model, _, vectors = train_model(recipe, corpus, progress=False)
    classifier = as_classifier(recipe, model, corpus, vectors, 0.5)
    assert classifier.encode([TEST[0], TEST[2]]) == corpus.test[0]
    assert classifier.card == {"recipe": asdict(recipe), **corpus.provenance, "test_accuracy": 0.5}


def test_the_accuracy_on_a_card_is_that_of_the_rounded_weights(deep):
    recipe = replace(deep, precision="int8")
    classifier = train_classifier(recipe, progress=False)
    corpus = encode_corpus(recipe)
    assert classifier.card["test_accuracy"] == evaluate(classifier.model, *corpus.test)
    assert classifier.card["recipe"] == asdict(recipe)
