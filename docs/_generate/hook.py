"""Adds the pages that are generated from the knowledge and from the commands; mkdocs calls `on_files`."""

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import commands
import knowledge


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to the files of the site."""
    files.append(File.generated(config, "reference/cli.md", content=commands.page()))
    for uri, content in knowledge.pages():
        files.append(File.generated(config, uri, content=content))
    return files
