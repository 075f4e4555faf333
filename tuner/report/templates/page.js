"use strict";
{
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const boxes = [...document.querySelectorAll(".chart")];
  // By default plotly.js has a button that sends a chart to its maker's servers.
  const config = {
    displaylogo: false,
    responsive: true,
    showSendToCloud: false,
    plotlyServerURL: "",
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "autoScale2d", "resetScale2d"]],
  };

  // Where there is no room for a legend beside its chart, it goes below.
  const narrow = matchMedia("(max-width: 600px)");

  function colours() {
    const style = getComputedStyle(document.documentElement);
    const names = ["ink", "quiet", "paper", "card", "line"];
    return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }

  // Text, lines and empty cells follow the page's colours; those of the data are made to be seen on any of them.
  function themedLayout(layout, { ink, quiet, paper, line }) {
    const axes = Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key));
    const themed = axes.map((name) => [name, { gridcolor: line, linecolor: line, zerolinecolor: line, ...layout[name] }]);
    const below = narrow.matches && !layout.legend?.orientation;
    return {
      ...layout,
      ...Object.fromEntries(themed),
      ...(below && { legend: { ...layout.legend, orientation: "h", y: -0.2, yanchor: "top" } }),
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: ink, family: "system-ui, sans-serif", size: 12 },
      hoverlabel: { bgcolor: paper, bordercolor: ink, font: { color: ink }, align: "left" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: quiet, activecolor: ink },
    };
  }

  function themedTrace(trace, { card, line }) {
    if (trace.type === "heatmap") return { ...trace, colorscale: [[0, card], [1, trace.meta]] };
    return trace.meta === "band" ? { ...trace, marker: { color: line } } : trace;
  }

  // One chart after the other, so that the page can be used meanwhile: those of thousands of trials take seconds.
  let drawing = 0;

  async function draw() {
    const mine = ++drawing;
    const theme = colours();
    for (const [index, box] of boxes.entries()) {
      const { data, layout } = charts[index];
      Plotly.react(box, data.map((trace) => themedTrace(trace, theme)), themedLayout(layout, theme), config);
      await new Promise((resolve) => setTimeout(resolve));
      if (mine !== drawing) return; // a later call draws all of them
    }
  }

  // The page may ask for nothing, not even for a data: address, so fetch() is no way to read what it holds itself.
  async function unpack(text) {
    const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  async function start() {
    const script = document.createElement("script");
    script.textContent = await unpack(document.getElementById("plotly").textContent);
    document.head.append(script); // it runs now
    script.remove();
    draw();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    narrow.addEventListener("change", draw);
  }

  if (typeof DecompressionStream === "undefined") document.getElementById("unpacked").hidden = false;
  else start();
}
