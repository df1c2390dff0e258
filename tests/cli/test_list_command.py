"""``trajectories list``: tables for people, records for programs."""

import json

import pytest

import trajectories

KINDS = {
    "surfaces": ["rosenbrock", *trajectories.SURFACES, "quadratic"],
    "optimizers": [*trajectories.OPTIMIZERS, *trajectories.SURFACE_OPTIMIZERS],
    "schedules": ["cosine", "warmup"],
    "themes": list(trajectories.THEMES),
    "layouts": ["overlay", "grid", "race", "3d"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_a_table_with_a_line_for_each_name(kind, run):
    code, out, err = run("list", kind)
    assert (code, err) == (0, "")
    heading, rule, *rows = out.splitlines()
    assert heading.startswith("name ")
    assert set(rule) == {"-", " "}
    names = [line.split()[0] for line in rows]
    assert set(KINDS[kind]) <= set(names)
    starts = [i for i, c in enumerate(rule) if c == "-" and (i == 0 or rule[i - 1] == " ")]
    assert all(line[start - 2 : start] == "  " for line in [heading, *rows] for start in starts[1:])
    assert all(line == line.rstrip() for line in out.splitlines())
    code, out, err = run("list", kind, "--json")
    assert (code, err) == (0, "")
    assert [record["name"] for record in json.loads(out)[kind]] == names


def test_json_has_every_number_in_full(run):
    records = json.loads(run("list", "surfaces", "--json")[1])["surfaces"]
    for record in records:
        if (surface := trajectories.SURFACES.get(record["name"])) is not None:
            assert record["minima"] == [list(place) for place in surface.declared_minima]
            assert record["domain"] == [list(side) for side in surface.domain]
            assert record["start"] == list(surface.start)


def test_a_verbose_list_tells_the_curvature(run):
    about = dict(part.split(":", 1) for part in run("list", "surfaces", "-v")[1].split("\n\n"))
    assert "curvature 0.1 to 2, condition number 20; stable: SGD below 1" in about["book_quadratic"]
    assert "and 14 more minima" in about["shubert"]
    records = json.loads(run("list", "surfaces", "-v", "--json")[1])["surfaces"]
    found = {record["name"]: record["analysis"] for record in records}
    assert list(found) == list(about)
    assert found["rosenbrock"][0]["sgd_limit"] == pytest.approx(2 / 1001.6006392)
    assert len(found["shubert"]) == 18


def test_everything_has_each_kind_in_a_table_cut_to_the_terminal(run, monkeypatch):
    code, out, err = run("list")
    assert (code, err) == (0, "")
    assert "..." not in out
    assert [line for line in out.splitlines() if line.isupper()] == [k.upper() for k in KINDS]
    assert list(json.loads(run("list", "--json")[1])) == list(KINDS)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    _, out, _ = run("list", "surfaces")
    assert "..." in out
    assert max(map(len, out.splitlines())) <= 120
