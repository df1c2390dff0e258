"""Interrupts wait until no import is under way, and come again if they are lost."""

import contextlib
import importlib
import signal
import sys
import time

import pytest
from matplotlib.figure import Figure

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="this system has no interval timers"
)
INTERRUPT = "import signal\nsignal.raise_signal(signal.SIGINT)\nwhole = True\n"
SWALLOW = "try:\n    import signal; signal.raise_signal(signal.SIGINT)\nexcept: pass\nwhole = True"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return a function that makes a module of a text, and returns its name."""
    monkeypatch.syspath_prepend(tmp_path)
    made = []

    def make(text):
        name = f"interrupted_{len(made)}"
        (tmp_path / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        made.append(name)
        return name

    yield make
    for name in made:
        sys.modules.pop(name, None)


@pytest.fixture(autouse=True)
def as_it_was():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM)
    yield
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM)) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.fixture
def during(run, folder, monkeypatch):
    """Return a function that does something while a command writes a picture: its exit code."""
    small = ["--size", "200x150", "--steps", "2", "-O", "sgd:lr=0.9", "-o", "a.png"]

    def call(work):
        monkeypatch.setattr(Figure, "savefig", lambda *_, **__: work())
        code, _, err = run("plot", "x**2 + y**2", *small)
        assert err.count("\n") == (code != 0)
        return code

    return call


def test_an_interrupted_import_goes_to_its_end_and_what_follows_does_not(module, during):
    inner = module(INTERRUPT)
    outer = module(f"import time, {inner}\ntime.sleep(0.2)\nwhole = True\n")
    for name in (module(INTERRUPT), outer, module(SWALLOW)):
        passed = []

        def work(name=name, passed=passed):
            passed.append(importlib.import_module(name).whole)
            time.sleep(5)
            passed.append("the interrupt was lost")

        assert during(work) == 130
        assert passed == [True]


def test_one_that_is_lost_comes_again(during):
    def work():
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        time.sleep(5)

    began = time.monotonic()
    assert during(work) == 130
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(("interrupted", "code"), [(True, 130), (False, 2)])
def test_an_error_that_is_made_of_an_interrupt_counts_as_one(interrupted, code, during):
    def work():
        try:
            if interrupted:
                signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            pass
        raise TypeError("incompatible function arguments")

    assert during(work) == code


def test_none_comes_again_while_one_is_handled_but_a_second_stops_that(during):
    cleaned = []

    def stumble():
        try:
            raise OSError("a file is gone already")
        except OSError:
            time.sleep(0.2)
            cleaned.append("within another error")

    @contextlib.contextmanager
    def cleaning():
        try:
            yield
        finally:
            time.sleep(0.2)
            cleaned.append("in a generator")
            stumble()
            signal.raise_signal(signal.SIGINT)
            cleaned.append("not reached")

    def work():
        with cleaning():
            signal.raise_signal(signal.SIGINT)

    assert during(work) == 130
    assert cleaned == ["in a generator", "within another error"]


@pytest.mark.parametrize("name", ["SIGINT", "SIGALRM"])
def test_who_handles_signals_otherwise_goes_on_doing_so(name, during):
    heard, number = [], getattr(signal, name)
    before = signal.signal(number, lambda *_: heard.append("heard"))
    try:
        assert during(lambda: signal.raise_signal(number)) == 0
        assert heard == ["heard"]
    finally:
        signal.signal(number, before)
