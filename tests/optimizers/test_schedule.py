"""Schedules: their numbers, how they compose, and how they are written and read."""

import copy
import dataclasses
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trajectories import descend
from trajectories.optimizers.adam import Adam
from trajectories.optimizers.gradient import SGD, Momentum
from trajectories.optimizers.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    CosineRestarts,
    Exponential,
    InverseTime,
    OneCycle,
    Schedule,
    Sequence,
    StepDecay,
    Warmup,
    as_schedule,
)

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


def test_there_is_an_example_of_each():
    assert [type(schedule) for schedule in EXAMPLES] == list(SCHEDULES.values())


# --- numbers


@pytest.mark.parametrize(
    ("schedule", "formula"),
    [
        (Constant(0.1), lambda t: 0.1),
        (StepDecay(0.9, 10, 0.5), lambda t: 0.9 * 0.5 ** (t // 10)),
        (StepDecay(0.9, 7), lambda t: 0.9 / 10 ** (t // 7)),
        (Exponential(0.1, 0.9), lambda t: 0.1 * math.exp(t * math.log(0.9))),
        (InverseTime(0.8, 0.1), lambda t: 8 / (10 + t)),
        (Cosine(0.9, 60), lambda t: 0.9 * math.cos(math.pi * min(t, 60) / 120) ** 2),
        (Cosine(0.1, 30, 0.4), lambda t: 0.4 - 0.3 * math.cos(math.pi * min(t, 30) / 60) ** 2),
        (Warmup(0.5, 5), lambda t: 0.1 * min(t + 1, 5)),
        (Warmup(0.5, 1), lambda t: 0.5),
        (CosineRestarts(0.8, 10), lambda t: 0.8 * math.cos(math.pi * (t % 10) / 20) ** 2),
        (
            CosineRestarts(0.8, 1, growth=2),  # Restarts at 1, 3, 7, 15, ...
            lambda t: (
                0.4 + 0.4 * math.cos(math.pi * ((t + 1) / 2 ** ((t + 1).bit_length() - 1) - 1))
            ),
        ),
        (Sequence(0.3, 20, 0.03), lambda t: 0.3 if t < 20 else 0.03),
        (Sequence(0.3, 20, Exponential(0.3, 0.5)), lambda t: 0.3 * 0.5 ** max(0, t - 20)),
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


# --- against PyTorch


def from_torch(make, lr, steps):
    """Return the rates that a scheduler of PyTorch gives to the first steps."""
    torch = pytest.importorskip("torch", reason="the reference is PyTorch's schedulers")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize(
    ("schedule", "make", "steps"),
    [
        (StepDecay(0.9, 10, 0.5), lambda s, o: s.StepLR(o, 10, gamma=0.5), 100),
        (StepDecay(0.9, 7), lambda s, o: s.StepLR(o, 7), 100),
        (Exponential(0.1, 0.9), lambda s, o: s.ExponentialLR(o, 0.9), 100),
        (InverseTime(0.8, 0.1), lambda s, o: s.LambdaLR(o, lambda t: 1 / (1 + 0.1 * t)), 100),
        (Cosine(0.9, 60), lambda s, o: s.CosineAnnealingLR(o, 60), 60),
        (Cosine(0.9, 60, 0.1), lambda s, o: s.CosineAnnealingLR(o, 60, eta_min=0.1), 61),
        (Warmup(0.5, 5), lambda s, o: s.LinearLR(o, 1 / 5, total_iters=4), 20),
        (Warmup(0.5, 1), lambda s, o: s.LinearLR(o, 1, total_iters=0), 20),
        (OneCycle(0.5, 60), lambda s, o: s.OneCycleLR(o, 0.5, 60, cycle_momentum=False), 60),
        (
            OneCycle(0.5, 47, rise=0.5, start_factor=0.1, end_factor=0.001),
            lambda s, o: s.OneCycleLR(
                o, 0.5, 47, pct_start=0.5, cycle_momentum=False, div_factor=10, final_div_factor=100
            ),
            47,
        ),
        (CosineRestarts(0.8, 10), lambda s, o: s.CosineAnnealingWarmRestarts(o, 10), 100),
        (
            CosineRestarts(0.8, 10, growth=2, end=0.05),
            lambda s, o: s.CosineAnnealingWarmRestarts(o, 10, T_mult=2, eta_min=0.05),
            200,
        ),
        (
            Sequence(Warmup(0.9, 5), 5, Exponential(0.9, 0.95)),
            lambda s, o: s.SequentialLR(
                o, [s.LinearLR(o, 1 / 5, total_iters=4), s.ExponentialLR(o, 0.95)], [5]
            ),
            60,
        ),
        (
            Warmup(Exponential(0.9, 0.95), 5),
            lambda s, o: s.ChainedScheduler(
                [s.LinearLR(o, 1 / 5, total_iters=4), s.ExponentialLR(o, 0.95)]
            ),
            60,
        ),
    ],
    ids=lambda value: value.text if isinstance(value, Schedule) else "",
)
def test_rates_are_pytorchs(schedule, make, steps):
    base = schedule
    while isinstance(base, Schedule):
        base = getattr(base, dataclasses.fields(base)[0].name)
    found = from_torch(make, base, steps)
    assert rates(schedule, steps) == pytest.approx(found, rel=1e-12, abs=1e-15)


# --- what a schedule is


@EACH
def test_a_schedule_is_called_with_the_number_of_a_step(schedule):
    assert type(schedule(3)) is float
    assert schedule(np.int64(3)) == schedule(3)


@EACH
@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        (-1, ValueError, "`step` must be at least 0. Got -1 instead."),
        (1.5, TypeError, "`step` must be an integer. Got 1.5 instead."),
        (True, TypeError, "`step` must be an integer. Got True instead."),
        (None, TypeError, "`step` must be an integer. Got None instead."),
    ],
)
def test_there_is_no_other_step(schedule, step, error, message):
    with pytest.raises(error) as caught:
        schedule(step)
    assert str(caught.value) == message


@EACH
def test_a_schedule_is_frozen_compared_and_copied(schedule):
    with pytest.raises(dataclasses.FrozenInstanceError):
        schedule.name = "other"
    for other in (copy.copy(schedule), copy.deepcopy(schedule), dataclasses.replace(schedule)):
        assert other == schedule
        assert hash(other) == hash(schedule)
    assert sum(schedule == other for other in EXAMPLES) == 1
    assert schedule != schedule.text


@EACH
def test_a_change_of_any_field_is_a_difference(schedule):
    for item in dataclasses.fields(schedule):
        value = getattr(schedule, item.name)
        changed = value + 1 if isinstance(value, int) else 0.123
        assert dataclasses.replace(schedule, **{item.name: changed}) != schedule


def test_numbers_become_pythons_own():
    schedule = Cosine(np.float32(0.5), np.int8(60), end=Fraction(1, 10))
    assert schedule == Cosine(0.5, 60, 0.1)
    assert [type(value) for value in dataclasses.astuple(schedule)] == [float, int, float]
    assert repr(Cosine(1, 60)) == "Cosine(lr=1.0, steps=60, end=0.0)"


def test_the_base_class_is_no_schedule():
    with pytest.raises(TypeError, match="abstract"):
        Schedule()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Constant(0), "`lr` must be positive. Got 0 instead."),
        (lambda: Constant(-0.1), "`lr` must be positive. Got -0.1 instead."),
        (lambda: Constant(math.nan), "`lr` must be positive and finite. Got nan instead."),
        (lambda: Constant(10**400), "`lr` must be a number in float64's range. Got 1000"),
        (lambda: StepDecay(0.1, 0), "`every` must be at least 1. Got 0 instead."),
        (lambda: StepDecay(0.1, 3, 0), "`factor` must be positive and at most 1. Got 0 instead."),
        (lambda: Exponential(1, 1.01), "`factor` must be positive and at most 1. Got 1.01 "),
        (lambda: Exponential(1, math.inf), "`factor` must be positive and at most 1. Got inf "),
        (lambda: InverseTime(0.1, 0), "`rate` must be positive. Got 0 instead."),
        (lambda: Cosine(0.1, 0), "`steps` must be at least 1. Got 0 instead."),
        (lambda: Cosine(0.1, 5, -0.1), "`end` must be zero or positive. Got -0.1 instead."),
        (lambda: Warmup(0.1, -3), "`steps` must be at least 1. Got -3 instead."),
        (lambda: OneCycle(0.1, 1), "`steps` must be at least 2. Got 1 instead."),
        (lambda: OneCycle(0.1, 9, 1), "`rise` must be at least 0 and below 1. Got 1 instead."),
        (lambda: OneCycle(1, 9, start_factor=2), "`start_factor` must be between 0 and 1. Got 2 "),
        (lambda: OneCycle(1, 9, end_factor=-1), "`end_factor` must be between 0 and 1. Got -1 "),
        (lambda: CosineRestarts(1, 0), "`period` must be at least 1. Got 0 instead."),
        (lambda: CosineRestarts(1, 5, 0), "`growth` must be at least 1. Got 0 instead."),
        (lambda: CosineRestarts(1, 5, end=-1), "`end` must be zero or positive. Got -1 instead."),
        (lambda: Sequence(0.1, 0, 0.2), "`at` must be at least 1. Got 0 instead."),
        (lambda: Sequence(0.1, 3, 0), "`second` must be positive. Got 0 instead."),
    ],
)
def test_fields_out_of_range(make, message):
    with pytest.raises(ValueError, match="must be") as caught:
        make()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Constant("cosine(0.1, 3)"), "`lr` must be a number or a schedule. Got 'cosine"),
        (lambda: Constant(lambda step: 0.1), "`lr` must be a number or a schedule. Got <function"),
        (lambda: Constant(Cosine), "`lr` must be a number or a schedule. Got <class "),
        (lambda: Warmup(np.array([0.1, 0.2]), 5), "`lr` must be a number or a schedule. Got array"),
        (lambda: Warmup([0.1], 5), "`lr` must be a number or a schedule. Got [0.1] instead."),
        (lambda: Warmup(True, 5), "`lr` must be a number or a schedule. Got True instead."),
        (lambda: Warmup(1j, 5), "`lr` must be a number or a schedule. Got 1j instead."),
        (lambda: Warmup(0.1, 5.0), "`steps` must be an integer. Got 5.0 instead."),
        (lambda: Warmup(0.1, None), "`steps` must be an integer. Got None instead."),
        (lambda: CosineRestarts(0.1, 5, 1.5), "`growth` must be an integer. Got 1.5 instead."),
        (lambda: Cosine(0.1, 5, Constant(1)), "`end` must be a number. Got Constant(lr=1.0) "),
        (lambda: Exponential(0.1, "0.9"), "`factor` must be a number. Got '0.9' instead."),
        (lambda: Sequence(None, 5, 0.1), "`first` must be a number or a schedule. Got None "),
    ],
)
def test_fields_of_the_wrong_kind(make, message):
    with pytest.raises(TypeError, match="must be") as caught:
        make()
    assert str(caught.value).startswith(message)


