"""The built site, served to a real browser."""

from __future__ import annotations

import functools
import os
import zipfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from support.visiting import FLAGS, NAMES, SITE, find_chromium, serve


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Serve the site; yield its address."""
    with serve() as address:
        yield f"{address}/"


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Unpack the archive that the site offers; return the address of the folder in it."""
    found = list(SITE.glob("*.zip"))
    assert len(found) == 1, f"one archive in {SITE}, not {found}"
    folder = tmp_path_factory.mktemp("a reader's folder")
    with zipfile.ZipFile(found[0]) as archive:
        archive.extractall(folder)
    (inside,) = folder.iterdir()
    return f"{inside.as_uri()}/"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium; without one, skip, or fail where CI says that it must be there."""
    executable = find_chromium()
    if executable is None:
        message = f"no Chromium found (looked for {', '.join(NAMES)}): the site was not checked"
        if os.environ.get("INTERPBOOK_REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        # A page's policy keeps a test from watching the page too: waiting for a condition evaluates
        # a text. Tests of what a page complains about ask for the policy.
        browser.new_context = functools.partial(browser.new_context, bypass_csp=True)
        yield browser
        browser.close()
