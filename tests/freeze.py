"""Freeze what the package computes, draws and says, seen from outside: a net for refactorings.

    python tests/freeze.py                                # compare all with tests/frozen.json
    python tests/freeze.py --write                        # record
    python tests/freeze.py --only results --only messages

Only public names and the command line are used. A value is a fingerprint, with a few plain numbers
for eyes. Files are compared by what is in them once decoded, without their recipes; no time, path
or version is kept. All numbers are those of one machine: record and compare on the same one.
"""

import argparse
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import warnings
import zipfile
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "COLUMNS": "100", "MPLBACKEND": "agg"}
import numpy as np  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
FROZEN = ROOT / "tests" / "frozen.json"
#: Wrong calls and commands, help, and commands that draw. Append only: a case's place is its key.
CASES = json.loads((ROOT / "tests" / "frozen_cases.json").read_text("utf-8"))
SECTIONS = ("gallery", "replay", "results", "messages", "pictures")
#: Tasks into which the files of the gallery are divided.
PARTS = 4
BOWL = "x**2/20 + y**2"


# --- fingerprints


def feed(digest, thing):
    """Take in arrays bit for bit, and what holds them."""
    if isinstance(thing, (np.ndarray, np.generic)):
        array = np.asarray(thing)
        digest.update(f"{array.dtype.str}{array.shape}".encode() + array.tobytes())
    elif isinstance(thing, dict):
        for key, value in thing.items():
            feed(digest, repr(key))
            feed(digest, value)
    elif isinstance(thing, (list, tuple)):
        digest.update(f"[{len(thing)}".encode())
        for part in thing:
            feed(digest, part)
    else:
        digest.update(thing if isinstance(thing, bytes) else f"<{thing!r}>".encode())


def sha(*things):
    digest = hashlib.sha256()
    for thing in things:
        feed(digest, thing)
    return digest.hexdigest()[:12]


def eyes(numbers, most=4):
    return " ".join(f"{number:.6g}" for number in np.ravel(numbers)[:most])


def content(file, suffix=None):
    """Return the fingerprint of what a file shows."""
    suffix = suffix or Path(file).suffix.lower()
    if suffix in (".png", ".gif", ".webp", ".apng", ".jpg", ".jpeg"):
        return _image(file)
    if suffix in (".mp4", ".webm"):
        return _video(file)
    if suffix in (".pptx", ".npz"):
        return (_deck if suffix == ".pptx" else _archive)(file)
    raw = file.read() if hasattr(file, "read") else Path(file).read_bytes()
    if suffix == ".html":
        return _page(raw.decode())
    if suffix == ".svg":  # The recipe and versions are in its metadata.
        return sha(re.sub(r"<metadata>.*?</metadata>", "", raw.decode(), flags=re.DOTALL))
    if suffix == ".pdf":
        return sha(re.sub(rb"/(Keywords|Producer|Creator|CreationDate) *\(.*?\)\n", b"", raw))
    return sha(raw)


def _image(file):
    from PIL import Image, ImageSequence

    told = []
    with Image.open(file) as image:
        for frame in ImageSequence.Iterator(image):
            pixels = frame.convert("RGBA")
            told += [pixels.size, frame.info.get("duration"), sha(pixels.tobytes())]
        size = "x".join(map(str, image.size))
        return f"{sha(told, image.info.get('loop'))} {size}, {len(told) // 3} frames"


def _video(file):
    import av

    with av.open(file if hasattr(file, "read") else str(file)) as video:
        frames = [(float(frame.time), sha(frame.to_ndarray())) for frame in video.decode(video=0)]
        about = video.streams.video[0]
        return f"{sha(frames)} {about.width}x{about.height}, {len(frames)} frames"


def _uri(found):
    return content(io.BytesIO(b64decode(found[2])), "." + found[1].split("/")[-1].split("+")[0])


