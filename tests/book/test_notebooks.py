"""The rules of a chapter (CONTRIBUTING.md, "Writing a chapter"), checked without running it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import notebooks

CHAPTERS = sorted(notebooks.CHAPTERS.glob("*.ipynb"))
EXCLUDED = {"nbval-ignore-output", "nbval-skip", "nbval-raises-exception", "raises-exception"}
EXCLUDED_COMMENT = re.compile(r"^\s*#\s*(NBVAL_\w+|PYTEST_VALIDATE_IGNORE_OUTPUT)", re.MULTILINE)
FILE_NAME = re.compile(r"^\S+\.(png|svg|jpe?g|gif)$", re.IGNORECASE)
LOCAL_PATH = re.compile(r"(?<![\w:/.])/(home|root|Users|tmp|work|mnt|private)/|[A-Z]:\\\\?Users")

every_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


def is_excluded(cell: NotebookNode) -> bool:
    return bool(tags(cell) & EXCLUDED or EXCLUDED_COMMENT.search(cell.source))


def shows_figure(cell: NotebookNode) -> bool:
    """Say whether the site will draw an image for this cell."""
    hidden = tags(cell) & {"remove-output", "remove-cell"}
    texts = [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    drawn = any(re.match(r"<Figure size|<IPython\.core\.display\.(Image|SVG)", t) for t in texts)
    return drawn and not hidden


def alt_problem(cell: NotebookNode) -> str | None:
    """Say what is wrong with the words that go with a figure, or None."""
    mystnb = cell.metadata.get("mystnb", {})
    alt = mystnb.get("image", {}).get("alt", "").strip()
    if len(alt) < 20 or FILE_NAME.match(alt):
        return f"needs alt text of 20 characters or more under mystnb.image.alt, has {alt!r}"
    if not mystnb.get("figure", {}).get("caption", "").strip():
        return "needs a caption under mystnb.figure.caption"
    return None


def unsolved_exercises(notebook: NotebookNode) -> tuple[int, list[str]]:
    """Count the exercises, and name those not followed by a hidden, tested solution."""
    count, unsolved = 0, []
    for cell, after in zip(notebook.cells, [*notebook.cells[1:], None], strict=True):
        if cell.cell_type != "markdown" or ":class: exercise" not in cell.source:
            continue
        count += cell.source.count(":class: exercise")
        solved = after is not None and after.cell_type == "code" and "hide-cell" in tags(after)
        if not (solved and re.search(r"^\s*assert\b", after.source, re.MULTILINE)):
            unsolved.append(cell.source.partition("\n")[0])
    return count, unsolved


def dead_links(notebook: NotebookNode, folder: Path) -> list[str]:
    """Return the links to other pages that do not open a file beside the notebook by its title.

    JupyterLab reads `` {doc}`name` `` as a link to a file without an ending, and shows nothing for
    a link without a text.
    """
    text = prose(notebook)
    dead = re.findall(r"\{doc\}`[^`]*`", text)
    for title, target in re.findall(r"(?<!!)\[([^\]]*)\]\((?!\w+:|#)([^)\s]+)\)", text):
        path = folder / target.partition("#")[0]
        found = path.read_text("utf-8") if path.is_file() else ""
        if not title or not re.search(rf'^(\s*")?# {re.escape(title)}(\\n|$)', found, re.M):
            dead.append(f"[{title}]({target})")
    return dead


def test_there_are_chapters():
    assert CHAPTERS, f"no notebook in {notebooks.CHAPTERS}"


def test_the_table_of_contents_lists_every_chapter():
    toc = (notebooks.ROOT / "book" / "_toc.yml").read_text("utf-8")
    assert [p.stem for p in CHAPTERS] == re.findall(r"file: chapters/(\S+)", toc)


@every_chapter
def test_is_valid_and_in_normal_form(path):
    nbformat.validate(read(path))
    assert (read(path).nbformat, read(path).nbformat_minor) == (4, 5)
    assert notebooks.is_normal(path), f"{path.name}: run `make notebooks`"


@every_chapter
def test_every_cell_was_run_and_none_failed(path):
    for cell in code_cells(read(path)):
        assert cell.execution_count, f"not executed:\n{cell.source}"
        kinds = {output.output_type for output in cell.outputs}
        assert "error" not in kinds or is_excluded(cell), f"raised:\n{cell.source}"
        streams = {output.get("name") for output in cell.outputs}
        assert "stderr" not in streams, f"writes to stderr:\n{cell.source}"


@every_chapter
def test_names_no_local_path(path):
    found = LOCAL_PATH.search(path.read_text("utf-8"))
    assert found is None, f"{path.name} holds a local path near {found.start()}: {found[0]}"


@every_chapter
def test_every_figure_has_alt_text_and_a_caption(path):
    cells = [cell for cell in code_cells(read(path)) if shows_figure(cell)]
    problems = {cell.source.partition("\n")[0]: alt_problem(cell) for cell in cells}
    assert not {line: problem for line, problem in problems.items() if problem}
    markdown_images = re.findall(r"!\[([^\]]*)\]\(", prose(read(path)))
    assert all(len(alt) >= 20 for alt in markdown_images)


@every_chapter
def test_widgets_leave_the_static_site(path):
    for cell in code_cells(read(path)):
        texts = [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
        if any(
            re.match(r"Knobs\(|interactive\(|\w*Box\(children=|\w+(Slider|Dropdown)\(", t)
            for t in texts
        ):
            assert "remove-output" in tags(cell), f"a widget without remove-output:\n{cell.source}"


@every_chapter
def test_opens_with_goals_prerequisites_and_times(path):
    first, *_ = read(path).cells
    assert first.cell_type == "markdown" and re.search(r"^# \S", first.source, re.MULTILINE)
    opening = "\n\n".join(c.source for c in read(path).cells[:3] if c.cell_type == "markdown")
    assert re.search(r"\{admonition\} What you will be able to do\n:class: goals", opening)
    assert re.search(r"prerequisites", opening, re.IGNORECASE)
    assert re.search(r"\d+ min(utes)?\b[^.;]*\bread", opening), "say how many minutes to read"
    assert re.search(r"\d+ (s|sec(onds)?|min(utes)?)\b[^.;]*\brun", opening), "say how long to run"


@every_chapter
def test_closes_with_a_summary_and_three_solved_exercises(path):
    notebook = read(path)
    assert re.search(r"^## Summary\b", prose(notebook), re.MULTILINE)
    count, unsolved = unsolved_exercises(notebook)
    assert count >= 3, f"{count} exercises"
    assert not unsolved, f"not followed by a hidden solution with an assert: {unsolved}"


@every_chapter
def test_asserts_hold_the_prose_to_its_word(path):
    shown = [cell for cell in code_cells(read(path)) if "hide-cell" not in tags(cell)]
    assert any(re.search(r"^\s*assert\b", c.source, re.MULTILINE) for c in shown)


def test_at_most_two_percent_of_code_cells_escape_comparison():
    cells = [cell for path in CHAPTERS for cell in code_cells(read(path))]
    excluded = [cell for cell in cells if is_excluded(cell)]
    assert len(excluded) <= 0.02 * len(cells), f"{len(excluded)} of {len(cells)}"
    for cell in excluded:
        assert len(cell.metadata.get("nbval", {}).get("reason", "")) >= 20, cell.source


# The rules and the normal form themselves, each broken once.


def figure_cell(**mystnb) -> NotebookNode:
    output = new_output("display_data", {"text/plain": "<Figure size 600x300 with 1 Axes>"})
    return new_code_cell("draw()", outputs=[output], metadata={"mystnb": mystnb})


@pytest.mark.parametrize("alt", ["", "too short", "output_of_the_third_cell.png"])
def test_alt_text_has_to_say_something(alt):
    cell = figure_cell(image={"alt": alt}, figure={"caption": "Scores."})
    assert shows_figure(cell)
    assert "alt text" in alt_problem(cell)


def test_a_described_and_captioned_figure_passes():
    alt = "Bars of the scores of 150 filters."
    assert "caption" in alt_problem(figure_cell(image={"alt": alt}))
    assert alt_problem(figure_cell(image={"alt": alt}, figure={"caption": "Scores."})) is None


def test_an_exercise_needs_its_hidden_solution_right_behind():
    exercise = new_markdown_cell(":::{admonition} Exercise 1\n:class: exercise\n\nWhy?\n:::")
    hidden = new_code_cell("assert True", metadata={"tags": ["hide-cell"]})
    open_one = new_code_cell("assert True")
    assert unsolved_exercises(new_notebook(cells=[exercise, hidden])) == (1, [])
    assert len(unsolved_exercises(new_notebook(cells=[exercise, open_one]))[1]) == 1
    assert len(unsolved_exercises(new_notebook(cells=[exercise]))[1]) == 1


@pytest.mark.parametrize("text", ["/home/ada/x", "File /root/a.py", "C:\\Users\\ada"])
def test_a_local_path_is_seen(text):
    assert LOCAL_PATH.search(text)
    assert not LOCAL_PATH.search("https://example.org/home/page and/or a/home/b")


def messy() -> NotebookNode:
    picture = new_output(
        "display_data", {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure size 1x1 with 1 Axes>"}
    )
    piece = new_output("stream", name="stdout", text="one ")
    rest = new_output("stream", name="stdout", text="two at 0x7f3a12bc9d10\n")
    view = new_output(
        "display_data", {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}}
    )
    cell = new_code_cell("draw()  \n", outputs=[piece, rest, picture, view], execution_count=7)
    cell.metadata = {"execution": {"iopub.busy": "2020"}, "collapsed": True, "tags": ["hide-cell"]}
    twin = new_code_cell("draw()", execution_count=9)
    notebook = new_notebook(cells=[cell, twin], metadata={"widgets": {"state": {}}})
    twin.id = cell.id
    return notebook


def test_normal_form_keeps_text_and_drops_the_rest():
    first, second = notebooks.normalise(messy()).cells
    stream, picture = first.outputs
    assert stream.text == "one two at 0x000000\n"
    assert picture.data == {"text/plain": "<Figure size 1x1 with 1 Axes>"}
    assert first.metadata == {"tags": ["hide-cell"]}
    assert first.source == "draw()"
    assert (first.execution_count, second.execution_count) == (1, 2)
    assert first.id != second.id
    assert "widgets" not in notebooks.normalise(messy()).metadata


def test_normal_form_is_reached_in_one_step_and_stays(tmp_path):
    path = tmp_path / "messy.ipynb"
    path.write_text(json.dumps(messy()), encoding="utf-8")
    assert not notebooks.is_normal(path)
    notebooks.rewrite(path, execute=False)
    once = path.read_text("utf-8")
    assert notebooks.is_normal(path) and once.endswith("}\n")
    notebooks.rewrite(path, execute=False)
    assert path.read_text("utf-8") == once
    assert list(tmp_path.iterdir()) == [path]


def test_check_names_the_notebook_that_is_not_normal(tmp_path, capsys):
    path = tmp_path / "messy.ipynb"
    path.write_text(json.dumps(messy()), encoding="utf-8")
    assert notebooks.main(["--check", str(path)]) == 1
    assert "messy.ipynb" in capsys.readouterr().err
    assert notebooks.main(["--no-execute", str(path)]) == 0
    assert notebooks.main(["--check", str(path)]) == 0


@pytest.mark.filterwarnings("default")  # the kernel's own machinery warns as it likes
def test_a_failing_notebook_is_left_as_it_was(tmp_path):
    path = tmp_path / "failing.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1 / 0")]), path)
    before = path.read_text("utf-8")
    with pytest.raises(Exception, match="ZeroDivisionError"):
        notebooks.rewrite(path)
    assert path.read_text("utf-8") == before


@every_chapter
def test_links_to_pages_open_where_notebooks_are_read(path):
    assert dead_links(read(path), path.parent) == []


@pytest.mark.parametrize(
    "text", ["{doc}`02_textcnn`", "[](02_textcnn.ipynb)", "[The TextCNN](02_textcnn)", "[B](a.md)"]
)
def test_a_dead_link_is_seen(text):
    notebook = new_notebook(cells=[new_markdown_cell(f"See {text}.")])
    assert dead_links(notebook, CHAPTERS[0].parent) == [text]
