from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save

from interpbook import (
    Classifier,
    DeepTextCNN,
    TextCNN,
    Vocabulary,
    attack,
    attack_texts,
    best_ngrams,
    decompose,
    filter_profile,
    filter_study,
    interpret,
    load_classifier,
)
from interpbook import classifier as module
from interpbook.attacks import Speller, attack_repaired, attack_study, train_unknown, word_gradients
from interpbook.classifier import rebuilt
from interpbook.corpora import data_folder
from interpbook.filters import slot_profile
from interpbook.models import best_of_filters, round_weights
from interpbook.scores import effect_study, swap_effects, swap_logits
from support.deep_networks import deep_network
from support.networks import WORDS, network, tiny_classifier

TEXTS = ["A good movie", "bad", "it isn't bad, but slow " * 5, "zebra"]
WEIGHTS, DESCRIPTION = "model.safetensors", "classifier.json"


@pytest.fixture
def saved(tmp_path):
    """A classifier with weights as they come back from disk, and its folder."""
    classifier = tiny_classifier(filters_per_width=4)
    classifier.model.half().float()
    classifier = replace(classifier, card={"corpus": "none", "accuracy": 0.5})
    classifier.save(tmp_path / "clf")
    return classifier, tmp_path / "clf"


def test_probabilities_sum_to_one_in_each_row():
    found = tiny_classifier(class_names=("a", "b", "c")).predict_proba(TEXTS)
    assert isinstance(found, np.ndarray) and found.shape == (4, 3) and found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


def test_probabilities_are_the_softmax_of_the_models_logits():
    classifier = tiny_classifier()
    for text, row in zip(TEXTS, classifier.predict_proba(TEXTS), strict=True):
        logits = classifier.model(torch.tensor(classifier.encode([text])))
        np.testing.assert_allclose(row, logits.softmax(dim=1)[0].detach(), atol=1e-6)


def test_no_texts_have_no_rows():
    found = tiny_classifier().predict_proba([])
    assert found.shape == (0, 2) and found.dtype == np.float32


def test_a_single_string_is_refused(as_users_run_it):
    with pytest.raises(TypeError, match="expected several texts, got one string: put it in a list"):
        tiny_classifier().predict_proba("a good movie")


@pytest.mark.parametrize("text", ["", "?!"])
def test_a_text_without_a_word_is_refused(text):
    with pytest.raises(ValueError, match="holds no word to classify"):
        tiny_classifier().predict_proba(["good", text])


def test_encode_knows_words_lower_cases_and_cuts():
    classifier = tiny_classifier(max_length=3)
    assert classifier.encode(["A GOOD zebra movie"]) == [[2, 3, 1]]
    assert replace(classifier, lowercase=False).encode(["A good"]) == [[1, 3]]


def test_saving_and_loading_changes_nothing(saved):
    classifier, folder = saved
    loaded = Classifier.load(folder)
    assert np.array_equal(loaded.predict_proba(TEXTS), classifier.predict_proba(TEXTS))
    for name in ("vocabulary", "class_names", "lowercase", "card"):
        assert getattr(loaded, name) == getattr(classifier, name)
    assert loaded.model.config == classifier.model.config
    assert not loaded.model.training
    assert load_classifier(folder).class_names == loaded.class_names


def test_weights_are_rounded_to_float16_on_disk(tmp_path):
    classifier = tiny_classifier()
    classifier.save(tmp_path)
    weights = Classifier.load(tmp_path).model.state_dict()
    for name, weight in classifier.model.state_dict().items():
        assert torch.equal(weights[name], weight.half().float())


def test_weights_that_float16_cannot_hold_are_not_saved(tmp_path):
    classifier = tiny_classifier()
    classifier.model.output.bias.data[0] = 1e6
    with pytest.raises(ValueError, match=r"output.bias .*float16"):
        classifier.save(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_holds_safetensors_and_json_and_nothing_else(saved):
    _, folder = saved
    assert sorted(path.name for path in folder.iterdir()) == [DESCRIPTION, WEIGHTS]
    assert json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))["format"] == 1