def _page(text):
    """Tell data, code and all else of a page apart; in it, pictures are those that they show."""
    text = re.sub(r'(<script[^>]* id="recipe">).*?</script>', r"\1", text, flags=re.DOTALL)
    text = re.sub(r"<meta http-equiv[^>]*>", "", text)  # It has fingerprints of code and style.
    text = re.sub(r"data:([\w/+.-]+);base64,([A-Za-z0-9+/=]+)", _uri, text)
    parts = {"data": r'<script[^>]* id="data">(.*?)</script>', "style": r"<style>(.*?)</style>"}
    parts["code"] = r"<script[^>]*>(.*?)</script>"
    told = []
    for name, pattern in parts.items():
        inside = re.findall(pattern, text, flags=re.DOTALL)
        text = re.sub(pattern, "", text, flags=re.DOTALL)
        told.append(f"{name} {sha([json.loads(t) if name == 'data' else t for t in inside])}")
    return " ".join([*told, f"body {sha(text)}"])


def _deck(file):
    told = []
    with zipfile.ZipFile(file) as deck:
        for name in sorted(deck.namelist()):
            if name.startswith("ppt/media/"):
                told.append(content(io.BytesIO(deck.read(name)), Path(name).suffix.lower()))
            elif re.match(r"ppt/(slides|notesSlides)/\w+\.xml", name):
                text = deck.read(name).decode()
                told += re.findall(r"<a:t>([^<]*)</a:t>|<a:((?:off|ext) [xc][^>]*)/>", text)
    return f"{sha(told)} {len(told)} parts"


def _archive(file):
    with np.load(file) as archive:
        return sha({name: archive[name] for name in sorted(archive) if name != "about"})


# --- gallery and replay


def built(folder):
    """Build the gallery, unless it is there; return the files that its scripts have made."""
    if not any(folder.glob("plot_*")):
        command = [sys.executable, ROOT / "gallery" / "build.py", "-q", "-j", "2", "-o", folder]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"The gallery was not built: {done.stderr}")
    made = [path for path in sorted(folder.glob("plot_*/*")) if path.is_file()]
    return [path for path in made if path.suffix not in (".py", ".ipynb", ".json")]


def command(*words):
    """Run a command line in this process; return its exit code, stdout and stderr."""
    from trajectories.cli import main

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main([str(word) for word in words])
        except SystemExit as leaving:
            code = leaving.code
    return code, out.getvalue(), err.getvalue()


def replayed(path):
    import trajectories as tj

    try:
        tj.read_recipe(path)
    except ValueError:
        return None
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / path.name
        code, _, err = command("replay", path, "-o", target, "-q", "--no-poster")
        return f"{code} {err}" if code else content(target)


def sampled(path):
    """Choose one of a GIF and an MP4 of the same, in turn: to make all again takes too long.

    A still beside them, whose recipe is theirs, becomes a moving PNG: the cases have such.
    """
    twins = {".gif": ".mp4", ".mp4": ".gif"}
    if path.suffix == ".png":
        return not any(path.with_suffix(suffix).exists() for suffix in twins)
    if path.suffix not in twins or not path.with_suffix(twins[path.suffix]).exists():
        return True
    return path.suffix == (".gif", ".mp4")[int(path.parent.name[6]) % 2]


def of_gallery(work, folder, part):
    """Yield what is in a part of the gallery's files, the largest spread evenly."""
    files = built(folder)
    if work is replayed:
        files = [path for path in files if sampled(path)]
    files.sort(key=lambda path: path.stat().st_size)
    for path in files[part::PARTS]:
        if path.parent.name.endswith("optimizers_on_digits") and path.name == "accuracy.png":
            continue  # It has seconds on an axis.
        if (told := work(path)) is not None:
            yield f"{path.parent.name}/{path.name}", told


# --- results


