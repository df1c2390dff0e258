"""Looking names up, and suggesting the nearest."""

import pytest

from trajectories.checks import normalise, resolve, unknown

KNOWN = ["sgd", "rms_prop", "six_hump_camel", "Light"]


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("sgd", "sgd"),
        ("SGD", "sgd"),
        ("Six-Hump camel", "sixhumpcamel"),
        (" _rms-_PROP ", "rmsprop"),
        ("", ""),
    ],
)
def test_normalise(name, folded):
    assert normalise(name) == folded


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("sgd", "sgd"),
        (" SGD ", "sgd"),
        ("RMSProp", "rms_prop"),
        ("rms-prop", "rms_prop"),
        ("Six Hump Camel", "six_hump_camel"),
        ("light", "Light"),
    ],
)
def test_resolve_gives_the_known_spelling(name, found):
    assert resolve("thing", name, KNOWN) == found


def test_resolve_reads_an_iterator_once():
    assert resolve("thing", "light", iter(KNOWN)) == "Light"
    with pytest.raises(ValueError, match="Known: sgd, rms_prop, six_hump_camel, Light"):
        resolve("thing", "dark", iter(KNOWN))


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("sdg", "sgd"),
        ("rmspop", "rms_prop"),
        ("RMS-Propp", "rms_prop"),
        ("sixhump_camels", "six_hump_camel"),
        ("ligth", "Light"),
    ],
)
def test_the_nearest_is_suggested(name, nearest):
    with pytest.raises(ValueError, match=f"Did you mean '{nearest}'") as caught:
        resolve("thing", name, KNOWN)
    assert str(caught.value).startswith(f"Unknown thing {name!r}.")


@pytest.mark.parametrize("name", ["zzz", "", None, 3, True, ["sgd"], b"sgd"])
def test_nothing_is_suggested_for_what_is_far(name):
    with pytest.raises(ValueError, match="Unknown thing") as caught:
        resolve("thing", name, ["adagrad", "momentum"])
    assert str(caught.value) == f"Unknown thing {name!r}. Known: adagrad, momentum."


def test_a_long_name_is_cut():
    message = str(unknown("thing", "x" * 100_000, KNOWN))
    assert len(message) < 150
    assert "\n" not in message


def test_no_known_names():
    with pytest.raises(ValueError, match="Unknown thing 'a'"):
        resolve("thing", "a", [])