# --- properties


@given(schedule=schedules, step=st.integers(0, 200) | st.integers(0, 10**6) | st.just(10**15))
@settings(max_examples=400)
def test_rates_are_finite_and_never_negative(schedule, step):
    rate = schedule(step)
    assert type(rate) is float
    assert 0 <= rate < math.inf


@given(
    schedule=st.one_of(
        st.builds(StepDecay, positive, count, factor),
        st.builds(Exponential, positive, factor),
        st.builds(InverseTime, positive, positive),
        st.builds(lambda lr, steps, part: Cosine(lr, steps, lr * part), positive, count, part),
        st.builds(OneCycle, positive, st.integers(2, 1000), st.just(0.0), part, part),
    ),
    step=st.integers(0, 2000),
)
def test_decays_never_rise(schedule, step):
    # Rounding may lift a cosine where it is flat.
    assert schedule(step + 1) <= schedule(step) + 1e-15 * schedule(0)


@given(lr=positive, steps=count, step=st.integers(0, 2000))
def test_a_warm_up_never_falls(lr, steps, step):
    assert Warmup(lr, steps)(step) <= Warmup(lr, steps)(step + 1) <= lr


@given(lr=positive, steps=st.integers(2, 500), rise=st.floats(0, 0.99), low=st.floats(1e-6, 1))
def test_one_cycle_rises_to_its_peak_and_falls_from_it(lr, steps, rise, low):
    path = rates(OneCycle(lr, steps, rise, low, low), steps + 5) / lr
    peak = max(0, math.ceil(rise * steps - 1))
    assert (np.diff(path[:peak]) >= -1e-15).all()
    assert (np.diff(path[peak:]) <= 1e-15).all()
    assert path.max() <= 1 + 1e-15
    assert path[-7:].min() >= low * (1 - 1e-15)
    assert path[steps - 1] == path[-1] == pytest.approx(low, rel=1e-15)


