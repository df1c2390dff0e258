"""What is handed out: what is in the archives, and that they work without the source."""

import configparser
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath
from shutil import copytree, ignore_patterns

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
#: In constraints-minimum.txt for the sake of others that are as old.
BORNE = {"pyparsing"}
#: Tools that no test imports, at whatever version is installed.
TOOLS = {"fuzz", "lint"}
LEFT_BEHIND = {
    "gallery/build/index.html": "<p>",
    "gallery/__pycache__/page.cpython-311.pyc": "",
    "tests/__pycache__/conftest.cpython-311.pyc": "",
    "trajectories/mnist/__pycache__/idx.cpython-311.pyc": "",
    "build/lib/trajectories/gone.py": "raise AssertionError",
    "dist/trajectories-0.0.1.tar.gz": "",
    ".hypothesis/examples/a": "",
    "picture.png": "",
}


def declared():
    """List the requirements of the package and of all that is tested."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    lists = [config["options"]["install_requires"]]
    lists += [text for name, text in config["options.extras_require"].items() if name not in TOOLS]
    lines = [line for text in lists for line in text.splitlines() if line]
    return [item for item in map(Requirement, lines) if item.name != "trajectories"]


def constraints():
    text = (ROOT / "tests" / "constraints-minimum.txt").read_text(encoding="utf-8")
    return [Requirement(line) for line in text.splitlines() if not line.startswith("#")]


def bound(requirement, sign):
    """Return a requirement's name and the version that is its one bound."""
    (part,) = requirement.specifier
    assert part.operator == sign, requirement
    return canonicalize_name(requirement.name), Version(part.version)


def test_the_constraints_are_the_declared_minimums():
    lowest = dict(bound(item, ">=") for item in declared())
    tested = dict(bound(item, "==") for item in constraints())
    assert len(tested) == len(constraints())
    assert {name: tested[name] for name in tested if name not in BORNE} == lowest
    assert set(tested) >= BORNE


def run(*command, folder, **changes):
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**os.environ, **changes},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(kind, source, target):
    """Build an archive as a front end would, with the setuptools that is here."""
    target.mkdir()
    code = f"from setuptools import build_meta; build_meta.build_{kind}({str(target)!r})"
    run(sys.executable, "-c", code, folder=source)
    (archive,) = target.iterdir()
    return archive


def files_in(folder):
    """Name the files that belong to the project."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Copy what is in the repository, and leave beside it what work leaves behind."""
    pytest.importorskip("setuptools", minversion="78.1.1")
    tree = tmp_path_factory.mktemp("packaging") / "tree"
    tree.mkdir()
    for name in ("gallery", "tests", "trajectories"):
        copytree(ROOT / name, tree / name, ignore=ignore_patterns("__pycache__", "build"))
    single = ["pyproject.toml", "setup.cfg", "MANIFEST.in", "README.md", "LICENSE", "SECURITY.md"]
    for name in [*single, "CHANGELOG.md", "CITATION.cff", ".ci/run"]:
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_bytes((ROOT / name).read_bytes())
    kept = files_in(tree)
    for name, text in LEFT_BEHIND.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    return tree, kept


@pytest.fixture(scope="module")
def sdist(source):
    return build("sdist", source[0], source[0].parent / "sdist")


@pytest.fixture(scope="module")
def unpacked(sdist):
    with tarfile.open(sdist) as archive:
        archive.extractall(sdist.parent.parent / "unpacked", filter="data")
    (tree,) = (sdist.parent.parent / "unpacked").iterdir()
    return tree


@pytest.fixture(scope="module")
def wheel(unpacked):
    """Build the wheel from the unpacked archive, as who has nothing else does."""
    return build("wheel", unpacked, unpacked.parent.parent / "wheel")


@pytest.mark.slow
def test_the_source_archive_holds_the_project_and_nothing_else(source, unpacked):
    made = {"PKG-INFO", "trajectories.egg-info"}
    names = {name for name in files_in(unpacked) if PurePosixPath(name).parts[0] not in made}
    assert names == source[1]


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(source, wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        (metadata,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        about = archive.read(metadata).decode()
    assert names == {name for name in source[1] if name.startswith("trajectories/")}
    assert wheel.name.endswith("-py3-none-any.whl")
    assert "License-File: LICENSE" in about
    assert {f"Requires-Dist: {item}" for item in map(str, declared())} - {
        line.partition(";")[0].rstrip() for line in about.splitlines()
    } == set()


@pytest.mark.slow
def test_installed_it_runs_where_there_is_no_source(wheel, tmp_path):
    home = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", home, folder=tmp_path)
    scripts = home / ("Scripts" if sys.platform == "win32" else "bin")
    python = scripts / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run(python, "-c", code, folder=tmp_path).strip())
    # What it depends on comes from here; what is here of the package itself comes after its own.
    places = [place for place in sys.path if place.endswith("-packages")]
    (site / "dependencies.pth").write_text("\n".join(places) + "\n")
    words = ["install", "--no-deps", "--no-index", "--no-build-isolation", "--ignore-installed"]
    run(sys.executable, "-m", "pip", "--python", python, *words, wheel, folder=tmp_path)

    work = tmp_path / "work"
    work.mkdir()
    code = (
        "import trajectories as tj\n"
        "for name in tj.__all__: getattr(tj, name)\n"
        "print(tj.__file__, tj.__version__, len(tj.__all__))"
    )
    where, version, names = run(python, "-I", "-c", code, folder=work).split()
    assert Path(where).is_relative_to(site)
    assert wheel.name.startswith(f"trajectories-{version}")
    assert int(names) > 50

    command = scripts / "trajectories"
    assert "animate" in run(command, "--help", folder=work)
    path = ["x**2/20 + y**2", "-O", "sgd:0.9", "--start=-7,2", "--steps", 5]
    run(command, "plot", *path, "-o", "a.png", folder=work)
    run(command, "animate", *path, "-o", "a.gif", folder=work)
    run(command, "animate", *path, "-o", "a.html", folder=work)
    quick = ["--quick", "--data", "digits", "--size", "480x360", "-o", "mnist"]
    run(command, "mnist", "initial_weights", *quick, folder=work)
    assert (work / "a.png").read_bytes().startswith(b"\x89PNG")
    assert (work / "a.gif").read_bytes().startswith(b"GIF89a")
    assert (work / "a.html").read_bytes().startswith(b"<!DOCTYPE html>")
    assert (work / "mnist" / "initial_weights.json").is_file()
