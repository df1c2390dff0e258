"""What an adversary or a clumsy user gives: one clear line, or a status; never a wrong picture."""

import json
import os
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest

import trajectories as tj
from trajectories.cli import main
from trajectories.optimizers import as_optimizer, from_record
from trajectories.surfaces.catalogue import as_surface
from trajectories.surfaces.formula import parse
from trajectories.trajectory import Trajectory

BOWL = "x**2/20 + y**2"

# --- formulas that took long, or broke what reads them, or are ways to code that others know

SLOW = [
    # SymPy multiplied these powers out to look for an imaginary part.
    "cosh(tanh(((abs(y) - sinh(pi))**64)))",
    "sin(tanh((sqrt(x) - y + 1)**64))",
    "atan2(cosh(sin(log(x))**64) - 1, pi)",
    "atan2((cosh((sin(min(y, x))**64)) - (sign(3) + (sqrt((y*y))*-1))), pi)",
    "cosh(cosh((x**y - y + 1)**64))",
    "cosh(sinh((acos(x) - y + 1)**64))**0.5",
    "sqrt(tanh((x**(1/3) - y + 1)**64)**2)",
    "exp(2*tanh((log(x) - y + 1)**64))",
    "tan(tanh((acos(y)/x - y + 1)**64))",
    "atan(tanh((x**0.5 - y + 1)**64))",
    "tanh(sinh((log(x) - y + 1)**64))",
    "log(tanh((sqrt(x) - y + 1)**64)**2)",
]
REFUSED = [
    # Deep without any parentheses.
    "**".join("x" * 40),
    "**".join("x" * 100),
    "**-".join("x" * 80),
    "^".join("xy" * 60),
    "x**x**" * 100 + "x",
    # Code, by ways around a list of forbidden words.
    "getattr(x, y)",
    "(x).func",
    "x.__init__.__globals__",
    "[].__class__",
    "''.join(x)",
    "(1).__class__.__mro__",
    "globals()",
    "vars()",
    "type(x)",
    "breakpoint()",
    "input()",
    "compile(x, y, 1)",
    "x if open(y) else y",
    "(yield)",
    "[*open(x)]",
    "{**vars()}",
    "x @ __import__(os)",
    "print (x)",
    "exec ('x')",
    "ｅｖａｌ(x)",
    "𝐞𝐱𝐞𝐜(x)",
    "sin.__call__(x)",
    "sin(x).__reduce__()",
    "max(x, y).subs(x, y)",
    "lambda: x",
    "(lambda: 0)()",
    "x := 1",
    "*x",
    "x if y",
    "not x",
    "x and y",
    "x or y",
    "x; import os",
    "x\r\nimport os",
    "x\x00y",
    "x\x1a",
    "\ufeffx",
    "x\u200by",
    "x\u202ey",
    "x\u2212\u2212y\u0301",
    "٣*x",
    "x₂",
    "½*x",
    "x ** ²",
    "#x",
    "x#",
    "\\x",
    "`x`",
    "$(x)",
    "${x}",
    "%s",
    "{x}",
    "{0.__class__}",
    "x'",
    '"""x"""',
    "0b11*x",
    "0o7*x",
    "1e",
    "1e+",
    "1.e5.x",
    "..x",
    "x..y",
    "1if x else y",
    "1or x",
    "0x1for x in y",
    "Ellipsis",
    "NotImplemented",
    "__debug__",
    "self",
    "S",
    "Symbol",
    "oo*x",
    "x + I",
    "Function(x)",
    "Lambda(x, y)",
    "solve(x)",
    "integrate(x)",
    "Sum(x)",
    "zeta(x)",
    "diff(x)",
    "9" * 17 + "*x",
    "1e308*1e308*x",
    "1e-400*x/1e-400",
    "exp(x - x + 1000)",
    "x**(1e9)",
    "(((x**64)**64)**64)**64*(1/3)**1000",
]


