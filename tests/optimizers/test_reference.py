"""The rules against PyTorch and Optax: recorded paths, and the libraries where installed."""

import json
from pathlib import Path

import numpy as np
import pytest

from trajectories.optimizers.adam import AdamW, Adan, AdEMAMix, AMSGrad, NAdam, RAdam
from trajectories.optimizers.adaptive import (
    ADOPT,
    AdaBelief,
    AdaDelta,
    AdaGrad,
    Adamax,
    CenteredRMSProp,
    RMSProp,
    Yogi,
)
from trajectories.optimizers.gradient import (
    ASGD,
    SGD,
    DampenedMomentum,
    Lion,
    Momentum,
    Nesterov,
    OptimisticGD,
    Rprop,
    SignSGD,
    Signum,
)

DATA = Path(__file__).parents[1] / "data"
FILES = {
    name: json.loads((DATA / f"trajectories_{name}.json").read_text(encoding="utf-8"))
    for name in ("torch", "optax")
}
CASES = [
    pytest.param(file["steps"], case, id=f"{name}-{case['opt']}-{case['fn']}-{number}")
    for name, file in FILES.items()
    for number, case in enumerate(file["cases"])
]

#: Optax's nadam has a constant momentum: this makes that of the schedule constant.
AT_ONCE = 1e9

#: Every recorded variant that a rule stands for: the rule for the library's own arguments.
RULES = {
    # PyTorch
    "SGD": SGD,
    "SGD weight_decay": SGD,
    "SGD momentum": Momentum,
    "SGD momentum dampening": DampenedMomentum,
    "SGD nesterov": lambda nesterov, **args: Nesterov(**args),
    "Adagrad": lambda eps=1e-10, **args: AdaGrad(eps=eps, **args),
    "Adagrad options": lambda lr, lr_decay: AdaGrad(
        lambda step: lr / (1 + step * lr_decay), eps=1e-10
    ),
    "RMSprop": lambda alpha=0.99, eps=1e-8, **args: RMSProp(decay_rate=alpha, eps=eps, **args),
    "RMSprop options": lambda centered, **args: CenteredRMSProp(**args),
    "Adadelta": AdaDelta,
    "Adam": lambda **args: AdamW(weight_decay=0, **args),
    "Adam L2 weight_decay": lambda **args: AdamW(weight_decay=0, **args),
    "Adam amsgrad": lambda amsgrad, **args: AMSGrad(**args),
    "AdamW": AdamW,
    "AdamW amsgrad": lambda amsgrad, **args: AMSGrad(**args),
    "NAdam": NAdam,
    "NAdam decoupled": NAdam,
    "RAdam": RAdam,
    "RAdam weight_decay": RAdam,
    "Adamax": Adamax,
    "ASGD": lambda lambd=1e-4, t0=None, **args: ASGD(weight_decay=lambd, **args),
    "Rprop": lambda lr, etas=(0.5, 1.2), step_sizes=(1e-6, 50): Rprop(lr, *etas, *step_sizes),
    # Optax
    "sgd": SGD,
    "sgd momentum": Momentum,
    "sgd nesterov": lambda nesterov, **args: Nesterov(**args),
    "rmsprop eps outside, bias correction": lambda eps_in_sqrt, **args: RMSProp(
        decay_rate=0.9, eps=1e-8, **args
    ),
    "adadelta": AdaDelta,
    "adam": lambda **args: AdamW(weight_decay=0, **args),
    "adamw": AdamW,
    "nadam": lambda **args: NAdam(momentum_decay=AT_ONCE, **args),
    "nadamw": lambda **args: NAdam(momentum_decay=AT_ONCE, **args),
    "adamax": Adamax,
    "adamaxw": Adamax,
    "lion": Lion,
    "adabelief": AdaBelief,
    "yogi": Yogi,
    "adan": Adan,
    "signum": lambda lr, beta: Signum(lr, momentum=beta),
    "sign_sgd": SignSGD,
    "optimistic_gradient_descent": OptimisticGD,
    "ademamix": AdEMAMix,
    "adopt": ADOPT,
}
# Recorded, but of no rule here, and so not in the data:
# - torch "Adagrad options" with initial_accumulator_value, and optax "adagrad": AdaGrad starts at
#   0, as its paper does, and has epsilon outside the root.
# - torch "RMSprop options" with momentum alone: CenteredRMSProp has momentum, RMSProp has none.
# - optax "rmsprop", "rmsprop centered, momentum": epsilon inside the root; "rmsprop eps outside,
#   bias correction" with the correction, which no paper has.
# - optax "adam eps_root": a second epsilon.
# - optax "amsgrad": the maximum of the corrected v, or no correction; AMSGrad is PyTorch's.
# - optax "radam": epsilon after the correction of v; RAdam is PyTorch's.
# - optax "rprop": applies each update one step late; Rprop is PyTorch's.
# - optax "lamb", "lars", "novograd": norms over a whole tensor, no rules element by element.

