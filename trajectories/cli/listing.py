"""The command list: surfaces, optimizers, themes and formats as text or JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Record = dict[str, Any]

#: Between the columns of a table.
_GAP = "  "
#: Ends a shortened cell.
_ELLIPSIS = "..."


def records(kind: str, *, verbose: bool = False) -> list[Record]:
    """Return the records of a kind."""
    rows = KINDS[kind][1]()
    return [_with_analysis(record) for record in rows] if verbose and kind == "surfaces" else rows


def as_json(kinds: Sequence[str], *, verbose: bool = False) -> str:
    """Write kinds as a JSON object: a list of records under the name of each."""
    import json

    everything = {kind: records(kind, verbose=verbose) for kind in kinds}
    return json.dumps(everything, indent=2, ensure_ascii=False, allow_nan=False)


def as_text(kinds: Sequence[str], *, verbose: bool = False, width: int | None = None) -> str:
    """Write kinds as tables."""
    parts = []
    for kind in kinds:
        columns = KINDS[kind][0]
        rows = records(kind, verbose=verbose)
        if verbose and kind == "surfaces":
            body = "\n\n".join(map(_paragraph, rows))
        else:
            body = _table(columns, [[_cell(r.get(c)) for c in columns] for r in rows], width)
        parts.append(f"{kind.upper()}\n\n{body}" if len(kinds) > 1 else body)
    return "\n\n".join(parts)


# --- records


def _surfaces() -> list[Record]:
    from trajectories.surfaces.catalogue import ENTRIES, FAMILIES

    rows = []
    for name, entry in ENTRIES.items():
        facts = entry._asdict()
        points = {key: [list(p) for p in facts[key]] for key in ("minima", "kinks", "edge")}
        domain = [list(side) for side in entry.domain]
        rows.append({"name": name, **facts, "domain": domain, "start": list(entry.start), **points})
    for name, family in FAMILIES.items():
        call = f"{name}({', '.join(_defaults(family))})"
        rows.append({"name": name, "formula": call, "about": _summary(family)})
    return rows


def _with_analysis(record: Record) -> Record:
    """Add the curvature at the minima, or at the start if there are none."""
    from trajectories.surfaces.catalogue import SURFACES, as_surface

    name = record["name"]
    surface = SURFACES[name] if name in SURFACES else as_surface(record["formula"])
    points = surface.declared_minima or (surface.start,)
    analyses = []
    for point in points:
        analysis = surface.analysis(point)
        facts = {
            "point": list(point),
            "value": float(analysis.value),
            "kind": analysis.kind,
            "eigenvalues": analysis.eigenvalues.tolist(),
            "condition": analysis.condition,
            "sgd_limit": analysis.sgd_limit,
            "momentum_limit": analysis.momentum_limit(),
        }
        analyses.append({key: _json_value(value) for key, value in facts.items()})
    return {**record, "analysis": analyses}


def _json_value(value: Any) -> Any:
    """Replace infinite values and NaN, which JSON does not have."""
    if isinstance(value, list):
        return [_json_value(item) for item in value]
    if isinstance(value, float) and not -1e308 < value < 1e308:
        return None
    return value


def _optimizers() -> list[Record]:
    from trajectories.optimizers import OPTIMIZERS, SURFACE_OPTIMIZERS

    return [
        {
            "name": name,
            "defaults": cls().hyperparameters,
            "formula": cls.formula,
            "about": _summary(cls),
            "needs": "surface" if name in SURFACE_OPTIMIZERS else "gradient",
        }
        for name, cls in {**OPTIMIZERS, **SURFACE_OPTIMIZERS}.items()
    ]


def _schedules() -> list[Record]:
    from trajectories.optimizers.schedules import SCHEDULES

    return [
        {"name": name, "arguments": ", ".join(_defaults(cls)), "about": _summary(cls)}
        for name, cls in SCHEDULES.items()
    ]


def _themes() -> list[Record]:
    from trajectories.plotting.theme import THEMES

    return [{"name": name, "about": theme.about} for name, theme in THEMES.items()]


def _layouts() -> list[Record]:
    from trajectories.plotting.panels import LAYOUTS

    return [{"name": name, "about": _summary(layout)} for name, layout in LAYOUTS.items()]


#: The columns of the table of each kind, and the function for its records.
KINDS: Mapping[str, tuple[tuple[str, ...], Callable[[], list[Record]]]] = {
    "surfaces": (("name", "domain", "minima", "formula"), _surfaces),
    "optimizers": (("name", "defaults", "formula"), _optimizers),
    "schedules": (("name", "arguments", "about"), _schedules),
    "themes": (("name", "about"), _themes),
    "layouts": (("name", "about"), _layouts),
}


def _summary(documented: Any) -> str:
    """Return the first line of a docstring, without its full stop."""
    return (documented.__doc__ or "").strip().splitlines()[0].rstrip(".")


def _defaults(function: Callable[..., Any]) -> list[str]:
    """Return the arguments of a function with their defaults."""
    import inspect

    return [
        name if item.default is item.empty else f"{name}={_cell(item.default)}"
        for name, item in inspect.signature(function).parameters.items()
    ]


# --- as text


def _cell(value: Any) -> str:
    """Write a value of a record in a few words."""
    if value is None or value == []:
        return "-"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return ", ".join(f"{name}={_cell(item)}" for name, item in value.items())
    if isinstance(value, list) and isinstance(value[0], list):
        pairs = ", ".join(map(_pair, value[:2]))
        return f"{pairs}, +{len(value) - 2}" if len(value) > 2 else pairs
    return str(value)


def _pair(pair: Sequence[float]) -> str:
    return f"({pair[0]:.4g}, {pair[1]:.4g})"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> str:
    """Set cells in columns; the last column is shortened to the width."""
    lines = [list(columns), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    if width is not None:
        others = sum(widths[:-1]) + len(_GAP) * len(widths[1:])
        widths[-1] = min(widths[-1], max(width - others, len(columns[-1]) + len(_ELLIPSIS)))
    lines.insert(1, ["-" * size for size in widths])
    return "\n".join(
        _GAP.join(_fit(cell, size) for cell, size in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _fit(cell: str, width: int) -> str:
    return cell.ljust(width) if len(cell) <= width else cell[: width - len(_ELLIPSIS)] + _ELLIPSIS


def _paragraph(record: Record) -> str:
    """Write a surface with its facts and curvature."""
    lines = [f"{record['name']}: {record['about']}"]
    for key in ("formula", "domain", "start", "source"):
        if key in record:
            value = _pair(record[key]) if key == "start" else _cell(record[key])
            lines.append(f"  {key:<8} {value}")
    for facts in record["analysis"][:4]:
        low, high = facts["eigenvalues"]
        limits = (facts["sgd_limit"], facts["momentum_limit"])
        lines.append(
            f"  {facts['kind']:<8} f{_pair(facts['point'])} = {facts['value']:.6g}; "
            f"curvature {_number(low)} to {_number(high)}, "
            f"condition number {_number(facts['condition'])}; "
            f"stable: SGD below {_number(limits[0])}, Momentum(0.9) below {_number(limits[1])}"
        )
    if len(record["analysis"]) > 4:
        lines.append(f"  and {len(record['analysis']) - 4} more minima")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "infinity" if value is None else f"{value:.4g}"


def add_list(commands: Any) -> None:
    """Add the command to a parser's sub-parsers."""
    parser = commands.add_parser("list", help="list what there is")
    parser.add_argument("kind", nargs="?", choices=KINDS, help="what to list (default: all)")
    add = parser.add_argument
    add("--verbose", "-v", action="store_true", help="surfaces with their curvature at the minima")
    add("--json", action="store_true", help="for programs")
    parser.set_defaults(run=_run, prog=parser.prog)


def _run(options: argparse.Namespace) -> None:
    kinds = [options.kind] if options.kind else list(KINDS)
    if options.json:
        print(as_json(kinds, verbose=options.verbose))
        return
    import shutil

    out = sys.stdout
    width = shutil.get_terminal_size().columns if out is not None and out.isatty() else None
    print(as_text(kinds, verbose=options.verbose, width=width))
