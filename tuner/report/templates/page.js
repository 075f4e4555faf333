"use strict";
{
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const boxes = [...document.querySelectorAll(".chart")];

  // One chart after the other, so that the page can be used meanwhile: those of thousands of trials take seconds.
  let drawing = 0;

  async function draw() {
    const mine = ++drawing;
    for (const [index, box] of boxes.entries()) {
      chartTheme.draw(box, charts[index]);
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
    chartTheme.onChange(draw);
  }

  if (typeof DecompressionStream === "undefined") document.getElementById("unpacked").hidden = false;
  else start();
}
