"""The gallery's own scripts: short, readable in every tool, and each with its own files."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

GALLERY = Path(__file__).parents[2] / "gallery"
SCRIPTS = sorted(GALLERY.glob("plot_*.py"))
#: Longer than twenty lines only where a table needs it.
MOST_LINES = 25


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_short_and_teaches(path, gallery_modules):
    source = path.read_text(encoding="utf-8")
    module = ast.parse(source)
    compile(module, str(path), "exec")
    title, underline, blank, *_ = ast.get_docstring(module).split("\n")
    assert underline == "=" * len(title)
    assert blank == ""
    words = gallery_modules.cells.read_words(source, path.stem)
    assert 80 <= sum(map(len, words.paragraphs)) <= 600
    assert words.paragraphs[-1].endswith(".")
    assert 1 <= len(words.tags) <= 4
    assert all(re.fullmatch(r"[\w-]+( [\w-]+)?", tag) for tag in words.tags)
    rows = [(node.lineno, node.end_lineno) for node in module.body[1:]]
    assert sum(last + 1 - first for first, last in rows) <= MOST_LINES
    assert re.search(r"^(import trajectories as tj|from trajectories)", source, re.M)
    assert "pyplot" not in source
    assert re.search(r'"""\n\n# %%\n', source)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_a_notebook_too(path, gallery_modules):
    nbformat = pytest.importorskip("nbformat", reason="needs nbformat")
    source = path.read_text(encoding="utf-8")
    text = gallery_modules.cells.notebook_of(source, path.stem, ["a.png"])
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert code[-1].endswith("display(Image('a.png'))")
    # All statements are there, in their order.
    joined = ast.parse("\n".join(code[:-1]))
    assert ast.dump(joined) == ast.dump(ast.Module(ast.parse(source).body[1:], []))


def test_each_script_has_a_name_and_a_number_of_its_own():
    numbers = [re.match(r"plot_(\d\d)_[a-z0-9_]+$", path.stem)[1] for path in SCRIPTS]
    assert len(set(numbers)) == len(SCRIPTS) >= 30
    saved = [
        name
        for path in SCRIPTS
        for name in set(re.findall(r'"(\w+)\.(?:png|gif|html|svg|mp4)"', path.read_text("utf-8")))
    ]
    assert len(set(saved)) == len(saved), "a remake writes them all into one folder"


def test_a_tag_says_something():
    tags = [re.search(r"^Tags: (.*)$", path.read_text("utf-8"), re.M)[1] for path in SCRIPTS]
    counts = {tag for line in tags for tag in line.split(", ")}
    assert 8 <= len(counts) <= 30


def test_the_tutorial_is_clean():
    notebook = json.loads((GALLERY / "tutorial.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


@pytest.mark.slow
def test_the_tutorial_runs(tmp_path):
    pytest.importorskip("nbclient", reason="needs nbclient")
    pytest.importorskip("ipykernel", reason="needs ipykernel")
    command = [sys.executable, str(GALLERY / "execute.py"), str(GALLERY / "tutorial.ipynb")]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=300, capture_output=True)
    assert [path.name for path in tmp_path.iterdir()] == ["tutorial.ipynb"]
    notebook = json.loads((tmp_path / "tutorial.ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    kinds = [kind for output in outputs for kind in output.get("data", {})]
    assert kinds.count("text/html") >= 2, "a plot and a player"
    assert "image/png" in kinds


def test_the_pages_of_text_show_pictures_of_scripts_that_there_are():
    for path in GALLERY.glob("*.md"):
        names = re.findall(r"^!\[.*?\]\((.*?)\)$", path.read_text("utf-8"), re.M)
        assert names
        assert set(names) <= {script.stem for script in SCRIPTS}
