"""Write the two embedded corpora from their grammars, the same bytes every time.

    python data/corpora/grammar.py            # rewrite the four .jsonl files
    python data/corpora/grammar.py --check    # exit 1 if they differ from what is on disk

The phrases live in ``reviews.toml`` and ``headlines.toml``, whose comments say how to read and
extend them; this file only deals them out. It needs nothing but the standard library, and draws
every random choice from ``random.Random.random()``, the one method whose sequence Python promises
to keep from version to version.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).resolve().parent
CORPORA = ("reviews", "headlines")
SPLITS = ("train", "test")
MAX_TRIES = 400

TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")  # interpbook.tokenize, for the ASCII written here
SLOT = re.compile(r"\{([\w.]+)\}")
ARTICLE = re.compile(r"\ba\(n\)(?= [\[<]*(\w+))")
SENTENCE_START = re.compile(r"(?:^|(?<=[.!?] ))[(\[<]*[a-z]")
VOWEL_SOUND = re.compile(
    r"(?!eu|on[ce]|u(?:ni(?![nm])|s[eu]|ti))[aeiou]|8|11\b|18\b|hono|honest|hour|heir", re.I
)
AS_OPPOSED = str.maketrans("[]", "<>")


@dataclass(frozen=True)
class Template:
    """One sentence pattern: where it may be used, and what it plants."""

    id: str
    text: str
    split: str
    facts: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Return the first planted fact, or ``"plain"``; quotas are kept per kind."""
        return self.facts[0] if self.facts else "plain"


@dataclass(frozen=True)
class Sentence:
    """One record, plus ``opposed``: tokens that argue for another class (not written to disk)."""

    text: str
    label: int
    rationale: tuple[int, ...]
    facts: tuple[str, ...]
    template: str
    opposed: tuple[int, ...] = ()

    def to_json(self) -> str:
        """Return the record as one line of JSON, without the line feed."""
        keys = ("text", "label", "rationale", "facts", "template")
        return json.dumps({key: getattr(self, key) for key in keys})


class Order(NamedTuple):
    """What one sentence has to be; ``occasion`` says how its frame is filled, if it has one."""

    kind: str
    label: str
    occasion: str | None  # "confound", "other" or no frame


@dataclass(frozen=True)
class Grammar:
    """The content of one TOML file, checked."""

    corpus: dict[str, Any]  # seed, sizes, wording held out of train
    classes: tuple[str, ...]
    mix: dict[str, dict[str, float]]
    confound: dict[str, Any]
    banks: dict[str, tuple[str, ...]]
    templates: tuple[Template, ...]
    frames: tuple[Template, ...]

    @classmethod
    def load(cls, path: Path) -> Grammar:
        """Read a grammar in the format that ``reviews.toml`` explains.

        Raises
        ------
        ValueError
            If the file is not ASCII, or a slot has no bank.
        """
        content = path.read_text(encoding="utf-8")
        if not content.isascii():
            raise ValueError(f"{path.name}: write ASCII only, so that two tokenizers agree on it")
        raw = tomllib.loads(content)
        classes = tuple(raw["corpus"]["classes"])
        grammar = cls(
            raw["corpus"],
            classes,
            raw["mix"],
            raw["confound"],
            flatten(raw["banks"]),
            tuple(read_templates(raw["templates"], classes)),
            tuple(read_templates(raw["frames"], classes)),
        )
        check_slots(grammar, path.name)
        return grammar