@given(lr=positive, steps=st.integers(1, 10**6), end=zero_or_more, later=st.integers(0, 10**6))
def test_a_cosine_has_its_ends_exactly_and_stays(lr, steps, end, later):
    schedule = Cosine(lr, steps, end)
    assert schedule(0) == lr
    assert schedule(steps + later) == end


@given(lr=positive, period=st.integers(1, 20), growth=st.integers(1, 4), end=zero_or_more)
def test_restarts_return_to_the_rate_exactly(lr, period, growth, end):
    schedule, start, length = CosineRestarts(lr, period, growth, end), 0, period
    for _ in range(4):
        once = Cosine(lr, length, end)
        assert schedule(start) == lr
        assert schedule(start + length - 1) == once(length - 1)
        start, length = start + length, length * growth


@given(lr=positive, steps=st.integers(1, 100), then=st.integers(1, 100))
def test_a_warm_up_joins_what_follows(lr, steps, then):
    schedule = Sequence(Warmup(lr, steps), steps, Cosine(lr, then))
    assert schedule(steps - 1) == schedule(steps) == lr


@given(lr=positive, steps=st.integers(2, 100), end=st.floats(1e-100, 1e100))
def test_a_cosine_joins_what_follows(lr, steps, end):
    schedule = Sequence(Cosine(lr, steps, end), steps, end)
    assert schedule(steps) == end == Cosine(lr, steps, end)(steps)


