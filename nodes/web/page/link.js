// The connection: a WebSocket that is opened again by itself, whatever cut it. A page that nobody sees lets go of it.

const SILENT_MS = 3500; // the sensor's page says something every second
const FIRST_MS = 250;
const MOST_MS = 3000;
const HIDDEN_MS = 20000;

export class Link {
  // `take` gets every message, `change` is called with "open", "closed" or "unpaired".
  constructor(take, change) {
    this.take = take;
    this.change = change;
    this.pause = FIRST_MS;
    this.heard = 0;
    this.failures = 0;
    this.hiddenSince = 0;
    setInterval(() => this.look(), 500);
    document.addEventListener("visibilitychange", () => this.look());
    this.open();
  }

  open() {
    clearTimeout(this.again);
    this.again = 0;
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
    this.socket = socket;
    this.heard = performance.now();
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      this.heard = performance.now();
      this.pause = FIRST_MS;
      this.failures = 0;
      this.take(JSON.parse(event.data));
    };
    socket.onopen = () => socket === this.socket && this.change("open");
    socket.onclose = () => socket === this.socket && this.lost();
  }

  lost() {
    this.socket = null;
    this.failures += 1;
    this.change("closed");
    if (this.failures % 3 === 0) this.ask();
    if (document.hidden && this.hiddenSince) return; // opened when somebody looks again
    this.again = setTimeout(() => this.open(), this.pause);
    this.pause = Math.min(MOST_MS, this.pause * 1.7);
  }

  // A socket does not say why it was refused; a request does.
  async ask() {
    try {
      const answer = await fetch("state", { cache: "no-store" });
      if (answer.status === 401) this.change("unpaired");
    } catch {
      // not there: the socket is tried again anyway
    }
  }

  look() {
    const now = performance.now();
    if (!document.hidden) {
      this.hiddenSince = 0;
      if (!this.socket && !this.again) this.open();
    } else {
      this.hiddenSince ||= now;
      if (this.socket && now - this.hiddenSince > HIDDEN_MS) this.drop();
      return;
    }
    if (this.socket && now - this.heard > SILENT_MS) this.drop();
  }

  drop() {
    const socket = this.socket;
    this.socket = null;
    socket.close();
    this.lost();
  }
}

export async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    if (answer.headers.get("Content-Type")?.startsWith("application/json")) return await answer.json();
    return { ok: false, text: (await answer.text()).trim() || `refused (${answer.status})` };
  } catch {
    return { ok: false, text: "no connection to the sensor" };
  }
}
