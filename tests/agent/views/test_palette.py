"""The palette is told apart by every kind of eye, and by no name but its own."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.views.palette import PALETTE, Meaning, Tone, stylesheet

Floats = NDArray[np.float64]
# How colours reach eyes without one kind of cone, on linear RGB: Machado, Oliveira and Fernandes 2009, severity 1.
EYES: dict[str, Floats] = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
# What is drawn beside each other.
TOGETHER: tuple[tuple[Meaning, ...], ...] = (
    ("solar", "load", "grid", "battery"),
    ("battery", "reserve"),
    ("self_consumption", "hold", "charge", "discharge"),
    ("solar", "reserve", "hold"),
)
PAPER = Tone("#fffefb", "#171d24")
# A distance of 2.3 in CIELAB is just seen where colours touch.
APART = 20.0


def linear(colour: str) -> Floats:
    srgb = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def lab(rgb: Floats) -> Floats:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    relative = (to_xyz @ np.clip(rgb, 0, 1)) / np.array([0.9505, 1.0, 1.089])
    f = np.where(relative > 0.008856, np.cbrt(relative), 7.787 * relative + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(colour: str, paper: str) -> float:
    one, other = (float(np.array([0.2126, 0.7152, 0.0722]) @ linear(each)) for each in (colour, paper))
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_that_are_shown_together_are_told_apart(eye: str, scheme: str) -> None:
    near = {}
    for names in TOGETHER:
        for one, other in combinations(names, 2):
            seen = [lab(EYES[eye] @ linear(getattr(PALETTE[name], scheme))) for name in (one, other)]
            near[f"{one} {other}"] = round(float(np.linalg.norm(seen[0] - seen[1])), 1)
    assert {pair: distance for pair, distance in near.items() if distance < APART} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_and_areas_stand_out_from_the_paper(scheme: str) -> None:
    """Three to one is what WCAG 2.1 asks of graphics."""
    found = {name: contrast(getattr(tone, scheme), getattr(PAPER, scheme)) for name, tone in PALETTE.items()}
    assert {name: round(value, 2) for name, value in found.items() if value < 3} == {}


def test_a_picture_for_both_papers_has_tones_between_them() -> None:
    assert Tone("#000000", "#ffffff").mid == "#7f7f7f"
    assert Tone("#102030", "#204060").mid == "#183048"


def test_the_page_gets_every_colour_for_light_and_for_dark() -> None:
    sheet = stylesheet()
    for name, tone in PALETTE.items():
        assert f"--{name}: {tone.light};" in sheet
        assert f"--{name}: {tone.dark};" in sheet
