"""Adds the pages that are generated from the knowledge and from the commands; mkdocs calls `on_files`."""

from __future__ import annotations

from collections.abc import Iterator

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import commands
import credibility
import exposure_table
import knowledge


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to the files of the site."""
    for path, content in _pages():
        files.append(File.generated(config, path, content=content))
    return files


def _pages() -> Iterator[tuple[str, str]]:
    yield "reference/cli.md", commands.page()
    yield "reference/exposure.md", exposure_table.page()
    yield "explanation/credibility.md", credibility.page()
    if not credibility.VALIDATION.is_file():
        yield "validation.md", credibility.no_validation()
    yield from knowledge.pages()
