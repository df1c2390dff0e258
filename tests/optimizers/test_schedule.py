"""Schedules: their numbers, how they compose, and how they are written and read."""

import copy
import dataclasses
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from trajectories import SGD, Adam, descend, schedules as public

Schedule, as_schedule, SCHEDULES = public.Schedule, public.as_schedule, public.SCHEDULES
Constant, StepDecay, Exponential, InverseTime, Cosine = list(SCHEDULES.values())[:5]
Warmup, OneCycle, CosineRestarts, Sequence = list(SCHEDULES.values())[5:]

EXAMPLES = [
    Constant(0.1),
    StepDecay(0.9, every=10, factor=0.5),
    Exponential(0.1, 0.9),
    InverseTime(0.8, rate=0.1),
    Cosine(0.9, 60, end=0.1),
    Warmup(0.5, 5),
    OneCycle(0.5, 20),
    CosineRestarts(0.8, 10, growth=2, end=0.05),
    Sequence(Warmup(0.9, 3), 3, Cosine(0.9, 30)),
]
EACH = pytest.mark.parametrize("schedule", EXAMPLES, ids=lambda schedule: schedule.name)


def rates(schedule, steps):
    return np.array([schedule(step) for step in range(steps)])


positive = st.floats(1e-100, 1e100)
factor = st.floats(0, 1, exclude_min=True)
part = st.floats(0, 1)
zero_or_more = st.just(0.0) | st.floats(0, 1e100)
count = st.integers(1, 100) | st.integers(1, 10**9)


def composed(base):
    """Draw a schedule of any class over what `base` draws."""
    return st.one_of(
        st.builds(Constant, base),
        st.builds(StepDecay, base, count, factor),
        st.builds(Exponential, base, factor),
        st.builds(InverseTime, base, positive),
        st.builds(Cosine, base, count, zero_or_more),
        st.builds(Warmup, base, count),
        st.builds(OneCycle, base, st.integers(2, 10**9), st.floats(0, 0.99), part, part),
        st.builds(CosineRestarts, base, count, st.integers(1, 10), zero_or_more),
        st.builds(Sequence, base, count, base),
    )


schedules = composed(positive) | composed(positive | composed(positive | composed(positive)))


# --- numbers


def restarted(t):
    """Restart at 1, 3, 7, 15, ..."""
    return 0.4 + 0.4 * math.cos(math.pi * ((t + 1) / 2 ** ((t + 1).bit_length() - 1) - 1))


