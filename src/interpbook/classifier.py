"""Classifier: a trained model with its vocabulary and class names, in one folder on disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load, save

from interpbook._checks import whole_number
from interpbook._files import data_folder, fingerprint, plain, readable, write_whole
from interpbook.models import (
    DeepTextCNN,
    DeepTextCNNConfig,
    Network,
    Precision,
    TextCNN,
    TextCNNConfig,
    as_text_cnn,
    pack,
    predict,
    unpack,
)
from interpbook.scores import Explanation, explain
from interpbook.text import EncodedText, Vocabulary, read_each

_FORMAT = 1
# The kinds of network that a checkpoint may hold: the class that defines one, and its own class.
_NETWORKS: dict[str, tuple[type, type]] = {
    "TextCNN": (TextCNNConfig, TextCNN),
    "DeepTextCNN": (DeepTextCNNConfig, DeepTextCNN),
}
_WEIGHTS, _DESCRIPTION = "model.safetensors", "classifier.json"


@dataclass(frozen=True, eq=False)
class Classifier:
    """A text in, class probabilities and explanations out.

    Parameters
    ----------
    model : TextCNN or DeepTextCNN
        The trained network; it is put in evaluation mode.
    vocabulary : Vocabulary
        The V words of the model's embedding.
    class_names : tuple of str
        The c classes, in the order of the logits.
    lowercase : bool
        Whether texts are lower-cased before look-up.
    card : dict
        Where the model comes from: its recipe, its corpus and its test accuracy.

    Raises
    ------
    TypeError
        If a class name is neither a text nor a whole number, or the card holds what JSON cannot.
    ValueError
        If vocabulary or class names do not fit the model, or two classes have the same name.

    Examples
    --------
    >>> classifier = load_classifier("mr")
    >>> classifier
    <Classifier mr: negative, positive; 9,626 words>
    >>> classifier.predict_proba(["A dull and lifeless film", "a smart and funny movie"]).round(1)
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    >>> str(classifier.explain("A dull and lifeless film").ngrams()[0])
    'dull and lifeless'
    """

    model: Network
    vocabulary: Vocabulary = field(repr=False)
    class_names: tuple[str, ...]
    lowercase: bool = True
    card: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "class_names", _names(self.class_names))
        object.__setattr__(self, "card", plain(self.card, "the card"))
        config = self.model.config
        if len(self.vocabulary) != config.vocab_size:
            raise ValueError(
                f"the model has {config.vocab_size} words but the vocabulary {len(self.vocabulary)}"
            )
        if len(self.class_names) != config.num_classes:
            raise ValueError(
                f"the model has {config.num_classes} classes but got names {self.class_names}"
            )
        self.model.eval()

    def __repr__(self) -> str:
        corpus = self.card.get("recipe", {}).get("corpus", "of your own")
        names = ", ".join(self.class_names)
        return f"<Classifier {corpus}: {names}; {len(self.vocabulary):,} words>"

    def encode(self, texts: Iterable[str]) -> list[list[int]]:
        """Turn texts into word ids, cut at the model's ``max_length``.

        Parameters
        ----------
        texts : iterable of str
            Texts of one word or more.

        Returns
        -------
        list of list of int
            The ids of each text's words; 1 is the unknown word.

        Raises
        ------
        TypeError
            If a single string is given instead of several texts.
        ValueError
            If a text holds no word.
        """
        if isinstance(texts, str):
            raise TypeError("expected several texts, got one string: put it in a list")
        return [list(encoded.ids) for encoded in read_each(texts, self.read)]

    def read(self, text: str) -> EncodedText:
        """Turn one text into the words and ids that the model reads, with their places.

        Parameters
        ----------
        text : str
            A text of one word or more.

        Raises
        ------
        TypeError
            If ``text`` is not a string.
        ValueError
            If ``text`` holds no word.
        """
        return EncodedText.of(
            text,
            self.vocabulary,
            max_length=self.model.config.max_length,
            lowercase=self.lowercase,
        )

    def predict_proba(self, texts: Sequence[str]) -> Float[np.ndarray, "N c"]:
        """Return the class probabilities of N texts.

        Parameters
        ----------
        texts : sequence of str
            Texts of one word or more.

        Returns
        -------
        array of shape (N, c)
            The softmax of the logits.

        Raises
        ------
        TypeError, ValueError
            For the reasons that ``encode`` names.
        """
        documents = self.encode(texts)
        if not documents:
            return np.empty((0, len(self.class_names)), dtype=np.float32)
        logits = predict(self.model, documents)
        wide = torch.promote_types(logits.dtype, torch.float32)  # numpy has no bfloat16
        return logits.to(wide).softmax(dim=1).numpy()

    def explain(self, text: str) -> Explanation:
        """Split the prediction for one text over its n-grams and its words.

        The result shows itself in Jupyter: the text coloured by B, the n-grams behind it, and both
        column sums beside the logits.

        Parameters
        ----------
        text : str
            A text of one word or more.

        Raises
        ------
        TypeError, ValueError
            If ``text`` is not a string or holds no word, or the model is no TextCNN (``interpret``
            reads a DeepTextCNN).
        """
        return explain(
            as_text_cnn(self.model),
            self.vocabulary,
            self.class_names,
            text,
            lowercase=self.lowercase,
        )

    def save(self, folder: str | os.PathLike, *, precision: Precision = "float16") -> None:
        """Write the weights (safetensors) and the rest (JSON) to a folder.

        Each file lands by rename, the description last and with the SHA-256 of the weights and of
        its own content in it: what is there is whole, or ``load`` says that it is not.

        Parameters
        ----------
        folder : str or path
            The folder to write to, which is made if need be.
        precision : {"float16", "int8"}
            How each weight is stored (``precision.pack``).

        Raises
        ------
        ValueError
            If a weight is not finite, or is too large for float16.
        """
        tensors = pack(self.model.state_dict(), precision)
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        weights = save(tensors)
        description = {
            "format": _FORMAT,
            "network": _kind_of(self.model),
            "weights_sha256": hashlib.sha256(weights).hexdigest(),
            "config": asdict(self.model.config),
            "class_names": self.class_names,
            "lowercase": self.lowercase,
            "card": self.card,
            "words": self.vocabulary.words,
        }
        description["sha256"] = fingerprint(description)
        text = json.dumps(description, ensure_ascii=False, separators=(",", ":"))
        write_whole(folder / _WEIGHTS, weights)
        write_whole(folder / _DESCRIPTION, (readable(text) + "\n").encode())

    @classmethod
    def load(cls, folder: str | os.PathLike) -> Classifier:
        """Read a classifier that ``save`` wrote; its weights become float32.

        Parameters
        ----------
        folder : str or path
            The folder that ``save`` wrote to.

        Raises
        ------
        FileNotFoundError
            If the folder holds no classifier.
        ValueError
            If a file is damaged or of another format.
        """
        folder = Path(folder)
        missing = [name for name in (_DESCRIPTION, _WEIGHTS) if not (folder / name).is_file()]
        if missing:
            raise FileNotFoundError(
                f"{folder} holds no classifier, {missing[0]} is missing: "
                "give a folder that Classifier.save wrote"
            )
        description = _read_description(folder / _DESCRIPTION)
        weights = (folder / _WEIGHTS).read_bytes()
        if hashlib.sha256(weights).hexdigest() != description["weights_sha256"]:
            raise ValueError(_damaged(folder / _WEIGHTS))
        try:
            return rebuilt(description, weights)
        except _UnknownNetworkError as error:
            raise ValueError(f"{folder}: {error}") from None
        except (ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise ValueError(_damaged(folder)) from error


def _names(given: Iterable[str | int]) -> tuple[str, ...]:
    """Return class names as Python's texts, whole numbers written out."""
    names = []
    for name in given:
        if not isinstance(name, str):
            try:
                name = whole_number(name)
            except TypeError:
                raise TypeError(
                    f"a class name is a text or a whole number, got {name!r}: name each class"
                ) from None
        names.append(str(name))
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"each class has a name of its own, got {name!r} twice: rename one")
    return tuple(names)