def path_told(path):
    names = ("positions", "values", "gradients", "status", "diverged_at", "converged_at")
    told = sha([getattr(path, name) for name in names], path.recorded, path.label)
    states = ",".join(np.unique(path.status))
    return f"{told} {path.label}: {states}; {eyes(path.values[-1])} at {eyes(path.final)}"


def or_error(make):
    try:
        return make()
    except (TypeError, ValueError, OSError) as error:
        return f"{type(error).__name__}: {error}"


def descents():
    import trajectories as tj

    fitted = tj.least_squares([[0, 1], [1, 2], [2, 2.5], [3, 5], [4, 4.5]], 2)
    starts = np.array([[[-3, 2], [1, 1], [0.1, -4]], [[5, 5], [-2, -2], [1e3, 0]]])
    for name, cls in {**tj.OPTIMIZERS, **tj.SURFACE_OPTIMIZERS}.items():
        rule = f"{name}:0.05"
        cases = {
            s: (s, rule, None, 60) for s in ("rosenbrock", "beale", "rastrigin", "abs(x)+y**2")
        }
        cases |= {"steep": (BOWL, f"{name}:3", (-7, 2), 90), "own": ("booth", name, (-1, 2), 30)}
        cases["batch"] = ("himmelblau", rule, starts, 40)
        cases["schedule"] = (BOWL, f"{name}:warmup(cosine(0.2, steps=40), steps=5)", (-7, 2), 50)
        cases["rates"] = (BOWL, cls(np.array([0.01, 0.1, 1.0])), (-7, 2), 40)
        for key, value in cls().hyperparameters.items():
            several = np.array([value, value * 0.9, value * 0.5 + 1e-3])
            several = or_error(lambda given={key: several}, cls=cls: cls(**given))
            cases[f"several {key}"] = ("matyas", several, (-7, 2), 40)
        for case, given in cases.items():
            yield f"{name}: {case}", or_error(lambda given=given: path_told(tj.descend(*given)))
        more = {
            "noise": {"noise": 0.5, "rng": 3, "start": starts},
            "tolerance": {"tolerance": 0.05, "steps": 400},
            "last": {"record": "last", "steps": 70},
            "record": {"record": 7, "label": "seldom", "noise": 0.1, "rng": 1},
        }
        for case, how in more.items():
            how = {"surface": "three_hump_camel", "optimizer": rule, **how}
            yield f"{name}: {case}", or_error(lambda how=how: path_told(tj.descend(**how)))
        given = (fitted, rule, (0, 0), 30)
        found = or_error(lambda given=given: path_told(tj.descend(*given, rng=5)))
        yield f"{name}: minibatches", found
    rules = ["sgd:0.1", "sgd:0.2", "adam", "adam:step(0.3, every=5)", tj.SGD([0.1, 0.2])]
    for number, path in enumerate(tj.compare("booth", rules, steps=20, noise=0.1, rng=2)):
        yield f"compare: {number}", path_told(path)
    found = tj.compare("sphere", {"slow": "sgd:0.01", "fast": "sgd:0.4"}, [(1, 2), (3, 4)])
    scene = tj.Scene.of(found, theory=True)
    yield "compare: named", sha([path_told(path) for path in found], scene.notes)
    yield (
        "compare: scene",
        sha(scene.contour_grid.z, scene.contour_grid.levels, scene.limits, scene.minima),
    )


def updates():
    """Let optimizers update arrays of several types, keep their state, and go on from it."""
    import trajectories as tj

    for name, cls in tj.OPTIMIZERS.items():
        rng = np.random.default_rng(4)
        params = {"W": rng.normal(size=(3, 4)), "b": rng.normal(size=4).astype(np.float32)}
        grads = {key: np.empty_like(value) for key, value in params.items()}
        rules = [cls(0.01), cls("exponential(0.1, 0.9)")]
        for step in range(15):
            for key, value in params.items():
                grads[key][...] = rng.normal(size=value.shape) + value
            rules[0].update(params, grads)
            if step == 7:
                rules[0], state = cls(0.01), rules[0].state()
                rules[0].load_state(state)
        step = rules[1].bind(params, grads)
        for _ in range(5):
            step()
        states = [dict(sorted(rule.state().items())) for rule in rules]
        yield f"{name}: update", f"{sha(params, states)} {eyes(params['W'])} {rules!r}"