def test_nothing_is_ever_unpickled(saved, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("unpickled")

    for name in ("pickle.load", "pickle.loads", "pickle.Unpickler", "torch.load"):
        monkeypatch.setattr(name, refuse)
    Classifier.load(saved[1])


def flip(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


DAMAGE = {
    "a byte of the header": lambda content: flip(content, 20),
    "a byte in the middle": lambda content: flip(content, len(content) // 2),
    "the last byte": lambda content: flip(content, len(content) - 1),
    "cut short": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "too long": lambda content: content + b"\0",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_weights_are_refused(saved, damage):
    path = saved[1] / WEIGHTS
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"model.safetensors is damaged: restore it"):
        Classifier.load(saved[1])


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b"[]", b"{}", b'"format"', b"\xff\xfe", b'{"format":1}']
)
def test_a_damaged_description_is_refused(saved, content):
    (saved[1] / DESCRIPTION).write_bytes(content)
    with pytest.raises(ValueError, match=r"is damaged.*: restore it"):
        Classifier.load(saved[1])


def edit(folder, **changes) -> None:
    path = folder / DESCRIPTION
    description = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps(description), encoding="utf-8")


def test_one_changed_letter_in_a_word_is_noticed(saved):
    path = saved[1] / DESCRIPTION
    content = path.read_text(encoding="utf-8")
    assert content.count('"movie"') == 1
    path.write_text(content.replace('"movie"', '"movee"'), encoding="utf-8")
    with pytest.raises(ValueError, match="json is damaged"):
        Classifier.load(saved[1])


def test_repr_is_one_short_line(saved):
    assert repr(saved[0]) == "<Classifier of your own: negative, positive; 12 words>"


def test_a_description_cut_anywhere_is_refused(saved):
    path = saved[1] / DESCRIPTION
    content = path.read_bytes()
    for end in range(0, len(content) - 2, 7):
        path.write_bytes(content[:end])
        with pytest.raises(ValueError, match="damaged"):
            Classifier.load(saved[1])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format": 2}, r"has checkpoint format 2, this version reads 1: save it again"),
        ({"weights_sha256": "0"}, "json is damaged: restore it"),
        ({"words": ["<pad>", "<unk>"]}, "json is damaged: restore it"),
        ({"class_names": ["other", "names"]}, "json is damaged: restore it"),
        ({"lowercase": None}, "json is damaged: restore it"),
        ({"card": {"test_accuracy": 1.0}}, "json is damaged: restore it"),
        ({"sha256": None}, "json is damaged: restore it"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(as_users_run_it, saved, changes, sentence):
    edit(saved[1], **changes)
    with pytest.raises(ValueError, match=sentence):
        Classifier.load(saved[1])


@pytest.mark.parametrize("name", [WEIGHTS, DESCRIPTION])
def test_a_missing_file_is_named(saved, name):
    (saved[1] / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"holds no classifier, {name} is missing"):
        Classifier.load(saved[1])


@pytest.mark.parametrize("step", ["replace", "fsync"])
@pytest.mark.parametrize("survived", [0, 1])
def test_a_save_that_is_cut_off_leaves_the_old_one_or_says_damaged(
    saved, monkeypatch, step, survived
):
    """The power goes at each step of the two files in turn."""
    classifier, folder = saved
    calls = []
    real = getattr(module.os, step)

    def fail(*args):
        calls.append(args)
        if len(calls) > survived:
            raise KeyboardInterrupt
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(module.os, step, fail)
        with pytest.raises(KeyboardInterrupt):
            tiny_classifier(seed=9, filters_per_width=4).save(folder)
    if survived:
        with pytest.raises(ValueError, match="damaged"):
            Classifier.load(folder)
    else:
        found = Classifier.load(folder).predict_proba(TEXTS)
        assert np.array_equal(found, classifier.predict_proba(TEXTS))
    assert len(list(folder.iterdir())) == 2, "no part files stay"


def test_vocabulary_and_class_names_have_to_fit_the_model():
    vocabulary = Vocabulary.build([["a"]])
    with pytest.raises(ValueError, match="the model has 12 words but the vocabulary 3"):
        Classifier(network(), vocabulary, ("a", "b", "c"))
    with pytest.raises(ValueError, match=r"the model has 3 classes but got names \('a',\)"):
        Classifier(network(vocab_size=3), vocabulary, ("a",))


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (np.array(["bad", "good", "so-so"]), ("bad", "good", "so-so")),
        ([0, 1, 2], ("0", "1", "2")),
        (np.arange(3), ("0", "1", "2")),
        (pd.Series(["bad", "good", "so-so"], index=[2, 0, 1]), ("bad", "good", "so-so")),
    ],
    ids=["numpy's texts", "numbers", "numpy's numbers", "a column"],
)
def test_class_names_become_pythons_texts(as_users_run_it, tmp_path, given, names):
    classifier = Classifier(network(vocab_size=3), Vocabulary.build([["a"]]), given)
    assert classifier.class_names == names
    assert all(type(name) is str for name in classifier.class_names)
    assert ", ".join(names) in repr(classifier)
    assert names[0] in classifier.explain("a")._repr_html_()
    classifier.save(tmp_path)
    assert Classifier.load(tmp_path).class_names == names


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["bad", None, "good"], "a class name is a text or a whole number, got None"),
        (["bad", 0.5, "good"], "a class name is a text or a whole number, got 0.5"),
        (["bad", "good", "bad"], "each class has a name of its own, got 'bad' twice"),
        ([1, "1", "2"], "each class has a name of its own, got '1' twice"),
    ],
)
def test_class_names_that_cannot_be_are_refused(as_users_run_it, given, sentence):
    with pytest.raises((TypeError, ValueError), match=re.escape(sentence)):
        Classifier(network(vocab_size=3), Vocabulary.build([["a"]]), given)


