"""The gallery's own scripts: short, each with its own files; and the tutorial."""

import ast
import json
import re
import subprocess
import sys

import pytest

#: Longer than twenty lines only where a table needs it.
MOST_LINES = 25


@pytest.fixture(scope="module")
def scripts(gallery_folder):
    """Return the text of each script by its name."""
    paths = sorted(gallery_folder.glob("plot_*.py"))
    return {path.stem: path.read_text(encoding="utf-8") for path in paths}


def test_a_script_is_short_and_has_a_title_text_and_tags(scripts):
    for name, source in scripts.items():
        module = ast.parse(source)
        title, underline, blank, *text = ast.get_docstring(module).split("\n")
        assert underline == "=" * len(title), name
        assert blank == "", name
        assert text[-1].startswith("Tags: "), name
        rows = [(node.lineno, node.end_lineno) for node in module.body[1:]]
        assert sum(last + 1 - first for first, last in rows) <= MOST_LINES, name
        assert "pyplot" not in source, name


def test_each_script_has_a_number_and_files_of_its_own(scripts):
    numbers = [re.match(r"plot_(\d\d)_[a-z0-9_]+$", name)[1] for name in scripts]
    assert len(set(numbers)) == len(scripts) >= 30
    pattern = r'"(\w+)\.(?:png|gif|html|svg|mp4)"'
    saved = [name for source in scripts.values() for name in set(re.findall(pattern, source))]
    assert len(set(saved)) == len(saved), "a remake writes them all into one folder"


def test_the_pages_of_text_show_pictures_of_scripts_that_there_are(scripts, gallery_folder):
    for path in gallery_folder.glob("*.md"):
        names = re.findall(r"^!\[.*?\]\((.*?)\)$", path.read_text("utf-8"), re.M)
        assert names
        assert set(names) <= set(scripts)


def test_the_tutorial_is_clean(gallery_folder):
    notebook = json.loads((gallery_folder / "tutorial.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


@pytest.mark.slow
def test_the_tutorial_runs(tmp_path, gallery_folder):
    pytest.importorskip("nbclient", reason="needs nbclient")
    pytest.importorskip("ipykernel", reason="needs ipykernel")
    command = [sys.executable, gallery_folder / "execute.py", gallery_folder / "tutorial.ipynb"]
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