def surfaces():
    import trajectories as tj
    from trajectories.optimizers import schedules

    formulas = ["x*y", "sin(x)*cosh(y)", "max(x, y)**2 + abs(x - 1)", "atan2(y, x)", "3*x", "7"]
    formulas += ["-x^2*exp(-x**2 - y**2)", "log(1 + x**2) + sqrt(abs(y))", "min(x**2, (y-1)**2)"]
    formulas += ["x**4 - 16*x**2 + 5*y**3", "sign(x)*x + tanh(y)**2", "1/(1 + x**2 + y**2)"]
    every = {name: tj.SURFACES[name] for name in tj.SURFACES}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        every |= {text: tj.Surface(text) for text in formulas}
    every |= {"quadratic": tj.quadratic(), "turned": tj.quadratic(50, 30)}
    samples = np.random.default_rng(2).normal(size=(12, 2))
    every |= {"fitted": tj.least_squares(samples), "batches": tj.least_squares(samples, 4)}
    for name, surface in every.items():
        (x0, x1), (y0, y1) = surface.domain
        grid = np.stack(np.meshgrid(np.linspace(x0, x1, 13), np.linspace(y0, y1, 9)), -1)
        arrays = [getattr(surface, what)(grid) for what in ("value", "gradient", "hessian")]
        yield f"{name}: arrays", f"{sha(arrays)} {eyes(arrays[0])}"
        words = sha(surface.formula, surface.about, surface.source, surface.name, surface.domain)
        yield f"{name}: words", f"{words} {surface!r} {surface.latex}"
        found = surface.minima
        yield f"{name}: minima", f"{sha(found, surface.floor, surface.start)} {eyes(found)}"
        places = [surface.start, *found[:2], (0.3, -0.7)]
        yield f"{name}: analysis", "; ".join(str(surface.analysis(p)) for p in places)
        yield f"{name}: record", sha(json.dumps(surface.to_dict()))
    texts = ["constant(0.1)", "step(1, every=7, factor=0.5)", "exponential(1, 0.9)"]
    texts += ["inverse_time(1, 0.1)", "cosine(0.9, steps=60, end=0.1)", "warmup(0.5, steps=10)"]
    texts += ["restarts(1, period=8, growth=2)", "one_cycle(1, steps=50)"]
    texts += ["warmup(cosine(1, 9), 5)"]
    texts += ["sequence(0.1, at=20, second=step(1, 5))", "cosine_restarts(1, 8)", "onecycle(1, 50)"]
    for text in [*texts, *schedules.SCHEDULES]:
        yield f"schedule: {text}", or_error(lambda text=text: schedule_told(text))


def schedule_told(text):
    from trajectories.optimizers.schedules import as_schedule

    schedule = as_schedule(text)
    rates = [float(schedule(step)) for step in range(120)]
    return f"{sha(rates)} {schedule!r} {schedule.text} {eyes(rates[::9])}"


def map_told(found):
    names = ("axes", "values", "status", "limits", "minima", "radius", "minimum", "steps", "lost")
    names += (
        "baseline",
        "best_index",
        "measure",
        "label",
        "stability_limit",
        "start",
        "block",
        "cells",
    )
    told = {name: getattr(found, name, None) for name in names if name not in ("cells", "lost")}
    told = {key: value for key, value in told.items() if not callable(value)}
    index = (1,) * np.ndim(found.status)
    return f"{sha(told)} {found.digest()[:12]} {found!r} {path_told(found.trajectory(*index))}"


