// Shows the path of the cell under the pointer. Positions are integers, parts of the path's panel.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const overlay = byId("overlay");
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const MOST_DOTS = 60;

/** Return the points of a path in pixels of its panel; each is written as a step from the last. */
function unpack(text) {
  const numbers = integers(text);
  const points = [];
  let x = 0, y = 0;
  for (let i = 0; i < numbers.length; i += 2) {
    x += numbers[i];
    y += numbers[i + 1];
    points.push([(x / data.parts) * data.panel.width, (1 - y / data.parts) * data.panel.height]);
  }
  return points;
}

const { columns, rows, map, panel } = data;
let column = 0, row = 0, shown = -1;

/** Return the middle of a cell in the picture's pixels. */
const middle = () => [
  map.x + ((data.across[column] + 0.5) / data.cells[0]) * map.width,
  map.y + (1 - (data.up[row] + 0.5) / data.cells[1]) * map.height,
];

function place(circle, [x, y]) {
  circle.setAttribute("cx", x);
  circle.setAttribute("cy", y);
}

function show() {
  const number = row * columns + column;
  if (number === shown) return;
  shown = number;
  const [x, y] = middle();
  const lines = `M${x} ${map.y}V${y - 8}M${x} ${y + 8}V${map.y + map.height}M${map.x} ${y}H${x - 8}M${x + 8} ${y}H${map.x + map.width}`;
  for (const path of document.querySelectorAll("#cross path")) path.setAttribute("d", lines);
  for (const ring of document.querySelectorAll("#cross circle")) place(ring, [x, y]);
  const points = unpack(data.paths[number]);
  const outline = points.length ? "M" + points.map(([a, b]) => `${a.toFixed(1)} ${b.toFixed(1)}`).join("L") : "";
  for (const path of document.querySelectorAll("#panel > path")) path.setAttribute("d", outline);
  const every = Math.ceil(points.length / MOST_DOTS);
  byId("dots").replaceChildren(
    ...points.filter((_, i) => i % every === 0).map(([a, b]) => {
      const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
      for (const [name, value] of [["cx", a], ["cy", b], ["r", 2.6]]) dot.setAttribute(name, value);
      return dot;
    }),
  );
  place(byId("begin"), points[0] ?? [-99, -99]);
  place(byId("head"), points.at(-1) ?? [-99, -99]);
  byId("readout").textContent = data.words[number];
}

/** Return the index of the cell shown that is nearest to one of the map. */
const nearest = (indices, cell) =>
  indices.reduce((best, index, i) => (Math.abs(index - cell) < Math.abs(indices[best] - cell) ? i : best), 0);

function point(event) {
  const box = overlay.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * data.size[0];
  const y = ((event.clientY - box.top) / box.height) * data.size[1];
  const part = [(x - map.x) / map.width, 1 - (y - map.y) / map.height];
  const dragged = event.buttons > 0 && event.type === "pointermove";
  if (!dragged && part.some((p) => p < 0 || p > 1)) return;
  column = nearest(data.across, clamp(part[0], 0, 0.999999) * data.cells[0] - 0.5);
  row = nearest(data.up, clamp(part[1], 0, 0.999999) * data.cells[1] - 0.5);
  show();
}

for (const kind of ["pointermove", "pointerdown"]) overlay.addEventListener(kind, point);

overlay.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const far = event.shiftKey ? 5 : 1;
  const moves = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowDown: [0, -far], ArrowUp: [0, far] };
  if (moves[event.key]) {
    column = clamp(column + moves[event.key][0], 0, columns - 1);
    row = clamp(row + moves[event.key][1], 0, rows - 1);
  } else if (event.key.toLowerCase() === "b") {
    [column, row] = data.first;
  } else {
    return;
  }
  event.preventDefault();
  show();
});

[column, row] = data.first;
show();
