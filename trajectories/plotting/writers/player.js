// Plays the scene that the page holds as data. Everything drawn is SVG, laid out for the frame's
// size: it stays sharp however the page, or the slide around it, is zoomed.

const data = JSON.parse(document.getElementById("data").textContent);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const byId = (id) => document.getElementById(id);
const page = byId("page");
const stage = byId("stage");
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const MINUS = "\u2212";

/* ---- Numbers from text: see page_data.py ------------------------------------------------- */

/** Return rows of two integers, each a sum of all before it; null where a row is missing. */
function unpack(text, sums = [true, true]) {
  const rows = [];
  const last = [0, 0];
  let axis = 0;
  for (const number of integers(text)) {
    if (number === null) {
      rows.push(null);
      continue;
    }
    last[axis] = sums[axis] ? last[axis] + number : number;
    if (axis === 1) rows.push([...last]);
    axis = 1 - axis;
  }
  return rows;
}

const decimal = (whole, power) => Number(`${whole}e${power}`);

const times = Array.isArray(data.times) ? data.times : Array.from({ length: data.times }, (_, i) => i);

/** Return a path as arrays of x, y and f above the floor, NaN where it has none. */
function readPath([positions, values], rows) {
  const path = { rows };
  for (const key of ["x", "y", "above"]) path[key] = new Float64Array(rows).fill(NaN);
  unpack(positions).forEach((row, i) => {
    if (!row) return;
    path.x[i] = decimal(row[0] + data.origin[0], data.units[0]);
    path.y[i] = decimal(row[1] + data.origin[1], data.units[1]);
  });
  unpack(values, [false, true]).forEach((row, i) => {
    if (row) path.above[i] = decimal(row[0], row[1]);
  });
  return path;
}

/** Return the tracks of a take; each is read when it is first shown. */
function readTake(take) {
  take.read ??= take.tracks.map((track) => ({
    exits: track.exits,
    rates: track.rates,
    paths: track.paths.map((path) => readPath(path, track.rows ?? times.length)),
  }));
  return take.read;
}

/** Return the lines of a contour as SVG path data, in grains. */
function readArea(text, closed) {
  return text.split(".").filter(Boolean).map((line) => {
    const points = unpack(line).map((row) => row.join(" "));
    return `M${points.join("L")}${closed ? "Z" : ""}`;
  }).join("");
}

const ground = {
  areas: data.ground.areas.map((text) => readArea(text, true)),
  base: data.ground.base?.map((text) => readArea(text, true))[0],
  lines: data.ground.lines?.map((text) => readArea(text, false)),
};

/* ---- Words and numbers -------------------------------------------------------------------- */

const signed = (text) => text.replace("-", MINUS);

/** Write a coordinate with all the digits that the page holds. */
function coordinate(value, power) {
  return signed(power <= 0 && power > -12 ? value.toFixed(-power) : value.toPrecision(6));
}

/** Write f with as many digits as are known. */
function height(above) {
  const value = above + data.floor;
  if (!Number.isFinite(value)) return "not finite";
  const digits = Math.min(5, data.digits);
  const text = String(Number(value.toPrecision(digits)));
  return signed(text.replace(/e\+?(-?)(\d+)/, (_, sign, power) => `e${sign}${power}`));
}

const brief = (value) => signed(String(Number(value.toPrecision(3))));

/* ---- Elements ------------------------------------------------------------------------------ */

function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Make a text; what stands between dollar signs is slanted, and after a caret raised. */
function label(words, attributes) {
  const text = svg("text", attributes);
  words.split("$").forEach((part, i) => {
    const [plain, raised] = part.split("^");
    if (plain) text.append(i % 2 ? svg("tspan", { class: "slanted" }, plain) : plain);
    if (raised) text.append(svg("tspan", { dy: "-0.45em", "font-size": "72%" }, raised));
  });
  return text;
}

/** Return a marker's path at a size in pixels: scaled here, so that its edge is not. */
function markPath(mark, size) {
  return mark.path.replace(/-?[\d.]+/g, (number) => String(Math.round(number * size) / 100));
}

function makeMark(mark, size, attributes) {
  const kind = mark.filled ? "mark" : "mark open";
  return svg("path", {
    class: kind, d: markPath(mark, size),
    "stroke-width": mark.filled ? mark.edge * point : Math.max(mark.edge, 1) * point, ...attributes,
  });
}

