"""Figures of hidden locations: what they see, what they say for a class, what they are read as.

In all these figures the text runs down and the network runs from left to right, so that a long
sentence makes a figure longer and not wider than a phone. Locations that are singled out carry a
number and a marker of their own besides their colour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch, Polygon, Rectangle

from interpbook.classifier import Classifier
from interpbook.figures.columns import (
    HEADING,
    LOOKS,
    MARGIN,
    ROW,
    WIDTH,
    WORD,
    WORDS,
    check_readings,
    check_words,
    draw_cell,
    draw_text,
    numbered,
    right_of_cells,
    sheet,
    short,
    wrapped,
    write,
)
from interpbook.figures.lettering import Number, label_apart, spread_out
from interpbook.figures.style import FAINT, GREY, INK, SIGNED, signed_norm
from interpbook.hidden import (
    Interpretation,
    Layout,
    LocationReading,
    lay_out_plane,
    location_saliency,
)
from interpbook.models import DeepTextCNN, as_deep_text_cnn
from interpbook.text import UNKNOWN, pad, shortened, spans_of

_STRIP = 40  # numbers of an overall vector that are drawn
_LINE, _CLOUD = 12.5, 280.0  # heights in points, of a line of words and of the cloud at least


def pipeline(interpretation: Interpretation, *, words: int = 6, title: str = "") -> Figure:
    """Draw how a location is read: words, receptive fields, saliency, inversion, nearest words.

    The strip of each reading shows the first 40 numbers of its overall vector.

    Parameters
    ----------
    interpretation : Interpretation
        Interpretation of a text of at most 40 words, with one to five readings.
    words : int
        How many of the nearest words stand in each reading, at most.
    title : str
        Written above the figure.

    Raises
    ------
    ValueError
        If the text has more words or the interpretation more readings.

    References
    ----------
    Yuan et al. (2019), Figure 1.

    Examples
    --------
    >>> from interpbook import interpret, load_classifier
    >>> classifier = load_classifier("mr_deep")
    >>> interpretation = interpret(classifier, "a tedious and charming film", steps=20)
    >>> figure = pipeline(interpretation, words=3)
    >>> written = {text.get_text() for axes in figure.axes for text in axes.texts}
    >>> written >= {"tedious", "charming"}
    True
    """
    check_readings(interpretation)
    order = sorted(range(len(interpretation.readings)), key=_location_of(interpretation))
    left = right_of_cells(interpretation) + 34
    width = WIDTH - MARGIN - left
    lines = [wrapped([w for w, _ in r.words[:words]], width) for r in interpretation.readings]
    heights = [46 + _LINE * len(of_reading) for of_reading in lines]
    rows = len(interpretation.tokens) * ROW
    body = max(rows, sum(heights))
    figure, axes, top = sheet(body, title)
    cells = draw_text(axes, interpretation, top + (body - rows) / 2, top)
    write(axes, left, top - 12, "inverted, then nearest words", size=HEADING, colour=GREY)

    gap = (body - sum(heights)) / len(order)
    y = top + gap / 2
    for number in order:
        reading, colour = interpretation.readings[number], LOOKS[number][0]
        way = {"arrowstyle": "->", "color": colour, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (left - 3, y + 18), cells[reading.location], arrowprops=way)
        numbered(axes, left + 6, y + 6, number)
        name = short(interpretation.tokens[reading.location])
        write(axes, left + 15, y + 6, f"{name}  {reading.saliency:+.2f}", colour=colour)
        _draw_strip(axes, reading, (left, y + 14, width, 9.0))
        for line, text in enumerate(lines[number]):
            write(axes, left, y + 31 + _LINE * line, text)
        y += heights[number] + gap
    return figure


def _location_of(interpretation: Interpretation) -> Callable[[int], int]:
    return lambda number: interpretation.readings[number].location


def _draw_strip(
    axes: Axes, reading: LocationReading, box: tuple[Number, Number, Number, Number]
) -> None:
    """Draw the first numbers of an overall vector side by side, blue above zero."""
    x, y, width, height = box
    numbers = reading.overall.detach().cpu()[:_STRIP].numpy()
    axes.imshow(
        numbers[None],
        extent=(x, x + width, y + height, y),
        aspect="auto",
        cmap=SIGNED,
        norm=signed_norm(numbers),
        interpolation="nearest",
    )
    frame = Rectangle((x, y), width, height, facecolor="none", edgecolor=FAINT, linewidth=0.8)
    axes.add_patch(frame)


def location_cloud(
    interpretation: Interpretation,
    classifier: Classifier,
    *,
    how: Layout = "tsne",
    words: int = 6,
    title: str = "",
) -> Figure:
    """Draw readings as a cloud of nearest words, tied to their locations in the text by dashes.

    Each reading is a large numbered marker in the middle of its words, which are small ones: it is
    laid out as the mean of their directions. The overall vectors themselves can be much nearer to
    each other than to any word (cosines of 0.99 and 0.6 in a review), and t-SNE then sets them
    apart from all words. A word of several readings is drawn once, in black, with their numbers
    after it. Large markers that would hide one another are moved apart.

    Parameters
    ----------
    interpretation : Interpretation
        Interpretation of a text of at most 40 words, with one to five readings.
    classifier : Classifier
        The classifier whose embedding holds the words.
    how : {"tsne", "pca"}
        How vectors become places in a plane.
    words : int
        How many of the nearest words of each reading are drawn, at most.
    title : str
        Written above the figure.

    Raises
    ------
    ValueError
        If the text has more words, the interpretation more readings, or ``how`` is neither.

    References
    ----------
    Yuan et al. (2019), Figures 2 to 5.

    Examples
    --------
    >>> from interpbook import interpret, load_classifier
    >>> classifier = load_classifier("mr_deep")
    >>> interpretation = interpret(classifier, "a tedious and charming film", steps=20)
    >>> figure = location_cloud(interpretation, classifier, how="pca", words=3)
    >>> len(figure.axes)
    2
    """
    check_readings(interpretation)
    readings = interpretation.readings
    of_word: dict[str, list[int]] = {}
    for number, reading in enumerate(readings):
        for word, _ in reading.words[:words]:
            of_word.setdefault(word, []).append(number)
    strangers = [word for word in of_word if word not in classifier.vocabulary]
    if strangers:
        raise ValueError(
            f"the classifier does not know {strangers[0]!r}, a word of the readings: give the one "
            "that was interpreted"
        )
    ids = torch.tensor(classifier.vocabulary.encode(of_word), dtype=torch.int64)
    vectors = classifier.model.embedding.weight.detach()[ids]
    units = torch.nn.functional.normalize(vectors, dim=1)
    targets = torch.stack(
        [
            units[[word for word, of in enumerate(of_word.values()) if number in of]].mean(dim=0)
            if reading.words[:words]
            else reading.overall
            for number, reading in enumerate(readings)
        ]
    )
    places = lay_out_plane(torch.cat([targets, vectors]), how)
    at_targets, at_words = places[: len(readings)], places[len(readings) :]

    rows = len(interpretation.tokens) * ROW
    body = max(rows, _CLOUD)
    figure, axes, top = sheet(body + 14, title)
    cells = draw_text(axes, interpretation, top + (body - rows) / 2, top)
    left, height = right_of_cells(interpretation) + 18, axes.get_ylim()[0]
    box = (left / WIDTH, 1 - (top + body) / height, 1 - (left + MARGIN) / WIDTH, body / height)
    cloud = figure.add_axes(box, xticks=[], yticks=[])
    cloud.patch.set_visible(False)  # the dashes run below
    cloud.spines[:].set(visible=True, color=FAINT)
    cloud.margins(x=0.15, y=0.06)
    plane = {"tsne": "t-SNE", "pca": "PCA"}[how] + " plane, no unit"
    write(axes, left, top + body + 9, plane, size=HEADING, colour=GREY)

    labels = []
    for place, (word, of) in zip(at_words, of_word.items(), strict=True):
        (colour, marker), numbers = LOOKS[of[0]], ""
        if len(of) > 1:
            colour, marker, numbers = INK, ".", f" {''.join(str(n + 1) for n in of)}"
        cloud.plot(*place, marker, color=colour, markersize=4.5)
        labels.append((place, short(word) + numbers, colour))
    cloud.plot(*at_targets.T, ",", color="none")  # they count for the limits
    ties = []
    markers = spread_out(cloud, at_targets, 15.0)
    for number, place in enumerate(markers):
        numbered(cloud, *place, number, size=15)
        cell = cells[readings[number].location]
        tie = ConnectionPatch(place, cell, "data", axesA=cloud, axesB=axes, zorder=0)
        tie.set(linestyle=(0, (4, 3)), color=LOOKS[number][0], linewidth=1)
        figure.add_artist(tie)
        ties.append((cloud.transData.transform(place), axes.transData.transform(cell)))
    label_apart(cloud, labels, markers, ties)
    return figure


def saliency_map(
    classifier: Classifier, text: str, target: int | None = None, *, title: str = ""
) -> Figure:
    """Draw the saliency of every location of every layer, with each layer's sum and the logit.

    A location whose saliency is exactly zero shows a dot. Words that the model does not know are in
    italics.

    Parameters
    ----------
    classifier : Classifier
        A classifier that has a DeepTextCNN.
    text : str
        What the classifier reads, at most 40 words.
    target : int, optional
        The class; the predicted one by default.
    title : str
        Written above the figure.

    Raises
    ------
    TypeError, ValueError
        If the model is no DeepTextCNN, the text holds no word or more than 40, or there is no such
        class.

    References
    ----------
    Yuan et al. (2019), equation (3).

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> figure = saliency_map(load_classifier("mr_deep"), "a tedious and charming film")
    >>> len(figure.axes)
    1
    """
    deep = as_deep_text_cnn(classifier.model)
    tokens = [token.word for token in spans_of(text, lowercase=classifier.lowercase)]
    check_words(tokens)
    ids = pad(classifier.encode([text]))
    with torch.no_grad():
        logits = deep(ids)[0]
    target = int(logits.argmax()) if target is None else target
    layers = range(deep.config.num_layers + 1)
    scores = torch.cat([location_saliency(deep, ids, j, target) for j in layers])
    norm = signed_norm(scores)
    tokens = tokens[: ids.shape[1]]

    figure, axes, top = sheet(ROW * (len(tokens) + 2), title)
    width = (WIDTH - MARGIN - WORDS - 6) / len(layers)
    for j in layers:
        name = "embedding" if j == 0 else f"layer {j}"
        x = WORDS + 6 + j * width
        write(axes, x + width / 2, top - 10, name, size=HEADING, colour=GREY, align="center")
        for i, score in enumerate(scores[j, : len(tokens)].tolist()):
            draw_cell(axes, (x, top + i * ROW, width), score, norm)
        y = top + (len(tokens) + 0.8) * ROW
        total = f"{float(scores[j].sum()):+.2f}"
        write(axes, x + width / 2, y, total, size=WORD, align="center")
    for i, (token, known) in enumerate(zip(tokens, ids[0].tolist(), strict=True)):
        slant = "italic" if known == UNKNOWN else "normal"
        write(axes, WORDS, top + (i + 0.5) * ROW, short(token), align="right", style=slant)
    y = top + (len(tokens) + 0.8) * ROW
    write(axes, WORDS, y, "sum (logits)", size=HEADING, colour=GREY, align="right")
    axes.plot([MARGIN, WIDTH - MARGIN], [y - 0.6 * ROW] * 2, color=FAINT, linewidth=0.8)
    name = shortened(classifier.class_names[target], 20)
    said = f"logit of {name}: {float(logits[target]):+.2f}"
    write(axes, WIDTH - MARGIN, y + 16, said, size=HEADING, colour=GREY, align="right")
    return figure


def receptive_fields(
    deep: DeepTextCNN,
    words: Sequence[str],
    locations: Sequence[int],
    *,
    layer: int | None = None,
    title: str = "",
) -> Figure:
    """Draw what some locations of a layer see in each layer below, down to the words.

    Parameters
    ----------
    deep : DeepTextCNN
        Its kernel size and number of layers count, its weights do not.
    words : sequence of str
        The words of a text, at most 40.
    locations : sequence of int
        One to five locations of the layer.
    layer : int, optional
        The locations' layer; the last one by default.
    title : str
        Written above the figure.

    Raises
    ------
    ValueError
        If there is no such layer or location, or there are too many words or locations.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> classifier = load_classifier("mr_deep")
    >>> words = "what a tedious and charming film this is".split()
    >>> figure = receptive_fields(classifier.model, words, [2], layer=2)
    >>> len(figure.axes)
    1
    """
    layer = as_deep_text_cnn(deep).check_layer(deep.config.num_layers if layer is None else layer)
    check_words(words)
    if not 1 <= len(locations) <= len(LOOKS):
        raise ValueError(f"expected 1..{len(LOOKS)} locations to draw, got {len(locations)}")
    figure, axes, top = sheet(ROW * len(words) + 20 + 12 * len(locations), title)
    step = (WIDTH - WORDS - 60) / max(layer, 1)

    def place(j: int, i: Number) -> tuple[float, float]:
        return WORDS + 24 + j * step, top + (i + 0.5) * ROW

    for j in range(layer + 1):
        name = "embedding" if j == 0 else f"layer {j}"
        write(axes, place(j, 0)[0], top - 10, name, size=HEADING, colour=GREY, align="center")
    for i, word in enumerate(words):
        write(axes, WORDS, place(0, i)[1], short(word), align="right")
        axes.plot(*zip(*(place(j, i) for j in range(layer + 1)), strict=True), "o", color=FAINT,
                  markersize=4)  # fmt: skip
    for number, location in enumerate(locations):
        colour, marker = LOOKS[number]
        # Location i of layer j sees in layer j - d what location i of layer d sees in the words.
        seen = [deep.receptive_field(layer - j, location, len(words)) for j in range(layer + 1)]
        upper = [place(j, field.start - 0.3) for j, field in enumerate(seen)]
        lower = [place(j, field.stop - 0.7) for j, field in enumerate(seen)]
        axes.add_patch(
            Polygon([*upper, *lower[::-1]], facecolor=colour, edgecolor=colour, alpha=0.22)
        )
        for j, field in enumerate(seen):
            inside = [place(j, i) for i in field]
            axes.plot(*zip(*inside, strict=True), marker, color=colour, markersize=4)
        numbered(axes, *place(layer, location), number, size=13)
        y = top + ROW * len(words) + 14 + 12 * number
        count = len(seen[0])
        said = f"{number + 1}: location {location} sees {count} word{'s' * (count != 1)}"
        reach = 2 * layer * (deep.config.kernel_size // 2) + 1
        said += "" if count == reach else f" of {reach}, clipped"
        write(axes, MARGIN, y, said, size=HEADING, colour=colour)
    return figure
