// The two pictures: where somebody is on the plane of valence and arousal, and how that went over the last minute.

export const SPAN_S = 60;
const TRAIL_S = 8;
const PEOPLE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#6a51a3"];
const PLACES = { // where each name stands beside its point: offset in px, and how it is aligned
  happiness: [0, 15, "center"], surprise: [0, -9, "center"], sadness: [0, 15, "center"], anger: [8, 4, "left"],
  disgust: [0, 15, "center"], fear: [-8, 4, "right"], contempt: [8, 4, "left"],
};

let colours = {};
export function readColours() {
  const style = getComputedStyle(document.body);
  for (const name of ["text", "dim", "faint", "grid", "disk", "card", "missing", "missing-text", "valence", "arousal", "voice"])
    colours[name] = style.getPropertyValue(`--${name}`).trim();
}

export const ofPerson = (id) => (id < 0 ? colours.voice : PEOPLE[id % PEOPLE.length]);

// A canvas as large as it is shown, in CSS px; null while it is not shown.
function begin(canvas, ratio, least, most) {
  const width = canvas.clientWidth;
  if (!width) return null;
  const height = Math.round(Math.min(most, Math.max(least, width * ratio)));
  const dense = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * dense) || canvas.height !== Math.round(height * dense)) {
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * dense);
    canvas.height = Math.round(height * dense);
  }
  const c = canvas.getContext("2d");
  c.setTransform(dense, 0, 0, dense, 0, 0);
  c.clearRect(0, 0, width, height);
  c.font = "12px system-ui, sans-serif";
  c.lineJoin = c.lineCap = "round";
  return { c, width, height };
}

function ellipse(c, x, y, a, b) {
  c.beginPath();
  c.ellipse(x, y, a, b, 0, 0, 2 * Math.PI);
}

export function drawPlane(canvas, hello, shown, others, past, words) {
  const room = begin(canvas, 0.86, 180, 320);
  if (!room) return;
  const { c, width, height } = room;
  const r = Math.min(width / 2 - 8, height / 2 - 20);
  const [cx, cy] = [width / 2, height / 2];
  const at = (v, a) => [cx + v * r, cy - a * r];
  c.fillStyle = colours.disk;
  c.strokeStyle = colours.grid;
  c.lineWidth = 1;
  ellipse(c, cx, cy, r, r);
  c.fill();
  c.stroke();
  ellipse(c, cx, cy, r / 2, r / 2);
  c.setLineDash([2, 4]);
  c.stroke();
  c.setLineDash([]);
  c.beginPath();
  c.moveTo(cx - r, cy); c.lineTo(cx + r, cy); c.moveTo(cx, cy - r); c.lineTo(cx, cy + r);
  c.stroke();
  c.fillStyle = colours.dim;
  c.textAlign = "center";
  const small = r < 110; // then there is room for the ends of the axes alone
  c.fillText("excited +1", cx, cy - r - 7);
  c.fillText("calm −1", cx, cy + r + 15);
  c.textAlign = "left";
  c.fillText(small ? "−1" : "unpleasant −1", cx - r + 8, cy - 6);
  c.textAlign = "right";
  c.fillText(small ? "+1" : "pleasant +1", cx + r - 8, cy - 6);
  c.fillStyle = colours.faint;
  hello.emotions.forEach((name, i) => {
    if (!PLACES[name] || small) return;
    const [x, y] = at(...hello.circumplex[i]);
    const [dx, dy, align] = PLACES[name];
    ellipse(c, x, y, 1.8, 1.8);
    c.fill();
    c.textAlign = align;
    c.fillText(name, x + dx, y + dy);
  });
  for (const one of others) {
    if (one.valence === null) continue;
    c.fillStyle = ofPerson(one.id);
    c.globalAlpha = 0.75;
    ellipse(c, ...at(one.valence, one.arousal), 5, 5);
    c.fill();
    c.globalAlpha = 1;
  }
  if (shown && shown.valence !== null) {
    const colour = ofPerson(shown.id);
    trail(c, at, past, shown.id, colour);
    const [x, y] = at(shown.valence, shown.arousal);
    c.fillStyle = c.strokeStyle = colour;
    c.save();
    ellipse(c, cx, cy, r, r);
    c.clip();
    ellipse(c, x, y, hello.ellipse90 * shown.valence_sd * r, hello.ellipse90 * shown.arousal_sd * r);
    c.globalAlpha = 0.16;
    c.fill();
    c.globalAlpha = 0.6;
    c.setLineDash(shown.coasting || !shown.bold.valence ? [4, 4] : []);
    c.stroke();
    c.restore();
    c.setLineDash([]);
    ellipse(c, x, y, 7, 7);
    c.lineWidth = 2.5;
    c.strokeStyle = colours.card || "#fff";
    if (shown.bold.valence || shown.bold.arousal) c.fill();
    else c.strokeStyle = colour;
    c.stroke();
  }
  if (words) label(c, words, cx, cy + r * 0.62);
}

