"""Galleries of scripts that need no Matplotlib, built in a folder of their own."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

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
# It is made by Pillow,
# and by nothing else.
from PIL import Image

# A comment with <b>markup</b>.
Image.new("RGB", (640, 320), "red").save("red & wide.png")
open("numbers.txt", "w").write("1 2 3")

# %% A titled cell
print("This goes nowhere.")
print("Note: it is <made> of nothing.")
text = """
# %% not a cell mark
"""
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
  and more
- **two** and `d*e*`

1. first

2 * 3 * 4 <script>&

```python
x = 1  # <i>
```
"""


class Page(HTMLParser):
    """What a page holds: its elements with their attributes, and its text."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="session")
def check_page():
    """Return a function that makes sure that a page asks for nothing that is not there."""
    return checked_page


def checked_page(folder, name="index.html"):
    page = Page(folder / name)
    names = ("src", "href", "srcset", "poster", "data-moving", "action")
    addresses = [at[name] for _, at in page.elements for name in names if name in at]
    local = [address for address in addresses if not address.startswith(("data:", "#"))]
    assert local
    for address in local:
        assert "//" not in address
        path, _, anchor = unquote(address).partition("#")
        assert (folder / path).is_file(), address
        ids = {at.get("id") for _, at in Page(folder / path).elements} if anchor else set()
        assert not anchor or anchor in ids, address
    source = (folder / name).read_text(encoding="utf-8")
    assert not any(word in source for word in ("url(", "@import"))
    assert all(image.get("alt", "").strip() for image in page.all("img"))
    return page


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