@pytest.mark.parametrize("text", SLOW)
def test_formulas_that_were_slow_are_quick(text):
    begin = time.process_time()
    surface = tj.Surface(text)
    assert time.process_time() - begin < 0.5
    with np.errstate(all="raise"):  # Nothing of it is seen, whatever is set.
        assert surface.gradient((0.5, 0.7)).shape == (2,)
    assert tj.Surface(surface.formula) == surface
    assert time.process_time() - begin < 3


def test_there_are_enough_hostile_formulas():
    assert len(set(REFUSED)) == len(REFUSED) > 60


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: ascii(text[:40]))
def test_hostile_formulas_are_refused_wherever_a_formula_may_stand(text):
    begin = time.process_time()
    for read in (parse, tj.Surface, as_surface):
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            read(text)
        message = str(caught.value)
        assert message.isprintable()
        assert 0 < len(message) < 1500
    assert time.process_time() - begin < 1


@pytest.mark.parametrize("text", ["x.__class__", "**".join("x" * 40), "x;y", "1/0"])
def test_the_command_line_refuses_hostile_formulas_in_one_line(text, tmp_path, capsys):
    assert main(["plot", text, "-O", "sgd", "-o", str(tmp_path / "a.png")]) in (1, 2)
    captured = capsys.readouterr()
    assert captured.err.strip().count("\n") == 0
    assert captured.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_formula_is_read_however_deep_the_caller_is():
    """At the end of the stack it is refused, and not with a RecursionError."""

    def deep(levels):
        return deep(levels - 1) if levels else read()

    def read():
        try:
            return str(parse("sin(" * 25 + "x**y**x**y" + ")" * 25))
        except tj.FormulaError as error:
            return str(error)

    answers = set()
    for levels in range(0, 900, 60):
        try:
            answers.add(deep(levels)[:20])
        except RecursionError:  # In `deep` itself, or before the formula is looked at.
            break
    assert answers <= {"sin(sin(sin(sin(sin(", "The formula nests to", "The formula 'sin(sin"}


# --- spec strings

SPECS = [
    "", ":", "::", "sgd:lr", "sgd:lr=", "sgd:=", "sgd:,", "sgd:lr=1,,", "sgd:lr=1,lr=1",
    "sgd:1,1", "sgd:lr=nan", "sgd:lr=inf", "sgd:lr=-inf", "sgd:lr=1e999", "sgd:lr=0", "sgd:lr=-0",
    "sgd:lr=-1e-300", "sgd:lr=1j", "sgd:lr=0x1", "sgd:lr=True", "sgd:lr=None", "sgd:lr=[1]",
    "sgd:lr=(1)", "sgd:lr=()", "sgd:lr=cosine", "sgd:lr=cosine(", "sgd:lr=cosine)",
    "sgd:lr=cosine()", "sgd:lr=cosine(1)", "sgd:lr=cosine(1,2,3,4)", "sgd:lr=cosine(1,steps=0)",
    "sgd:lr=cosine(1,steps=1.5)", "sgd:lr=cosine(1,steps=-1)", "sgd:lr=cosine(nan,steps=5)",
    "sgd:lr=cosine(1,steps=5,steps=5)", "sgd:lr=cosine(1,step=5,steps=5)",
    "sgd:lr=__import__('os')", "sgd:lr=os.system('true')", "sgd:lr=eval(1)", "sgd:lr=lambda(1)",
    "sgd:lr=cosine(cosine,5)", "sgd:__class__=1", "sgd:__init__=1", "sgd:fresh=1", "sgd:update=1",
    "sgd:name=1", "sgd:steps_taken=1", "sgd:_state=1", "object:lr=1", "__import__:lr=1",
    "os.system:lr=1", "../adam", "adam\x00:lr=1", "adam:beta1=1", "adam:beta1=-0.1",
    "adam:beta1=cosine(1,5)", "adam:lr=1,beta1",
    "sgd:lr=" + "9" * 5000, "sgd:lr=" + "cosine(" * 30 + "1" + ",5)" * 30, "sgd:" + "," * 1999,
    "x" * 100_000, "sgd:lr=" + "(" * 1000, "sgd:lr=1" + " " * 3000, "sgd:lr=warmup(1,steps=1e3)",
    "newton:lr=cosine(0,5)", "sgd:lr=1;lr=2", "sgd:lr=1\nlr=2", "sgd lr=1", "sgd,adam",
]  # fmt: skip