def maps():
    import trajectories as tj

    rates, momenta = np.geomspace(1e-3, 3, 12), np.linspace(0, 0.95, 8)
    both = {"lr": rates, "momentum": momenta}
    made = {
        "two": tj.sensitivity(BOWL, "momentum", (-7, 2), 60, **both),
        "noisy": tj.sensitivity("rosenbrock", "adam", None, 50, noise=0.1, rng=3, lr=rates),
        "steps": tj.sensitivity(
            BOWL, "nesterov", (-7, 2), 90, tolerance=1e-2, measure="steps", block=20, **both
        ),
        "jobs": tj.sensitivity("beale", "momentum", steps=30, n_jobs=2, block=30, **both),
        "starts": tj.basins("himmelblau", "sgd:0.01", 120, resolution=24),
        "noisy starts": tj.basins(
            "six_hump_camel", "adam:0.1", 80, resolution=(20, 14), noise=0.2, rng=1, minima="global"
        ),
        "own minima": tj.basins(
            "rastrigin", "momentum:0.002", 60, resolution=12, limits=((-2, 2), (-1, 1)), radius=0.2
        ),
    }
    for key, found in made.items():
        yield f"map: {key}", map_told(found)
    for key, rules in {"list": ["sgd", "adam"], "named": {"a": "rmsprop", "b": "newton"}}.items():
        found = tj.compare_rates(BOWL, rules, rates, (-7, 2), 30)
        yield f"rates: {key}", "; ".join(map(map_told, found))
    how = {"even": {}, "drawn": {"draw": True, "rng": 3}, "noisy": {"noise": 0.3, "rng": 5}}
    for key, more in how.items():
        found = tj.tune("beale", ["sgd", "momentum", "adam"], None, 60, trials=15, **more)
        paths = [*found.best, *found.default, *found.times(10)]
        told = sha([path_told(path) for path in paths], [t.values for t in found.tuned])
        yield f"tune: {key}", f"{told} {found.digest()[:12]} {found.ranking}"
    clouds = {"spread": {"spread": 0.5}, "noise": {"noise": 0.4}, "domain": {"spread": "domain"}}
    for key, more in clouds.items():
        found = tj.ensemble("himmelblau", "adam:0.1", None, 40, trials=30, rng=7, **more)
        yield f"ensemble: {key}", path_told(found)


def search_told(found):
    kept = ("number", "round", "params", "seed", "status", "score", "reached", "curves")
    rows = [{name: getattr(trial, name) for name in kept} for trial in found.trials]
    best = found.best
    return f"{sha(rows, repr(found.spaces))} {found.digest()[:12]} {best.score} {best.params}"


def searches():
    import trajectories as tj
    from trajectories.mnist import search_network
    from trajectories.search import as_space

    space = "lr=log:1e-4:10, momentum=linear:0:0.99"
    found = tj.search_surface("rosenbrock", "momentum", space, 24, steps=40, rounds=2, rng=3)
    yield "search: surface", search_told(found)
    found = tj.search_surface(BOWL, "adam", trials=10, noise=0.1, halving=2, steps=40, rng=1)
    yield "search: halving", search_told(found)
    how = {"data": "digits", "images": 200, "hidden": [12], "epochs": 3, "n_jobs": 2, "rng": 4}
    yield "search: network", search_told(search_network(trials=8, **how))
    space = as_space("lr=log:1e-3:1, n=integer:1:9, rule=choice(sgd, adam), m=linear:0:1")
    rng = np.random.default_rng(3)
    drawn = [space.draw(rng) for _ in range(9)]
    yield "search: space", f"{space!r} {drawn[0]} {sha(drawn)} {space.around(drawn[:3])!r}"


def history_told(history):
    told = sha(history.loss, history.iteration, history.epoch, history.accuracy)
    return f"{told} {history.label} {history.diverged_at} {eyes(history.loss[[0, -1]])}"