@pytest.mark.parametrize("steps", [100, 1000, 10_000])
@pytest.mark.parametrize(
    "make", [lambda n: Cosine(1, n), lambda n: Warmup(1, n), lambda n: OneCycle(1, n)]
)
def test_smooth_schedules_have_no_jumps(make, steps):
    jumps = np.abs(np.diff(rates(make(steps), steps + 10)))
    assert jumps.max() < 6 / steps  # The steepest is one cycle's rise, pi / 2 / 0.3 = 5.2.


# --- composition


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


def test_an_end_is_not_multiplied():
    under = Constant(0.8)
    for cls in (Cosine, CosineRestarts):
        assert cls(under, 10, end=0.2)(5) == cls(0.8, 10, end=0.2)(5) == pytest.approx(0.5)
    assert Cosine(Warmup(0.8, 4), 10, end=0.2)(0) == pytest.approx(0.2)
    assert Cosine(Warmup(0.8, 4), 10, end=0.2)(10) == 0.2
    assert Warmup(Cosine(0.8, 10, end=0.2), 20)(10) == pytest.approx(0.2 * 11 / 20)


def test_restarts_return_to_a_schedule():
    schedule = CosineRestarts(Exponential(0.9, 0.99), 20)
    assert [schedule(step) for step in (0, 20, 40)] == pytest.approx(
        [0.9, 0.9 * 0.99**20, 0.9 * 0.99**40]
    )


def test_a_sequence_counts_its_second_anew():
    schedule = Sequence(0.5, 10, Sequence(Cosine(0.4, 5), 5, 0.1))
    assert [schedule(step) for step in (9, 10, 14, 15, 10**6)] == [
        0.5,
        0.4,
        Cosine(0.4, 5)(4),
        0.1,
        0.1,
    ]


