"""`python -m devtools.study_pictures docs/study-madrid.html docs`: a study's report as pictures for the documents."""

import sys
from pathlib import Path

from devtools.browser import open_browser

# The answer, the offer and the options are what a README shows.
_SHOWN = {"study.png": (1180, 1000, 1), "study-phone.png": (390, 844, 2)}


def take_pictures(page_file: Path, folder: Path) -> None:
    """The top of the report at the width of a screen and of a phone.

    Raises:
        SettingsError: there is no browser on this machine.
    """
    with open_browser() as browser:
        for name, (width, height, scale) in _SHOWN.items():
            context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=scale)
            page = context.new_page()
            page.goto(page_file.resolve().as_uri())
            page.screenshot(path=folder / name)
            context.close()


if __name__ == "__main__":
    take_pictures(Path(sys.argv[1]), Path(sys.argv[2]))
