"""What no recorded path covers: the rules against their formulas in plain Python floats."""

import math

import numpy as np
import pytest

import trajectories as tj

RNG = np.random.default_rng(5)
#: Of all sizes, with zeros and repetitions among them.
PUSHES = [*(RNG.normal(size=30) * 10.0 ** RNG.integers(-3, 3, 30)).tolist(), 0.0, 0.0, 1.5, 1.5]


def rate(step):
    return 0.3 / (1 + step) if step != 3 else 0.0


# Each takes the position, the step from 1, the gradient, the rate of the step and a dict that
# starts empty, and returns the next position.


def centered_rmsprop(p, t, g, lr, s, decay_rate, momentum, eps):
    s["h"] = decay_rate * s.get("h", 0) + (1 - decay_rate) * g * g
    s["m"] = decay_rate * s.get("m", 0) + (1 - decay_rate) * g
    s["v"] = momentum * s.get("v", 0) + g / (math.sqrt(max(s["h"] - s["m"] ** 2, 0)) + eps)
    return p - lr * s["v"]


def dampened_momentum(p, t, g, lr, s, momentum, dampening):
    s["v"] = g if t == 1 else momentum * s["v"] + (1 - dampening) * g
    return p - lr * s["v"]


def asgd(p, t, g, lr, s, weight_decay, alpha):
    eta = lr / (1 + weight_decay * lr * (t - 1)) ** alpha
    return p - eta * weight_decay * p - eta * g


def moments(t, g, s, beta1, beta2):
    s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
    s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * g * g
    return s["m"] / (1 - beta1**t), s["v"] / (1 - beta2**t)


def adamw(p, t, g, lr, s, beta1, beta2, eps, weight_decay):
    m, v = moments(t, g, s, beta1, beta2)
    return p - lr * (m / (math.sqrt(v) + eps) + weight_decay * p)


def radam(p, t, g, lr, s, beta1, beta2, eps, weight_decay):
    m, v = moments(t, g, s, beta1, beta2)
    limit = 2 / (1 - beta2) - 1
    rho = limit - 2 * t * beta2**t / (1 - beta2**t)
    if rho > 5:
        r = math.sqrt((rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho))
        m *= r * math.sqrt(1 - beta2**t) / (math.sqrt(s["v"]) + eps)
    return p - lr * (m + weight_decay * p)


def nadam(p, t, g, lr, s, beta1, beta2, eps, momentum_decay, weight_decay):
    _, v = moments(t, g, s, beta1, beta2)
    mus = [beta1 * (1 - 0.5 * 0.96 ** (i * momentum_decay)) for i in range(1, t + 2)]
    ahead = mus[t] * s["m"] / (1 - math.prod(mus)) + (1 - mus[t - 1]) * g / (1 - math.prod(mus[:t]))
    return p - lr * (ahead / (math.sqrt(v) + eps) + weight_decay * p)


def adan(p, t, g, lr, s, beta1, beta2, beta3, eps, eps_root, weight_decay):
    change = g - s.get("g", g)
    s["g"] = g
    s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
    s["d"] = beta2 * s.get("d", 0) + (1 - beta2) * change
    s["v"] = beta3 * s.get("v", 0) + (1 - beta3) * (g + (1 - beta2) * change) ** 2
    ahead = s["m"] / (1 - beta1**t) + (1 - beta2) * s["d"] / (1 - beta2**t)
    return p - lr * (
        ahead / (math.sqrt(s["v"] / (1 - beta3**t) + eps_root) + eps) + weight_decay * p
    )


def adabelief(p, t, g, lr, s, beta1, beta2, eps, eps_root):
    s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
    s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * (g - s["m"]) ** 2 + eps_root
    return p - lr * s["m"] / (1 - beta1**t) / (math.sqrt(s["v"] / (1 - beta2**t)) + eps)


def yogi(p, t, g, lr, s, beta1, beta2, eps):
    s["m"] = beta1 * s.get("m", 1e-6) + (1 - beta1) * g
    v = s.get("v", 1e-6)
    s["v"] = v + (1 - beta2) * g * g * ((v < g * g) - (v > g * g))
    return p - lr * s["m"] / (1 - beta1**t) / (math.sqrt(s["v"] / (1 - beta2**t)) + eps)


