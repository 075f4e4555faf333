"use strict";
// How charts look, in reports and on the page of all sweeps. Needs plotly.js when it draws, and the colours of the page:
// --ink, --quiet, --paper, --card and --line.
const chartTheme = (() => {
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

  function draw(box, { data, layout }) {
    const theme = colours();
    return Plotly.react(box, data.map((trace) => themedTrace(trace, theme)), themedLayout(layout, theme), config);
  }

  // Calls the function when the colours, or the room, have become others.
  function onChange(redraw) {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    narrow.addEventListener("change", redraw);
  }

  return { draw, onChange };
})();
