"""Leave in the site an archive of the whole site, to be read from a local folder.

The same site gives the same bytes: names are sorted, and no entry carries a time or an owner.
"""

from __future__ import annotations

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sphinx.application import Sphinx

from addresses import site_name

EPOCH = (1980, 1, 1, 0, 0, 0)
LEFT_OUT = {".buildinfo"}


def write_archive(site: Path, name: str) -> Path:
    """Pack a site into ``name.zip`` inside it, below one folder ``name``; it lands by rename."""
    archive = site / f"{name}.zip"
    partial = archive.with_suffix(".part")
    files = sorted(
        (path.relative_to(site).as_posix(), path)
        for path in site.rglob("*")
        if path.is_file() and path not in (archive, partial) and path.name not in LEFT_OUT
    )
    with ZipFile(partial, "w") as pack:
        for inside, path in files:
            entry = ZipInfo(f"{name}/{inside}", EPOCH)
            entry.compress_type = ZIP_DEFLATED
            entry.create_system = 3  # the same on every system that builds it
            entry.external_attr = 0o644 << 16
            pack.writestr(entry, path.read_bytes(), compresslevel=9)
    partial.replace(archive)
    return archive


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Pack the site that Sphinx wrote."""
    if exception is None and app.builder.name == "html":
        write_archive(Path(app.outdir), site_name(app.config))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx: the archive is what is made last."""
    app.connect("build-finished", finish, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
