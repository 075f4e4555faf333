// The report's charts, drawn by plotly.js when they come into sight, and again when trials have changed.

import { get } from "./api.js";
import { el } from "./dom.js";

const PAUSE_MS = 5000; // between two drawings of a chart

let plotly = null;

function loadPlotly() {
  plotly ??= new Promise((resolve, reject) => {
    document.head.append(el("script", { src: "pages/plotly.js", onload: resolve, onerror: () => reject(new Error("plotly.js is missing")) }));
  });
  return plotly;
}

export class Chart {
  constructor(path, seen = true) {
    this.path = path;
    this.version = -1;
    this.wanted = -1; // it is drawn when the sweep is known
    this.seen = !seen;
    this.busy = false;
    this.caption = el("p", { class: "quiet" });
    this.boxes = el("div");
    this.box = el("div", { class: "charts empty" }, this.caption, this.boxes);
    this.closed = new AbortController();
    if (seen) {
      this.observer = new IntersectionObserver((entries) => { this.seen = entries.at(-1).isIntersecting; this.draw(); }, { rootMargin: "200px" });
      this.observer.observe(this.box);
    }
    this.redraw = () => { this.version = -1; this.draw(); };
    chartTheme.onChange(this.redraw);
  }

  // Trials have changed, up to this version.
  changed(version) {
    this.wanted = version;
    this.draw();
  }

  async draw() {
    if (this.busy || !this.seen || this.closed.signal.aborted || this.version >= this.wanted) return;
    this.busy = true;
    try {
      const [found] = await Promise.all([get(this.path, this.closed.signal), loadPlotly()]);
      await this.show(found);
      this.version = found.version;
    } catch (error) {
      if (this.closed.signal.aborted) return;
      this.caption.textContent = error.message;
    }
    setTimeout(() => { this.busy = false; this.draw(); }, PAUSE_MS);
  }

  async show({ charts, caption, note, grid }) {
    this.box.classList.remove("empty");
    this.caption.textContent = note ? `Not shown: ${note}.` : caption;
    this.boxes.className = grid ? "grid" : "";
    while (this.boxes.children.length > charts.length) this.boxes.lastChild.remove();
    for (const [index, chart] of charts.entries()) {
      if (!this.boxes.children[index]) this.boxes.append(el("div", { class: "across" }, el("div", { class: "chart" })));
      const box = this.boxes.children[index].firstChild;
      box.style.height = `${chart.height}px`;
      box.style.minWidth = `${chart.least ?? 0}px`;
      await chartTheme.draw(box, chart);
    }
  }

  close() {
    this.closed.abort();
    this.observer?.disconnect();
    this.boxes.querySelectorAll(".chart").forEach((box) => globalThis.Plotly?.purge(box));
  }
}
