"""The colours of page, terminal and plots: one list, by what each colour means, different for colour-blind eyes too.

`tests/agent/views/test_palette.py` measures how far apart three kinds of colour blindness see them (Machado, Oliveira
and Fernandes 2009, doi:10.1109/TVCG.2009.113).
"""

from dataclasses import dataclass
from typing import Literal

Meaning = Literal[
    "solar", "load", "grid", "battery", "price", "reserve", "self_consumption", "hold", "charge", "discharge"
]


@dataclass(frozen=True, slots=True)
class Tone:
    """One meaning's colour on light and on dark, as `#rrggbb`."""

    light: str
    dark: str

    @property
    def mid(self) -> str:
        """Between the two, for a picture of which nobody knows what it will stand on."""
        pairs = ((int(one[at : at + 2], 16) for one in (self.light, self.dark)) for at in (1, 3, 5))
        return "#" + "".join(f"{sum(pair) // 2:02x}" for pair in pairs)


PALETTE: dict[Meaning, Tone] = {
    "solar": Tone("#ac8002", "#fec423"),
    "load": Tone("#475263", "#acb9d3"),
    "grid": Tone("#991e08", "#ee3414"),
    "battery": Tone("#0f935f", "#20c686"),
    "price": Tone("#5b4fb0", "#a79bf2"),
    "reserve": Tone("#7e1b56", "#f65eda"),
    "self_consumption": Tone("#0f935f", "#20c686"),
    "hold": Tone("#7e8e9d", "#6d6f79"),
    "charge": Tone("#064799", "#166afa"),
    "discharge": Tone("#bd5a0b", "#efa918"),
}


def stylesheet() -> str:
    """The palette as custom properties, for light and for dark."""
    light = _properties({name: tone.light for name, tone in PALETTE.items()})
    dark = _properties({name: tone.dark for name, tone in PALETTE.items()})
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


def _properties(colours: dict[Meaning, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())