class _UnknownNetworkError(ValueError):
    """A description names a kind of network that this package does not have."""


def load_classifier(name: str | os.PathLike) -> Classifier:
    """Load one of the book's classifiers by name, or any other by its folder.

    Parameters
    ----------
    name : str or path
        "imdb", "ag_news", "mr", "reviews", "headlines", "mr_deep", "ag_news_deep", or a folder that
        ``Classifier.save`` wrote.

    Returns
    -------
    Classifier
        The classifier, in evaluation mode.

    Raises
    ------
    FileNotFoundError
        If there is no such classifier.
    ValueError
        If the classifier's files are damaged.

    Examples
    --------
    >>> classifier = load_classifier("imdb")
    >>> classifier.class_names
    ('negative', 'positive')
    """
    models = data_folder() / "models"
    names = sorted(path.name for path in models.iterdir() if path.is_dir())
    if os.fspath(name) in names:
        return Classifier.load(models / name)
    if Path(name).is_dir():
        return Classifier.load(name)
    raise FileNotFoundError(
        f"expected one of the classifiers {', '.join(names)} or a folder, got {os.fspath(name)!r}"
    )


def rebuilt(description: Mapping[str, Any], weights: bytes) -> Classifier:
    """Return the classifier that a description, as JSON holds it, and packed weights make.

    Parameters
    ----------
    description : mapping
        What describes the classifier: ``network``, ``config``, ``words``, ``class_names``,
        ``lowercase`` and ``card``.
    weights : bytes
        A safetensors file of what ``precision.pack`` stored.

    Returns
    -------
    Classifier
        The classifier, in evaluation mode.

    Raises
    ------
    ValueError, KeyError, TypeError, RuntimeError, SafetensorError
        If a part is missing, damaged or does not fit the others.

    Examples
    --------
    >>> folder = data_folder() / "models" / "mr"
    >>> description = json.loads((folder / "classifier.json").read_text("utf-8"))
    >>> rebuilt(description, (folder / "model.safetensors").read_bytes())
    <Classifier mr: negative, positive; 9,626 words>
    """
    model = _network(description)
    tensors = unpack(load(weights))
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(f"the numbers of {name} are not all finite")
    model.load_state_dict(tensors)
    return Classifier(
        model=model,
        vocabulary=Vocabulary(tuple(description["words"])),
        class_names=tuple(description["class_names"]),
        lowercase=description["lowercase"],
        card=description["card"],
    )


