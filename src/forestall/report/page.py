"""A page of ours as one HTML file that needs nothing but itself; of Markdown it knows what our pages use."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Final

from forestall.report.html import stylesheet

_HEADING: Final = re.compile(r"(#{1,4}) (.*)")
_IMAGE: Final = re.compile(r"!\[[^\]]*\]\(([^)]+)\)")
_RULE: Final = re.compile(r"\|(?:-+\|)+")


def as_html(markdown: str, figures: Mapping[str, str]) -> str:
    """A page as HTML.

    Args:
        markdown: Headings, paragraphs, tables with `|` and images on lines of their own.
        figures: SVG text by the path that an image has in the page.
    """
    title = next((line[2:] for line in markdown.splitlines() if line.startswith("# ")), "Forestall")
    body = "\n".join(_blocks(markdown, figures))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{stylesheet()}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )


def _blocks(markdown: str, figures: Mapping[str, str]) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", markdown.strip()):
        lines = block.strip().splitlines()
        if heading := _HEADING.fullmatch(lines[0]):
            level = len(heading[1])
            yield f"<h{level}>{_inline(heading[2])}</h{level}>"
            lines = lines[1:]
        if not lines:
            continue
        if len(lines) > 1 and _RULE.fullmatch(lines[1]):
            yield from _table(lines)
        elif image := _IMAGE.fullmatch(lines[0]):
            yield f"<figure>{figures.get(image[1], '')}</figure>"
        else:
            yield f"<p>{_inline(' '.join(lines))}</p>"


def _table(lines: list[str]) -> Iterator[str]:
    yield '<div class="scroll"><table><thead><tr>'
    yield "".join(f'<th scope="col">{cell}</th>' for cell in _cells(lines[0]))
    yield "</tr></thead><tbody>"
    for line in lines[2:]:
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in _cells(line)) + "</tr>"
    yield "</tbody></table></div>"


def _cells(line: str) -> list[str]:
    parts = re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))
    return [_inline(part.replace("\\|", "|").strip()) for part in parts]


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
