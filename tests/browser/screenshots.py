"""Pictures of every page in every state, in both languages, as wide as a phone and as a desk.

PYTHONPATH=tests python -m browser.screenshots [FOLDER]
"""

import sys
import tempfile
from pathlib import Path

from electoral_local.postgres import EmbeddedPostgres
from form_world import COPIES_OFFERED, FormWorld, form_world
from playwright.sync_api import Browser

from browser.chromium import chromium, installed
from browser.states import every_state
from browser.visitor import DESKTOP, PHONE, visiting

FOLDER = Path("var/screenshots")
SIZES = {"phone": PHONE, "desktop": DESKTOP}


def main(folder: Path) -> int:
    program = installed()
    if program is None:
        print("There is no Chromium here: install the system's package `chromium`.")
        return 1
    with tempfile.TemporaryDirectory(prefix=".screenshots-", dir=".") as state:
        # Postgres runs under a user of its own, who has to get through.
        Path(state).chmod(0o755)
        below = Path(state).absolute()
        with (
            EmbeddedPostgres(below / "postgres") as postgres,
            form_world(postgres, below, COPIES_OFFERED) as world,
            chromium(program) as browser,
        ):
            count = take(browser, world, folder)
    print(f"{count} pictures are in {folder}.")
    return 0


def take(browser: Browser, world: FormWorld, folder: Path) -> int:
    """Take all pictures; each state is brought about once and seen in both sizes."""
    count = 0
    for language in ("en", "cy"):
        with visiting(browser, world.url, language=language) as visitor:
            for state in every_state(visitor, world):
                for name, (width, height) in SIZES.items():
                    visitor.page.set_viewport_size({"width": width, "height": height})
                    target = folder / language / name / f"{state}.png"
                    visitor.page.screenshot(path=target, full_page=True)
                    count += 1
    return count


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