def networks():
    import trajectories as tj
    from trajectories.mnist import MultiLayerNet, Trainer, load, train_all

    data = load("digits")
    x, t = data.train_images[:300], data.train_labels[:300]
    split = data.subset(400).split(0.25, rng=3)
    yield "data: digits", sha(x, t, data.test_images, data.test_labels) + f" {data!r}"
    yield "data: split", sha(split.train_images, split.validation_labels) + f" {split!r}"
    kinds = {"plain": {}, "sigmoid": {"activation": "sigmoid", "weight_init": "xavier"}}
    kinds |= {"tanh": {"activation": "tanh", "weight_init": 0.1, "dtype": np.float64}}
    kinds |= {"norm": {"batch_norm": True}, "dropout": {"dropout": 0.3}}
    kinds |= {"zero": {"weight_init": 0.0}}
    kinds |= {"decay": {"weight_decay": 0.1, "batch_norm": True, "dropout": 0.2, "loss_eps": 1e-7}}
    test = {"test": (data.test_images, data.test_labels)}

    def trainer(rule, net, **more):
        made = MultiLayerNet(64, [20, 15], 10, rng=1, **net)
        how = {"scale": 16.0, "batch_size": 50, "iterations": 25, "rng": 2, "evaluate": test}
        return Trainer(made, rule, x, t, **{**how, **more})

    for key, net in kinds.items():
        net = MultiLayerNet(64, [20, 15], 10, rng=1, **net)
        told = [net.loss_and_gradient(x[:20] / 16, t[:20]), net.flat_grads, net.flat_params]
        told += [net.predict(x, scale=16), net.accuracy(x, t, scale=16)]
        yield f"network: {key}", f"{sha(told)} {told[0]:.6g} {net!r}"
        run = trainer("adam:0.01", kinds[key], snapshot_every=10)
        yield f"train: {key}", f"{history_told(run.train())} {sha(list(run.snapshots))}"
    for name in tj.OPTIMIZERS:
        run = trainer(f"{name}:0.01", {}, evaluate_every=10)
        yield f"train: by {name}", f"{history_told(run.train())} {sha(run.history.settings)}"
    runs = [trainer("sgd:cosine(0.5, steps=20)", {}, label="one"), trainer("lion", {}, epochs=2,
            iterations=None)]  # fmt: skip
    yield "train: all", "; ".join(map(history_told, train_all(runs, n_jobs=2)))
    yield "train: lost", history_told(trainer("sgd:1e9", {}).train())


def experiments():
    from trajectories.mnist.experiments import EXPERIMENTS

    short = {"optimizers": {"iterations": 12}, "zero_weights": {"iterations": 8}}
    short |= {"layers": {"iterations": 6, "moments": 3}, "initial_weights": {"iterations": 8}}
    short |= {"batch_norm": {"epochs": 1}, "weight_decay": {"epochs": 2}, "dropout": {"epochs": 2}}
    short |= {"dropout_ensemble": {"epochs": 2, "masks": 3}}
    for name, experiment in EXPERIMENTS.items():
        given = ["digits"] if experiment.images else []
        run = experiment.function(name)
        found = run(*given, **short.get(name, {}), quick=True, seeds=1, n_jobs=1, rng=4)
        asked = {key: value for key, value in found.asked.items() if key != "version"}
        yield f"experiment: {name}", f"{found.digest()[:12]} {found!r} {json.dumps(asked)}"
        yield f"experiment: {name}: arrays", sha(dict(found.arrays)) + " " + ",".join(found.arrays)
        for page in experiment.pages:
            if page == "accuracy" and name == "optimizers":
                continue  # Its second half has seconds on an axis.
            canvas = found.draw(page, size=(900, 500)).canvas
            canvas.draw()
            yield f"experiment: {name}: page {page}", sha(np.asarray(canvas.buffer_rgba()))
    with tempfile.TemporaryDirectory() as folder:
        words = ["--data", "digits", "--quick", "-q", "--size", "900x500", "-O", "sgd:0.1"]
        command("mnist", "landscape", *words, "-O", "adam:0.01", "-o", folder)
        for path in sorted(Path(folder).iterdir()):
            yield f"landscape: {path.name}", content(path)