const move = (element, x, y) => element.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)})`);
const show = (element, shown) => { element.style.display = shown ? "" : "none"; };

/* ---- State --------------------------------------------------------------------------------- */

const SPEEDS = [0.25, 0.5, 1, 2, 4];
const last = data.frames.length - 1;
const state = { frame: 0, playing: false, speed: 1, take: data.first, rounds: 0, waited: 0, off: new Set() };
let point = 1.4; // Pixels of a typographic point at the frame's size.
let panels = [];
let drawing = null;
let pointer = null;

const stepOf = (frame) => data.frames[frame];
/** Return the last row that a step shows. */
function rowOf(step) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= step) low = middle + 1; else high = middle;
  }
  return low - 1;
}

/** Return the first row that is shown at a step: all, or a trail of some steps. */
const firstRow = (step) => (data.trail === null ? 0 : Math.max(0, rowOf(step - data.trail)));

/* ---- Axes ---------------------------------------------------------------------------------- */

const MOST_DIGITS = 6;

/**
 * Choose round numbers along an axis, and how they are written: less an offset, where they would
 * have too many digits.
 */
function niceTicks(low, high, most, whole = false) {
  const rough = (high - low) / most;
  const power = Math.max(Math.floor(Math.log10(rough)), whole ? 0 : -Infinity);
  const factor = [1, 2, 2.5, 5].filter((f) => !whole || Number.isInteger(f * 10 ** power))
    .find((f) => f * 10 ** power >= rough * (1 - 1e-9)) ?? 10;
  const step = factor * 10 ** power;
  const places = Math.max(0, -power + (factor === 2.5 ? 1 : 0) - (factor === 10 ? 1 : 0));
  const digits = (value) => Math.floor(Math.log10(value)) + 1 - power + (factor === 2.5 ? 1 : 0);
  const largest = (less) => Math.max(Math.abs(low - less), Math.abs(high - less));
  const round = 10 ** Math.ceil(Math.log10(high - low));
  const offset = digits(largest(0)) > MOST_DIGITS ? Math.floor(high / round) * round : 0;
  const large = largest(offset);
  const plain = large < 1e6 && places < 6;
  const ticks = [];
  const first = Math.ceil(low / step - 1e-9);
  for (let i = 0; (first + i) * step <= high + 1e-9 * step; i += 1) {
    const at = (first + i) * step;
    const value = at - offset;
    const words = Math.abs(value) < step / 2 ? "0"
      : plain ? value.toFixed(places) : exponential(value, Math.max(digits(large), 1));
    ticks.push({ at, words: signed(words) });
  }
  return { ticks, offset };
}

/** Write a number of so many digits as few of them and a power of ten. */
const exponential = (value, digits) => Number(value.toPrecision(digits)).toExponential().replace("e+", "e");

/** Name an axis whose ticks are written less an offset. */
function lessOffset(name, { offset }) {
  if (!offset) return name;
  const words = String(Number(Math.abs(offset).toPrecision(15))).replace("e+", "e");
  return `${name} ${offset > 0 ? MINUS : "+"} ${words}`;
}

/** Choose powers of ten along a logarithmic axis. */
function logTicks(low, high, most) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const final = Math.floor(Math.log10(high) + 1e-9);
  if (final - first < 1) {
    const ticks = [1, 2, 5].flatMap((f) => [first - 1, first, final].map((p) => f * 10 ** p))
      .filter((at, i, all) => at >= low && at <= high && all.indexOf(at) === i)
      .map((at) => ({ at, words: String(Number(at.toPrecision(2))) }));
    return { ticks, offset: 0 };
  }
  const stride = Math.ceil((final - first + 1) / most);
  const ticks = [];
  for (let p = first; p <= final; p += stride) ticks.push({ at: 10 ** p, words: `10^${signed(String(p))}` });
  return { ticks, offset: 0 };
}

const px = (key) => data.type[key] * point;
const wide = (words) => words.replace("^", "").length * 0.62 * px("tick");

function makeAxes(panel) {
  const { box, group } = panel;
  const size = px("tick");
  const long = data.widths.long * point;
  const bottom = box.height;
  const thin = { "stroke-width": data.widths.tick * point };
  for (const tick of panel.x.ticks) {
    const x = panel.across(tick.at);
    group.append(svg("path", { class: "tick", d: `M${x} ${bottom}v${long}`, ...thin }));
    if (panel.numbers.x) {
      group.append(label(tick.words, { x, y: bottom + long + 1.15 * size, "text-anchor": "middle", "font-size": size }));
    }
  }
  for (const tick of panel.y.ticks) {
    const y = panel.down(tick.at);
    group.append(svg("path", { class: "tick", d: `M0 ${y}h${-long}`, ...thin }));
    if (panel.numbers.y) {
      group.append(label(tick.words, { x: -long - 0.35 * size, y: y + 0.36 * size, "text-anchor": "end", "font-size": size }));
    }
  }
  group.append(svg("path", { class: "spine", d: `M0 0V${bottom}H${box.width}`, "stroke-width": data.widths.spine * point }));
  const name = { class: "name", "font-size": px("label"), "text-anchor": "middle" };
  if (panel.numbers.x) {
    group.append(label(panel.names.x, { ...name, x: box.width / 2, y: bottom + long + 1.5 * size + 1.05 * px("label") }));
  }
  if (panel.numbers.y) {
    const widest = Math.max(0, ...panel.y.ticks.map((tick) => wide(tick.words)));
    const x = -long - 0.7 * size - widest - 0.55 * px("label");
    const turned = panel.names.y.length > 3 ? { transform: `rotate(-90 ${x} ${bottom / 2})` } : {};
    group.append(label(panel.names.y, { ...name, x, y: bottom / 2 + 0.3 * px("label"), ...turned }));
  }
}

/** Return the room that numbers and names take at the left and below. */
function margins(words) {
  const widest = Math.max(0, ...words.map(wide));
  const long = data.widths.long * point;
  return {
    left: long + 0.7 * px("tick") + widest + 1.25 * px("label"),
    bottom: long + 1.5 * px("tick") + 1.4 * px("label"),
    right: 1.6 * px("tick"), top: 0.7 * px("tick"),
  };
}

const mostAcross = (width) => clamp(Math.floor(width / (4.4 * px("tick"))), 2, 9);
const mostUp = (tall) => clamp(Math.floor(tall / (2.3 * px("tick"))), 2, 9);

const axisTicks = {
  x: (width) => niceTicks(...data.limits[0], mostAcross(width)),
  y: (tall) => niceTicks(...data.limits[1], mostUp(tall)),
  step: (width) => niceTicks(0, data.losses.end, mostAcross(width), true),
  loss: (tall) => (data.losses.log ? logTicks : niceTicks)(...data.losses.range, mostUp(tall)),
};

/* ---- Panels -------------------------------------------------------------------------------- */

/** Make a panel: its group, and a clipped part for what may not leave it. */
function makePanel(kind, box, tracks, numbers = { x: true, y: true }) {
  const group = svg("g");
  move(group, box.x, box.y);
  const inner = svg("svg", { width: box.width, height: box.height, overflow: "hidden" });
  const panel = { kind, box, tracks, numbers, group, inner, over: svg("g"), trails: [] };
  const { width, height: tall } = box;
  if (kind === "paths") {
    const [[x0, x1], [y0, y1]] = data.limits;
    panel.across = (x) => ((x - x0) / (x1 - x0)) * width;
    panel.down = (y) => (1 - (y - y0) / (y1 - y0)) * tall;
    panel.x = axisTicks.x(width);
    panel.y = axisTicks.y(tall);
    panel.names = { x: lessOffset(data.names.x, panel.x), y: lessOffset(data.names.y, panel.y) };
    panel.place = (path, row) => [panel.across(path.x[row]), panel.down(path.y[row])];
  } else {
    const [low, high] = data.losses.range.map(data.losses.log ? Math.log10 : Number);
    const scaled = data.losses.log ? (f) => (f > 0 ? Math.log10(f) : NaN) : Number;
    panel.across = (step) => (step / data.losses.end) * width;
    panel.down = (f) => (1 - (scaled(f) - low) / (high - low)) * tall;
    panel.x = axisTicks.step(width);
    panel.y = axisTicks.loss(tall);
    panel.names = { x: "step", y: lessOffset(data.losses.label, panel.y) };
    panel.place = (path, row) => [panel.across(times[row]), panel.down(path.above[row])];
  }
  group.append(svg("rect", { class: "back", width, height: tall }), inner);
  if (kind === "paths") makeGround(panel); else makeGridlines(panel);
  makeAxes(panel);
  panel.marks = svg("svg", { width, height: tall, overflow: "hidden" });
  group.append(panel.marks, panel.over);
  panel.over.append(svg("rect", { class: "area", width, height: tall }));
  return panel;
}

function makeGround(panel) {
  const { width, height: tall } = panel.box;
  const scaled = svg("g", { transform: `scale(${width / data.grain} ${tall / data.grain})` });
  const thin = { "stroke-width": 0.6 * point };
  const flat = ground.areas.length === 0 || !ground.base;
  const base = flat ? `M0 0H${data.grain}V${data.grain}H0Z` : ground.base;
  const stroked = ground.lines ? "" : " lined";
  scaled.append(svg("path", { class: "g0", d: base, "fill-rule": "evenodd" }));
  ground.areas.forEach((area, i) => {
    scaled.append(svg("path", { class: `g${i + 1}${stroked}`, d: area, "fill-rule": "evenodd", ...thin }));
  });
  for (const line of ground.lines ?? []) scaled.append(svg("path", { class: "contour", d: line, ...thin }));
  panel.inner.append(scaled);
}

function makeGridlines(panel) {
  for (const tick of panel.y.ticks) {
    panel.inner.append(svg("path", { class: "gridline", d: `M0 ${panel.down(tick.at)}H${panel.box.width}`, "stroke-width": data.widths.grid * point }));
  }
}

/** Draw what is the same at every step: the minima, and where paths begin. */
function makeMarks(panel) {
  if (panel.kind !== "paths") return;
  for (const [x, y] of data.minima) {
    const star = svg("path", { class: "minimum", d: markPath(data.minimum, data.minimum.size * point), "stroke-width": data.minimum.edge * point });
    move(star, panel.across(x), panel.down(y));
    panel.marks.append(star);
  }
  const begun = new Set();
  for (const track of panel.tracks) {
    for (const path of readTake(data.takes[state.take])[track].paths) {
      const [x, y] = panel.place(path, 0);
      const key = `${x.toFixed(2)} ${y.toFixed(2)}`;
      if (!Number.isFinite(x + y) || begun.has(key)) continue;
      begun.add(key);
      const ring = svg("path", { class: "start", d: markPath(data.start, data.start.size * point), "stroke-width": data.start.edge * point });
      move(ring, x, y);
      panel.marks.append(ring);
    }
  }
}

/* ---- Paths --------------------------------------------------------------------------------- */

/** Tell whether a row has a marker: the first at or after each multiple of so many steps. */
const marked = (row, every) => row === 0 || Math.floor(times[row] / every) > Math.floor(times[row - 1] / every);

/** Return what makes a line dashed, if it is; round ends would fill short gaps. */
function dashed({ dashes, offset }) {
  if (!dashes.length) return {};
  const pattern = dashes.map((dash) => dash * point).join(" ");
  return { "stroke-dasharray": pattern, "stroke-dashoffset": offset * point, "stroke-linecap": "butt" };
}

/** Draw a track in a panel, so that any row can be shown. */
function makeTrail(panel, index) {
  const style = data.tracks[index];
  const { line, mark, head } = style;
  const several = readTake(data.takes[state.take])[index].paths.length > 1;
  const trail = { index, group: svg("g", { class: `t${index}` }), heads: svg("g", { class: `t${index}` }), paths: [] };
  for (const path of readTake(data.takes[state.take])[index].paths) {
    const part = { path, pieces: [], marks: [], points: [] };
    part.line = svg("path", {
      class: "trail", "stroke-width": line.width * point, "stroke-opacity": line.alpha,
      ...dashed(line),
    });
    let pen = "M";
    for (let row = 0; row < path.rows; row += 1) {
      const [x, y] = panel.place(path, row);
      const seen = Number.isFinite(x + y);
      part.points.push(seen ? [x, y] : null);
      part.pieces.push(seen ? `${pen}${x.toFixed(2)} ${y.toFixed(2)}` : "");
      pen = seen ? "L" : "M";
    }
    trail.group.append(part.line);
    if (mark && !several) {
      for (let row = 0; row < path.rows; row += 1) {
        if (!marked(row, line.every) || !part.points[row]) continue;
        const dot = makeMark(mark, mark.size * point);
        move(dot, ...part.points[row]);
        trail.group.append(dot);
        part.marks.push({ row, dot });
      }
    }
    if (head) {
      const size = several || panel.kind === "paths" ? head.size : style.tip;
      part.head = makeMark(head, size * point, { class: head.filled ? "mark head" : "mark open head" });
      trail.heads.append(part.head);
    }
    trail.paths.push(part);
  }
  return trail;
}

function showTrail(trail, row, begin) {
  const shown = !state.off.has(trail.index);
  show(trail.group, shown);
  show(trail.heads, shown);
  for (const part of shown ? trail.paths : []) {
    part.line.setAttribute("d", part.pieces.slice(begin, row + 1).join("").replace(/^L/, "M"));
    for (const { row: at, dot } of part.marks) show(dot, begin <= at && at <= row);
    const here = part.points[Math.min(row, part.path.rows - 1)];
    if (!part.head) continue;
    show(part.head, Boolean(here));
    if (here) move(part.head, ...here);
  }
}

/* ---- Exits --------------------------------------------------------------------------------- */

/** Return points all along the paths of a panel, which words must not cover. */
function obstacles(panel) {
  const found = data.minima.map(([x, y]) => [panel.across(x), panel.down(y)]);
  const gap = 0.012 * Math.max(panel.box.width, panel.box.height);
  for (const { points } of panel.trails.flatMap((trail) => trail.paths)) {
    points.forEach((here, i) => {
      const before = points[i - 1];
      if (here) found.push(here);
      if (!here || !before) return;
      const count = Math.min(150, Math.floor(Math.hypot(here[0] - before[0], here[1] - before[1]) / gap));
      for (let k = 1; k < count; k += 1) {
        found.push([before[0] + (here[0] - before[0]) * (k / count), before[1] + (here[1] - before[1]) * (k / count)]);
      }
    });
  }
  return found;
}

/** Choose where a note covers least, as near to its arrow as can be. */
function placeNote(panel, at, box, taken) {
  let best = null;
  for (let i = -20; i <= 20; i += 1) {
    for (let j = -8; j <= 8; j += 1) {
      const x = clamp(at[0] + (i / 10) * box.width, box.width / 2 + 4, panel.box.width - box.width / 2 - 4);
      const y = clamp(at[1] + (j / 2) * box.height, box.height / 2 + 4, panel.box.height - box.height / 2 - 4);
      const inside = (p) => Math.abs(p[0] - x) < box.width / 2 && Math.abs(p[1] - y) < box.height / 2;
      const covered = taken.filter(inside).length;
      const gap = Math.hypot(Math.max(Math.abs(x - at[0]) - box.width / 2, 0), Math.max(Math.abs(y - at[1]) - box.height / 2, 0));
      if (!best || covered < best.covered || (covered === best.covered && gap < best.gap)) best = { x, y, covered, gap };
    }
  }
  return best;
}

/** Fill a rectangle with points, for what notes must keep clear of. */
function filled(x, y, width, tall) {
  const found = [];
  for (let i = -3; i <= 3; i += 1) for (let j = -2; j <= 2; j += 1) found.push([x + (i / 6) * width, y + (j / 4) * tall]);
  return found;
}

function makeExits(panel) {
  panel.exits = [];
  if (panel.kind !== "paths") return;
  let taken = null;
  for (const { index } of panel.trails) {
    const { exits, paths } = readTake(data.takes[state.take])[index];
    if (paths.length > 1 || !exits[0]) continue;
    taken ??= obstacles(panel);
    const [step, x, y, dx, dy, words] = exits[0];
    const lost = dx === 0 && dy === 0;
    const at = [panel.across(x), panel.down(y)];
    const arm = (data.arrow * point) / 2;
    const angle = (Math.atan2(-dy * panel.box.height, dx * panel.box.width) * 180) / Math.PI;
    const arrow = lost
      ? svg("path", { class: "lost", d: `M${-arm} ${-arm}L${arm} ${arm}M${-arm} ${arm}L${arm} ${-arm}`, "stroke-width": 2 * point })
      : svg("path", { class: "mark", d: `M${arm} 0L${-arm / 2} ${-0.866 * arm}V${0.866 * arm}Z`, "stroke-width": 0.8 * point });
    arrow.setAttribute("transform", `translate(${at[0]} ${at[1]}) rotate(${lost ? 0 : angle})`);
    const size = px("tick");
    const note = label(words, { class: "note", "font-size": size, "text-anchor": "middle" });
    const group = svg("g", { class: `t${index} exit` }, arrow, note);
    panel.over.append(group);
    const box = { width: note.getComputedTextLength() + 1.2 * size, height: 1.7 * size };
    taken = [...taken, ...filled(...at, 1.4 * arm, 1.4 * arm)];
    const { x: left, y: top } = placeNote(panel, at, box, taken);
    note.setAttribute("x", left);
    note.setAttribute("y", top + 0.35 * size);
    taken = [...taken, ...filled(left, top, box.width, box.height)];
    panel.exits.push({ index, step, group });
  }
}

/* ---- Layouts ------------------------------------------------------------------------------- */

const yWords = (tall) => axisTicks.y(tall).ticks.map((tick) => tick.words);
const lossWords = (tall) => axisTicks.loss(tall).ticks.map((tick) => tick.words);
const every = data.tracks.map((_, i) => i);

function overlayBoxes(width, tall) {
  const room = margins(yWords(tall * 0.8));
  const w = Math.min(width - room.left - room.right, (tall - room.top - room.bottom) * data.aspect);
  const x = (width - w - room.left - room.right) / 2 + room.left;
  const box = { x, y: room.top, width: w, height: w / data.aspect };
  return { panels: [["paths", box, every]], tall: box.height + room.top + room.bottom, from: x, to: x + w };
}

/** Paths beside losses; or above them where the frame is taller than wide. */
function raceBoxes(width, tall) {
  const room = margins(yWords(tall * 0.8));
  const next = margins(lossWords(tall * 0.6));
  const beside = () => {
    const free = width - room.left - next.left - room.right - 0.8 * px("tick");
    const w = Math.min(free / 1.8, (tall - room.top - room.bottom) * data.aspect);
    const other = Math.min(free - w, 1.15 * w);
    const gap = next.left + 0.8 * px("tick");
    const x = (width - (room.left + w + gap + other + room.right)) / 2 + room.left;
    const left = { x, y: room.top, width: w, height: w / data.aspect };
    const right = { ...left, x: x + w + gap, width: other };
    return { panels: [["paths", left, every], ["losses", right, every]], tall: left.height + room.top + room.bottom, from: x, to: right.x + other, size: w };
  };
  const above = () => {
    const left = Math.max(room.left, next.left);
    const rest = tall - 2 * room.bottom - 2 * room.top;
    const w = Math.min(width - left - room.right, (rest / 1.6) * data.aspect);
    const x = (width - w - left - room.right) / 2 + left;
    const top = { x, y: room.top, width: w, height: w / data.aspect };
    const low = { x, y: top.height + 2 * room.top + room.bottom, width: w, height: Math.min(0.75 * w, rest - top.height) };
    return { panels: [["paths", top, every], ["losses", low, every]], tall: low.y + low.height + room.bottom, from: x, to: x + w, size: w };
  };
  const [one, two] = [beside(), above()];
  return one.size >= two.size ? one : two;
}

/** A panel for each path, in as many columns as make them largest. */
function gridBoxes(width, tall) {
  const count = every.length;
  const room = margins(yWords(tall / 3));
  const title = byId("legend").firstElementChild.offsetHeight;
  const gap = 1.9 * px("tick");
  const between = title > 2.5 * px("tick") ? 0.7 * px("tick") : gap;
  let best = null;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const across = (width - room.left - room.right - gap * (columns - 1)) / columns;
    const down = (tall - room.bottom - rows * title - (rows - 1) * between) / rows;
    const w = Math.min(across, down * data.aspect);
    const square = columns === Math.ceil(Math.sqrt(count)) ? 1.02 : 1;
    if (!best || w * square > best.w * best.square) best = { w, columns, rows, square };
  }
  const { w, columns, rows } = best;
  const h = w / data.aspect;
  const from = (width - columns * w - (columns - 1) * gap - room.left - room.right) / 2 + room.left;
  const boxes = every.map((i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const box = { x: from + column * (w + gap), y: title + row * (h + between + title), width: w, height: h };
    return ["paths", box, [i], { x: i + columns >= count, y: column === 0 }];
  });
  return { panels: boxes, tall: rows * (title + h) + (rows - 1) * between + room.bottom, from, to: from + columns * w + (columns - 1) * gap };
}

const LAYOUTS = { overlay: overlayBoxes, race: raceBoxes, grid: gridBoxes };

/** Lay everything out for the frame's size, and draw it anew. */
function layOut() {
  const { clientWidth: width, clientHeight: tall } = page;
  if (width < 40 || tall < 40) return; // Hidden for now, as in a slide that is not shown.
  const [w, h] = data.reference;
  point = (100 / 72) * clamp(Math.min(width / w, tall / (h + 60)), 0.78, 2.6);
  setVariables({ point: `${point}px`, base: data.type.base, "title-size": `${px("title")}px` });
  byId("legend").style.fontSize = `${px("legend")}px`;
  byId("counter").style.fontSize = `${px("legend")}px`;
  makeSamples();
  setVariables({ left: "0.6em", right: "0.6em" });
  let boxes = null;
  for (let round = 0; round < 2; round += 1) { // Twice, as the legend's lines depend on the panels' width.
    const taken = [...page.children].filter((part) => part !== stage && getComputedStyle(part).position !== "absolute")
      .reduce((sum, part) => sum + part.offsetHeight, 0);
    const padding = 2 * parseFloat(getComputedStyle(page).paddingTop);
    boxes = LAYOUTS[data.layout](width, Math.max(tall - taken - padding, 80));
    alignWords(boxes, width);
  }
  stage.style.height = `${boxes.tall}px`;
  reserveCounter();
  fitHeading();
  draw(boxes, width);
}

function setVariables(values) {
  for (const [key, value] of Object.entries(values)) page.style.setProperty(`--${key}`, value);
}

/** Begin and end all words where the panels do; where these are narrow, at the frame's edges. */
function alignWords({ from, to }, width) {
  const narrow = to - from < 27 * px("base");
  setVariables(narrow ? { left: "0.6em", right: "0.6em" } : { left: `${from}px`, right: `${Math.max(0, width - to)}px` });
}

/** Keep the room of the last step's number from the first on, so that the heading stays fitted. */
function reserveCounter() {
  const counter = byId("counter");
  counter.style.minWidth = "";
  counter.textContent = `step ${stepOf(last)}`;
  counter.style.minWidth = `${Math.ceil(parseFloat(getComputedStyle(counter).width))}px`;
}

/** Set the heading smaller, then a shorter one, until it fits; Python does the same. */
function fitHeading() {
  const heading = byId("heading");
  const parts = { name: heading.querySelector(".name"), colon: heading.querySelector(".colon"), formula: heading.querySelector(".formula") };
  const named = parts.name.textContent !== "";
  const bare = parts.formula.textContent.trim().endsWith("="); // There is no formula.
  const choices = bare ? [[1, 0]] : named ? [[1, 1], [0, 1], [1, 0]] : [[0, 1]];
  heading.classList.remove("cut");
  for (const [name, formula] of choices) {
    show(parts.name, name);
    show(parts.colon, name && formula);
    show(parts.formula, formula);
    setVariables({ fit: 1 });
    const fit = heading.clientWidth / Math.max(heading.scrollWidth, 1);
    setVariables({ fit: clamp(0.99 * fit, 0.68, 1) });
    if (fit >= 1) setVariables({ fit: 1 });
    if (fit >= 0.69) return;
  }
  // Browsers write no ellipsis after a formula that is cut.
  heading.classList.toggle("cut", heading.scrollWidth > heading.clientWidth);
}

function draw(boxes, width) {
  drawing?.remove();
  drawing = svg("svg", { viewBox: `0 0 ${width} ${boxes.tall}`, role: "img", "aria-label": described() });
  stage.prepend(drawing);
  panels = boxes.panels.map((arguments_) => makePanel(...arguments_));
  for (const panel of panels) drawing.append(panel.group);
  if (data.layout === "grid") placeTitles();
  fillPanels();
}

/** Draw the chosen take's paths into the panels. */
function fillPanels() {
  for (const panel of panels) {
    panel.marks.replaceChildren();
    panel.over.replaceChildren(panel.over.firstChild);
    makeMarks(panel);
    panel.trails = panel.tracks.map((index) => makeTrail(panel, index));
    panel.marks.append(...panel.trails.map((trail) => trail.group), ...panel.trails.map((trail) => trail.heads));
    makeExits(panel);
    panel.ring = svg("circle", { class: "pointed", r: 5.6 * point });
    panel.candidate = svg("circle", { class: "candidate", r: 4.2 * point });
    show(panel.ring, false);
    show(panel.candidate, false);
    panel.over.append(panel.candidate, panel.ring);
  }
  update();
}

const described = () => `Paths of ${data.tracks.map((track) => track.label).join(", ")} over contours`;

function placeTitles() {
  panels.forEach((panel, i) => {
    const button = byId("legend").children[i];
    const top = panel.box.y - button.offsetHeight;
    Object.assign(button.style, { left: `${panel.box.x}px`, top: `${top}px`, maxWidth: `${panel.box.width}px` });
  });
}

/* ---- Legend -------------------------------------------------------------------------------- */

function makeLegend() {
  data.tracks.forEach((track, i) => {
    const button = document.createElement("button");
    const name = document.createElement("span");
    name.textContent = track.label;
    button.type = "button";
    button.title = `Show or hide ${track.label}${i < 9 ? ` (${i + 1})` : ""}`;
    button.className = `t${i}`;
    button.setAttribute("aria-pressed", "true");
    button.append(svg("svg", { class: "sample", "aria-hidden": "true" }), name);
    if (data.readout) button.append(makeCaption(i));
    button.addEventListener("click", () => toggle(i));
    byId("legend").append(button);
  });
}

/** Return where a track's numbers are written, with room for the longest of them. */
function makeCaption(index) {
  const caption = document.createElement("span");
  caption.className = "caption";
  caption.setAttribute("aria-hidden", "true");
  const lengths = data.takes.flatMap((take) => times.map((_, row) => captionOf(readTake(take)[index], row).length));
  caption.style.minWidth = `${lengths.reduce((most, length) => Math.max(most, length), 0)}ch`;
  return caption;
}

/** Tell the loss of a track, the mean of those that have not diverged, and its learning rate. */
function captionOf({ paths, rates }, row) {
  const at = Math.min(row, paths[0].rows - 1);
  const left = paths.map((path) => path.above[at] + data.floor).filter(Number.isFinite);
  const rate = rates ? `  lr ${brief(rates[Math.min(at, rates.length - 1)])}` : "";
  if (!left.length) return `diverged${rate}`;
  const mean = left.reduce((sum, value) => sum + value / left.length, 0);
  const part = left.length < paths.length ? ` (${left.length} of ${paths.length})` : "";
  return `${paths.length > 1 ? "mean " : ""}${data.names.short[2]} = ${brief(mean)}${part}${rate}`;
}

function makeSamples() {
  const long = page.clientWidth < 32 * px("base") ? 1.45 : 1.9;
  data.tracks.forEach(({ line, mark, head }, i) => {
    const width = long * px("legend");
    const tall = 1.2 * px("legend");
    const sample = byId("legend").children[i].querySelector("svg");
    const shape = mark ?? head;
    sample.setAttribute("width", width);
    sample.setAttribute("height", tall);
    sample.replaceChildren(svg("path", { class: "trail", d: `M0 ${tall / 2}H${width}`, "stroke-width": line.width * point, ...dashed(line) }));
    if (!shape) return;
    const dot = makeMark(shape, (mark ? 1.4 * mark.size : head.size) * point);
    move(dot, width / 2, tall / 2);
    sample.append(dot);
  });
}

function toggle(index) {
  if (!state.off.delete(index)) state.off.add(index);
  byId("legend").children[index].setAttribute("aria-pressed", String(!state.off.has(index)));
  update();
}

/* ---- Read-out ------------------------------------------------------------------------------ */

/** Return where a pointer is in the drawing: the page may be scaled as a whole. */
function located(event) {
  const frame = stage.getBoundingClientRect();
  const scale = stage.offsetWidth / frame.width || 1;
  return { x: (event.clientX - frame.left) * scale, y: (event.clientY - frame.top) * scale, reach: event.pointerType === "mouse" ? 28 : 44 };
}

const panelAt = ({ x, y }, slack) => panels.find(({ box }) =>
  x >= box.x - slack && x <= box.x + box.width + slack && y >= box.y - slack && y <= box.y + box.height + slack);

/** Find the recorded point nearest to the pointer, among all that are visible. */
function nearest(where) {
  const panel = panelAt(where, 10);
  if (!panel) return null;
  const row = rowOf(stepOf(state.frame));
  const begin = firstRow(stepOf(state.frame));
  let best = null;
  let reach = where.reach;
  for (const trail of panel.trails.filter(({ index }) => !state.off.has(index))) {
    const { exits } = readTake(data.takes[state.take])[trail.index];
    trail.paths.forEach((part, number) => {
      // The point at the edge, where a path leaves, is no recorded one.
      const end = panel.kind === "paths" && exits[number] ? rowOf(exits[number][0] - 1) : part.path.rows - 1;
      for (let i = Math.min(row, end); i >= begin; i -= 1) {
        const here = part.points[i];
        if (!here || here[0] < -1 || here[1] < -1 || here[0] > panel.box.width + 1 || here[1] > panel.box.height + 1) continue;
        const distance = Math.hypot(panel.box.x + here[0] - where.x, panel.box.y + here[1] - where.y);
        if (distance < reach) {
          reach = distance;
          best = { panel, index: trail.index, number, row: i, here };
        }
      }
    });
  }
  return best;
}

function pointOut() {
  const found = pointer && nearest(pointer);
  for (const panel of panels) {
    const trail = found && panel.trails.find(({ index }) => index === found.index);
    const here = trail?.paths[found.number].points[found.row];
    show(panel.ring, Boolean(here));
    if (here) move(panel.ring, ...here);
    show(panel.candidate, false);
  }
  const box = byId("readout");
  box.hidden = !found;
  if (found) fillReadout(box, found); else pointAtStart();
}

function fillReadout(box, { panel, index, number, row, here }) {
  const path = readTake(data.takes[state.take])[index].paths[number];
  const title = document.createElement("strong");
  const table = document.createElement("table");
  title.textContent = data.tracks[index].label;
  const lines = [["step", String(times[row])]];
  const [x, y, f] = data.names.short;
  if (Number.isFinite(path.x[row])) lines.push([x, coordinate(path.x[row], data.units[0])], [y, coordinate(path.y[row], data.units[1])]);
  lines.push([f, height(path.above[row])]);
  for (const [name, value] of lines) {
    const line = table.insertRow();
    const head = document.createElement("th");
    const word = document.createElement(name.length > 1 ? "span" : "i");
    word.textContent = name;
    head.append(word);
    head.scope = "row";
    line.append(head);
    line.insertCell().textContent = value;
  }
  box.replaceChildren(title, table);
  const gap = 8 * point;
  const at = { x: panel.box.x + here[0], y: panel.box.y + here[1] };
  const right = at.x + gap + box.offsetWidth < stage.clientWidth;
  const left = right ? at.x + gap : at.x - gap - box.offsetWidth;
  const top = clamp(at.y - box.offsetHeight - gap, 0, Math.max(0, stage.clientHeight - box.offsetHeight));
  box.style.transform = `translate(${Math.round(Math.max(0, left))}px, ${Math.round(top)}px)`;
}

/* ---- Takes --------------------------------------------------------------------------------- */

const byStart = data.takes.length > 1 && data.takes[0].start !== null;

function nearestStart(where) {
  const panel = panelAt(where, 0);
  if (!byStart || panel?.kind !== "paths") return null;
  let best = null;
  data.takes.forEach(({ start }, take) => {
    const here = [panel.across(start[0]), panel.down(start[1])];
    const distance = Math.hypot(panel.box.x + here[0] - where.x, panel.box.y + here[1] - where.y);
    if (!best || distance < best.distance) best = { panel, take, here, distance };
  });
  return best;
}

/** Show which start a click would choose. */
function pointAtStart() {
  const found = pointer && nearestStart(pointer);
  if (!found || found.take === state.take) return;
  show(found.panel.candidate, true);
  move(found.panel.candidate, ...found.here);
}

const takeName = () => (byStart ? "start" : "learning rate");

function takeWords({ start, rate }) {
  return start === null ? brief(rate) : `(${brief(start[0])}, ${brief(start[1])})`;
}

function choose(take) {
  state.take = clamp(Math.round(take), 0, data.takes.length - 1);
  showTake();
  fillPanels();
}

function showTake() {
  const words = takeWords(data.takes[state.take]);
  const slider = byId("take");
  slider.value = state.take;
  slider.setAttribute("aria-valuetext", words);
  slider.style.setProperty("--done", state.take / Math.max(1, data.takes.length - 1));
  document.querySelector("#takes output").textContent = words;
}

/** Begin at the start nearest to where the viewer has clicked. */
function beginAt(where) {
  const found = nearestStart(where);
  if (!found) return;
  choose(found.take);
  if (calm.matches) seekFrame(last); else restart();
}

function makeTakes() {
  if (data.takes.length < 2) return;
  const slider = byId("take");
  byId("takes").hidden = false;
  document.body.classList.add("has-takes");
  page.classList.toggle("choosing", byStart);
  document.querySelector("#takes label").textContent = takeName();
  byId("take-kind").textContent = takeName();
  byId("take-hint").textContent = byStart ? "Click anywhere on the plot to start there." : "";
  slider.max = data.takes.length - 1;
  slider.addEventListener("input", () => choose(Number(slider.value)));
  showTake();
}

/* ---- Playing ------------------------------------------------------------------------------- */

/** Bring all that depends on the step up to date. */
function update() {
  const step = stepOf(state.frame);
  const row = rowOf(step);
  const begin = firstRow(step);
  for (const panel of panels) {
    for (const trail of panel.trails) showTrail(trail, row, begin);
    for (const { index, step: since, group } of panel.exits) show(group, step >= since && !state.off.has(index));
    panel.group.classList.toggle("off", panel.tracks.every((index) => state.off.has(index)));
  }
  byId("counter").textContent = `step ${step}`;
  for (const [index, caption] of document.querySelectorAll("#legend .caption").entries()) {
    caption.textContent = captionOf(readTake(data.takes[state.take])[index], row);
  }
  const scrub = byId("scrub");
  scrub.value = state.frame;
  scrub.style.setProperty("--done", state.frame / Math.max(1, last));
  scrub.setAttribute("aria-valuetext", `step ${step} of ${stepOf(last)}`);
  pointOut();
  if (!state.playing) speak(step, row);
}

/** Tell a screen reader where all visible paths are, once nothing moves. */
function speak(step, row) {
  const words = data.tracks.map(({ label: name }, index) => {
    const [path, ...others] = readTake(data.takes[state.take])[index].paths;
    if (state.off.has(index) || others.length) return "";
    const value = path.above[Math.min(row, path.rows - 1)];
    return Number.isFinite(value) ? `${name}: ${data.names.short[2]} is ${height(value)}. ` : `${name}: lost. `;
  });
  byId("spoken").textContent = `Step ${step}. ${words.join("")}`;
}

function seekFrame(frame) {
  state.frame = clamp(Math.round(frame), 0, last);
  state.waited = 0;
  update();
}

function setPlaying(playing) {
  const was = state.playing;
  state.playing = playing && last > 0;
  page.classList.toggle("playing", state.playing);
  byId("play").setAttribute("aria-label", state.playing ? "Pause" : "Play");
  if (state.playing && !was) {
    if (state.frame === last) seekFrame(0);
    let before = performance.now();
    const next = (now) => {
      if (!state.playing) return;
      // Time does not pass while the page is not painted: after a pause it goes on where it was.
      state.waited += Math.min(Math.max(now - before, 0), 250) * state.speed;
      before = now;
      advance();
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  }
  if (!state.playing) update();
}

const standing = (frame) => 1000 / data.fps + (frame === last ? 1000 * data.end_pause : 0);

/** Go on by as many frames as the time that has passed is worth. */
function advance() {
  const before = state.frame;
  while (state.playing && state.waited >= standing(state.frame)) {
    state.waited -= standing(state.frame);
    if (state.frame < last) {
      state.frame += 1;
      continue;
    }
    state.rounds += 1;
    if (data.loop && state.rounds >= data.loop) {
      setPlaying(false);
      return;
    }
    state.frame = 0;
  }
  if (state.frame !== before) update();
}

function play() {
  state.rounds = 0;
  setPlaying(true);
}

function restart() {
  seekFrame(0);
  play();
}

const pause = () => setPlaying(false);
const toggleplay = () => (state.playing ? pause() : play());

function walk(frames) {
  pause();
  seekFrame(state.frame + frames);
}

function setSpeed(speed) {
  state.speed = speed;
  byId("speed").value = String(speed);
}

function faster(by) {
  setSpeed(SPEEDS[clamp(SPEEDS.indexOf(state.speed) + by, 0, SPEEDS.length - 1)]);
}

/* ---- Controls ------------------------------------------------------------------------------ */

const help = byId("help");

/** Leave the keys to the page around this one, such as a deck of slides. */
function giveBack() {
  document.activeElement?.blur();
  if (window.parent !== window) window.parent.focus();
}

const KEYS = {
  " ": toggleplay, k: toggleplay,
  ArrowLeft: () => walk(-1), ArrowDown: () => walk(-1),
  ArrowRight: () => walk(1), ArrowUp: () => walk(1),
  Home: () => walk(-Infinity), End: () => walk(Infinity),
  "+": () => faster(1), "=": () => faster(1), "-": () => faster(-1), [MINUS]: () => faster(-1),
  "[": () => data.takes.length > 1 && choose(state.take - 1),
  "]": () => data.takes.length > 1 && choose(state.take + 1),
  "?": () => help.showModal(), Escape: giveBack,
};

/** Tell whether a key does something of its own where the focus is. */
function native(event) {
  const on = event.target;
  if (help.open) return true;
  if (on.matches?.("button") && (event.key === " " || event.key === "Enter")) return true;
  const arrows = /^(Arrow|Home|End)/.test(event.key);
  return Boolean(on.matches?.("select, #take")) && (arrows || event.key === " ");
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || native(event)) return;
  const digit = /^[1-9]$/.test(event.key) ? Number(event.key) - 1 : -1;
  const action = digit >= 0 && digit < data.tracks.length ? () => toggle(digit) : KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function makeControls() {
  byId("play").addEventListener("click", toggleplay);
  byId("back").addEventListener("click", () => walk(-1));
  byId("forward").addEventListener("click", () => walk(1));
  byId("ask").addEventListener("click", () => help.showModal());
  const scrub = byId("scrub");
  scrub.max = last;
  scrub.addEventListener("input", () => {
    const frame = Number(scrub.value); // Now: to pause sets it back to what is shown.
    pause();
    seekFrame(frame);
  });
  const speed = byId("speed");
  speed.append(...SPEEDS.map((value) => new Option(`${value}\u00d7`, String(value), value === 1, value === 1)));
  speed.addEventListener("change", () => setSpeed(Number(speed.value)));
  for (const id of ["play", "back", "forward", "scrub"]) byId(id).disabled = last === 0;
  document.addEventListener("keydown", onKey);
}

function watchPointer() {
  let pressed = null;
  const point_ = (event) => {
    pointer = located(event);
    pointOut();
  };
  stage.addEventListener("pointermove", point_);
  stage.addEventListener("pointerdown", (event) => {
    pressed = located(event);
    point_(event);
  });
  stage.addEventListener("pointerup", (event) => {
    const where = located(event);
    const still = pressed && Math.hypot(where.x - pressed.x, where.y - pressed.y) < 8;
    if (still && byStart && event.button === 0) beginAt(where);
  });
  // A finger has no place once it is lifted: what it has read stays until it touches elsewhere.
  stage.addEventListener("pointerleave", (event) => {
    if (event.pointerType !== "mouse") return;
    pointer = null;
    pointOut();
  });
  document.addEventListener("pointerdown", (event) => {
    if (stage.contains(event.target)) return;
    pointer = null;
    pointOut();
  });
}

/** Do what reveal.js tells its frames when their slide comes and goes. */
function onMessage(event) {
  if (event.source !== window.parent) return;
  if (event.data === "slide:start" && !calm.matches) restart();
  if (event.data === "slide:stop") pause();
}

/* ---- Beginning ----------------------------------------------------------------------------- */

page.classList.add(data.layout);
page.classList.toggle("captioned", data.readout);
makeLegend();
makeTakes();
makeControls();
watchPointer();
new ResizeObserver(layOut).observe(page);
document.fonts?.ready.then(layOut);
window.addEventListener("message", onMessage);
window.addEventListener("beforeprint", () => { pause(); seekFrame(last); });
calm.addEventListener("change", () => { if (calm.matches) pause(); });
layOut();
if (calm.matches) seekFrame(last); else play();

// For tests, and for scripts of a page around this one.
window.player = Object.freeze({
  get step() { return stepOf(state.frame); },
  get steps() { return stepOf(last); },
  get playing() { return state.playing; },
  get take() { return state.take; },
  play,
  pause,
  /** Show the last frame that is not past a step. */
  seek(step) {
    pause();
    seekFrame(data.frames.findLastIndex((shown) => shown <= step));
  },
  choose,
});