NAMES = {"learning_rate": "lr", "b1": "beta1", "b2": "beta2", "b3": "beta3"}
NAMES |= {"rho": "decay_rate", "decay": "decay_rate"}
#: Where weight decay is L2: a part of the gradient, which is the caller's.
L2 = {"SGD weight_decay", "SGD nesterov", "Adam L2 weight_decay", "Adamax"}


def rule_and_l2(opt, args):
    """Return the rule for a library's variant, and what of p its gradient takes in."""
    args = {NAMES.get(name, name): value for name, value in args.items()}
    if "betas" in args:
        args["beta1"], args["beta2"] = args.pop("betas")
    decoupled = args.pop("decoupled_weight_decay", opt not in L2)
    l2 = 0.0 if decoupled else args.pop("weight_decay", 0.0)
    return RULES[opt](**args), l2


def book_quadratic(x, y):
    return x / 10.0, 2.0 * y


def rosenbrock(x, y):
    a = y - x * x
    return 2.0 * (x - 1.0) - 400.0 * x * a, 200.0 * a


def beale(x, y):
    y2 = y * y
    y3 = y2 * y
    a = 1.5 - x + x * y
    b = 2.25 - x + x * y2
    c = 2.625 - x + x * y3
    return (
        2.0 * (a * (y - 1.0) + b * (y2 - 1.0) + c * (y3 - 1.0)),
        2.0 * x * (a + 2.0 * b * y + 3.0 * c * y2),
    )


GRADIENTS = {"book_quadratic": book_quadratic, "rosenbrock": rosenbrock, "beale": beale}


def walk(rule, gradient, start, steps, l2=0.0):
    """Return the positions from the start on."""
    p, g = np.array(start), np.empty(2)
    step = rule.bind({"p": p}, {"p": g})
    path = [p.tolist()]
    for _ in range(steps):
        x, y = path[-1]
        gx, gy = gradient(x, y)
        g[:] = (gx + l2 * x, gy + l2 * y) if l2 else (gx, gy)
        step()
        path.append(p.tolist())
    return np.array(path)


def share(steps, case):
    """Return the largest part of the tolerance that a path uses up."""
    rule, l2 = rule_and_l2(case["opt"], case["args"])
    path = walk(rule, GRADIENTS[case["fn"]], case["start"], steps[-1], l2)[steps]
    expected = np.stack([case["x"], case["y"]], axis=-1)
    allowed = 1e-14 * case["amp"] * np.maximum(1, np.abs(expected))
    return np.max(np.abs(path - expected) / allowed)


@pytest.mark.parametrize(("steps", "case"), CASES)
def test_recorded_paths(steps, case):
    assert share(steps, case) <= 1


def test_every_variant_has_all_functions():
    recorded = {(case["opt"], case["fn"]) for file in FILES.values() for case in file["cases"]}
    assert recorded == {(opt, fn) for opt in RULES for fn in GRADIENTS}


# --- the libraries themselves, where installed


def falling(lr):
    """Return a schedule that comes down to a third, unevenly."""
    return lambda step: lr * (1 + 2 * (step % 7 == 0) * 0.9**step) / (1 + step / 30)


STEPS = 60
START = (1.0, 1.5)


@pytest.fixture(scope="module")
def torch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield torch
    torch.set_default_dtype(before)


