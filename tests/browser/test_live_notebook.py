"""The explorer in JupyterLab: a widget that computes in the browser and reports to Python."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from interpbook.widgets.weights import page_weights, read_page_weights
from support.operating import HOSTILE

CELLS = [
    'from interpbook.widgets import Explorer\n\ne = Explorer("reviews", text="A dull film")\ne',
    "import json\n\n"
    'print(json.dumps([e.result[n] for n in ("model", "tokens", "logits", "wordScores")]))',
]
# What JupyterLab would ask the network for, or leave out while it is off the screen.
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
READY = "textcnn-explorer[data-state=ready]"
PATIENCE = 120  # seconds; a busy machine is no fault of the widget


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start JupyterLab in an empty home with one notebook; yield its address."""
    home = tmp_path_factory.mktemp("lab")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    (home / "work").mkdir()
    nbformat.write(notebook, home / "work" / "explorer.ipynb")
    for name, setting in SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(setting), "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/"
    options = [
        "--no-browser",
        "--allow-root",
        f"--ServerApp.port={address.rpartition(':')[2].strip('/')}",
        "--ServerApp.port_retries=0",
        "--ServerApp.ip=127.0.0.1",
        "--IdentityProvider.token=",
        f"--ServerApp.root_dir={home / 'work'}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    places = {
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
    }
    environment = os.environ | {name: str(home / folder) for name, folder in places.items()}
    log = home / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter", "lab", *options],
            env=environment,
            cwd=home,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(server, address + "api", log)
        yield address
    finally:
        server.terminate()  # it shuts its kernels down first
        server.wait(PATIENCE)


def _wait_for(server: subprocess.Popen, address: str, log: Path) -> None:
    for _ in range(PATIENCE * 5):
        try:
            urlopen(address, timeout=PATIENCE).close()
        except URLError:
            assert server.poll() is None, log.read_text("utf-8", errors="replace")
            time.sleep(0.2)
        else:
            return
    pytest.fail("JupyterLab does not answer: " + log.read_text("utf-8", errors="replace"))


@pytest.fixture(scope="module")
def page(browser: Browser, lab: str) -> Iterator[Page]:
    """Open the notebook and run its first cell; its figure is ready."""
    context = browser.new_context(viewport={"width": 1280, "height": 1600})
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    foreign: list[str] = []
    complaints: list[str] = []
    page.on(
        "request",
        lambda r: r.url.startswith((lab, "data:", "blob:")) or foreign.append(r.url),
    )
    page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
    page.on("console", lambda message: is_ours(message) and complaints.append(message.text))
    page.goto(f"{lab}doc/tree/explorer.ipynb")
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    run(page, 0)
    page.wait_for_selector(READY)
    yield page
    assert foreign == [] and complaints == []
    context.close()


def is_ours(message: ConsoleMessage) -> bool:
    """Whether our module, which anywidget loads from a blob, complains, or somebody about it."""
    named = any(name in message.text.lower() for name in ("anywidget", "textcnn", "interpbook"))
    from_module = message.location["url"].startswith("blob:")
    return message.type in ("error", "warning") and (named or from_module)


def run(page: Page, number: int) -> None:
    """Run a cell as a reader does, again if JupyterLab was not ready to listen."""
    cell = page.locator(".jp-CodeCell").nth(number)
    before = cell.locator(".jp-InputPrompt").inner_text()
    for _ in range(PATIENCE):
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        page.wait_for_timeout(500)
        if cell.locator(".jp-InputPrompt").inner_text() != before:
            return
    pytest.fail(f"cell {number} did not run")


def reported(page: Page) -> list:
    """Run the second cell; return what Python knows of the figure."""
    run(page, 1)
    cell = page.locator(".jp-CodeCell").nth(1)
    page.wait_for_function(
        "prompt => /\\d/.test(prompt.innerText)",
        arg=cell.locator(".jp-InputPrompt").element_handle(),
    )
    return json.loads(cell.locator(".jp-OutputArea-output pre").inner_text())


def write(page: Page, text: str) -> None:
    page.locator(f"{READY} textarea").focus()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


@pytest.mark.parametrize("model", ["reviews", "ag_news"])
def test_python_hears_what_the_reader_types(page, model):
    models = page.locator(READY).get_by_role("combobox", name="Model")
    models.focus()
    for _ in range(2):  # the arrow keys are the figure's here, not JupyterLab's
        if models.input_value() != model:
            page.keyboard.press("ArrowDown")
    assert models.input_value() == model
    page.wait_for_function(  # the kernel sends its weights
        "([ready, model]) => document.querySelector(ready).result.model === model",
        arg=[READY, model],
    )
    classifier = read_page_weights(page_weights(model))
    for text in ("A dull film", "The food was not good but the waiter was a delight"):
        write(page, text)
        found, tokens, logits, word_scores = reported(page)
        expected = classifier.explain(text)
        assert found == model and tokens == expected.tokens
        assert logits == pytest.approx(expected.logits.tolist(), abs=1e-4)
        for row, ours in zip(word_scores, expected.word_scores.tolist(), strict=True):
            assert row == pytest.approx(ours, abs=1e-4)


def test_typed_markup_runs_nothing(page):
    title = page.title()
    write(page, HOSTILE)
    assert "onerror" in reported(page)[1]
    page.evaluate(  # errors of images come in order: once this one's is here, so is any earlier one
        "new Promise(done => Object.assign(new Image(), {onerror: done}).src = 'no-such-image')"
    )
    assert page.title() == title
    assert page.locator(f"{READY} :is(img, script, b)").count() == 0