def test_a_card_of_numpys_numbers_is_saved_and_another_is_refused(tmp_path):
    parts = network(vocab_size=3), Vocabulary.build([["a"]]), ("a", "b", "c")
    card = {"accuracy": np.float32(0.5), "seeds": np.arange(2), "corpus": np.str_("mine")}
    Classifier(*parts, card=card).save(tmp_path)
    found = Classifier.load(tmp_path).card
    assert found == {"accuracy": 0.5, "seeds": [0, 1], "corpus": "mine"}
    with pytest.raises(TypeError, match=r"^the card, 'when' holds texts, numbers, lists and mapp"):
        Classifier(*parts, card={"when": object()})


@pytest.mark.parametrize("part", ["embedding.weight", "convs.0.bias", "output.weight"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_give_no_prediction_and_are_not_loaded(tmp_path, part, value):
    classifier = tiny_classifier()
    classifier.save(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    weights[part][:] = value
    description = json.loads((tmp_path / "classifier.json").read_text("utf-8"))
    with pytest.raises(ValueError, match=f"the numbers of {part} are not all finite"):
        rebuilt(description, save(weights))
    with torch.no_grad():
        classifier.model.get_parameter(part)[:] = value
    with pytest.raises(ValueError, match="scores that are not finite"):
        classifier.predict_proba(TEXTS)


def test_a_deep_model_that_is_not_finite_gives_no_prediction():
    classifier = load_classifier("mr_deep")
    with torch.no_grad():
        classifier.model.output.bias[0] = torch.nan
    with pytest.raises(ValueError, match="scores that are not finite"):
        classifier.predict_proba(["a dull film"])


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(FileNotFoundError, match=r"one of the classifiers .*imdb.* got 'imbd'"):
        load_classifier("imbd")


def test_a_path_is_never_looked_up_among_the_books_classifiers(tmp_path, monkeypatch):
    tiny_classifier().save(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert load_classifier(".").class_names == tiny_classifier().class_names
    with pytest.raises(FileNotFoundError, match=r"got '\.\./models/imdb'"):
        load_classifier("../models/imdb")


def test_probabilities_of_a_model_in_half_precision_come_in_float32():
    for dtype in (torch.float16, torch.bfloat16):
        classifier = tiny_classifier()
        classifier.model.to(dtype)
        found = classifier.predict_proba(TEXTS)
        assert found.dtype == np.float32 and np.allclose(found.sum(axis=1), 1, atol=1e-6)


def test_explain_refuses_what_is_no_text(as_users_run_it):
    with pytest.raises(TypeError, match=r"expected a text \(str\), got list"):
        tiny_classifier().explain(["a good movie"])


# --------------------------------------------------------------------------------- deep networks

PRECISIONS = ("float16", "int8")


def tiny_deep_classifier(**config) -> Classifier:
    """Build an untrained classifier over WORDS whose model is a DeepTextCNN."""
    model = deep_network(dtype=torch.float32, **({"num_classes": 2} | config))
    return Classifier(model, Vocabulary(("<pad>", "<unk>", *WORDS)), ("negative", "positive"))


@pytest.fixture(params=PRECISIONS)
def saved_deep(request, tmp_path):
    """A deep classifier with weights as they come back from disk, and its folder."""
    classifier = tiny_deep_classifier(padding="paper", channels=(5, 4), dropout=0.25)
    round_weights(classifier.model, request.param)
    classifier = replace(classifier, lowercase=False, card={"accuracy": 0.5})
    classifier.save(tmp_path / "deep", precision=request.param)
    return classifier, tmp_path / "deep"


def test_a_deep_classifier_comes_back_to_the_last_bit(saved_deep):
    classifier, folder = saved_deep
    loaded = Classifier.load(folder)
    assert isinstance(loaded.model, DeepTextCNN) and not loaded.model.training
    assert loaded.model.config == classifier.model.config
    ours, theirs = classifier.model.state_dict(), loaded.model.state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(theirs[name], weight) for name, weight in ours.items())
    assert np.array_equal(loaded.predict_proba(TEXTS), classifier.predict_proba(TEXTS))
    for name in ("vocabulary", "class_names", "lowercase", "card"):
        assert getattr(loaded, name) == getattr(classifier, name)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("make", [tiny_classifier, tiny_deep_classifier])
def test_what_comes_back_is_saved_alike(tmp_path, make, precision):
    """Whatever the network, and though it was not rounded before."""
    make().save(tmp_path / "one", precision=precision)
    Classifier.load(tmp_path / "one").save(tmp_path / "two", precision=precision)
    for name in (WEIGHTS, DESCRIPTION):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_bytes_take_about_half_the_room(tmp_path):
    classifier = tiny_deep_classifier(embedding_dim=50, channels=(40, 30))
    sizes = []
    for precision in PRECISIONS:
        classifier.save(tmp_path / precision, precision=precision)
        sizes.append((tmp_path / precision / WEIGHTS).stat().st_size)
    assert 0.45 < sizes[1] / sizes[0] < 0.6


def test_an_unknown_precision_is_refused_before_anything_is_written(as_users_run_it, tmp_path):
    with pytest.raises(ValueError, match="precision is 'float16' or 'int8', got 'int4'"):
        tiny_deep_classifier().save(tmp_path / "new", precision="int4")
    assert not (tmp_path / "new").exists()


def test_checkpoints_that_state_no_kind_of_network_still_load(saved):
    """The book's classifiers were saved before a description named its kind of network."""
    description = json.loads((saved[1] / DESCRIPTION).read_text(encoding="utf-8"))
    assert set(description["config"]) == {
        *("vocab_size", "embedding_dim", "num_classes", "widths", "filters_per_width"),
        *("padding", "max_length", "dropout"),
    }
    assert set(description) == {
        *("format", "weights_sha256", "config", "class_names", "lowercase", "card", "words"),
        *("sha256", "network"),
    }
    committed = json.loads(
        (data_folder() / "models" / "imdb" / DESCRIPTION).read_text(encoding="utf-8")
    )
    assert set(committed) == set(description) - {"network"}
    assert set(committed["config"]) == set(description["config"])
    assert isinstance(load_classifier("imdb").model, TextCNN)
    assert isinstance(load_classifier("mr_deep").model, DeepTextCNN)


@pytest.mark.parametrize("make", ["text", "deep"])
def test_a_checkpoint_states_what_kind_of_network_it_holds(tmp_path, make):
    classifier = tiny_classifier() if make == "text" else tiny_deep_classifier()
    classifier.save(tmp_path)
    description = json.loads((tmp_path / DESCRIPTION).read_text(encoding="utf-8"))
    assert description["network"] == type(classifier.model).__name__
    assert type(Classifier.load(tmp_path).model) is type(classifier.model)
    del description["network"]
    sign(tmp_path, description, module.load((tmp_path / WEIGHTS).read_bytes()))
    assert type(Classifier.load(tmp_path).model) is type(classifier.model)


@pytest.mark.parametrize("kind", ["TextRNN", "", None, 3])
def test_a_kind_of_network_that_is_not_known_is_one_sentence(as_users_run_it, saved, kind):
    description = json.loads((saved[1] / DESCRIPTION).read_text(encoding="utf-8"))
    weights = module.load((saved[1] / WEIGHTS).read_bytes())
    sign(saved[1], description | {"network": kind}, weights)
    sentence = f"network is one of TextCNN, DeepTextCNN, got {kind!r}: save it again"
    with pytest.raises(ValueError, match=sentence):
        Classifier.load(saved[1])


def test_a_kind_of_network_that_the_sizes_do_not_fit_is_refused(as_users_run_it, saved):
    description = json.loads((saved[1] / DESCRIPTION).read_text(encoding="utf-8"))
    weights = module.load((saved[1] / WEIGHTS).read_bytes())
    sign(saved[1], description | {"network": "DeepTextCNN"}, weights)
    with pytest.raises(ValueError, match=rf"^{saved[1]} is damaged: restore it"):
        Classifier.load(saved[1])


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_weights_of_a_deep_classifier_are_refused(saved_deep, damage):
    path = saved_deep[1] / WEIGHTS
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"model.safetensors is damaged: restore it"):
        Classifier.load(saved_deep[1])


def sign(folder, description: dict, weights: dict[str, torch.Tensor]) -> None:
    """Write both files with hashes that fit, as a program that errs would."""
    content = module.save(weights)
    (folder / WEIGHTS).write_bytes(content)
    description["weights_sha256"] = module.hashlib.sha256(content).hexdigest()
    description.pop("sha256")
    description["sha256"] = module.fingerprint(description)
    (folder / DESCRIPTION).write_text(json.dumps(description), encoding="utf-8")


@pytest.mark.parametrize(
    "wrong",
    [
        {"config": {"channels": [5]}},
        {"config": {"channels": []}},
        {"config": {"channels": None}},
        {"config": {"kernel_size": 4}},
        {"config": {"widths": [3, 4, 5]}},
        {"weights": {"convs.0.weight": None}},
        {"weights": {"convs.0.weight.scale": None}},
        {"weights": {"convs.0.weight.scale": torch.ones(4)}},
        {"weights": {"convs.0.weight": torch.ones(1)}},
        {"weights": {"spare": torch.ones(1)}},
    ],
    ids=str,
)
def test_parts_of_a_deep_classifier_that_do_not_fit_are_refused(as_users_run_it, tmp_path, wrong):
    tiny_deep_classifier(channels=(5, 4)).save(tmp_path, precision="int8")
    description = json.loads((tmp_path / DESCRIPTION).read_text(encoding="utf-8"))
    weights = module.load((tmp_path / WEIGHTS).read_bytes())
    description["config"] |= wrong.get("config", {})
    changed = {**weights, **wrong.get("weights", {})}
    sign(tmp_path, description, {name: t for name, t in changed.items() if t is not None})
    with pytest.raises(ValueError, match=rf"^{tmp_path} is damaged: restore it"):
        Classifier.load(tmp_path)


def test_a_deep_classifier_says_what_it_is():
    assert repr(tiny_deep_classifier()) == (
        "<Classifier of your own: negative, positive; 12 words>"
    )


IDS, LABELS = [[2, 3, 4]], [1]
ASKED = {
    "explain": lambda deep: deep.explain("a good movie"),
    "decompose": lambda deep: decompose(deep.model, torch.tensor(IDS)),
    "filter_study": lambda deep: filter_study(
        deep.model, [(torch.tensor(IDS), torch.tensor(LABELS))], 0.1
    ),
    "best_of_filters": lambda deep: best_of_filters(deep.model, torch.tensor(IDS)),
    "filter_profile": lambda deep: filter_profile(deep, 0),
    "slot_profile": lambda deep: slot_profile(deep.model, 0),
    "best_ngrams": lambda deep: best_ngrams(deep.model, [(torch.tensor(IDS), LABELS)]),
    "swap_logits": lambda deep: swap_logits(deep.model, torch.tensor(IDS)),
    "swap_effects": lambda deep: swap_effects(deep.model, torch.tensor(IDS[0])),
    "effect_study": lambda deep: effect_study(deep.model, IDS, LABELS),
    "word_gradients": lambda deep: word_gradients(
        deep.model, torch.tensor(IDS), torch.tensor(LABELS)
    ),
    "attack": lambda deep: attack(deep, "a good movie", 1),
    "attack at random": lambda deep: attack(deep, "a good movie", 0, ranking="random"),
    "attack_texts": lambda deep: attack_texts(deep, ["a good movie", "?!"], [1, 0]),
    "attack_study": lambda deep: attack_study(deep, ["a good movie"], LABELS),
    "attack_repaired": lambda deep: attack_repaired(
        deep, Speller(deep.vocabulary), ["a good movie"], LABELS
    ),
    "train_unknown": lambda deep: train_unknown(deep, IDS, LABELS),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_what_a_deep_network_has_not_is_one_sentence(as_users_run_it, ask):
    sentence = r"are a TextCNN's, got a DeepTextCNN: load imdb, ag_news or mr, or ask interpret "
    with pytest.raises(TypeError, match=sentence):
        ask(tiny_deep_classifier())
    ask(tiny_classifier())  # the same question to a TextCNN has an answer


def test_what_a_text_cnn_has_not_is_one_sentence(as_users_run_it):
    with pytest.raises(TypeError, match=r"are a DeepTextCNN's, got a TextCNN: give the .model"):
        interpret(tiny_classifier(), "a good movie")