@pytest.mark.parametrize(
    ("schedule", "formula"),
    [
        (Cosine(0.1, 30, 0.4), lambda t: 0.4 - 0.3 * math.cos(math.pi * min(t, 30) / 60) ** 2),
        (CosineRestarts(0.8, 1, growth=2), restarted),
        (CosineRestarts(Exponential(0.9, 0.99), 1), lambda t: 0.9 * 0.99**t),
        (Sequence(0.3, 20, Exponential(0.3, 0.5)), lambda t: 0.3 * 0.5 ** max(0, t - 20)),
        (Sequence(0.5, 10, Sequence(0.4, 5, 0.1)), lambda t: (0.5, 0.4, 0.1)[(t > 9) + (t > 14)]),
        (Exponential(StepDecay(1, 5, 0.5), 0.9), lambda t: 0.9**t * 0.5 ** (t // 5)),
        (Warmup(InverseTime(1, 1), 9), lambda t: min(1, (t + 1) / 9) / (1 + t)),
    ],
    ids=lambda value: value.text if isinstance(value, Schedule) else "",
)
def test_closed_forms(schedule, formula):
    assert rates(schedule, 100) == pytest.approx([formula(t) for t in range(100)], rel=1e-13)


@pytest.mark.parametrize(
    ("text", "golden"),
    [  # Made by torch 2.13.0, steps 0, 1, 9, 10, 29 and 59.
        ("step(0.9, every=10, factor=0.5)", [0.9, 0.9, 0.9, 0.45, 0.225, 0.028125]),
        (
            "exponential(0.1, factor=0.9)",
            [0.1, 0.09, 0.0387420489, 0.03486784401, 0.00471012869724625, 0.000199667811101604],
        ),
        (
            "inverse_time(0.8, rate=0.1)",
            [0.8, 0.727272727272727, 0.421052631578947, 0.4, 0.205128205128205, 0.115942028985507],
        ),
        (
            "cosine(0.9, steps=60, end=0.1)",
            [0.9, 0.89945181390183, 0.856402609675347, 0.846410161513776]
            + [0.520934382497178, 0.10054818609817],
        ),
        ("warmup(0.5, steps=5)", [0.1, 0.2, 0.5, 0.5, 0.5, 0.5]),
        (
            "one_cycle(0.5, steps=60)",
            [0.02, 0.0240864560758636, 0.282144406271192, 0.3256791176173, 0.405872826974882, 2e-6],
        ),
        (
            "cosine_restarts(0.8, period=10, growth=2)",
            [0.8, 0.780422606518062, 0.0195773934819386, 0.8]
            + [0.00492466376194494, 0.140220780667927],
        ),
        (
            "sequence(warmup(0.9, steps=5), at=5, second=exponential(0.9, factor=0.95))",
            [0.18, 0.36, 0.733055625, 0.69640284375, 0.262790121904895, 0.0564049469420805],
        ),
    ],
)
def test_golden_numbers(text, golden):
    schedule = as_schedule(text)
    found = [schedule(step) for step in (0, 1, 9, 10, 29, 59)]
    assert found == pytest.approx(golden, rel=1e-14)


# --- what a schedule is


@EACH
def test_a_schedule_is_frozen_compared_and_copied(schedule):
    with pytest.raises(dataclasses.FrozenInstanceError):
        schedule.name = "other"
    for other in (copy.copy(schedule), copy.deepcopy(schedule), dataclasses.replace(schedule)):
        assert other == schedule
        assert hash(other) == hash(schedule)
    assert sum(schedule == other for other in EXAMPLES) == 1
    for item in dataclasses.fields(schedule):
        value = getattr(schedule, item.name)
        changed = value + 1 if isinstance(value, int) else 0.123
        assert dataclasses.replace(schedule, **{item.name: changed}) != schedule


def test_numbers_become_pythons_own():
    schedule = Cosine(np.float32(0.5), np.int8(60), end=Fraction(1, 10))
    assert schedule == Cosine(0.5, 60, 0.1)
    assert [type(value) for value in dataclasses.astuple(schedule)] == [float, int, float]
    assert type(schedule(np.int64(3))) is float
    assert repr(Cosine(1, 60)) == "Cosine(lr=1.0, steps=60, end=0.0)"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Constant(1)(-1), ValueError, "`step` must be at least 0. Got -1 instead."),
        (lambda: Cosine(1, 2)(True), TypeError, "`step` must be an integer. Got True instead."),
        (lambda: Constant(0), ValueError, "`lr` must be positive. Got 0 instead."),
        (lambda: Exponential(1, 1.01), ValueError, "`factor` must be positive and at most 1. Got"),
        (lambda: Cosine(0.1, 5, -0.1), ValueError, "`end` must be zero or positive. Got -0.1 "),
        (lambda: OneCycle(1, 9, 1), ValueError, "`rise` must be at least 0 and below 1. Got 1 "),
        (lambda: OneCycle(1, 9, end_factor=-1), ValueError, "`end_factor` must be between 0 and"),
        (lambda: Sequence(0.1, 3, 0), ValueError, "`second` must be positive. Got 0 instead."),
        (lambda: Constant("cosine(1, 3)"), TypeError, "`lr` must be a number or a schedule. Got '"),
        (lambda: Warmup([0.1], 5), TypeError, "`lr` must be a number or a schedule. Got [0.1] "),
        (lambda: Warmup(0.1, 5.0), TypeError, "`steps` must be an integer. Got 5.0 instead."),
        (lambda: Cosine(0.1, 5, Constant(1)), TypeError, "`end` must be a number. Got Constant("),
        (lambda: as_schedule(Cosine), TypeError, "`text` must be a number or a call, written as"),
        (lambda: Schedule(), TypeError, "Can't instantiate abstract class"),
    ],
)
def test_what_is_out_of_range_or_of_another_kind_is_refused(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value).startswith(message)


# --- properties


@settings(max_examples=40)
@given(lr=positive, steps=st.integers(2, 500), rise=st.floats(0, 0.99), low=st.floats(1e-6, 1))
def test_one_cycle_rises_to_its_peak_and_falls_from_it(lr, steps, rise, low):
    path = rates(OneCycle(lr, steps, rise, low, low), steps + 5) / lr
    peak = max(0, math.ceil(rise * steps - 1))
    assert (np.diff(path[:peak]) >= -1e-15).all()
    assert (np.diff(path[peak:]) <= 1e-15).all()
    assert path.max() <= 1 + 1e-15
    assert path[-7:].min() >= low * (1 - 1e-15)
    assert path[steps - 1] == path[-1] == pytest.approx(low, rel=1e-15)


