"""Data sets, what they are cut into, and where `load` finds them without a network."""

import gzip
import re
from dataclasses import FrozenInstanceError, replace
from importlib.resources import files

import numpy as np
import pytest

from trajectories.mnist import Dataset, Split, load

PIXELS = np.arange(6 * 4, dtype=np.uint8).reshape(6, 4)
LABELS = np.array([0, 1, 2, 0, 1, 2])


@pytest.fixture
def tiny():
    return Dataset("tiny", PIXELS, LABELS, PIXELS[:2], LABELS[:2], shape=(2, 2), classes=3)


# The arrays


def test_it_cannot_be_changed(tiny):
    with pytest.raises(FrozenInstanceError):
        tiny.name = "MNIST"
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(tiny, name)[0] = 1
    PIXELS[0, 0] = 0  # Those of the caller still can.


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"name": ""}, TypeError, "`name` must be a text that is not empty"),
        ({"test_images": PIXELS[:2, :3]}, ValueError, "`test_images` must be of 4 pixels each"),
        ({"test_labels": LABELS[:2] / 1}, TypeError, "`test_labels` must be an array of int64"),
        ({"train_labels": LABELS[:5]}, ValueError, "`train_labels` must be 6 labels, one an image"),
        ({"test_labels": LABELS[:2] + 2}, ValueError, "`test_labels` must be from 0 to 2. Got 3"),
        ({"scale": 10.0}, ValueError, "`train_images` must be at most the scale 10. Got 23"),
        ({"shape": (4,)}, ValueError, "`shape` must be rows and columns"),
        ({"classes": 1}, ValueError, "`classes` must be at least 2"),
    ],
)
def test_what_does_not_fit_is_refused(tiny, changes, kind, words):
    with pytest.raises(kind, match=re.escape(words)):
        replace(tiny, **changes)


# Parts of it


def test_a_subset_is_the_first_images_and_the_whole_test_part(digits):
    part = digits.subset(300)
    assert isinstance(part, Dataset)
    assert np.array_equal(part.train_images, digits.train_images[:300])
    assert np.array_equal(part.train_labels, digits.train_labels[:300])
    assert np.array_equal(part.test_images, digits.test_images)
    assert (part.name, part.scale, part.shape) == (digits.name, digits.scale, digits.shape)
    assert np.shares_memory(part.train_images, digits.train_images)
    for count, words in [(0, "at least 1. Got 0"), (1438, "at most the 1,437 there are. Got 1438")]:
        with pytest.raises(ValueError, match=f"`count` must be {words}"):
            digits.subset(count)


def test_a_split_cuts_the_training_images_in_two_and_loses_none(digits):
    split = digits.split(0.2, rng=1)
    assert isinstance(split, Split)
    assert (len(split.train_labels), len(split.validation_labels)) == (1150, 287)
    whole = np.column_stack([digits.train_images, digits.train_labels])
    kept = np.column_stack([split.train_images, split.train_labels])
    held = np.column_stack([split.validation_images, split.validation_labels])
    assert sorted([*kept.tolist(), *held.tolist()]) == sorted(whole.tolist())
    assert (split.name, split.scale, split.shape, split.classes) == ("digits", 16.0, (8, 8), 10)
    assert not [name for name in dir(split) if "test" in name]
    with pytest.raises(FrozenInstanceError):
        split.name = "other"
    with pytest.raises(ValueError, match="read-only"):
        split.validation_images[0] = 0


def test_a_split_is_shuffled_by_its_seed_alone(digits):
    one, same, other = (digits.split(rng=seed) for seed in (1, np.random.default_rng(1), 2))
    assert np.array_equal(one.validation_images, same.validation_images)
    assert np.array_equal(one.train_labels, same.train_labels)
    assert not np.array_equal(one.validation_labels, other.validation_labels)
    assert not np.array_equal(one.train_labels, digits.train_labels[: len(one.train_labels)])
    # All classes are in both parts, as they would not be if cut from sorted labels.
    assert set(one.validation_labels) == set(one.train_labels) == set(range(10))


@pytest.mark.parametrize(
    ("part", "rng", "kind", "words"),
    [
        (0, 0, ValueError, "`part` must be between 0 and 1. Got 0"),
        (0.01, 0, ValueError, "`part` must be a share that leaves both parts some of 50 images"),
        (0.2, "seed", ValueError, "`rng` must be a seed, a Generator or None. Got 'seed'"),
    ],
)
def test_a_split_that_makes_no_sense(digits, part, rng, kind, words):
    with pytest.raises(kind, match=re.escape(words)):
        digits.subset(50).split(part, rng=rng)


# The digits of the package


def test_digits_are_those_of_the_uci(digits):
    """The figures are those of UCI's page and of scikit-learn's documentation."""
    images = np.concatenate([digits.train_images, digits.test_images])
    labels = np.concatenate([digits.train_labels, digits.test_labels])
    assert images.shape == (1797, 64)
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (images.min(), images.max(), images.sum()) == (0, 16, 561718)
    first = images[0].reshape(8, 8)
    assert first[:2].tolist() == [[0, 0, 5, 13, 9, 1, 0, 0], [0, 0, 13, 15, 10, 15, 5, 0]]
    assert labels[-3:].tolist() == [8, 9, 8]


def test_the_archive_says_whose_the_digits_are():
    with (files("trajectories.mnist") / "digits.npz").open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        notice = str(archive["attribution"])
        assert archive["images"].dtype == archive["labels"].dtype == np.uint8
    for word in ("Alpaydin", "Kaynak", "10.24432/C50P49", "CC BY 4.0"):
        assert word in notice


