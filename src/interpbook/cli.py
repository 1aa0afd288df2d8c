"""The interpbook command: explain a prediction, load a corpus, train, reproduce, compare."""

from __future__ import annotations

import argparse
import ast
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from interpbook._files import data_folder
from interpbook.classifier import load_classifier
from interpbook.corpora import EMBEDDED, PUBLIC, load_corpus
from interpbook.experiments import (
    RECIPES,
    SEEDS,
    build_ledger,
    cells,
    registered_studies,
    reproduce,
    train_classifier,
    write_ledger,
)
from interpbook.experiments.runner import find_missing
from interpbook.experiments.studies.yuan import INVERSION
from interpbook.experiments.study import ALL
from interpbook.hidden import Interpretation, interpret
from interpbook.models import DeepTextCNN
from interpbook.scores import Explanation
from interpbook.text import shortened


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``interpbook``; those of this process by default.

    Returns
    -------
    int
        0 if the command succeeded, 1 if it failed with a sentence that says why, 130 if it was
        interrupted.

    Raises
    ------
    SystemExit
        If there is no such command or option, or help was asked for.

    Examples
    --------
    >>> main(["corpus", "reviews", "--split", "test"])
    <Corpus reviews test: 1,000 of 1,000 documents (complete); negative 500, positive 500>
    0
    """
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (ValueError, OSError, ImportError) as error:
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
    corpus.add_argument(
        "--split",
        default="train",
        help="train, test; for imdb also unsupervised (default: train)",
    )
    corpus.set_defaults(run=_corpus)

    train = commands.add_parser("train", help="train one of the book's classifiers again")
    train.add_argument("name", choices=[*sorted(RECIPES), ALL], help="all trains each of them")
    train.add_argument(
        "--out", type=Path, help="a folder, with one for each of all (default: where they are now)"
    )
    train.set_defaults(run=_train)

    grid = commands.add_parser(
        "reproduce", help="run what is missing of a study's grid, one record a cell"
    )
    grid.add_argument(
        "study",
        choices=(*(study.name for study in registered_studies()), ALL),
        help="with --corpus, --filters or --set, all means the studies that take --filters",
    )
    grid.add_argument("--corpus", nargs="+", help="default: the study's own")
    grid.add_argument(
        "--filters", nargs="+", type=int, metavar="K", help="default: the study's own"
    )
    grid.add_argument("--seeds", nargs="+", type=int, default=SEEDS, help="default: 0 1 2")
    grid.add_argument(
        "--set",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="settings that differ from the study's, such as epochs=3 padding=masked",
    )
    grid.add_argument("--out", type=Path, help="folder of the records (default: data/results)")
    grid.add_argument(
        "--models",
        type=Path,
        help="keep trained models here; attacks and interpretations take them from here",
    )
    grid.add_argument("--jobs", type=int, default=1, help="local processes (default: 1)")
    grid.add_argument("--scheduler", metavar="ADDRESS", help="run on this Dask cluster instead")
    grid.add_argument("--quiet", action="store_true", help="show no progress bar")
    grid.set_defaults(run=_reproduce)

    ledger = commands.add_parser("ledger", help="compare the records with what the papers report")
    ledger.add_argument("--records", type=Path, help="their folder (default: data/results)")
    ledger.set_defaults(run=_ledger)
    return parser


def _explain(options: argparse.Namespace) -> None:
    classifier = load_classifier(options.model)
    if isinstance(classifier.model, DeepTextCNN):
        corpus = classifier.card.get("recipe", {}).get("corpus")
        print(interpretation_text(interpret(classifier, options.text, **INVERSION.get(corpus, {}))))
    else:
        print(explanation_text(classifier.explain(options.text)))


def _corpus(options: argparse.Namespace) -> None:
    print(load_corpus(options.name, options.split))


def _train(options: argparse.Namespace) -> None:
    names = RECIPES if options.name == ALL else [options.name]
    for name in names:
        folder = options.out or data_folder() / "models" / name
        if options.out and options.name == ALL:
            folder = options.out / name
        folder.mkdir(parents=True, exist_ok=True)  # a wrong folder shows before the training
        recipe = RECIPES[name]
        classifier = train_classifier(recipe)
        classifier.save(folder, precision=recipe.precision)
        print(
            f"{folder}: test accuracy {classifier.card['test_accuracy']:.2%} "
            f"({len(classifier.vocabulary):,} words)"
        )


def _reproduce(options: argparse.Namespace) -> None:
    grid = cells(
        options.study,
        corpora=options.corpus,
        filters=options.filters,
        seeds=options.seeds,
        changes=dict(map(_setting, options.set)),
    )
    folder = options.out or data_folder() / "results"
    folder.mkdir(parents=True, exist_ok=True)  # a wrong folder shows before the training
    missing = len(find_missing(grid, folder))
    print(f"{options.study}: {len(grid)} runs, {missing} of them to do; records in {folder}")
    reproduce(
        grid,
        folder,
        jobs=options.jobs,
        scheduler=options.scheduler,
        models=options.models,
        progress=not options.quiet,
    )


def _setting(text: str) -> tuple[str, object]:
    """Read a setting such as ``epochs=3``; a value that is no Python literal is a string."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--set expects NAME=VALUE, got {text!r}")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def _ledger(options: argparse.Namespace) -> None:
    results = data_folder() / "results"
    folder = options.records or results
    rows = build_ledger(folder, results / "published.csv")
    write_ledger(rows, folder / "ledger.csv")
    counts = Counter(row.verdict for row in rows)
    print(f"{folder / 'ledger.csv'}: " + ", ".join(f"{n} {v}" for v, n in counts.most_common()))


