// What is shown: the newest state of the sensor, nothing that is older than two seconds in colour, no number for none.

import { Link, post } from "./link.js";
import { SPAN_S, drawPlane, drawTraces, ofPerson, readColours } from "./draw.js";
import { clock, lookWords, percent, timeOfDay, withInterval } from "./words.js";

const STALE_MS = 2000;
const GONE_MS = 1500;
const FIGURES_MS = 400; // figures that are read change two and a half times a second
const $ = (id) => document.getElementById(id);
const overlay = new URLSearchParams(location.search).has("overlay");
const known = { hello: null, state: null, past: [], marks: [], at: 0, wall: 0, silent: 0 };
let pinned = null, shown = null, shownAt = 0, link = "closed", figuresAt = 0, peopleKey = "", drawn = true;

document.body.classList.toggle("overlay", overlay);
readColours();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); drawn = false; });
addEventListener("resize", () => { drawn = false; });

new Link(take, (how) => { link = how; drawn = false; });
(function paint() {
  requestAnimationFrame(paint);
  const stale = staleNow();
  if (drawn && stale === document.body.classList.contains("stale")) return;
  drawn = true;
  show(stale);
})();

function take(message) {
  if (message.type === "hello") { known.hello = message; bars(); film(); }
  else if (message.type === "history") { known.past = message.rows; known.marks = message.markers; }
  else if (message.type === "marker") {
    known.marks = [...known.marks, message].slice(-64);
    say(`marked '${message.label}'`);
  } else if (message.type === "state") remember(message);
  drawn = false;
}

function remember(state) {
  known.state = state;
  known.at = performance.now();
  known.silent = state.silent_s === null ? 0 : 1000 * state.silent_s;
  if (known.silent < STALE_MS) known.wall = Date.now() - known.silent;
  if (state.t_ns === null) return;
  const t = state.t_ns / 1e9;
  const past = known.past;
  if (past.length && t < past[past.length - 1][0] - 1) past.length = 0; // a seek, or another run
  if (past.length && t - past[past.length - 1][0] < 0.095) return;
  past.push([t, state.people.map((p) => [p.id, p.valence, p.valence_sd, p.arousal, p.arousal_sd, p.state])]);
  while (past[0][0] < t - SPAN_S - 1) past.shift();
}

// With no word from the sensor, or from its page, for so long, nothing that is shown is of now.
function staleNow() {
  return known.state !== null && performance.now() - known.at + known.silent > STALE_MS;
}

function choose(people) {
  const now = performance.now();
  if (pinned !== null) return people.find((p) => p.id === pinned) || null;
  let one = people.find((p) => p.id === shown);
  if (one) shownAt = now;
  else if (now - shownAt > GONE_MS || shown === null) {
    one = people.find((p) => p.valence !== null) || people[0] || null;
    if (one) { shown = one.id; shownAt = now; }
  }
  return one || null;
}

function show(stale) {
  const { hello, state } = known;
  document.body.classList.toggle("stale", stale);
  document.body.classList.toggle("waiting", !state);
  banner(stale);
  if (!hello || !state) return;
  const person = choose(state.people);
  const id = person ? person.id : pinned !== null ? pinned : shown;
  const words = person ? (person.words || "") : state.words || "away";
  if (!overlay) { peopleRow(state, person); header(state, stale); foot(state, stale); }
  drawPlane(document.querySelector("#plane canvas"), hello, person, state.people.filter((p) => p !== person), known.past, words || person?.emotions_words);
  if (!overlay) drawTraces(document.querySelector("#traces canvas"), hello, id, known.past, known.marks);
  const now = performance.now();
  shares(person, words);
  if (now - figuresAt > FIGURES_MS || stale) {
    figuresAt = now;
    $("who").textContent = person ? person.name : "";
    figure("valence", person, words);
    figure("arousal", person, words);
    if (!overlay) evidence(state, person);
  }
}

function figure(name, person, words) {
  const holder = $(name).parentElement;
  const there = person && person[name] !== null;
  holder.classList.toggle("words", !there);
  holder.classList.toggle("plain", Boolean(there && !person.bold[name]));
  $(name).textContent = there ? withInterval(person[name], person[`${name}_sd`], known.hello.z90) : words || "not known";
}

