"""Fuzz recipes: ``python tests/fuzz/fuzz_recipes.py -runs=100000``, with libFuzzer's options."""

import sys
import tempfile
import warnings
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("Fuzzing needs Atheris: pip install atheris")

with atheris.instrument_imports(include=["trajectories"]):
    import trajectories as tj

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))


def seeds():
    """Return the content of a small picture in every format."""
    paths = tj.compare("x**2/20 + y**2", ["sgd:0.9", "adam:cosine(0.3, 9)"], (-7, 2), 2, noise=0.1)
    shown = {kind: tj.plot(paths, size=(100, 100)).figure.savefig for kind in ("svg", "pdf")}
    kinds = ("gif", "png", "apng", "webp", "html")
    shown |= {kind: tj.animate(paths, size=(100, 100)).save for kind in kinds}
    for kind, save in shown.items():
        save(FOLDER / f"seed.{kind}")
        tj.read_recipe(FOLDER / f"seed.{kind}").trajectories()
        yield (FOLDER / f"seed.{kind}").read_bytes()


def check(data):
    """Put some bytes into a picture; its recipe is refused in one line, or makes paths."""
    provider = atheris.FuzzedDataProvider(data)
    whole = provider.PickValueInList(SEEDS)
    place = provider.ConsumeIntInRange(0, len(whole))
    cut = provider.ConsumeIntInRange(0, 40)
    (FOLDER / "input").write_bytes(whole[:place] + provider.ConsumeBytes(40) + whole[place + cut :])
    told = "all is well"
    try:
        tj.read_recipe(FOLDER / "input").trajectories(most_work=300)
    except ValueError as error:
        told = str(error)
    assert told.isprintable() and len(told) < 2000  # noqa: PT018


with atheris.instrument_imports(include=["trajectories"]):
    SEEDS = list(seeds())
warnings.filterwarnings("ignore", ".*bit for bit")  # A changed recipe may be of a changed path.
atheris.Setup([sys.argv[0], "-timeout=5", "-len_control=0", "-max_len=200", *sys.argv[1:]], check)
atheris.Fuzz()
