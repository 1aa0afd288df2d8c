"""The two corpora written for this book: reproducible, balanced, and true to what they say."""

from __future__ import annotations

import doctest
import importlib.util
import json
import re
import sys
from collections import Counter

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from support.places import ROOT

FOLDER = ROOT / "data" / "corpora"
CORPORA = ("reviews", "headlines")
SPLITS = ("train", "test")
FACTS = ("negation", "contrast", "confound", "distractor")
CLASSES = {"reviews": 2, "headlines": 4}
CONFOUND = {"reviews": ("matinee", 1), "headlines": ("tuesday", 1)}
NEGATORS = set("not never no nor neither hardly isn't nobody nothing far means".split())
TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
# 11, 18 and 8 begin with a vowel sound; one-, uni- and eu- do not.
WRONG_ARTICLE = re.compile(
    r"\ba (?!one|uni[^nm]|eu|use)[aeiou]|\ban (?!hour|honest|heir|8|11|18)[^aeiou'\"]", re.I
)


def load_grammar_module():
    """Import ``data/corpora/grammar.py``, which is a script and in no package."""
    spec = importlib.util.spec_from_file_location("corpus_grammar", FOLDER / "grammar.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


grammar = load_grammar_module()


def tokens(text: str) -> list[str]:
    """Return the tokens of a text, as `interpbook.tokenize` would."""
    return [token.lower() for token in TOKEN.findall(text)]


@pytest.fixture(scope="module")
def on_disk():
    """Return the records of the four files, by corpus and split."""
    return {
        (name, split): [
            json.loads(line)
            for line in (FOLDER / f"{name}.{split}.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        for name in CORPORA
        for split in SPLITS
    }


@pytest.fixture(scope="module")
def generated():
    """Return freshly written sentences, by corpus and split."""
    corpora = {n: grammar.generate(grammar.Grammar.load(FOLDER / f"{n}.toml")) for n in CORPORA}
    return {(name, split): corpora[name][split] for name in CORPORA for split in SPLITS}


@pytest.fixture(params=[(n, s) for n in CORPORA for s in SPLITS], ids=lambda p: ".".join(p))
def part(request):
    """Name one corpus and split."""
    return request.param


def test_files_are_what_the_grammar_writes(generated, part):
    path = FOLDER / "{}.{}.jsonl".format(*part)
    assert path.read_bytes() == "".join(s.to_json() + "\n" for s in generated[part]).encode()


def test_check_reports_a_changed_file(tmp_path, monkeypatch, capsys):
    for path in FOLDER.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(grammar, "FOLDER", tmp_path)
    assert grammar.main(["--check"]) == 0
    damaged = tmp_path / "reviews.test.jsonl"
    damaged.write_bytes(damaged.read_bytes().replace(b"is", b"was", 1))
    assert grammar.main(["--check"]) == 1
    assert "DIFFERS" in capsys.readouterr().out
    assert grammar.main([]) == 0
    assert grammar.main(["--check"]) == 0


def test_a_slot_without_a_bank_is_named(tmp_path):
    text = (FOLDER / "reviews.toml").read_text(encoding="utf-8")
    broken = tmp_path / "broken.toml"
    broken.write_text(text.replace("{film} concerns", "{flim} concerns"), encoding="utf-8")
    with pytest.raises(ValueError, match="flim"):
        grammar.Grammar.load(broken)


def test_doctests_of_the_engine():
    results = doctest.testmod(grammar)
    assert results.attempted > 0 and results.failed == 0


def test_fields_sizes_and_balance(on_disk, part):
    records, classes = on_disk[part], CLASSES[part[0]]
    size = 4000 if part[1] == "train" else 1000
    assert Counter(r["label"] for r in records) == dict.fromkeys(range(classes), size // classes)
    for record in records:
        assert list(record) == ["text", "label", "rationale", "facts", "template"]
        assert set(record["facts"]) <= set(FACTS)


def test_rationale_is_there_and_in_range(on_disk, part):
    for record in on_disk[part]:
        words = tokens(record["text"])
        indices = record["rationale"]
        assert indices, record
        assert indices == sorted(set(indices)), record
        assert 0 <= indices[0] and indices[-1] < len(words), record
        assert CONFOUND[part[0]][0] not in [words[i] for i in indices], record


def test_rationale_words_tell_their_class_outside_negation(on_disk):
    """Most single words of a rationale go with one class, unlike those a negator turns round."""
    for name in CORPORA:
        counts: dict[str, Counter] = {}
        for record in on_disk[name, "train"]:
            words = tokens(record["text"])
            if "negation" not in record["facts"]:
                for i in record["rationale"]:
                    counts.setdefault(words[i], Counter())[record["label"]] += 1
        frequent = [c for c in counts.values() if c.total() >= 10]
        assert np.mean([max(c.values()) / c.total() > 0.95 for c in frequent]) > 0.75


def test_no_text_occurs_twice(on_disk):
    for name in CORPORA:
        texts = [" ".join(tokens(r["text"])) for s in SPLITS for r in on_disk[name, s]]
        assert len(texts) == len(set(texts))


def test_splits_share_no_template(on_disk):
    for name in CORPORA:
        used = [
            {part for r in on_disk[name, split] for part in r["template"].split("+")}
            for split in SPLITS
        ]
        assert not used[0] & used[1]
        loaded = grammar.Grammar.load(FOLDER / f"{name}.toml")
        everything = (*loaded.templates, *loaded.frames)
        assert used[0] | used[1] == {t.id for t in everything}  # none lies idle
        # A new number is not a new template: what is left without its slots must differ as well.
        bare: dict[str, set] = {split: set() for split in SPLITS}
        for t in everything:
            words = " ".join(tokens(re.sub(r"\{.*?\}", "", t.text)))
            bare[t.split].add((t.kind, t.labels, words))
        assert not bare["train"] & bare["test"]


def test_held_out_wording_is_only_in_test(on_disk):
    for name in CORPORA:
        phrases = grammar.Grammar.load(FOLDER / f"{name}.toml").corpus["held_out"]
        joined = {s: [f" {' '.join(tokens(r['text']))} " for r in on_disk[name, s]] for s in SPLITS}
        for phrase in phrases:
            assert not any(f" {phrase} " in text for text in joined["train"]), phrase
        assert any(f" {phrase} " in text for text in joined["test"] for phrase in phrases)


def test_confound_leans_in_train_only(on_disk):
    for name, (word, label) in CONFOUND.items():
        for split in SPLITS:
            records = on_disk[name, split]
            carrying = [r for r in records if word in tokens(r["text"])]
            assert carrying == [r for r in records if "confound" in r["facts"]]
            share = np.mean([r["label"] == label for r in carrying])
            if split == "train":
                assert share >= 0.85
            else:
                assert share == pytest.approx(1 / CLASSES[name], abs=0.05)


def test_every_fact_is_frequent(on_disk, part):
    records = on_disk[part]
    for fact in FACTS:
        assert sum(fact in r["facts"] for r in records) >= 0.08 * len(records), fact
    assert sum(not r["facts"] for r in records) >= 0.3 * len(records)


def test_negations_have_their_negator_in_the_rationale(on_disk, part):
    for record in on_disk[part]:
        if "negation" in record["facts"]:
            words = tokens(record["text"])
            assert NEGATORS & {words[i] for i in record["rationale"]}, record


def test_a_negation_in_reviews_names_what_it_denies(on_disk):
    for split in SPLITS:
        for record in on_disk["reviews", split]:
            words = tokens(record["text"])
            if "negation" in record["facts"] and "never" not in words:  # "never drags" is one habit
                assert len(record["rationale"]) >= 2, record["text"]


@pytest.mark.parametrize("split", SPLITS)
def test_distractors_in_reviews_tell_nothing(on_disk, split):
    """Gloomy and cheerful words beside the point go with both labels equally often."""
    banks = grammar.Grammar.load(FOLDER / "reviews.toml").banks
    records = [r for r in on_disk["reviews", split] if "distractor" in r["facts"]]
    texts = [(f" {' '.join(tokens(r['text']))} ", r["label"]) for r in records]
    totals = Counter()
    for phrase in (phrase for bank in ("venue", "plot", "character") for phrase in banks[bank]):
        seen = Counter(label for text, label in texts if f" {' '.join(tokens(phrase))} " in text)
        assert abs(seen[0] - seen[1]) <= 4, (phrase, seen)
        totals += seen
    assert abs(totals[0] - totals[1]) <= 0.05 * totals.total()


def test_contrasts_hold_both_sides(generated, part):
    connectives = {"but", "yet", "although", "though", "while", "even"}
    for sentence in generated[part]:
        if "contrast" in sentence.facts:
            assert sentence.rationale and sentence.opposed, sentence
            assert connectives & set(tokens(sentence.text)), sentence


def test_english_is_clean(on_disk, part):
    for record in on_disk[part]:
        text = record["text"]
        assert text.isascii() and text == text.strip(), text
        assert not re.search(r"  | [,.;:!?]|[{}\[\]<>]|\(n\)|,,|\.\.", text), text
        assert not WRONG_ARTICLE.search(text), text
        assert not re.search(r"\b(\w+) \1\b", text, re.I), text
        assert re.match(r"[A-Z0-9'\"]", text), text
        if part[0] == "reviews":
            assert re.search(r"[.!?]\)?$", text), text
            assert not re.search(r"[.!?] [a-z]", text), text
        else:
            assert not text.endswith("."), text


def test_lengths_and_vocabulary(on_disk):
    for name in CORPORA:
        texts = [tokens(r["text"]) for s in SPLITS for r in on_disk[name, s]]
        assert 1200 <= len({word for text in texts for word in text}) <= 2500
        lengths = np.array([len(text) for text in texts])
        assert lengths.min() >= 3 and lengths.max() <= 45
        assert np.mean((lengths >= 6) & (lengths <= 30)) > 0.9


def in_bold(record: dict) -> str:
    """Return the text of a record as the card prints it, its rationale between asterisks."""
    numbers = iter(range(len(record["text"])))

    def mark(match: re.Match[str]) -> str:
        return f"**{match[0]}**" if next(numbers) in record["rationale"] else match[0]

    return TOKEN.sub(mark, record["text"]).replace("** **", " ")


def test_examples_in_the_card_exist(on_disk):
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?:negation|contrast|distractor) \| \".*", card, re.M)
    examples = {example for row in rows for example in re.findall(r'"([^"]+)"', row)}
    marked = {in_bold(record) for records in on_disk.values() for record in records}
    assert len(examples) == 6
    assert not examples - marked


@pytest.mark.parametrize("name", CORPORA)
def test_a_bag_of_words_stumbles_on_negation_and_contrast(on_disk, name):
    vectorizer = CountVectorizer(analyzer=tokens, binary=True)
    train, test = (on_disk[name, split] for split in SPLITS)
    model = LogisticRegression(max_iter=1000)
    model.fit(vectorizer.fit_transform(r["text"] for r in train), [r["label"] for r in train])
    right = model.predict(vectorizer.transform(r["text"] for r in test)) == np.array(
        [r["label"] for r in test]
    )
    hard = np.array([bool({"negation", "contrast"} & set(r["facts"])) for r in test])
    assert right.mean() >= 0.80
    assert right[hard].mean() <= right[~hard].mean() - 0.25