function banner(stale) {
  const { state } = known;
  const holder = $("banner");
  let [head, more] = ["", ""];
  if (link === "unpaired") [head, more] = ["This device is not paired any more", "Scan the code, or open the link, that `liveaffect web --link` shows."];
  else if (!state) [head, more] = ["Looking for the sensor", link === "closed" ? "There is no connection yet; it is tried again by itself." : ""];
  else if (stale) {
    const cut = link !== "open";
    head = `No word from the ${cut ? "page" : "sensor"} since ${timeOfDay(known.wall || Date.now())}`;
    more = (cut ? "The way to it is cut; it is tried again by itself." : state.trouble[0] || "It has ended, hangs, or the way to it is cut.") + " Shown in grey is what was known then.";
  } else if (state.trouble.length) [head, more] = [state.trouble[0], state.trouble.slice(1).join("; ")];
  holder.hidden = !head;
  const key = head + "\n" + more;
  if (holder.dataset.key === key) return;
  holder.dataset.key = key;
  holder.replaceChildren(head, Object.assign(document.createElement("span"), { textContent: more }));
}

function peopleRow(state, person) {
  const rows = state.people.map((p) => [p.id, p.name, p.valence === null ? p.words : "", p === person]);
  if (pinned !== null && !state.people.some((p) => p.id === pinned)) rows.push([pinned, pinned < 0 ? "voice" : `face ${pinned}`, "away", true]);
  const key = JSON.stringify([rows, pinned, rows.length ? "" : state.words]);
  if (key === peopleKey) return;
  peopleKey = key;
  const made = rows.map(([id, name, words, mine]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", String(mine));
    const dot = document.createElement("i");
    dot.style.background = ofPerson(id);
    button.append(dot, name);
    if (words) button.append(Object.assign(document.createElement("small"), { textContent: words }));
    button.onclick = () => { pinned = pinned === id ? null : id; drawn = false; };
    return button;
  });
  if (pinned !== null) {
    const follow = Object.assign(document.createElement("button"), { type: "button", textContent: "follow" });
    follow.title = "Look at whoever is there";
    follow.onclick = () => { pinned = null; drawn = false; };
    made.push(follow);
  }
  if (!rows.length) made.push(Object.assign(document.createElement("p"), { textContent: state.words || "nobody in view" }));
  $("people").replaceChildren(...made);
}

function bars() {
  const cells = known.hello.emotions.flatMap((name, i) => {
    const label = Object.assign(document.createElement("span"), { className: "name", textContent: name });
    const rail = Object.assign(document.createElement("span"), { className: "rail" });
    const fill = Object.assign(document.createElement("span"), { className: "fill" });
    fill.style.background = `var(--e${i})`;
    rail.append(fill);
    return [label, rail, Object.assign(document.createElement("span"), { className: "n" })];
  });
  $("bars").replaceChildren(...cells);
}

function shares(person, words) {
  const found = person?.emotions || null;
  $("bars").classList.toggle("none", !found);
  $("bars-words").hidden = Boolean(found);
  $("bars-words").textContent = person?.emotions_words || words || "not known";
  const top = found ? Math.max(...found) : 0;
  const cells = $("bars").children;
  known.hello.emotions.forEach((name, i) => {
    const [label, rail, n] = [cells[3 * i], cells[3 * i + 1], cells[3 * i + 2]];
    const share = found ? found[i] : 0;
    rail.firstChild.style.width = `${100 * share}%`;
    rail.firstChild.style.opacity = person?.coasting ? 0.45 : 1;
    n.textContent = percent(share);
    for (const cell of [label, n]) cell.classList.toggle("first", Boolean(found) && share === top);
    label.classList.toggle("likely", Boolean(person?.likely.includes(name)));
  });
  $("compound").textContent = person?.compound || (overlay ? "" : "share of 100 %");
  $("compound").classList.toggle("named", Boolean(person?.compound));
}

function evidence(state, person) {
  part("face", person?.face_weight, percent, state.face.words || "no face", "var(--accent)");
  part("voice", person?.voice_weight, percent, state.voice.words || "does not speak", "var(--voice)");
  part("speaks", person?.speaking, percent, state.voice.words || "not known", "var(--voice)");
  part("discord", person?.discord, (d) => `${d.toFixed(2)} of 1`, "not known", "var(--dim)");
  part("contact", person?.eye_contact, percent, state.face.words || "not known", "var(--accent)");
  const looks = lookWords(person, known.hello.z90), gaze = $("gaze");
  gaze.replaceChildren(Object.assign(document.createElement("span"), { className: looks ? "" : "why", textContent: looks || state.face.words || "not known" }));
}

