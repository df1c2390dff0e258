"""Fuzz IDX files: ``python tests/fuzz/fuzz_idx.py -runs=100000``, with libFuzzer's options."""

import gzip
import sys
import tempfile
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("Fuzzing needs Atheris: pip install atheris")

with atheris.instrument_imports(include=["trajectories"]):
    from trajectories import mnist

    mnist.load("digits")

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))
IMAGES = b"\0\0\x08\x03\0\0\0\x02\0\0\0\x03\0\0\0\x03" + bytes(range(18))
LABELS = b"\0\0\x08\x01\0\0\0\x02\0\1"
FILES = {"train-images-idx3-ubyte": IMAGES, "train-labels-idx1-ubyte": LABELS}
FILES |= {"t10k-images-idx3-ubyte": IMAGES, "t10k-labels-idx1-ubyte": LABELS}


def check(data):
    """Put some bytes into one of four files; they are refused in one line, or all of them read."""
    provider = atheris.FuzzedDataProvider(data)
    name = provider.PickValueInList(list(FILES))
    packed = provider.ConsumeIntInRange(0, 3) == 0
    whole = gzip.compress(FILES[name], mtime=0) if packed else FILES[name]
    place = provider.ConsumeIntInRange(0, len(whole))
    cut = provider.ConsumeIntInRange(0, 20)
    changed = whole[:place] + provider.ConsumeBytes(40) + whole[place + cut :]
    for other, content in FILES.items():
        (FOLDER / other).write_bytes(changed if other == name else content)
    try:
        found = mnist.load(FOLDER)
    except ValueError as error:
        found, told = None, str(error)
    if found is None:
        assert told.isprintable() and len(told) < 2000  # noqa: PT018
        return
    values = found.train_images if name.startswith("train") else found.test_images
    content = gzip.decompress(changed) if changed[:2] == b"\x1f\x8b" else changed
    assert "labels" in name or content[16:] == values.tobytes()


atheris.Setup([sys.argv[0], "-timeout=5", "-len_control=0", "-max_len=200", *sys.argv[1:]], check)
atheris.Fuzz()
