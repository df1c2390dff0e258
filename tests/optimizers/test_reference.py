"""The rules against PyTorch and Optax: recorded paths of every variant that a rule stands for."""

import json
from pathlib import Path

import numpy as np
import pytest

import trajectories as tj

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
    "SGD": tj.SGD,
    "SGD weight_decay": tj.SGD,
    "SGD momentum": tj.Momentum,
    "SGD momentum dampening": tj.DampenedMomentum,
    "SGD nesterov": lambda nesterov, **args: tj.Nesterov(**args),
    "Adagrad": lambda eps=1e-10, **args: tj.AdaGrad(eps=eps, **args),
    "Adagrad options": lambda lr, lr_decay: tj.AdaGrad(
        lambda step: lr / (1 + step * lr_decay), eps=1e-10
    ),
    "RMSprop": lambda alpha=0.99, eps=1e-8, **args: tj.RMSProp(decay_rate=alpha, eps=eps, **args),
    "RMSprop options": lambda centered, **args: tj.CenteredRMSProp(**args),
    "Adadelta": tj.AdaDelta,
    "Adam": lambda **args: tj.AdamW(weight_decay=0, **args),
    "Adam L2 weight_decay": lambda **args: tj.AdamW(weight_decay=0, **args),
    "Adam amsgrad": lambda amsgrad, **args: tj.AMSGrad(**args),
    "AdamW": tj.AdamW,
    "AdamW amsgrad": lambda amsgrad, **args: tj.AMSGrad(**args),
    "NAdam": tj.NAdam,
    "NAdam decoupled": tj.NAdam,
    "RAdam": tj.RAdam,
    "RAdam weight_decay": tj.RAdam,
    "Adamax": tj.Adamax,
    "ASGD": lambda lambd=1e-4, t0=None, **args: tj.ASGD(weight_decay=lambd, **args),
    "Rprop": lambda lr, etas=(0.5, 1.2), step_sizes=(1e-6, 50): tj.Rprop(lr, *etas, *step_sizes),
    # Optax
    "sgd": tj.SGD,
    "sgd momentum": tj.Momentum,
    "sgd nesterov": lambda nesterov, **args: tj.Nesterov(**args),
    "rmsprop eps outside, bias correction": lambda eps_in_sqrt, **args: tj.RMSProp(
        decay_rate=0.9, eps=1e-8, **args
    ),
    "adadelta": tj.AdaDelta,
    "adam": lambda **args: tj.AdamW(weight_decay=0, **args),
    "adamw": tj.AdamW,
    "nadam": lambda **args: tj.NAdam(momentum_decay=AT_ONCE, **args),
    "nadamw": lambda **args: tj.NAdam(momentum_decay=AT_ONCE, **args),
    "adamax": tj.Adamax,
    "adamaxw": tj.Adamax,
    "lion": tj.Lion,
    "adabelief": tj.AdaBelief,
    "yogi": tj.Yogi,
    "adan": tj.Adan,
    "signum": lambda lr, beta: tj.Signum(lr, momentum=beta),
    "sign_sgd": tj.SignSGD,
    "optimistic_gradient_descent": tj.OptimisticGD,
    "ademamix": tj.AdEMAMix,
    "adopt": tj.ADOPT,
}
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