# --- messages and pictures


def namespace(folder):
    """Return what the wrong calls may use."""
    import trajectories as tj
    from trajectories import mnist, search as se
    from trajectories.mnist import experiments as ex
    from trajectories.optimizers import schedules as sc

    path = tj.descend(BOWL, "sgd:0.9", (-7, 2), 5)
    path.save(folder / "path.npz")
    (folder / "text.txt").write_text("text")
    (folder / "empty.npz").write_bytes(b"")
    (folder / "fake.gif").write_bytes(b"GIF89a" + bytes(99))
    (folder / "folder").mkdir()
    words = ["--size", "200x150", "-O", "sgd:0.9", "--steps", "4"]
    command("plot", BOWL, *words, "-o", folder / "a.png")
    command("animate", BOWL, *words, "-o", folder / "a.gif")
    data = mnist.load("digits")
    return {
        "np": np, "tj": tj, "mnist": mnist, "ex": ex, "sc": sc, "se": se, "bowl": BOWL,
        "tmp": folder, "path": path, "data": data, "x": data.train_images[:40],
        "t": data.train_labels[:40], "net": mnist.MultiLayerNet(64, [5], 10, rng=0),
        "batch": tj.descend(BOWL, "sgd:0.1", [(1, 2), (3, 4)], 5),
        "sens": tj.sensitivity(bowl := BOWL, "momentum", steps=5, lr=[0.1, 1], momentum=[0, 0.5]),
        "curve": tj.sensitivity(bowl, "sgd", steps=5, lr=[0.1, 1]),
        "bas": tj.basins("himmelblau", "sgd:0.01", 5, resolution=4),
        "tuned": tj.tune(bowl, ["sgd"], steps=5, trials=3),
        "cloud": tj.ensemble(bowl, "sgd:0.1", steps=5, trials=4, spread=0.1),
        "found": tj.search_surface(bowl, trials=4, steps=5),
    }  # fmt: skip


def cleaned(text, folder):
    text = text.replace(str(folder), "<tmp>").replace(str(ROOT), "<root>")
    text = re.sub(
        r"at least about \d+", "at least about <bytes>", text
    )  # A recipe's length counts.
    return re.sub(r"0x[0-9a-f]{6,}", "0x<id>", text)


def outcome(text, names, folder):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = eval(text, names)
            told = f"no error: {type(value).__name__}"
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
    told += "".join(f" | warns: {w.message}" for w in caught if w.category is UserWarning)
    return cleaned(told, folder)


def calls():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        names = namespace(Path(folder))
        for name, calls in CASES["calls"].items():
            for number, variant in enumerate(calls["cases"]):
                text = calls["call"].replace("@", variant.strip())
                yield f"call: {name}.{number:02}", outcome(text, names, folder)


def words_of(line):
    import shlex

    return [BOWL if word == "BOWL" else word for word in shlex.split(line)]


def commands():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        namespace(Path(folder))
        for name, lines in CASES["commands"].items():
            for number, line in enumerate(lines):
                before = set(Path(folder).rglob("*"))
                code, out, err = command(*words_of(f"{name} {line}"))
                more = sorted(p.name for p in set(Path(folder).rglob("*")) - before)
                told = f"{code} {err.strip()}" + (f" | out: {out[:80]}" if out else "")
                told += f" | made: {more}" if more else ""
                yield f"command: {name or '-'}.{number:02}", cleaned(told, folder)
        for line in CASES["help"]:
            run = [sys.executable, "-m", "trajectories", *line.split()]
            done = subprocess.run(run, capture_output=True, text=True, cwd=ROOT)
            told = sha(done.stdout) if "--json" in line else done.stdout
            yield f"printed: {line}", f"{done.returncode} {done.stderr}{told}"