# Folders


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("mark", ["-", "."])
def test_a_folder_of_other_images_is_called_by_its_name(small, folder_of, mark, end):
    named = {name.replace("-idx", f"{mark}idx") + end: data for name, data in small.items()}
    folder = folder_of(named, "Little-Shapes")
    for source in (folder, str(folder), f"{folder}/"):
        data = load(source)
        assert repr(data) == "Dataset('Little-Shapes': 30 training and 12 test images of 5 x 4)"
    assert (data.shape, data.scale, data.classes) == ((5, 4), 255.0, 10)
    assert data.train_images.dtype == np.uint8
    assert data.train_labels.dtype == np.int64
    raw = small["train-images-idx3-ubyte"]
    assert data.train_images[29].tobytes() == raw[-20:]
    assert data.test_labels.tolist() == list(small["t10k-labels-idx1-ubyte"][8:])


@pytest.mark.parametrize(
    ("folder", "name"),
    [("mnist", "mnist (not the original)"), ("a\n  b", "a b"), ("Fashion/raw", "Fashion")],
)
def test_no_folder_can_pass_for_mnist_by_its_name(small, folder_of, folder, name):
    assert load(folder_of(small, folder)).name == name


def with_sizes(data, *sizes):
    """Return an IDX file with another header and as much data as that promises."""
    start = bytes([0, 0, 8, len(sizes)]) + b"".join(n.to_bytes(4, "big") for n in sizes)
    return (start + data[4 * len(sizes) + 4 :])[: len(start) + int(np.prod(sizes))]


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("train-labels-idx1-ubyte", lambda d: d[:-1] + b"\x0a", "labels must be 0 to 9, and 10"),
        (
            "train-labels-idx1-ubyte",
            lambda d: with_sizes(d, 29),
            "it holds 29 labels for the 30 images of 'train-images-idx3-ubyte'",
        ),
        ("t10k-images-idx3-ubyte", lambda d: with_sizes(d, 12, 4, 4), "are of 4 x 4, not 5 x 4"),
        ("train-images-idx3-ubyte", lambda d: with_sizes(d, 30, 0, 4), "30 images of 0 x 4"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_name(small, folder_of, file, change, words):
    folder = folder_of({**small, file: change(small[file])})
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        load(folder)
    assert repr(str(folder / file)) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_folder_of_files_is_told(small, folder_of, tmp_path):
    folder = folder_of(small)
    (folder / "train-images-idx3-ubyte.gz").mkdir()
    with pytest.raises(IsADirectoryError, match=r"train-images-idx3-ubyte\.gz': it is a folder"):
        load(folder)
    (tmp_path / "file").write_bytes(b"")
    for name, words in [("none", "there is no such folder"), ("file", "it is no folder")]:
        with pytest.raises(NotADirectoryError, match=words) as caught:
            load(str(tmp_path / name))
        assert repr(str(tmp_path / name)) in str(caught.value)


# Names of sources, and the environment


def test_an_unknown_name_suggests_the_nearest(clean, tmp_path, monkeypatch):
    with pytest.raises(TypeError, match="`source` must be a name or a folder"):
        load(3)
    monkeypatch.setenv("TRAJECTORIES_DATA", str(tmp_path / "gone"))
    for source in ("auto", "mnist"):  # That is no reason for other data.
        with pytest.raises(NotADirectoryError, match="TRAJECTORIES_DATA names '.*gone', which is"):
            load(source)
    words = "Unknown data 'minst'. Did you mean 'mnist'? Known: auto, digits, mnist, the path of"
    with pytest.raises(ValueError, match=re.escape(words)):
        load("minst")
    with pytest.raises(ValueError, match="Unknown data ''"):
        load("")


def test_the_environment_names_a_folder(small, folder_of, clean, monkeypatch):
    monkeypatch.setenv("HOME", str(folder_of(small, "shapes").parent))
    monkeypatch.setenv("TRAJECTORIES_DATA", "~/shapes")
    assert load().name == load("auto").name == "shapes"
    with pytest.raises(ValueError, match="TRAJECTORIES_DATA names '.*shapes', which holds other"):
        load("mnist")
    assert load("digits").name == "digits"
    assert not clean.exists()


# The real one


def test_mnist_is_known_by_its_bytes(mnist):
    assert mnist.name == "MNIST"
    assert (len(mnist.train_labels), len(mnist.test_labels)) == (60000, 10000)
    assert (mnist.shape, mnist.scale, mnist.classes) == ((28, 28), 255.0, 10)
    assert mnist.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.test_labels[:5].tolist() == [7, 2, 1, 0, 4]
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(mnist.train_labels).tolist() == counts
    # The mean and deviation by which many scripts standardise it.
    pixels = mnist.train_images / np.float32(255)
    assert pixels.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
    assert pixels.std(dtype=np.float64) == pytest.approx(0.3081, abs=5e-5)


def test_an_altered_file_among_mnists_own_is_refused(mnist_folder, tmp_path):
    for path in mnist_folder.glob("*-ubyte.gz"):
        (tmp_path / path.name).symlink_to(path)
    name = "t10k-labels-idx1-ubyte.gz"
    data = bytearray(gzip.decompress((mnist_folder / name).read_bytes()))
    data[5000] = (data[5000] + 1) % 10
    (tmp_path / name).unlink()
    (tmp_path / name).write_bytes(gzip.compress(data))
    with pytest.raises(ValueError, match=rf"{re.escape(name)}': it is altered"):
        load(tmp_path)
