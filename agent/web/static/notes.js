// Notes: said, read back, confirmed, kept, and withdrawn again.

import { byId, make, show } from "./dom.js";
import { get, post } from "./service.js";

const STATES = { ahead: "ahead", "in force": "in force", expired: "over", done: "withdrawn" };

export async function showNotes(withToken) {
  const notes = await get("v1/notes");
  const standing = notes.filter((note) => ["ahead", "in force"].includes(note.state));
  const items = standing.map((note) => make("li", {},
    make("div", {}, make("p", {}, note.text), make("p", { class: "means" }, `${note.means} · ${STATES[note.state]}`)),
    make("button", { type: "button", class: "quiet", "aria-label": `Withdraw: ${note.text}`, onclick: (event) => withdraw(event.target, note, withToken) }, "Withdraw")));
  show(byId("notes"), ...(items.length ? items : [make("li", { class: "empty" }, "None in force.")]));
}

async function withdraw(button, note, withToken) {
  button.disabled = true;
  try {
    await withToken(() => post(`v1/notes/${encodeURIComponent(note.id)}/done`));
    say(make("p", { class: "hint" }, "Withdrawn; the advisor decides anew."));
  } catch (err) {
    say(problem(err.message));
  }
  await showNotes(withToken);
}

export function prepareNotes(withToken) {
  byId("note").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = byId("note-text").value.trim();
    if (!text) return;
    try {
      const reading = await withToken(() => post("v1/notes/understand", { text }));
      if (reading.constraint) offer(text, reading, withToken);
      else say(problem(`Not understood: ${reading.problem}`));
    } catch (err) {
      say(problem(err.message));
    }
  });
}

function offer(text, reading, withToken) {
  const keep = make("button", { type: "button", onclick: () => confirm(text, reading, withToken) }, "Yes, keep it");
  say(make("div", { class: "offer" },
    make("p", {}, "Understood: ", make("strong", {}, reading.means), reading.assumed.length ? ` (assumed: ${reading.assumed.join(", ")})` : ""),
    make("p", { class: "actions" }, keep, make("button", { type: "button", class: "quiet", onclick: () => say() }, "No"))));
  keep.focus();
}

async function confirm(text, reading, withToken) {
  try {
    await withToken(() => post("v1/notes", { text, constraint: reading.constraint }));
    byId("note-text").value = "";
    say(make("p", { class: "hint" }, "Kept; the advisor decides anew."));
    await showNotes(withToken);
  } catch (err) {
    say(problem(err.message));
  }
}

const problem = (words) => make("p", { class: "problem" }, words);
const say = (...what) => show(byId("note-said"), ...what);
