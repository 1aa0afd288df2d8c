"""Figures of inversions: how far a climb got, and what it passed on its way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from torch import Tensor

from interpbook.classifier import Classifier
from interpbook.figures.lettering import label_apart, literal
from interpbook.figures.style import BLUE, GREEN, GREY, INK, ORANGE, new_axes
from interpbook.hidden import Inversion, lay_out_plane, nearest_words

_LOOKS = ((BLUE, "o", "-"), (ORANGE, "s", "--"), (GREY, "^", "-."), (GREEN, "D", ":"))


def climb_curves(
    climbs: Sequence[tuple[str, Inversion, float]],
    *,
    location: int = 0,
    optimum: float | None = None,
    title: str = "",
) -> Figure:
    """Draw the objective against steps times learning rate, both axes logarithmic.

    Adam moves a number by at most about one learning rate a step, so the product is how far a
    number of the input can have moved. All restarts of a climb share a colour and a marker.

    Parameters
    ----------
    climbs : sequence of (name, Inversion, learning rate)
        What was climbed, and at which rate.
    location : int
        Number of the location among the B of an inversion.
    optimum : float, optional
        A value to mark with a horizontal line.
    title : str
        Written above the figure.

    Raises
    ------
    ValueError
        If there is no climb, or the location is not one of its B.

    Examples
    --------
    >>> from interpbook import invert, load_classifier, pad
    >>> classifier = load_classifier("mr_deep")
    >>> ids = pad(classifier.encode(["a tedious and charming film"]))
    >>> inversion = invert(classifier.model, ids, 1, [1], steps=10, learning_rate=0.02)
    >>> figure = climb_curves([("0.02", inversion, 0.02)])
    >>> figure.axes[0].get_xscale()
    'log'
    """
    if not climbs:
        raise ValueError("expected at least one climb to draw, got none")
    figure, axes = new_axes(6.2, 3.6)
    for turn, (name, inversion, rate) in enumerate(climbs):
        colour, marker, dash = _LOOKS[turn % len(_LOOKS)]
        look = {"color": colour, "linestyle": dash, "marker": marker, "fillstyle": "none"}
        look["markersize"] = 4 + 2 * turn  # curves that cover each other can both be seen
        _check_location(inversion, location)
        moved = rate * np.asarray(inversion.steps[1:])
        for restart, values in enumerate(inversion.values[1:, :, location].unbind(1)):
            axes.plot(moved, values, label=literal(name) if not restart else None, **look)
    if optimum is not None:
        axes.axhline(optimum, color=INK, linewidth=1.2, linestyle=(0, (1, 1)), label="optimum")
    axes.set(xscale="log", yscale="log", title=literal(title))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 3)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("steps times learning rate (units of a word vector's entry)")
    axes.set_ylabel("objective")
    axes.legend(frameon=False)
    return figure


def climb_paths(
    inversion: Inversion,
    classifier: Classifier,
    *,
    location: int = 0,
    optimum: Float[Tensor, " m"] | None = None,
    title: str = "",
) -> Figure:
    """Draw the directions that the overall vector of each restart took, with the nearest words.

    A hollow marker is a start, a large filled one an end; a word stands where it becomes the
    nearest. The plane is PCA's, of the unit vectors, since neighbours are neighbours by cosine.

    Parameters
    ----------
    inversion : Inversion
        An inversion with one to four restarts.
    classifier : Classifier
        The classifier whose words are named.
    location : int
        Number of the location among the B of an inversion.
    optimum : Tensor of shape (m,), optional
        A vector to mark with a star, such as a ``ClosedForm.overall``.
    title : str
        Written above the figure.

    Raises
    ------
    ValueError
        If the location is not one of the B, or there are more restarts than markers.

    Examples
    --------
    >>> from interpbook import invert, load_classifier, pad
    >>> classifier = load_classifier("mr_deep")
    >>> ids = pad(classifier.encode(["a tedious and charming film"]))
    >>> inversion = invert(classifier.model, ids, 1, [1], steps=10, learning_rate=0.02, restarts=2)
    >>> figure = climb_paths(inversion, classifier)
    >>> len(figure.axes)
    1
    """
    _check_location(inversion, location)
    paths = inversion.path[:, :, location].transpose(0, 1)  # (restarts, noted, m)
    if len(paths) > len(_LOOKS):
        raise ValueError(f"up to {len(_LOOKS)} restarts can be told apart, got {len(paths)}")
    vectors = paths.flatten(0, 1)
    if optimum is not None:
        vectors = vectors.new_tensor(np.vstack([vectors, optimum.detach()[None]]))
    places = lay_out_plane(vectors, "pca")
    found = nearest_words(classifier.model, classifier.vocabulary, paths.flatten(0, 1), 1)
    figure, axes = new_axes(6.2, 4.4)
    labels = []
    for restart, (colour, marker, dash) in zip(range(len(paths)), _LOOKS, strict=False):
        rows = slice(restart * paths.shape[1], (restart + 1) * paths.shape[1])
        path, words = places[rows], [best for ((best, _),) in found[rows]]
        axes.plot(*path.T, dash, color=colour, marker=marker, markersize=3, linewidth=1.2)
        axes.plot(*path[0], marker, color=colour, markersize=10, fillstyle="none")
        axes.plot(*path[-1], marker, color=colour, markersize=10, label=f"restart {restart + 1}")
        labels += [
            (path[step], word, colour)
            for step, word in enumerate(words)
            if not step or word != words[step - 1]
        ]
    if optimum is not None:
        axes.plot(*places[-1], "*", color=INK, markersize=14, linestyle="none", label="optimum")
    axes.set(
        xlabel="first component of the direction", ylabel="second component", title=literal(title)
    )
    axes.margins(0.12)
    figure.legend(loc="outside upper center", ncols=5, frameon=False)
    label_apart(axes, labels, places)
    return figure


def _check_location(inversion: Inversion, location: int) -> None:
    count = inversion.values.shape[2]
    if not 0 <= location < count:
        raise ValueError(f"locations are 0..{count - 1} in this inversion, got {location}")
