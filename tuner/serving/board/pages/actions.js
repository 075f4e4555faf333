// The buttons of a sweep. Each does what a command does, and shows it.

import { post } from "./api.js";
import { ask, el, note, place, there } from "./dom.js";

const RESUMABLE = ["paused", "crashed", "failed"];

async function run(name, verb, body = {}) {
  if (place.cluster) note(`Asking the cluster to ${verb} ${name} ...`);
  try {
    const done = await post(`api/sweeps/${encodeURIComponent(name)}/${verb}`, body);
    note(`Done: ${done.command}`);
  } catch (error) {
    note(error.message, "error");
  }
}

async function stop(name) {
  const how = await ask(`Stop ${name}?`, "Running trials finish their epoch. Then the best trial is tested and registered. "
    + "At once: nothing is tested, and it can be resumed.", [there("stop", name), there("stop", name, "--now")],
  [["stop", "Stop"], ["now", "Stop at once"], ["", "Cancel"]]);
  if (how) await run(name, "stop", { now: how === "now" });
}

async function pause(name) {
  const sure = await ask(`Pause ${name}?`, "All trials are saved, and it can be resumed.", [there("pause", name)],
    [["pause", "Pause"], ["", "Cancel"]]);
  if (sure) await run(name, "pause");
}

async function resume(name) {
  const sure = await ask(`Resume ${name}?`, "It goes on in the background, from where it was.",
    [there("resume", name, "--detach")], [["resume", "Resume"], ["", "Cancel"]]);
  if (!sure) return;
  if (!place.cluster) note(`${name} is being resumed ...`);
  await run(name, "resume");
}

export function buttons(row) {
  const button = (label, act) => el("button", { type: "button", class: "small", "aria-label": `${label} ${row.name}`,
    onclick: () => act(row.name) }, label);
  if (row.state === "running") return [button("Pause", pause), button("Stop", stop)];
  if (row.state === "pausing" || row.state === "stopping") return [button("Stop", stop)];
  return RESUMABLE.includes(row.state) ? [button("Resume", resume)] : [];
}

export async function makeReport(name) {
  note(`The report of ${name} is being drawn ...`);
  await run(name, "report");
}
