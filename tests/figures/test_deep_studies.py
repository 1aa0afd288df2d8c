"""Figures of Yuan et al.'s studies show what the records hold: numbers are read back."""

from __future__ import annotations

import re
from copy import deepcopy
from html.parser import HTMLParser
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib import colors
from matplotlib import pyplot as plt

from interpbook import figures
from interpbook.experiments import cells, kept_lead, kept_share
from interpbook.experiments.studies.yuan import CHOICES
from interpbook.figures.style import BLUE, ORANGE
from interpbook.hidden import METHODS
from support.readings import reading

RECORDS = [reading(seed=seed) for seed in range(3)]
DRAWN = ["inversion", "own words", "random locations", "weakest locations", "random words"]
K, M = (1, 2, 3, 5), (1, 3, 5, 10)


@pytest.fixture(autouse=True)
def on_paper():
    matplotlib.use("agg")
    yield
    plt.close("all")


def names(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


# Curves.


def test_curves_have_a_panel_for_each_k_on_one_scale():
    figure = figures.preservation_curves(RECORDS, "mr")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["k = 1 location", *(f"k = {k} locations" for k in (2, 3, 5))]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    assert [tick.get_text() for tick in figure.axes[3].get_xticklabels()] == list(map(str, M))
    assert names(figure) == [*DRAWN[:4], "random words (band: 95%)"]


def test_curves_draw_shares_and_their_intervals():
    for axes, k in zip(figures.preservation_curves(RECORDS, "mr").axes, K, strict=True):
        drawn = {container.get_label(): container for container in axes.containers}
        assert list(drawn) == DRAWN[:4]
        for method, (line, _, [bars]) in drawn.items():
            expected = [kept_share(RECORDS, method, k, m) for m in M]
            assert list(line.get_ydata()) == pytest.approx([100 * e.value for e in expected])
            ends = [segment[:, 1].tolist() for segment in bars.get_segments()]
            for end, estimate in zip(ends, expected, strict=True):
                assert end == pytest.approx([100 * estimate.low, 100 * estimate.high])


def test_curves_show_chance_as_a_band_over_the_whole_panel():
    for axes, k in zip(figures.preservation_curves(RECORDS, "mr").axes, K, strict=True):
        [line] = [line for line in axes.lines if line.get_label() == "random words"]
        expected = [kept_share(RECORDS, "random words", k, m) for m in M]
        assert list(line.get_ydata()[1:-1]) == pytest.approx([100 * e.value for e in expected])
        [band] = [c for c in axes.collections if type(c).__name__ == "FillBetweenPolyCollection"]
        corners = band.get_paths()[0].vertices
        left, right = axes.get_xlim()
        assert corners[:, 0].min() <= left and corners[:, 0].max() >= right
        for place, estimate in enumerate(expected):
            heights = corners[corners[:, 0] == place][:, 1]
            assert sorted(set(heights)) == pytest.approx([100 * estimate.low, 100 * estimate.high])


def test_curves_of_all_methods_stand_apart_and_differ_in_more_than_colour():
    figure = figures.preservation_curves(RECORDS, "mr", methods=METHODS)
    lines = [container[0] for container in figure.axes[0].containers]
    assert len(lines) == len(METHODS) - 1
    places = np.sort(np.concatenate([line.get_xdata() for line in lines]))
    assert np.diff(places).min() > 0.05
    looks = {(line.get_marker(), line.get_linestyle()) for line in lines}
    shades = {colors.to_hex(line.get_color()) for line in lines}
    assert len(looks) == len(shades) == len(lines)
    assert len({line.get_marker() for line in lines}) == len(lines)


def test_curves_of_other_corpora_are_left_out():
    both = [*RECORDS, reading("ag_news", seed=5)]
    mixed, alone = (figures.preservation_curves(records, "mr") for records in (both, RECORDS))
    for first, second in zip(mixed.axes, alone.axes, strict=True):
        for one, other in zip(first.lines, second.lines, strict=True):
            assert np.array_equal(one.get_ydata(), other.get_ydata())


def test_an_odd_number_of_panels_leaves_no_empty_frame():
    records = deepcopy(RECORDS)
    for record in records:
        record["interpretation"]["locations"] = [1, 2, 3]
    axes = figures.preservation_curves(records, "mr").axes
    assert [one.axison for one in axes] == [True, True, True, False]


@pytest.mark.parametrize("draw", [figures.preservation_curves, figures.preservation_html])
def test_what_cannot_be_drawn_is_refused(draw):
    with pytest.raises(ValueError, match="at least one method, got none"):
        draw(RECORDS, "mr", methods=())
    with pytest.raises(ValueError, match=r"methods are inversion, .*, got 'magic'"):
        draw(RECORDS, "mr", methods=("inversion", "magic"))
    with pytest.raises(ValueError, match="expected records of ag_news, got records of mr"):
        draw(RECORDS, "ag_news")


# Tables.


class Tables(HTMLParser):
    """Reads tables: rows of cells' texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.inside = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("th", "td"):
            self.tables[-1][-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        if tag in ("th", "td"):
            self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.tables[-1][-1][-1] += data


def number(text: str) -> float:
    return float(text.replace("−", "-"))


@pytest.mark.parametrize("k", K)
def test_the_table_holds_every_share_and_every_lead(k):
    shares, leads = Tables(figures.preservation_html(RECORDS, "mr", k=k)).tables
    assert shares[0] == ["words from", *(f"m = {m}" for m in M)]
    assert leads[0] == ["lead over", *(f"m = {m}" for m in M)]
    assert [row[0].lower() for row in shares[1::2]] == list(METHODS)
    assert [row[0].lower() for row in leads[1::2]] == list(METHODS[1:])
    for rows, estimate in ((shares, kept_share), (leads, kept_lead)):
        for values, limits in zip(rows[1::2], rows[2::2], strict=True):
            assert limits[0] == "95% interval"
            for m, value, limit in zip(M, values[1:], limits[1:], strict=True):
                expected = [100 * end for end in estimate(RECORDS, values[0].lower(), k, m)]
                assert number(value) == pytest.approx(expected[0], abs=0.051)
                ends = [number(end) for end in re.split("–| to ", limit)]
                assert ends == pytest.approx(expected[1:], abs=0.51)


def test_a_lead_carries_its_sign_and_nothing_has_none():
    records = deepcopy(RECORDS)
    for record in records:
        for method, (won, lost) in {
            "without l2": (0, 0),
            "closed form": (20, 0),
            "own words": (0, 20),
        }.items():
            record["metrics"]["methods"][method]["won"] = [[won] * 4] * 4
            record["metrics"]["methods"][method]["lost"] = [[lost] * 4] * 4
    _, leads = Tables(figures.preservation_html(records, "mr")).tables
    rows = {
        row[0]: (row[1], limits[1]) for row, limits in zip(leads[1::2], leads[2::2], strict=True)
    }
    assert rows["without L2"] == ("0.0", "−1 to 1")
    assert rows["closed form"] == ("−10.0", "−14 to −6")
    assert rows["own words"] == ("+10.0", "6 to 14")


def test_the_captions_say_how_runs_are_pooled():
    html = figures.preservation_html(RECORDS, "mr")
    captions = re.findall(r"<p class=ib-note>(.*?)</p>", html)
    assert captions[0].startswith("MR: per cent of 200 test documents")
    for caption in captions:
        assert (
            "3 locations" in caption
            and "over 3 models that" in caption
            and "200 documents" in caption
        )
    html = figures.preservation_html(RECORDS[:1], "mr", k=1)
    for caption in re.findall(r"<p class=ib-note>(.*?)</p>", html):
        assert re.search(r"\b1 location\b", caption) and "Of one model;" in caption


def test_the_inversion_alone_has_no_table_of_leads():
    html = figures.preservation_html(RECORDS, "mr", methods=["inversion"])
    [table] = Tables(html).tables
    assert len(table) == 3


def test_every_header_cell_has_text():
    for table in Tables(figures.preservation_html(RECORDS, "mr")).tables:
        assert all(cell.strip() for cell in table[0])


# Choices.


def run(accuracy: float, **changes: Any) -> dict[str, Any]:
    return {"changes": changes, "recipe": {"corpus": "mr"}, "metrics": {"accuracy": accuracy}}


RUNS = [
    run(0.80),
    run(0.81),
    run(0.82),
    run(0.75, vector_corpora=[]),
    run(0.77, vector_corpora=[]),
    run(0.79, vector_corpora=["imdb"]),
    run(0.70, dropout=0.0),
    run(0.78, padding="paper"),
    run(0.74, vector_corpora=[], tokenizer="words"),
    run(0.60, missing="zero"),
]


def rows_of(axes) -> dict[str, tuple[list[float], float]]:
    """Read back each row's dots and ring."""
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    found = {}
    for row, label in enumerate(labels):
        dots, ring = axes.collections[2 * row : 2 * row + 2]
        assert set(dots.get_offsets()[:, 1]) == set(ring.get_offsets()[:, 1]) == {row}
        found[label] = dots.get_offsets()[:, 0].tolist(), ring.get_offsets()[0, 0]
    return found


def test_choices_are_drawn_by_group_the_best_on_top():
    vectors, others = figures.yuan_choices(RUNS, paper=79.96).axes
    assert [axes.get_title(loc="left") for axes in (vectors, others)] == [
        "vectors",
        "other settings",
    ]
    found = rows_of(vectors)
    assert list(found) == [
        "from IMDB alone",
        "none (random start)",
        "none (random start), lower-cased text",
    ]
    assert found["none (random start)"] == (pytest.approx([75, 77]), pytest.approx(76))
    assert list(rows_of(others)) == ["paper's padding", "no dropout", "missing = zero"]
    for axes in (vectors, others):
        bottom, top = axes.get_ylim()
        assert bottom > 2 > 0 > top  # three rows, the first on top


def test_choices_stand_beside_the_unchanged_runs_and_the_paper():
    figure = figures.yuan_choices(RUNS, paper=79.96)
    for axes in figure.axes:
        [band] = axes.patches
        assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((80, 82))
        mean, paper = axes.lines
        assert mean.get_xdata() == pytest.approx([81, 81])
        assert paper.get_xdata() == pytest.approx([79.96] * 2)
        assert colors.same_color(paper.get_color(), ORANGE) and paper.get_linestyle() == "--"
    assert sorted(names(figure)) == [
        "a run",
        "mean of its runs",
        "paper: 79.96",
        "unchanged: mean",
        "unchanged: range",
    ]
    dots = figure.axes[0].collections[0]
    assert colors.same_color(dots.get_facecolor()[0], BLUE)


def test_every_choice_of_the_study_has_a_name_of_its_own():
    records = [run(0.8)]
    for cell in cells("yuan-choices", corpora=["mr"], seeds=[0]):
        changes = {n: list(v) if isinstance(v, tuple) else v for n, v in cell.changes.items()}
        records.append(run(0.7, **changes))
    figure = figures.yuan_choices(records, paper=79.96)
    labels = [tick.get_text() for axes in figure.axes for tick in axes.get_yticklabels()]
    assert len(set(labels)) == len(labels) == len(CHOICES["mr"])
    assert not [label for label in labels if "=" in label]


def test_one_group_alone_is_one_panel():
    [axes] = figures.yuan_choices([run(0.8), run(0.7, dropout=0.0)], paper=79.96).axes
    assert axes.get_title(loc="left") == "other settings"


def test_choices_want_changed_and_unchanged_runs_of_one_corpus():
    with pytest.raises(ValueError, match="one corpus, got none"):
        figures.yuan_choices([], paper=79.96)
    other = run(0.9) | {"recipe": {"corpus": "ag_news"}}
    with pytest.raises(ValueError, match="one corpus, got ag_news, mr"):
        figures.yuan_choices([*RUNS, other], paper=79.96)
    with pytest.raises(ValueError, match="got 3 of the one and 0 of the other"):
        figures.yuan_choices(RUNS[:3], paper=79.96)
    with pytest.raises(ValueError, match="got 0 of the one and 2 of the other"):
        figures.yuan_choices(RUNS[3:5], paper=79.96)