def explanation_text(explanation: Explanation) -> str:
    """Lay an explanation out for a terminal: one word a line, both sums below.

    Parameters
    ----------
    explanation : Explanation
        What ``Classifier.explain`` returned.

    Returns
    -------
    str
        Lines of text: B word by word, the sums of B and of A, the logits and the probabilities.

    Examples
    --------
    >>> print(explanation_text(load_classifier("mr").explain("a dull film")))
                      negative    positive
    a                 -0.0...     -0.0...
    dull              +2.12...    -2.42...
    film              -0.3...     +0.2...
    padding           -0.0...     +0.0...
    sum of B          +1.78...    -2.12...
    sum of A          +1.78...    -2.12...
    logit             +1.78...    -2.12...
    probability        98.0%        2.0%
    """
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


def interpretation_text(interpretation: Interpretation) -> str:
    """Lay an interpretation out for a terminal: a location's words, then those it is read as.

    Parameters
    ----------
    interpretation : Interpretation
        What ``interpret`` returned.

    Returns
    -------
    str
        Lines of text: the probabilities, then two lines for each location, the first with its
        saliency in logits.

    Examples
    --------
    >>> mr, text = load_classifier("mr_deep"), "a tedious and charming film"
    >>> print(interpretation_text(interpret(mr, text, locations=1, words=2, steps=200)))
    negative 91.5%, positive 8.5%
    Strongest for negative, in layer 1:
      +0.81...  a [tedious] and charming
                flimsy, jumble
    """
    names, shares = interpretation.class_names, interpretation.logits.softmax(dim=0).tolist()
    lines = [
        ", ".join(f"{name} {share:.1%}" for name, share in zip(names, shares, strict=True)),
        f"Strongest for {names[interpretation.target]}, in layer {interpretation.layer}:",
    ]
    for reading in interpretation.readings:
        seen = [shortened(word) for word in interpretation.tokens]
        seen[reading.location] = f"[{seen[reading.location]}]"
        lines += [
            f"{reading.saliency:>+8.3f}  {' '.join(seen[i] for i in reading.field)}",
            f"{'':10}{', '.join(shortened(word) for word, _ in reading.words) or '(no answer)'}",
        ]
    return "\n".join(lines)