function trail(c, at, past, id, colour) {
  if (!past.length) return;
  const end = past[past.length - 1][0];
  c.strokeStyle = colour;
  c.lineWidth = 2;
  let before = null;
  for (let i = Math.max(0, past.length - TRAIL_S * 12); i < past.length; i++) {
    const [t, rows] = past[i];
    const row = end - t < TRAIL_S ? rows.find((one) => one[0] === id) : null;
    const here = row && row[1] !== null ? at(row[1], row[3]) : null;
    if (here && before) {
      c.globalAlpha = 0.75 * (1 - (end - t) / TRAIL_S);
      c.beginPath();
      c.moveTo(...before);
      c.lineTo(...here);
      c.stroke();
    }
    before = here;
  }
  c.globalAlpha = 1;
}

function label(c, words, x, y) {
  c.font = "600 13px system-ui, sans-serif";
  c.textAlign = "center";
  const wide = c.measureText(words).width + 22;
  c.fillStyle = colours.missing;
  c.beginPath();
  c.roundRect(x - wide / 2, y - 14, wide, 28, 7);
  c.fill();
  c.fillStyle = colours["missing-text"];
  c.fillText(words, x, y + 4.5);
}

// `past`: rows of [t, [[id, valence, sd, arousal, sd, state], ...]].
export function drawTraces(canvas, hello, id, past, marks) {
  const room = begin(canvas, 0.55, 210, 250);
  if (!room || !past.length) return;
  const { c, width, height } = room;
  const [left, right] = [72, 6];
  const [wide, high] = [width - left - right, (height - 34) / 2];
  const end = past[past.length - 1][0];
  const x = (t) => left + ((t - end + SPAN_S) / SPAN_S) * wide;
  const spans = missing(past, id, end);
  const lanes = [["valence", 1, "pleasant", "unpleasant"], ["arousal", 3, "excited", "calm"]];
  lanes.forEach(([name, column, up, down], lane) => {
    const top = 6 + lane * (high + 8);
    const y = (value) => top + high / 2 - Math.max(-1, Math.min(1, value)) * (high / 2 - 2);
    c.fillStyle = colours.disk;
    c.fillRect(left, top, wide, high);
    c.strokeStyle = colours.grid;
    c.lineWidth = 1;
    c.beginPath();
    c.moveTo(left, y(0)); c.lineTo(left + wide, y(0));
    for (let s = 0; s <= SPAN_S; s += 10) { c.moveTo(x(end - s), top); c.lineTo(x(end - s), top + high); }
    c.stroke();
    c.fillStyle = colours.dim;
    c.font = "11px system-ui, sans-serif";
    c.textAlign = "right";
    c.fillText(up, left - 6, top + 9);
    c.fillText("0", left - 6, y(0) + 4);
    c.fillText(down, left - 6, top + high - 2);
    for (const [from, to, why] of spans) {
      const [a, b] = [Math.max(left, x(from)), x(to)];
      if (b - a < 1) continue;
      c.fillStyle = colours.missing;
      c.globalAlpha = why === "before" ? 0.45 : 1; // no fault: the page is young
      c.fillRect(a, top, b - a, high);
      c.globalAlpha = 1;
    }
    c.fillStyle = colours["missing-text"];
    c.textAlign = "center";
    for (const [from, to, why] of joined(spans)) {
      const [a, b] = [Math.max(left, x(from)), x(to)];
      const words = why === "before" ? "nothing earlier" : hello.states[why] || why;
      if (c.measureText(words).width < b - a - 6) c.fillText(words, (a + b) / 2, top + high / 2 + 4);
    }
    line(c, past, id, column, x, y, left, colours[name], hello.z90);
  });
  c.font = "11px system-ui, sans-serif";
  c.fillStyle = colours.dim;
  const step = wide < 420 ? 20 : 10;
  for (let s = 0; s <= SPAN_S; s += step) {
    c.textAlign = s === 0 ? "right" : s === SPAN_S ? "left" : "center";
    c.fillText(s ? `−${s} s` : "now", x(end - s), height - 4);
  }
  let free = Infinity; // of marks too close together the newer one has its words
  for (const mark of [...marks].reverse()) {
    const t = mark.t_ns / 1e9;
    if (t < end - SPAN_S || t > end + 1) continue;
    const at = Math.min(x(t), left + wide);
    c.strokeStyle = colours.text;
    c.beginPath();
    c.moveTo(at, 6); c.lineTo(at, height - 20);
    c.stroke();
    const words = mark.label.length > 24 ? `${mark.label.slice(0, 23)}…` : mark.label;
    const size = c.measureText(words).width + 10;
    const from = Math.max(left, Math.min(at, left + wide - size));
    if (from + size > free) continue;
    free = from - 2;
    c.fillStyle = colours.text;
    c.fillRect(from, 6, size, 16);
    c.fillStyle = colours.card;
    c.textAlign = "left";
    c.fillText(words, from + 5, 18);
  }
}