@pytest.mark.parametrize("spec", SPECS, ids=lambda text: ascii(text[:40]))
def test_hostile_spec_strings_are_refused_in_one_line(spec):
    begin = time.process_time()
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        as_optimizer(spec)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1500
    assert time.process_time() - begin < 0.5


# --- records

RECORDS = [
    None, 1, "sgd", [], [("name", "sgd")], {}, {"name": None}, {"name": 1}, {"name": "object"},
    {"name": ["sgd"]}, {"name": "sgd", "lr": None}, {"name": "sgd", "lr": "nan"},
    {"name": "sgd", "lr": float("nan")}, {"name": "sgd", "lr": True}, {"name": "sgd", "lr": {}},
    {"name": "sgd", "lr": []}, {"name": "sgd", "lr": [[1], [2, 3]]}, {"name": "sgd", "lr": [None]},
    {"name": "sgd", "lr": {"shape": [2], "float64": "!!"}},
    {"name": "sgd", "lr": {"shape": [10**12], "float64": "eJwDAAAAAAE="}},
    {"name": "sgd", "lr": {"shape": [-1], "float64": "eJwDAAAAAAE="}},
    {"name": "sgd", "lr": {"shape": [2.0], "float64": "eJwDAAAAAAE="}},
    {"name": "sgd", "steps_taken": 3}, {"name": "sgd", "__class__": 3}, {"name": "sgd", 1: 2},
    {"name": "adam", "beta1": "cosine(1, 5)"}, {"name": "sgd", "lr": 10**400},
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(RECORDS)))
def test_hostile_records_of_optimizers_are_refused(number):
    with pytest.raises((TypeError, ValueError)) as caught:
        from_record(RECORDS[number])
    assert "\n" not in str(caught.value)


# --- archives

ARRAYS = ("positions", "values", "gradients", "status", "diverged_at", "converged_at", "recorded")


@pytest.fixture
def saved(tmp_path):
    path = tj.descend(BOWL, "sgd:0.9", (-7, 2), 3)
    path.save(tmp_path / "a.npz")
    return tmp_path / "a.npz"


def altered(saved, **changes):
    """Write an archive again with some of its arrays changed."""
    with np.load(saved) as archive:
        arrays = {name: archive[name] for name in archive.files}
    for name, change in changes.items():
        arrays[name] = change(arrays[name])
    with open(saved, "wb") as file:
        np.savez(file, **arrays)
    return saved


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": lambda a: np.array("lost")}, "`status` must be one of converged, diverged"),
        ({"status": lambda a: np.array(1)}, "`status` must be an array of text"),
        ({"status": lambda a: np.array(["stopped"])}, "`status` must be of shape"),
        ({"positions": lambda a: a.astype(complex)}, "positions.npy is of the type <c16"),
        ({"positions": lambda a: a.astype(str)}, "`positions` must be an array of floats"),
        ({"positions": lambda a: a[:0]}, "must be"),
        ({"values": lambda a: a.astype(int)}, "`values` must be an array of floats"),
        ({"values": lambda a: a[:-1]}, "`values` must be of shape"),
        ({"gradients": lambda a: a[..., :1]}, "`gradients` must be of shape"),
        ({"recorded": lambda a: a[::-1]}, "`recorded` must be rising"),
        ({"recorded": lambda a: a - 1}, "`recorded` must be rising"),
        ({"recorded": lambda a: a * 0}, "`recorded` must be rising"),
        ({"recorded": lambda a: a.astype(float)}, "`recorded` must be an array of integers"),
        ({"diverged_at": lambda a: a + 0.5}, "`diverged_at` must be an array of integers"),
        ({"converged_at": lambda a: np.array([1, 2])}, "`converged_at` must be of shape"),
        ({"about": lambda a: np.array("{}")}, "holds no trajectory"),
        ({"about": lambda a: np.array("[" * 10_000)}, "holds no trajectory"),
        ({"about": lambda a: np.array(str(a).replace("SGD", "\\ud800"))}, None),
        ({"about": lambda a: np.array(str(a).replace('"SGD"', "3"))}, "`label` must be text"),
        ({"about": lambda a: np.array(str(a).replace("x**2/20", "open(x)"))}, "unknown function"),
        ({"about": lambda a: np.array(3.0)}, "holds no trajectory"),
    ],
)
def test_archives_with_one_thing_wrong_are_refused(saved, changes, words):
    path = altered(saved, **changes)
    if words is None:
        assert Trajectory.load(path).label
        return
    with pytest.raises(ValueError, match="holds no trajectory: ") as caught:
        Trajectory.load(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(path))