def adopt(p, t, g, lr, s, beta1, beta2, eps):
    if t == 1:
        s.update(m=0.0, v=g * g)
        return p
    step = g / max(math.sqrt(s["v"]), eps)
    step = max(-((t - 1) ** 0.25), min(step, (t - 1) ** 0.25))
    s["m"] = beta1 * s["m"] + (1 - beta1) * step
    s["v"] = beta2 * s["v"] + (1 - beta2) * g * g
    return p - lr * s["m"]


def lion(p, t, g, lr, s, beta1, beta2, weight_decay):
    mix = beta1 * s.get("m", 0) + (1 - beta1) * g
    s["m"] = beta2 * s.get("m", 0) + (1 - beta2) * g
    return p - lr * ((mix > 0) - (mix < 0) + weight_decay * p)


def rprop(p, t, g, lr, s, eta_minus, eta_plus, min_step, max_step):
    size, last = s.get("size", lr), s.get("g", 0.0)
    factor = eta_plus if g * last > 0 else eta_minus if g * last < 0 else 1
    s["size"] = max(min_step, min(size * factor, max_step))
    s["g"] = 0.0 if g * last < 0 else g
    return p - s["size"] * ((s["g"] > 0) - (s["g"] < 0))


@pytest.mark.parametrize("lr", [0.3, rate], ids=["constant", "scheduled"])
@pytest.mark.parametrize(
    ("rule", "oracle"),
    [
        (tj.CenteredRMSProp(decay_rate=0.5, momentum=0.4, eps=1e-3), centered_rmsprop),
        (tj.DampenedMomentum(momentum=1, dampening=1), dampened_momentum),
        (tj.ASGD(weight_decay=0.5, alpha=1), asgd),
        (tj.AdamW(beta1=0, beta2=0.5, weight_decay=1.5), adamw),
        (tj.RAdam(beta1=0.5, beta2=0.8, eps=1e-2), radam),
        (tj.RAdam(beta2=0.6, weight_decay=0.1), radam),
        (tj.RAdam(beta2=0), radam),
        (tj.NAdam(beta1=0.5, momentum_decay=0.5, weight_decay=0.5), nadam),
        (tj.NAdam(beta1=0, momentum_decay=0), nadam),
        (tj.Adan(beta1=0.5, beta2=0.3, eps_root=0, weight_decay=0.5), adan),
        (tj.Adan(beta2=0, eps_root=0.1), adan),
        (tj.AdaBelief(eps=1e-3, eps_root=1e-2), adabelief),
        (tj.Yogi(beta2=0.7), yogi),
        (tj.ADOPT(beta2=0.9, eps=1e-2), adopt),
        (tj.Lion(beta1=0.5, beta2=0.6, weight_decay=0.7), lion),
        (tj.Rprop(min_step=0.1, max_step=0.5), rprop),
        (tj.Rprop(eta_minus=0.3, eta_plus=3), rprop),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_the_formula_in_floats(rule, oracle, lr):
    rule = rule.fresh(lr=lr)
    others = {name: h for name, h in rule.hyperparameters.items() if name != "lr"}
    p, expected, state = np.array([-2.0]), -2.0, {}
    for step, g in enumerate(PUSHES):
        rule.update({"p": p}, {"p": np.array([g])})
        now = lr(step) if callable(lr) else lr
        expected = oracle(expected, step + 1, g, now, state, **others)
        assert p[0] == pytest.approx(expected, rel=1e-11, abs=1e-11)


def test_a_gradient_that_never_changes_gives_no_nan():
    # Rounding leaves the mean square below the square of the mean, which gives NaN in PyTorch.
    rule, p = tj.CenteredRMSProp(0.1, decay_rate=0.3), np.zeros(200)
    g = np.linspace(-3, 3, 200)
    fell_below = False
    for _ in range(60):
        rule.update({"p": p}, {"p": g})
        state = rule.state()
        fell_below |= bool((state["p/h"] < state["p/m"] ** 2).any())
    assert fell_below
    assert np.isfinite(p).all()
