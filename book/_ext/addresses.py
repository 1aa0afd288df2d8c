"""Where the book lives: every address follows from the repository that ``_config.yml`` names."""

from __future__ import annotations

from urllib.parse import urlparse

from sphinx.config import Config


def repository(config: Config) -> str:
    """Return the address of the repository."""
    return config.html_theme_options["repository_url"].rstrip("/")


def site_name(config: Config) -> str:
    """Return the repository's name: that of the published folder, and of the archive."""
    return repository(config).rsplit("/", 1)[1]


def published(url: str) -> str:
    """Return the address at which GitHub Pages publishes a repository's site.

    >>> published("https://github.com/Ada/engine"), published("https://github.com/ada/ada.github.io")
    ('https://ada.github.io/engine/', 'https://ada.github.io/')
    """
    owner, name = urlparse(url).path.strip("/").split("/")
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"
