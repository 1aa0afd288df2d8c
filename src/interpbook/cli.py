"""The interpbook command: explain a prediction, load a corpus, train a classifier again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from interpbook.classifier import load_classifier
from interpbook.corpora import EMBEDDED, data_folder, load_corpus
from interpbook.explanations import Explanation
from interpbook.markup import shortened
from interpbook.publishers import PUBLIC
from interpbook.recipes import RECIPES, train_classifier


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (ValueError, OSError) as error:
        print(f"interpbook: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interpbook: stopped", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="interpbook", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    explain = commands.add_parser("explain", help="explain a classifier's prediction for a text")
    explain.add_argument("text", help="one text, in quotes")
    explain.add_argument("--model", default="imdb", help="a name or a folder (default: imdb)")
    explain.set_defaults(run=_explain)

    corpus = commands.add_parser("corpus", help="load a corpus, downloading it if need be")
    corpus.add_argument("name", help=", ".join((*EMBEDDED, *PUBLIC)))
    corpus.add_argument("--split", default="train", help="train or test (default: train)")
    corpus.set_defaults(run=_corpus)

    train = commands.add_parser("train", help="train one of the book's classifiers again")
    train.add_argument("name", choices=sorted(RECIPES))
    train.add_argument("--out", type=Path, help="a folder (default: where NAME is now)")
    train.set_defaults(run=_train)
    return parser


def _explain(options: argparse.Namespace) -> None:
    print(explanation_text(load_classifier(options.model).explain(options.text)))


def _corpus(options: argparse.Namespace) -> None:
    print(load_corpus(options.name, options.split))


def _train(options: argparse.Namespace) -> None:
    folder = options.out or data_folder() / "models" / options.name
    folder.mkdir(parents=True, exist_ok=True)  # a wrong one shows before the training, not after
    classifier = train_classifier(RECIPES[options.name])
    classifier.save(folder)
    print(
        f"{folder}: test accuracy {classifier.card['test_accuracy']:.2%} "
        f"({len(classifier.vocabulary):,} words)"
    )


def explanation_text(explanation: Explanation) -> str:
    """Lay an explanation out for a terminal: one word a line, both sums below."""
    names = explanation.class_names
    column = max(9, *(len(name) + 2 for name in names))
    words = [shortened(token) for token in explanation.tokens]
    first = max(12, *(len(word) + 2 for word in words))
    lines = [" " * first + "".join(f"{name:>{column}}" for name in names)]
    for word, row in zip(words, explanation.word_scores.tolist(), strict=False):
        lines.append(f"{word:<{first}}" + "".join(f"{score:>+{column}.3f}" for score in row))
    sums = {
        "padding": explanation.word_scores[len(explanation.tokens) :].sum(dim=0),
        "sum of B": explanation.word_scores.sum(dim=0),
        "sum of A": explanation.ngram_scores.sum(dim=0),
        "logit": explanation.logits,
    }
    for name, values in sums.items():
        lines.append(
            f"{name:<{first}}" + "".join(f"{value:>+{column}.3f}" for value in values.tolist())
        )
    shares = explanation.probabilities.tolist()
    lines.append(f"{'probability':<{first}}" + "".join(f"{share:>{column}.1%}" for share in shares))
    return "\n".join(lines)