def pictures():
    """Make pictures of kinds that the gallery has none of."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for line in CASES["pictures"]:
            code, out, err = command(*words_of(line), "-q")
            told = []
            for path in sorted(Path(folder).iterdir()):
                if path.suffix in (".jsonl", ".lock"):  # With seconds.
                    continue
                told.append(f"{path.name} {content(path)}")
                again = None if "%" in line else replayed(path)
                if again and again not in told[-1]:
                    told.append(f"{path.name} replayed {again}")
                path.unlink()
            yield line, cleaned(f"{code} {err.strip()} {'; '.join(told)}", folder)


# --- the whole


WORKS = {
    "gallery": (content,),
    "replay": (replayed,),
    "results": (experiments, networks, descents, searches, maps, surfaces, updates),
    "messages": (commands, calls),
    "pictures": (pictures,),
}


def run_task(task, gallery):
    """Run one task in this process; return its values by key."""
    section, number = task.split(".")
    if section in ("gallery", "replay"):
        found = dict(of_gallery(WORKS[section][0], gallery, int(number)))
    else:
        found = dict(WORKS[section][int(number)]())
    return {f"{section}/{name}": value for name, value in found.items()}


def in_process(task, gallery, folder):
    """Run one task in a process of its own: those of a pool do not end where others were begun."""
    target = folder / f"{task}.json"
    words = [sys.executable, __file__, "--task", task, str(target), "--gallery", gallery]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{task} failed: {done.stderr}")
    return json.loads(target.read_text())


def gathered(sections, gallery, folder):
    """Compute some sections, two tasks at once."""
    of_files = [section for section in ("replay", "gallery") if section in sections]
    if of_files:
        built(gallery)
    tasks = [f"{section}.{part}" for section in of_files for part in range(PARTS)]
    for section in sections:
        if section not in of_files:
            tasks += [f"{section}.{number}" for number in range(len(WORKS[section]))]
    values = {}
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda task: in_process(task, gallery, folder), tasks):
            values |= found
    return values


def differing(was, now):
    """Tell both values on one line; of long ones what stands around the first difference."""
    same = len(os.path.commonprefix([was, now]))
    begin = max(0, same - 60) if max(len(was), len(now)) > 300 else 0
    return f"WAS {was[begin : begin + 300]!r}", f"IS {now[begin : begin + 300]!r}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help="record, and compare nothing")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="may be repeated")
    words = "a gallery that is built already, or where to build it"
    parser.add_argument("--gallery", type=Path, metavar="DIR", help=words)
    parser.add_argument("--task", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        os.chdir(tempfile.gettempdir())
        values = run_task(options.task[0], options.gallery)
        Path(options.task[1]).write_text(json.dumps(values))
        return 0
    sections = options.only or SECTIONS
    old = json.loads(FROZEN.read_text()) if FROZEN.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        gallery = (options.gallery or folder / "gallery").resolve()
        new = gathered(sections, gallery, folder)
    mine = {key: value for key, value in old.items() if key.split("/")[0] in sections}
    if options.write:
        kept = {key: value for key, value in old.items() if key not in mine} | new
        FROZEN.write_text(json.dumps(kept, indent=0, sort_keys=True, ensure_ascii=False) + "\n")
        print(f"{len(new)} values written, {len(kept)} in all")
        return 0
    differ = [key for key in sorted(mine.keys() | new.keys()) if mine.get(key) != new.get(key)]
    for key in differ:
        if key not in new or key not in mine:
            print(f"{key}: {'MISSING, was' if key in mine else 'NEW'} {(mine | new)[key]!r:.300}")
        else:
            print(f"{key}:", *differing(mine[key], new[key]))
    print(f"{len(new)} values, {len(differ)} differences")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
