"""How the exam's figures look: colours that follow the reader's light or dark page, and SVG to put into it."""

import io
import re
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from agent.views.palette import PALETTE, Meaning

# What the palette of page and terminal says by meaning, and who is compared, in the same tones.
_POLICIES: dict[str, Meaning] = {"advisor": "battery", "greedy": "discharge", "bound": "charge"}
_MEANT: dict[str, tuple[str, str]] = {name: (tone.light, tone.dark) for name, tone in PALETTE.items()}
# Light and dark value of each role. The light one stands in a saved file, a page swaps in its variable.
COLOURS: dict[str, tuple[str, str]] = {
    "ink": ("#1b2733", "#e6edf3"),
    "soft": ("#66758a", "#9aa9b8"),
    "rule": ("#dde3ea", "#30404f"),
    **{policy: _MEANT[meaning] for policy, meaning in _POLICIES.items()},
    "other": ("#a9b4c0", "#64748a"),
    **_MEANT,
}
INK, SOFT, RULE = (COLOURS[role][0] for role in ("ink", "soft", "rule"))
POLICY_ROLES = {"planner": "advisor", "greedy": "greedy", "oracle": "bound"}
WIDTH_IN = 5.4
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "font.family": "sans-serif",
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": RULE,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": INK,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.fonttype": "none",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


def colour(policy: str) -> str:
    """Colour of a policy: the advisor, greedy and the bound stand out, all others step back."""
    return COLOURS["advisor" if policy.startswith("advisor:") else POLICY_ROLES.get(policy, "other")][0]


def svg(figure: Figure) -> str:
    """A figure as SVG to put into a page: no header, no shared ids, colours as variables."""
    drawn = io.StringIO()
    with mpl.rc_context({**STYLE, "svg.hashsalt": "figure"}):
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    text = drawn.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r' id="[a-zA-Z]+_\d+"', "", text)
    text = re.sub(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true">', text, count=1)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # Of roles in one tone the first names it.
    roles = {light: role for role, (light, _) in reversed(COLOURS.items())}
    text = re.sub("|".join(roles), lambda tone: f"var(--{roles[tone[0]]}, {tone[0]})", text)
    return re.sub(r"font: ([^;\"]*)'[^;\"]*sans-serif", r"font: \1inherit, sans-serif", text)


def blank_figure(height_in: float) -> tuple[Figure, Axes]:
    """A figure of the page's width with one pair of axes."""
    figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
    return figure, figure.subplots()


def legend_above(figure: Figure, columns: int = 4) -> None:
    """The legend over the plot, where nothing is hidden by it."""
    figure.legend(loc="outside upper left", ncols=columns)