@pytest.mark.parametrize("fn", GRADIENTS)
@pytest.mark.parametrize("scheduled", [False, True], ids=["constant", "scheduled"])
@pytest.mark.parametrize(
    ("rule", "cls", "args"),
    [
        (SGD(1e-3), "SGD", {}),
        (DampenedMomentum(1e-3, dampening=0), "SGD", {"momentum": 0.9}),
        (
            DampenedMomentum(1e-3, momentum=0.7, dampening=0.2),
            "SGD",
            {"momentum": 0.7, "dampening": 0.2},
        ),
        (AdaGrad(0.2), "Adagrad", {"eps": 1e-7}),
        (RMSProp(0.02, decay_rate=0.9), "RMSprop", {"alpha": 0.9, "eps": 1e-7}),
        (CenteredRMSProp(0.01), "RMSprop", {"centered": True}),
        (
            CenteredRMSProp(0.002, decay_rate=0.95, momentum=0.9, eps=1e-4),
            "RMSprop",
            {"centered": True, "alpha": 0.95, "momentum": 0.9, "eps": 1e-4},
        ),
        (AdaDelta(2.0, decay_rate=0.95, eps=1e-5), "Adadelta", {"rho": 0.95, "eps": 1e-5}),
        (AdamW(0.05), "AdamW", {}),
        (AdamW(0.05, weight_decay=0), "Adam", {}),
        (AMSGrad(0.05), "Adam", {"amsgrad": True}),
        (
            AMSGrad(0.05, beta2=0.9, weight_decay=0.1),
            "AdamW",
            {"amsgrad": True, "betas": (0.9, 0.9), "weight_decay": 0.1},
        ),
        (
            NAdam(0.03, momentum_decay=0.1, weight_decay=0.2),
            "NAdam",
            {"momentum_decay": 0.1, "weight_decay": 0.2, "decoupled_weight_decay": True},
        ),
        (
            RAdam(2e-3, beta2=0.95, eps=1e-3, weight_decay=0.2),
            "RAdam",
            {
                "betas": (0.9, 0.95),
                "eps": 1e-3,
                "weight_decay": 0.2,
                "decoupled_weight_decay": True,
            },
        ),
        (RAdam(1e-3, beta2=0.6), "RAdam", {"betas": (0.9, 0.6)}),
        (Adamax(0.05, beta1=0.8, beta2=0.9), "Adamax", {"betas": (0.8, 0.9)}),
        (ASGD(1e-3, weight_decay=0.3, alpha=0.6), "ASGD", {"lambd": 0.3, "alpha": 0.6}),
        (Rprop(0.01, min_step=1e-3), "Rprop", {"step_sizes": (1e-3, 50)}),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else None,
)
def test_pytorch(torch, rule, cls, args, fn, scheduled):
    if scheduled and cls in ("ASGD", "Rprop"):
        pytest.skip("its rate acts later, or once")
    schedule = falling(rule.lr)
    p = torch.tensor(START, requires_grad=True)
    theirs = getattr(torch.optim, cls)([p], lr=rule.lr, **args)
    path = [p.tolist()]
    for step in range(STEPS):
        if scheduled:
            theirs.param_groups[0]["lr"] = schedule(step)
        p.grad = torch.tensor(GRADIENTS[fn](*path[-1]))
        theirs.step()
        path.append(p.tolist())
    ours = walk(rule.fresh(lr=schedule if scheduled else rule.lr), GRADIENTS[fn], START, STEPS)
    assert np.isfinite(path).all()
    np.testing.assert_allclose(ours, path, rtol=1e-11, atol=1e-11)


@pytest.fixture(scope="module")
def optax():
    optax = pytest.importorskip("optax", reason="Optax is not installed")
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield optax
    jax.config.update("jax_enable_x64", before)


@pytest.mark.parametrize("scheduled", [False, True], ids=["constant", "scheduled"])
@pytest.mark.parametrize(
    ("rule", "make", "args"),
    [
        (DampenedMomentum(1e-3, dampening=0), "sgd", {"momentum": 0.9}),
        (OptimisticGD(1e-3, alpha=0.7, beta=1.5), "optimistic_gradient_descent", "alpha beta"),
        (AdaDelta(2.0, eps=1e-4), "adadelta", {"eps": 1e-4}),
        (AdamW(0.05, beta1=0.8, weight_decay=0.1), "adamw", "b1 weight_decay"),
        (AdamW(0.05, weight_decay=0), "adam", {}),
        (NAdam(0.03, momentum_decay=AT_ONCE, weight_decay=0.2), "nadamw", "weight_decay"),
        (Adamax(0.05, beta2=0.9, weight_decay=0.2), "adamaxw", "b2 weight_decay"),
        (AdaBelief(0.05, eps=1e-3, eps_root=1e-4), "adabelief", "eps eps_root"),
        (Yogi(0.05, beta1=0.8, beta2=0.9), "yogi", "b1 b2"),
        (Adan(0.03, beta2=0.5, eps=1e-3, weight_decay=0.2), "adan", "b2 eps weight_decay"),
        (Adan(0.03, eps_root=1e-3), "adan", "eps_root"),
        (AdEMAMix(0.03, beta3=0.99, weight_decay=0.2), "ademamix", "b3 weight_decay"),
        (ADOPT(0.1, beta1=0.8, beta2=0.95, eps=1e-2), "adopt", "b1 b2 eps"),
        (Signum(0.01, momentum=0.7), "signum", {"beta": 0.7}),
        (SignSGD(0.01), "sign_sgd", {}),
        (Lion(0.01, beta1=0.8, weight_decay=0.2), "lion", "b1 weight_decay"),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else None,
)
def test_optax(optax, rule, make, args, scheduled):
    import jax

    if isinstance(args, str):
        ours_by_theirs = {name: NAMES.get(name, name) for name in args.split()}
        args = {name: getattr(rule, own) for name, own in ours_by_theirs.items()}
    offered = optax if hasattr(optax, make) else optax.contrib
    schedule = falling(rule.lr)
    rates = np.array([schedule(step) for step in range(STEPS)])
    lr = jax.numpy.asarray(rates).__getitem__ if scheduled else rule.lr
    theirs = getattr(offered, make)(lr, **args)

    @jax.jit
    def step(p, g, state):
        updates, state = theirs.update(g, state, p)
        return optax.apply_updates(p, updates), state

    p = jax.numpy.asarray(START)
    assert p.dtype == np.float64
    state, path = theirs.init(p), [p.tolist()]
    for _ in range(STEPS):
        p, state = step(p, np.array(beale(*path[-1])), state)
        path.append(p.tolist())
    ours = walk(rule.fresh(lr=schedule if scheduled else rule.lr), beale, START, STEPS)
    assert np.isfinite(path).all()
    np.testing.assert_allclose(ours, path, rtol=1e-11, atol=1e-11)