function part(id, share, words, why, colour) {
  const holder = $(id);
  if (share === null || share === undefined) {
    holder.replaceChildren(Object.assign(document.createElement("span"), { className: "why", textContent: why }));
    return;
  }
  let rail = holder.querySelector(".rail");
  if (!rail) {
    rail = Object.assign(document.createElement("span"), { className: "rail" });
    rail.append(Object.assign(document.createElement("span"), { className: "fill" }));
    rail.firstChild.style.background = colour;
    holder.replaceChildren(rail, document.createElement("span"));
  }
  rail.firstChild.style.width = `${100 * Math.min(1, share)}%`;
  holder.lastChild.textContent = words(share);
}

function header(state, stale) {
  const button = $("rec");
  const { known: there, on, seconds } = state.recording;
  button.disabled = stale || !there || !known.hello.can_record || state.kind !== "live";
  button.setAttribute("aria-pressed", String(on && !stale));
  const time = seconds === null ? "" : ` ${clock(seconds)}`;
  $("rec-words").textContent = on ? `${stale ? "recorded" : "REC"}${time}` : "Record";
  button.title = on ? "Stop the recording" : there ? "Record a session on the sensor's machine" : "This sensor has no recorder";
}

function foot(state, stale) {
  const at = state.playback;
  $("kind").textContent = state.kind === "replay" ? `replay ${at ? `${clock(at.position_s)} of ${clock(at.length_s)}, ${at.state}` : ""}` : "live";
  const pace = [];
  if (state.rate_hz !== null) pace.push(`${state.rate_hz.toFixed(0)} frames/s`);
  if (state.latency_ms !== null) pace.push(`latency ${state.latency_ms.toFixed(0)} ms`);
  if (state.recording.privacy) pace.push("privacy: no pixels, no sound are stored");
  if (state.assistant) pace.push("an assistant may read");
  $("pace").textContent = stale ? "" : pace.join(" · ");
  const hidden = state.recording.privacy;
  $("film").classList.toggle("hidden", hidden); // the last picture is not left standing
  if (hidden) $("film-words").textContent = "privacy: no picture";
  const key = JSON.stringify([state.nodes, stale]);
  if ($("nodes").dataset.key === key) return;
  $("nodes").dataset.key = key;
  $("nodes").replaceChildren(...state.nodes.map((node) => {
    const dot = document.createElement("i");
    dot.title = node.wrong || `${node.name}: ${node.state}`;
    dot.className = stale || node.state === "stopped" ? "off" : node.state === "ok" && !node.wrong ? "" : node.state === "starting" ? "starting" : "bad";
    return dot;
  }));
}

function film() {
  const there = known.hello.picture && !overlay;
  $("picture").hidden = !there;
  document.body.classList.toggle("pictured", there);
  if (there && !$("film").src) look();
}

function look() {
  $("film-words").textContent = "waiting for a picture";
  $("film").src = `picture?${Date.now()}`;
}
$("film").onerror = () => { $("film-words").textContent = "no picture just now"; setTimeout(look, 2000); };
document.addEventListener("visibilitychange", () => {
  if (!known.hello?.picture || overlay) return;
  if (document.hidden) $("film").src = "icon.svg"; // an unseen page asks for no pictures
  else look();
});

function say(words, bad = false) {
  $("said").textContent = words;
  $("said").classList.toggle("bad", bad);
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { $("said").textContent = ""; }, 6000);
}

$("marker").onsubmit = async (event) => {
  event.preventDefault();
  const label = $("label").value.trim() || "marker";
  const reply = await post("mark", { label });
  if (reply.ok) $("label").value = "";
  else say(reply.text, true);
};

$("rec").onclick = async () => {
  $("rec").disabled = true;
  const on = $("rec").getAttribute("aria-pressed") !== "true";
  const reply = await post("record", { on });
  say(reply.ok ? (on ? "recording" : "recorded") : reply.text, !reply.ok);
  drawn = false;
};
