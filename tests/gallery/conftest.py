"""Galleries of scripts that need no Matplotlib, built in a folder of their own."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

GALLERY = Path(__file__).parents[2] / "gallery"
STILL = '''"""
A <still> picture
=================

It is red & ``wide``. It has two sentences.

And a second paragraph.

Tags: red, wide & still
"""

# %%
# It is made by Pillow.
from PIL import Image

# A comment with <b>markup</b>.
Image.new("RGB", (640, 320), "red").save("red & wide.png")
open("numbers.txt", "w").write("1 2 3")
print("This goes nowhere.")
print("Note: it is <made> of nothing.")
'''
MOVING = '''"""
A moving picture
================

It ends in blue.

Tags: red, blue
"""

from PIL import Image

first, *rest = (Image.new("RGB", (600, 600), color) for color in ("red", "lime", "blue"))
first.save("colors.gif", save_all=True, append_images=rest, duration=100)
'''
TEXT = """# When *to* move

A paragraph with `code & <b>` and a [link](index.html).

| if | then |
|---|---|
| red | stop |

![The three colours.](plot_20_moving)

![Not there.](plot_99_nothing)

- one
- **two**

```python
x = 1  # <i>
```
"""


def run_build(folder, *options):
    """Build the scripts in a folder, and return what the process did."""
    command = [sys.executable, str(GALLERY / "build.py"), "--scripts", str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=folder)


@pytest.fixture(scope="session")
def build():
    """Return the function that builds the scripts in a folder."""
    return run_build


@pytest.fixture(scope="session")
def still_script():
    """Return the text of a script that makes a still picture."""
    return STILL


@pytest.fixture(scope="session")
def gallery_folder():
    """Return the folder of the gallery itself."""
    return GALLERY


@pytest.fixture(scope="session")
def gallery_modules():
    """The gallery's own modules, imported as its programs import them."""
    before = list(sys.path)
    sys.path.insert(0, str(GALLERY))
    try:
        import cells
        import marked
        import sections
    finally:
        sys.path[:] = before
    return SimpleNamespace(cells=cells, marked=marked, sections=sections)


@pytest.fixture(scope="session")
def small_gallery(tmp_path_factory):
    """Return a folder with two scripts, a page of text and all that is built of them."""
    folder = tmp_path_factory.mktemp("gallery")
    (folder / "plot_1_still.py").write_text(STILL, encoding="utf-8")
    (folder / "plot_20_moving.py").write_text(MOVING, encoding="utf-8")
    (folder / "when.md").write_text(TEXT, encoding="utf-8")
    done = run_build(folder)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.splitlines()[-2:]) == {"build/index.html", "build/when.html"}
    assert sorted(done.stdout.splitlines()) == [
        "build/index.html",
        "build/plot_1_still/red & wide.png",
        "build/plot_20_moving/colors.gif",
        "build/when.html",
    ]
    return folder


@pytest.fixture(scope="session")
def whole_gallery(tmp_path_factory):
    """Return the folder of the gallery itself, built from nothing."""
    folder = tmp_path_factory.mktemp("whole")
    done = run_build(GALLERY, "-o", str(folder))
    assert done.returncode == 0, done.stderr
    return folder