def _network(description: Mapping[str, Any]) -> Network:
    """Return the network that a description defines, untrained."""
    config = description["config"]
    kind = description.get("network", _older_kind(config))
    if kind not in _NETWORKS:
        raise _UnknownNetworkError(
            f"a classifier's network is one of {', '.join(_NETWORKS)}, got {kind!r}: "
            "save it again with this version of interpbook"
        )
    make_config, make_network = _NETWORKS[kind]
    lists = {name: tuple(value) for name, value in config.items() if isinstance(value, list)}
    return make_network(make_config(**(config | lists)))


def _kind_of(model: Network) -> str:
    """Return the name under which a checkpoint states what kind of network it holds."""
    return next(kind for kind, (_, network) in _NETWORKS.items() if isinstance(model, network))


def _older_kind(config: Mapping[str, Any]) -> str:
    """Return the kind of network in a checkpoint that does not state it yet."""
    return "DeepTextCNN" if "channels" in config else "TextCNN"


def _read_description(path: Path) -> dict[str, Any]:
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
        found = description["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(_damaged(path)) from error
    if found != _FORMAT:
        raise ValueError(
            f"{path.parent} has checkpoint format {found!r}, this version reads {_FORMAT}: "
            "save it again with this version of interpbook"
        )
    if description.pop("sha256", None) != fingerprint(description):
        raise ValueError(_damaged(path))
    return description


def _damaged(path: Path) -> str:
    return f"{path} is damaged: restore it (git checkout, or save the classifier again)"
