"""One self-contained page from sections of text, tables and figures; the text and tables as Markdown too."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from eval.report.style import COLOURS


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under headers; the first column names the row, `words` columns from the left are not numbers."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1

    def only(self, *headers: str) -> "Table":
        """The same with some of its columns, in their order; headers that it lacks are left out."""
        kept = [at for at, header in enumerate(self.headers) if header in headers]
        rows = tuple(tuple(row[at] for at in kept) for row in self.rows)
        return Table(tuple(self.headers[at] for at in kept), rows, words=self.words)

    def markdown(self) -> str:
        """A pipe table, numbers to the right."""
        rule = [":--" if at < self.words else "--:" for at in range(len(self.headers))]
        lines = [self.headers, rule, *self.rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)

    def html(self) -> str:
        """The same table, in a box that scrolls by itself on a narrow screen."""
        head = self._line([escape(header) for header in self.headers], ["th"] * len(self.headers))
        kinds = ["th", *["td"] * (len(self.headers) - 1)]
        body = "\n".join(self._line([escape(cell) for cell in row], kinds) for row in self.rows)
        return f'<div class="wide"><table><thead>{head}</thead><tbody>\n{body}\n</tbody></table></div>'

    def _line(self, cells: Sequence[str], kinds: Sequence[str]) -> str:
        styles = [' class="word"' if at < self.words else "" for at in range(len(cells))]
        shown = [f"<{kind}{style}>{cell}</{kind}>" for kind, style, cell in zip(kinds, styles, cells, strict=True)]
        return f"<tr>{''.join(shown)}</tr>"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as SVG and the sentence that says what it shows."""

    svg: str
    caption: str

    def html(self) -> str:
        """Figure and caption; the caption is also what a screen reader says."""
        caption = escape(self.caption)
        picture = f'<div role="img" aria-label="{caption}">{self.svg}</div>'
        return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it; drawings appear on the page only."""

    title: str
    parts: tuple[str | Table | Drawing, ...]


def markdown(title: str, sections: Sequence[Section]) -> str:
    """Title, paragraphs and tables."""
    blocks = [f"# {title}"]
    for section in sections:
        shown = [
            part if isinstance(part, str) else part.markdown()
            for part in section.parts
            if not isinstance(part, Drawing)
        ]
        blocks += [f"## {section.title}", *shown] if shown else []
    return "\n\n".join(blocks) + "\n"


def html(title: str, sections: Sequence[Section]) -> str:
    """The whole page: style and figures inside, nothing fetched, no script."""
    body = "\n".join(_section(section) for section in sections)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_colours()}{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{escape(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    figures = [part.html() for part in section.parts if isinstance(part, Drawing)]
    others = [
        f"<p>{escape(part)}</p>" if isinstance(part, str) else part.html()
        for part in section.parts
        if not isinstance(part, Drawing)
    ]
    grid = f'<div class="figures">{"".join(figures)}</div>' if figures else ""
    return f"<section>\n<h2>{escape(section.title)}</h2>\n{chr(10).join(others)}\n{grid}\n</section>"


def _colours() -> str:
    light = " ".join(f"--{role}: {value};" for role, (value, _) in COLOURS.items())
    dark = " ".join(f"--{role}: {value};" for role, (_, value) in COLOURS.items())
    return (
        f":root {{ color-scheme: light dark; --page: #ffffff; --tint: #f4f6f9; {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ --page: #10171e; --tint: #18222c; {dark} }} }}\n"
    )


_STYLE = """* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
p { max-width: 72ch; margin: .5rem 0; white-space: pre-line; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
.word { text-align: left; }
thead th { color: var(--soft); font-weight: 600; white-space: normal; vertical-align: bottom; }
tbody th { font-weight: 600; }
tbody tr:hover { background: var(--tint); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: 1rem; }
figure { margin: .5rem 0; padding: .75rem; min-width: 0; max-width: 640px; }
figure { background: var(--tint); border-radius: 8px; }
figure svg { display: block; width: 100%; height: auto; font-family: inherit; }
figcaption { color: var(--soft); font-size: .9rem; margin-top: .5rem; }
"""