@settings(max_examples=40)
@given(lr=positive, steps=st.integers(1, 100), end=zero_or_more, later=st.integers(0, 10**6))
def test_ends_and_joints_are_exact(lr, steps, end, later):
    once = Cosine(lr, steps, end)
    assert (once(0), once(steps + later)) == (lr, end)
    restarted = CosineRestarts(lr, steps, 3, end)
    assert restarted(0) == restarted(steps) == restarted(4 * steps) == lr
    assert restarted(steps - 1) == once(steps - 1)
    joined = Sequence(Warmup(lr, steps), steps, once)
    assert joined(steps - 1) == joined(steps) == lr
    assert joined(2 * steps + later) == end


@given(schedule=schedules, step=st.integers(0, 200) | st.integers(0, 10**6) | st.just(10**15))
@settings(max_examples=100)
def test_rates_are_finite_and_never_negative(schedule, step):
    rate = schedule(step)
    assert type(rate) is float
    assert 0 <= rate < math.inf


# --- composition


@settings(max_examples=40)
@given(schedule=schedules, step=st.integers(0, 1000))
def test_what_multiplies_a_number_multiplies_a_schedule(schedule, step):
    base = schedule(step)
    for shape in (
        lambda lr: Constant(lr),
        lambda lr: StepDecay(lr, 10),
        lambda lr: Exponential(lr, 0.9),
        lambda lr: InverseTime(lr, 0.1),
        lambda lr: Cosine(lr, 100),
        lambda lr: Warmup(lr, 5),
        lambda lr: OneCycle(lr, 100),
        lambda lr: CosineRestarts(lr, 10),
    ):
        expected = base * shape(1.0)(step)
        assert shape(schedule)(step) == pytest.approx(expected, rel=1e-14, abs=1e-300)


# --- text


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("step(0.9, every=10)", StepDecay(0.9, 10)),
        ("cosine(0.9, steps=60, end=0.1)", Cosine(0.9, 60, 0.1)),
        ("one_cycle(0.5, steps=20, end_factor=0.0)", OneCycle(0.5, 20, end_factor=0)),
        (
            "sequence(warmup(0.9, steps=5), at=5, second=cosine(0.9, steps=55))",
            Sequence(Warmup(0.9, 5), 5, Cosine(0.9, 55)),
        ),
    ],
)
def test_text(text, schedule):
    assert schedule.text == text
    assert as_schedule(text) == as_schedule(text.replace(" ", "")) == schedule


@settings(max_examples=60)
@given(schedule=schedules)
def test_text_and_repr_and_pickles_read_back(schedule):
    assert as_schedule(schedule.text) == schedule
    assert eval(repr(schedule), {cls.__name__: cls for cls in SCHEDULES.values()}) == schedule
    again = pickle.loads(pickle.dumps(schedule))
    assert again == schedule
    assert hash(again) == hash(schedule)


def test_a_schedule_past_the_limits_works_but_has_no_text():
    schedule = Constant(0.1)
    for _ in range(19):
        schedule = Warmup(schedule, 1)
    assert as_schedule(schedule.text) == schedule
    deeper = Warmup(Warmup(schedule, 1), 1)
    assert deeper(0) == 0.1
    with pytest.raises(ValueError, match="`text` must be nested at most 20 deep"):
        deeper.text  # noqa: B018


# --- in optimizers


@EACH
def test_a_descent_takes_each_step_at_its_rate(schedule):
    path = descend("x**2 + y**2", SGD(schedule), start=(1, -2), steps=25)
    kept = np.cumprod(1 - 2 * rates(schedule, 25))
    assert path.positions[1:, 0] == pytest.approx(kept, rel=1e-12)
    again = descend("x**2 + y**2", SGD(schedule.text), start=(1, -2), steps=25)
    assert np.array_equal(again.positions, path.positions)
    rule = Adam(schedule)
    assert rule == Adam(schedule.text) == pickle.loads(pickle.dumps(rule)) == copy.deepcopy(rule)
    assert rule != Adam(Constant(0.123))
