"""Interrupts wait until no import is under way, and come again if they are lost."""

import contextlib
import importlib
import signal
import sys
import threading
import time

import pytest

from trajectories.files import patient_interrupts

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="this system has no interval timers"
)
INTERRUPT = "import signal\nsignal.raise_signal(signal.SIGINT)\nwhole = True\n"


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


def test_an_interrupt_is_one_as_ever():
    with pytest.raises(KeyboardInterrupt), patient_interrupts():  # noqa: PT012
        signal.raise_signal(signal.SIGINT)
        pytest.fail("It was not interrupted.")


def test_an_interrupted_import_goes_to_its_end_and_what_follows_does_not(module):
    name = module(INTERRUPT)
    with pytest.raises(KeyboardInterrupt), patient_interrupts():  # noqa: PT012
        assert importlib.import_module(name).whole
        time.sleep(5)
        pytest.fail("The interrupt was lost.")


def test_so_does_one_within_another(module):
    inner = module(INTERRUPT)
    outer = module(f"import time, {inner}\ntime.sleep(0.2)\nwhole = True\n")
    with pytest.raises(KeyboardInterrupt), patient_interrupts():  # noqa: PT012
        assert importlib.import_module(outer).whole
        time.sleep(5)
        pytest.fail("The interrupt was lost.")


def test_one_that_swallows_whatever_comes_loses_no_interrupt(module):
    name = module("try:\n    import signal; signal.raise_signal(signal.SIGINT)\nexcept: pass\n")
    with pytest.raises(KeyboardInterrupt), patient_interrupts():  # noqa: PT012
        importlib.import_module(name)
        time.sleep(5)
        pytest.fail("The interrupt was lost.")


def test_one_that_is_lost_comes_again():
    with pytest.raises(KeyboardInterrupt), patient_interrupts():  # noqa: PT012
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        time.sleep(5)
        pytest.fail("The interrupt was lost.")


def test_an_error_that_is_made_of_one_counts_as_one():
    with pytest.raises(KeyboardInterrupt), patient_interrupts():  # noqa: PT012
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise TypeError("incompatible function arguments") from None


def test_an_error_without_one_stays_what_it_is():
    with pytest.raises(TypeError, match="incompatible"), patient_interrupts():
        raise TypeError("incompatible function arguments")


def test_none_comes_again_while_one_is_handled():
    cleaned = []

    def stumble():
        try:
            raise OSError("a file is gone already")
        except OSError:
            time.sleep(0.2)
            cleaned.append("within another error")

    @contextlib.contextmanager
    def work():
        try:
            yield
        finally:
            time.sleep(0.2)
            cleaned.append("in a generator")
            stumble()

    with pytest.raises(KeyboardInterrupt), patient_interrupts(), work():
        signal.raise_signal(signal.SIGINT)
    assert cleaned == ["in a generator", "within another error"]


def test_a_second_interrupt_stops_the_handling_of_the_first():
    cleaned = []
    with pytest.raises(KeyboardInterrupt), patient_interrupts():  # noqa: PT012
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            cleaned.append("not reached")
    assert cleaned == []


def test_an_import_outside_of_the_block_does_not_count(module):
    name = module(
        "import signal\n"
        "from trajectories.interrupts import patient_interrupts\n"
        "with patient_interrupts():\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    raise AssertionError('It was not interrupted.')\n"
    )
    with pytest.raises(KeyboardInterrupt):
        importlib.import_module(name)


@pytest.mark.parametrize("name", ["SIGINT", "SIGALRM"])
def test_who_handles_signals_otherwise_goes_on_doing_so(name):
    heard, number = [], getattr(signal, name)
    before = signal.signal(number, lambda *_: heard.append("heard"))
    try:
        with patient_interrupts():
            signal.raise_signal(number)
        assert heard == ["heard"]
    finally:
        signal.signal(number, before)


def test_another_thread_has_no_interrupts():
    ran = []

    def work():
        with patient_interrupts():
            ran.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ran == [signal.default_int_handler]


def test_an_interrupt_at_the_very_end_is_forgotten_with_the_block(module):
    name = module(INTERRUPT)
    with patient_interrupts():
        assert importlib.import_module(name).whole
    time.sleep(0.1)