def flatten(tables: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Name each bank ``film`` or ``adj.negative``, and splice in its ``*adj.negative`` entries."""
    flat: dict[str, list[str]] = {}
    for key, value in tables.items():
        by_class = value if isinstance(value, dict) else {"": value}
        flat |= {f"{key}.{last}".rstrip("."): entries for last, entries in by_class.items()}

    def splice(entries: Sequence[str]) -> Iterator[str]:
        for entry in entries:
            yield from splice(flat[entry[1:]]) if entry.startswith("*") else (entry,)

    return {name: tuple(splice(entries)) for name, entries in flat.items()}


def read_templates(groups: list[dict[str, Any]], classes: tuple[str, ...]) -> Iterator[Template]:
    """Yield the templates, numbered per kind through both splits: ``contrast-01``, ..."""
    counts: dict[str, int] = {}
    for group in groups:
        labels = tuple(group.get("labels", classes))
        for text in group["texts"]:
            draft = Template("", text, group["split"], tuple(group.get("facts", ())), labels)
            kind = group.get("kind", draft.kind)
            counts[kind] = counts.get(kind, 0) + 1
            yield Template(f"{kind}-{counts[kind]:02}", text, draft.split, draft.facts, labels)


def check_slots(grammar: Grammar, name: str) -> None:
    """Raise `ValueError` at the first slot that no bank can fill."""
    texts = [t.text for t in (*grammar.templates, *grammar.frames)]
    texts += [entry for entries in grammar.banks.values() for entry in entries]
    known = {*grammar.banks, "S"}
    for text in texts:
        for slot in SLOT.findall(text):
            stem, _, last = slot.rpartition(".")
            by_class = last in ("SAME", "OTHER")
            wanted = {f"{stem}.{c}" for c in grammar.classes} if by_class else {slot}
            if missing := sorted(wanted - known):
                raise ValueError(f"{name}: no bank {missing[0]!r} for {{{slot}}} in {text!r}")


@dataclass
class Dealer:
    """Deals the entries of a list like cards: all of them in random order, then a new shuffle."""

    rng: random.Random
    decks: dict[str, list[Any]] = field(default_factory=dict)

    def deal(self, name: str, cards: Sequence[Any]) -> Any:
        """Return the next card of the deck `name`, which holds `cards`."""
        if not self.decks.get(name):
            self.decks[name] = self.shuffled(cards)
        return self.decks[name].pop()

    def shuffled(self, items: Sequence[Any]) -> list[Any]:
        """Return a random order of `items`, from ``random()`` alone."""
        return sorted(items, key=lambda _: self.rng.random())


def expand(text: str, grammar: Grammar, dealer: Dealer, names: dict[str, str]) -> str:
    """Fill the slots of `text` until none is left; keep its marks.

    `names` says which classes ``SAME`` and ``OTHER`` are. In the result ``[...]`` encloses
    rationale words, and ``<...>`` what was marked in a phrase from an ``OTHER`` slot: that argues
    for another class. Every class has its own decks, so that a name or a place is dealt equally
    often in each and none becomes a second, unplanned confound.
    """

    def fill(match: re.Match[str]) -> str:
        stem, _, last = match[1].rpartition(".")
        bank = f"{stem}.{names[last]}" if last in names else match[1]
        card = dealer.deal(f"{bank} for {names['SAME']}", grammar.banks[bank])
        phrase = expand(card, grammar, dealer, names)
        return phrase.translate(AS_OPPOSED) if last == "OTHER" else phrase

    return SLOT.sub(fill, text)


def tidy(marked: str) -> str:
    """Choose a or an, and start every sentence with a capital.

    >>> tidy("a(n) [honest] film? it is a(n) <unusual> one.")
    'An [honest] film? It is an <unusual> one.'
    """
    marked = ARTICLE.sub(lambda m: "an" if VOWEL_SOUND.match(m[1]) else "a", marked)
    return SENTENCE_START.sub(lambda m: m[0].upper(), marked)


def unmark(marked: str) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    """Take the marks out of a text and say which tokens they enclosed.

    >>> unmark("A <slow> but [deeply moving] film.")
    ('A slow but deeply moving film.', (3, 4), (1,))
    """
    text, inside = "", []
    depth = {"[": 0, "<": 0}
    for char in marked:
        if char in "[<":
            depth[char] += 1
        elif char in "]>":
            depth["[" if char == "]" else "<"] -= 1
        else:
            text += char
            inside.append("[" if depth["["] else "<" if depth["<"] else "")
    starts = [match.start() for match in TOKEN.finditer(text)]
    rationale, opposed = (
        tuple(i for i, start in enumerate(starts) if inside[start] == mark) for mark in "[<"
    )
    return text, rationale, opposed


def place_orders(grammar: Grammar, split: str, dealer: Dealer) -> list[Order]:
    """Return one order per sentence of a split: kinds, classes and confounds in exact shares."""
    size, confound = grammar.corpus[split], grammar.confound
    per_class = size // len(grammar.classes)
    orders: list[Order] = []
    for label in grammar.classes:
        kinds = []
        for kind, share in grammar.mix[split].items():
            kinds += [kind] * round(share * per_class)
        kinds += ["plain"] * (per_class - len(kinds))
        share = confound[split]
        if label != confound["class"]:
            share = (1 - share) / (len(grammar.classes) - 1)
        hits = round(share * confound["rate"] * size)
        occasions = ["confound"] * hits + ["other"] * round(confound["other_rate"] * per_class)
        padded = occasions + [None] * (per_class - len(occasions))
        orders += map(Order, dealer.shuffled(kinds), [label] * per_class, padded)
    return dealer.shuffled(orders)


def write_sentence(order: Order, split: str, grammar: Grammar, dealer: Dealer) -> Sentence:
    """Deal a template for an order, frame it if that is asked for, and fill it."""
    key = f"{split} {order.kind} {order.label}"
    fits = [t for t in grammar.templates if (t.split, t.kind) == (split, order.kind)]
    template = dealer.deal(key, [t for t in fits if order.label in t.labels])
    facts, name, text = list(template.facts), template.id, template.text
    others = [c for c in grammar.classes if c != order.label]
    names = {"SAME": order.label, "OTHER": dealer.deal(f"other than {order.label}", others)}
    if order.occasion:
        deck = f"frames with {order.occasion} for {order.label}"
        frame = dealer.deal(deck, [f for f in grammar.frames if f.split == split])
        name, text = f"{name}+{frame.id}", frame.text.replace("{S}", text)
    if order.occasion == "confound":
        facts.append("confound")
        text = text.replace("{occasion}", grammar.confound["word"])
    final, rationale, opposed = unmark(tidy(expand(text, grammar, dealer, names)))
    label = grammar.classes.index(order.label)
    return Sentence(final, label, rationale, tuple(facts), name, opposed)


def generate(grammar: Grammar) -> dict[str, list[Sentence]]:
    """Return the sentences of both splits; no text occurs twice, held-out wording only in test."""
    seen: set[str] = set()
    corpus: dict[str, list[Sentence]] = {}
    for number, split in enumerate(SPLITS):
        dealer = Dealer(random.Random(grammar.corpus["seed"] + number))
        banned = [f" {words} " for words in grammar.corpus["held_out"]] if split == "train" else []
        corpus[split] = []
        for order in place_orders(grammar, split, dealer):
            for _ in range(MAX_TRIES):
                sentence = write_sentence(order, split, grammar, dealer)
                tokens = f" {' '.join(TOKEN.findall(sentence.text.lower()))} "
                if tokens not in seen and not any(words in tokens for words in banned):
                    break
            else:
                raise ValueError(f"no new {order.kind} sentence for {order.label} in {split}")
            seen.add(tokens)
            corpus[split].append(sentence)
    return corpus


def main(argv: Sequence[str] | None = None) -> int:
    """Write the corpora, or compare them with what is on disk; return the exit status."""
    parser = argparse.ArgumentParser(description="Write the two embedded corpora.")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 if they differ")
    check = parser.parse_args(argv).check
    stale = 0
    for name in CORPORA:
        for split, sentences in generate(Grammar.load(FOLDER / f"{name}.toml")).items():
            path = FOLDER / f"{name}.{split}.jsonl"
            content = "".join(sentence.to_json() + "\n" for sentence in sentences).encode()
            same = path.exists() and path.read_bytes() == content
            stale += not same
            if not check and not same:
                path.with_suffix(".part").write_bytes(content)
                os.replace(path.with_suffix(".part"), path)
            state = "as on disk" if same else "DIFFERS" if check else "written"
            print(f"{path.name}: {len(sentences)} sentences, {state}")
    return int(check and stale > 0)


if __name__ == "__main__":
    sys.exit(main())