def test_an_archive_that_would_fill_the_memory_is_not_unpacked(saved, monkeypatch):
    """It is refused by what its directory says, before anything is unpacked."""
    monkeypatch.setattr("trajectories.records._MOST", 2**20)
    with zipfile.ZipFile(saved, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("more.npy", bytes(2**24))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"bytes would unpack to 16,\d+,\d+, more than \d"):
        Trajectory.load(saved)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2e6


def test_an_archive_whose_header_lies_is_refused(saved):
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999, 2), }"
    text += b" " * (63 - (10 + len(text)) % 64) + b"\n"
    members["positions.npy"] = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text
    with zipfile.ZipFile(saved, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match="holds no trajectory"):
        Trajectory.load(saved)


@pytest.mark.parametrize("make", ["folder", "pipe", "empty", "text", "gif"])
def test_other_things_than_archives(tmp_path, make):
    path = tmp_path / "a.npz"
    if make == "folder":
        path.mkdir()
        with pytest.raises(IsADirectoryError):
            Trajectory.load(path)
        return
    if make == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("no pipes")
        path = os.devnull
    else:
        path.write_bytes({"empty": b"", "text": b"{}", "gif": b"GIF89a" + bytes(99)}[make])
    with pytest.raises(ValueError, match="holds no trajectory"):
        Trajectory.load(path)


# --- numbers