# --- text


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("constant(0.1)", Constant(0.1)),
        ("step(0.9, every=10)", StepDecay(0.9, 10)),
        ("step(0.9, every=10, factor=0.5)", StepDecay(0.9, 10, 0.5)),
        ("exponential(0.1, factor=0.9)", Exponential(0.1, 0.9)),
        ("inverse_time(0.8, rate=0.1)", InverseTime(0.8, 0.1)),
        ("cosine(0.9, steps=60)", Cosine(0.9, 60)),
        ("cosine(0.9, steps=60, end=0.1)", Cosine(0.9, 60, 0.1)),
        ("warmup(1.0, steps=5)", Warmup(1, 5)),
        ("one_cycle(0.5, steps=20)", OneCycle(0.5, 20)),
        ("one_cycle(0.5, steps=20, end_factor=0.0)", OneCycle(0.5, 20, end_factor=0)),
        ("cosine_restarts(0.8, period=10, growth=2)", CosineRestarts(0.8, 10, 2)),
        (
            "sequence(warmup(0.9, steps=5), at=5, second=cosine(0.9, steps=55))",
            Sequence(Warmup(0.9, 5), 5, Cosine(0.9, 55)),
        ),
    ],
)
def test_text(text, schedule):
    assert schedule.text == text
    assert as_schedule(text) == schedule
    assert as_schedule(text.replace(" ", "")) == schedule


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("cosine(0.9, 60)", Cosine(0.9, 60)),
        ("cosine(0.9, 60, .1)", Cosine(0.9, 60, 0.1)),
        ("cosine(steps=60, lr=0.9)", Cosine(0.9, 60)),
        (" Cosine ( 0.9 ,\n steps = 60 ) ", Cosine(0.9, 60)),
        ("one-cycle(1, 20, start-factor=0.1)", OneCycle(1, 20, start_factor=0.1)),
        ("OneCycle(1, 20)", OneCycle(1, 20)),
        ("exponential(sequence(1, 5, 2), 0.99)", Exponential(Sequence(1, 5, 2), 0.99)),
        ("warmup(cosine(0.9, steps=60), steps=5)", Warmup(Cosine(0.9, 60), 5)),
    ],
)
def test_text_may_be_written_in_other_ways(text, schedule):
    assert as_schedule(text) == schedule


@given(schedule=schedules)
def test_text_and_repr_and_pickles_read_back(schedule):
    assert as_schedule(schedule.text) == schedule
    assert eval(repr(schedule), {cls.__name__: cls for cls in SCHEDULES.values()}) == schedule
    again = pickle.loads(pickle.dumps(schedule))
    assert again == schedule
    assert hash(again) == hash(schedule)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cosin(0.9, 60)", "Unknown schedule 'cosin'. Did you mean 'cosine'? Known: constant, "),
        ("warmup(cosin(0.9, 60), 5)", "Unknown schedule 'cosin'. Did you mean 'cosine'?"),
        ("__import__(1)", "Unknown schedule '__import__'. Known: constant, step, "),
        ("Schedule(1)", "Unknown schedule 'Schedule'."),
        ("cosine(0.9, step=60)", "Unknown argument of cosine 'step'. Did you mean 'steps'?"),
        ("cosine(0.9, __class__=60)", "Unknown argument of cosine '__class__'."),
        ("cosine(0.9)", "cosine(lr, steps, end): missing a required argument: 'steps'."),
        ("cosine()", "cosine(lr, steps, end): missing a required argument: 'lr'."),
        ("cosine(0.9, 60, 0, 0)", "cosine(lr, steps, end): too many positional arguments."),
        ("cosine(0.9, 60, lr=1)", "cosine(lr, steps, end): multiple values for argument 'lr'."),
        ("cosine(0.9, steps=6, Steps=7)", "`steps` must be given once."),
        ("cosine(0.9, 60.0)", "`steps` must be an integer. Got 60.0 instead."),
        ("cosine(0.9, 0)", "`steps` must be at least 1. Got 0 instead."),
        ("cosine(-0.9, 60)", "`lr` must be positive. Got -0.9 instead."),
        ("cosine(0.9, 60, constant(1))", "`end` must be a number. Got Constant(lr=1.0) instead."),
        ("warmup(0.9, cosine(1, 2))", "`steps` must be an integer. Got Cosine("),
        ("0.1", "`schedule` must be a call such as cosine(0.9, steps=60). Got '0.1' instead."),
        ("cosine", "Expected a number or a call such as cosine(0.9, steps=60). Got 'cosine' "),
        ("(0.1)", "Expected a number or a call such as cosine(0.9, steps=60). Got '(0.1)' "),
        ("", "Expected a number or a call such as cosine(0.9, steps=60). Got '' instead."),
    ],
)
def test_bad_text(text, message):
    with pytest.raises(ValueError, match="Got|Unknown|argument") as caught:
        as_schedule(text)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("thing", [None, 0.1, b"cosine(0.9, 60)", Cosine, ["cosine(0.9, 60)"]])