function line(c, past, id, column, x, y, left, colour, z90) {
  let run = [];
  const paint = () => {
    if (run.length > 1) {
      c.fillStyle = c.strokeStyle = colour;
      c.globalAlpha = 0.2;
      c.beginPath();
      run.forEach(([px, value, sd], i) => c[i ? "lineTo" : "moveTo"](px, y(value + z90 * sd)));
      for (let i = run.length - 1; i >= 0; i--) c.lineTo(run[i][0], y(run[i][1] - z90 * run[i][2]));
      c.fill();
      c.globalAlpha = 1;
      c.lineWidth = 2;
      c.beginPath();
      run.forEach(([px, value], i) => c[i ? "lineTo" : "moveTo"](px, y(value)));
      c.stroke();
    }
    run = [];
  };
  let last = -Infinity;
  for (const [t, rows] of past) {
    const row = rows.find((one) => one[0] === id);
    if (t - last > 1 || !row || row[column] === null) paint();
    if (row && row[column] !== null && x(t) >= left) run.push([x(t), row[column], row[column + 1]]);
    last = t;
  }
  paint();
}

// Spans that follow each other have one word, that of the longest of them.
function joined(spans) {
  const groups = [];
  let last = null;
  for (const [from, to, why] of spans) {
    const near = last && why !== "before" && last.why !== "before" && from - last.to < 0.3;
    if (!near) groups.push((last = { from, to, why, longest: 0 }));
    last.to = to;
    if (to - from > last.longest) { last.longest = to - from; last.why = why; }
  }
  return groups.map((group) => [group.from, group.to, group.why]);
}

// Spans without a number, and why.
function missing(past, id, end) {
  const spans = [];
  let last = Math.max(end - SPAN_S, past[0][0]);
  if (past[0][0] > end - SPAN_S) spans.push([end - SPAN_S, past[0][0], "before"]);
  let open = null;
  for (const [t, rows] of past) {
    const row = rows.find((one) => one[0] === id);
    const why = row ? (row[1] === null ? row[5] : "") : rows.length ? "away" : "no_face";
    if (t - last > 1) { spans.push([last, t, "stale"]); open = null; }
    if (open && open[2] === why) open[1] = t;
    else if (why) { open = [last, t, why]; spans.push(open); }
    else { if (open) open[1] = t; open = null; }
    last = t;
  }
  return spans;
}