ENDINGS = {
    "a start at the end of the range": (BOWL, "sgd:0.9", (1e308, -1e308), "diverged"),
    "a start whose square overflows": (BOWL, "adam:0.3", (1e200, 0), "diverged"),
    "a start of denormals": (BOWL, "sgd:0.9", (5e-324, -5e-324), "stopped"),
    "a denormal rate": (BOWL, "sgd:5e-324", (1, 1), "stopped"),
    "an enormous rate": (BOWL, "sgd:1e308", (1, 1), "diverged"),
    "a plane that is NaN in half": ("sqrt(x) + y**2", "sgd:0.9", (1, 1), "diverged"),
    "a plane that is NaN": ("sqrt(-1 - x**2) + y**2", "sgd:0.9", (1, 1), "diverged"),
    "a start that is NaN": ("log(x) + y**2", "sgd:0.9", (-1, 1), "diverged"),
    "a start at infinity": ("1/(x**2 + y**2)", "sgd:0.9", (0, 0), "diverged"),
    "a slope that overflows": ("exp(exp(x)) + y**2", "sgd:1", (7, 1), "diverged"),
    "steps of no size": ("1e-29*x**2 + 1e-29*y**2", "sgd:1", (6, 1), "stopped"),
    "a flat direction": ("y**2 + 0*x", "sgd:0.1", (1, 1), "stopped"),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_numbers_at_the_ends_of_the_range_end_in_a_status(name):
    formula, rule, start, status = ENDINGS[name]
    path = tj.descend(formula, rule, start, 9)
    assert str(path.status) == status
    good = np.isfinite(path.positions).all(axis=-1)
    assert (np.diff(good.astype(int)) <= 0).all()
    assert good.all() == (status != "diverged")
    if status == "diverged":
        assert int(path.diverged_at) == good.argmin()


@pytest.mark.parametrize("rule", ["newton", "dampednewton", "backtracking"])
@pytest.mark.parametrize(
    ("formula", "start"),
    [("x**4 + y**3", (0, 0)), ("y**2", (1, 1)), ("x*y", (0, 0)), ("x**2 - y**2", (0, 1))],
)
def test_singular_hessians_end_in_a_status(rule, formula, start):
    path = tj.descend(formula, rule, start, 9)
    assert str(path.status) in ("stopped", "diverged")
    assert np.isfinite(path.positions).all() == (str(path.status) == "stopped")


@pytest.mark.parametrize("bad", [0.0, -0.0, np.nan, np.inf, -1e-300])
def test_rates_with_one_that_is_none_are_refused(bad):
    with pytest.raises(ValueError, match="`lr` must be positive"):
        tj.SGD(np.array([0.1, bad]))


def test_rates_of_all_sizes_at_once():
    path = tj.descend(BOWL, tj.SGD(np.array([5e-324, 1e-300, 0.1, 1e308])), (-7, 2), 9)
    assert path.status.tolist() == ["stopped", "stopped", "stopped", "diverged"]
    alone = tj.descend(BOWL, "sgd:0.1", (-7, 2), 9)
    assert np.array_equal(path.positions[:, 2], alone.positions)


def test_a_constant_surface_does_not_move_anything():
    with pytest.warns(UserWarning, match="is constant"):
        surface = tj.Surface("3")
    path = tj.descend(surface, "adam:0.3", (1, 2), 5)
    assert np.array_equal(path.positions, np.tile([1.0, 2.0], (6, 1)))
    assert surface.minima.shape[1] == 2


WIDTHS = {
    "tiny": ((0, 1e-300), (0, 1e-300)),
    "huge": ((-1e300, 1e300), (-1e300, 1e300)),
    "of both kinds": ((-1e-300, 1e-300), (-1e300, 1e300)),
    "far from 0": ((1e16, 1e16 + 4), (0, 1)),
    "of one unit in the last place": ((1, 1 + 2**-52), (1, 1 + 2**-52)),
    "denormal": ((0, 5e-324), (0, 5e-324)),
}


@pytest.mark.parametrize("name", WIDTHS)
def test_domains_of_any_width_are_drawn_without_noise(name):
    surface = tj.Surface(BOWL, domain=WIDTHS[name])
    paths = tj.compare(surface, ["sgd:0.9", "adam:0.3"], steps=3)
    figure = tj.plot_overlay(paths, theme="light")
    figure.canvas.draw()
    (x0, x1), (y0, y1) = figure.axes[0].get_xlim(), figure.axes[0].get_ylim()
    assert np.isfinite([x0, x1, y0, y1]).all()
    assert x0 < x1
    assert y0 < y1


@pytest.mark.parametrize("end", [1.7e308, 2e307])
def test_domains_whose_width_overflows_are_refused(end):
    with pytest.raises(ValueError, match="`domain` must be at most 1e"):
        tj.Surface(BOWL, domain=((-end, end), (-1, 1)))


@pytest.mark.parametrize("name", ["a plane that is NaN", "a start at infinity", "a flat direction"])
def test_what_has_no_numbers_is_drawn_without_noise(name):
    formula, rule, start, _ = ENDINGS[name]
    paths = [tj.descend(formula, rule, start, 5)]
    tj.plot_overlay(paths, theme="light").canvas.draw()
    tj.plot_loss(paths).figure.canvas.draw()
    frames = tj.animate(paths, size=(320, 240), frames=2).frames()
    assert all(np.isfinite(frame).all() for frame in frames)


def test_surfaces_of_strangers_are_checked():
    good = tj.Surface(BOWL).to_dict()
    for key, bad in [
        ("formula", "__import__('os')"), ("formula", None), ("formula", 3), ("name", 3),
        ("domain", [[1, 0], [0, 1]]), ("domain", [[0, 1e400], [0, 1]]), ("domain", "x"),
        ("minima", [[1]]), ("minima", "x"), ("start", [1]), ("start", [None, 1]),
        ("start", [float("nan"), 1]), ("about", 3), ("source", []), ("code", "x"), ("", 1),
    ]:  # fmt: skip
        with pytest.raises((TypeError, ValueError)) as caught:
            tj.Surface.from_dict({**good, key: bad})
        assert "\n" not in str(caught.value)
    assert tj.Surface.from_dict(json.loads(json.dumps(good))) == tj.Surface(BOWL)