def test_nothing_else_is_text(thing):
    with pytest.raises(TypeError, match="`text` must be a number or a call, written as text. Got "):
        as_schedule(thing)


def test_a_schedule_past_the_limits_works_but_has_no_text():
    schedule = Constant(0.1)
    for _ in range(19):
        schedule = Warmup(schedule, 1)
    assert as_schedule(schedule.text) == schedule
    deeper = Warmup(Warmup(schedule, 1), 1)
    assert deeper(0) == 0.1
    with pytest.raises(ValueError, match="`text` must be nested at most 20 deep"):
        deeper.text  # noqa: B018


def test_a_schedule_of_the_users_works_but_has_no_text():
    @dataclasses.dataclass(frozen=True)
    class Sawtooth(Schedule):
        teeth: int = 3

        def _value(self, step):
            return 0.1 * (step % self.teeth + 1)

    assert Warmup(Sawtooth(), 2)(0) == pytest.approx(0.05)
    for schedule in (Sawtooth(), Warmup(Sawtooth(), 2)):
        with pytest.raises(ValueError, match="`schedule` must be one of the package"):
            schedule.text  # noqa: B018


# --- in optimizers


@EACH
def test_an_optimizer_given_text_equals_one_given_the_schedule(schedule):
    for rule, same in ((SGD(schedule), SGD(schedule.text)), (Adam(schedule), Adam(schedule.text))):
        assert rule == same
        assert rule.lr is schedule
        assert pickle.loads(pickle.dumps(rule)) == rule.fresh() == copy.deepcopy(rule) == rule
    assert SGD(schedule) != SGD(Constant(0.123))


@EACH
def test_a_descent_takes_each_step_at_its_rate(schedule):
    path = descend("x**2 + y**2", SGD(schedule), start=(1, -2), steps=25)
    kept = np.cumprod(1 - 2 * rates(schedule, 25))
    assert path.positions[1:, 0] == pytest.approx(kept, rel=1e-12)
    again = descend("x**2 + y**2", SGD(schedule.text), start=(1, -2), steps=25)
    assert np.array_equal(again.positions, path.positions)


def test_a_spec_string_holds_a_schedule():
    path = descend("sphere", "sgd:lr=cosine(0.9,steps=60)", steps=10)
    assert path == descend("sphere", SGD(Cosine(0.9, 60)), steps=10)


def test_momentum_differs_from_pytorchs_under_a_schedule():
    """The learning rate is in the velocity here, outside it there."""

    def outside(lr):
        p, b = np.array([-7.0, 2.0]), np.zeros(2)
        for step in range(30):
            b = 0.9 * b + p * [0.1, 2.0]
            p = p - lr(step) * b
        return p

    def inside(lr):
        return descend("x**2/20 + y**2", Momentum(lr), start=(-7, 2), steps=30).positions[-1]

    constant, falling = Constant(0.1), Exponential(0.1, 0.9)
    assert inside(constant) == pytest.approx(outside(constant), rel=1e-12)
    assert inside(falling) == pytest.approx([-2.1938997742, 0.7311370974], abs=1e-6)
    assert outside(falling) == pytest.approx([-4.0828026207, 0.2348334396], abs=1e-6)  # 1.9 apart
