// Notes: said, read back, confirmed, kept, and withdrawn again.

import { byId, make, show } from "./dom.js";
import { get, post } from "./service.js";
import { t } from "./words.js";

export async function showNotes(withToken) {
  const notes = await get("v1/notes");
  const standing = notes.filter((note) => ["ahead", "in force"].includes(note.state));
  const items = standing.map((note) => make("li", {},
    make("div", {}, make("p", {}, note.text), make("p", { class: "means" }, `${note.means} · ${t(`note.${note.state}`)}`)),
    make("button", { type: "button", class: "quiet", "aria-label": t("notes.withdraw_it", { note: note.text }), onclick: (event) => withdraw(event.target, note, withToken) }, t("notes.withdraw"))));
  show(byId("notes"), ...(items.length ? items : [make("li", { class: "empty" }, t("notes.none"))]));
}

async function withdraw(button, note, withToken) {
  button.disabled = true;
  try {
    await withToken(() => post(`v1/notes/${encodeURIComponent(note.id)}/done`));
    say(make("p", { class: "hint" }, t("notes.withdrawn")));
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
      if (reading.constraint) offer(text, reading, withToken).focus();
      else if (reading.choices.length) ask(text, reading, withToken);
      else if (reading.remark) offer(text, { ...reading, means: reading.problem, assumed: [] }, withToken, "").focus();
      else say(problem(t("notes.not_understood", { problem: reading.problem })));
    } catch (err) {
      say(problem(err.message));
    }
  });
}

function ask(text, reading, withToken) {
  const choices = reading.choices.map((choice) => make("button", { type: "button", onclick: () => confirm(text, choice, withToken) }, choice.means));
  say(make("div", { class: "offer" },
    make("p", {}, t("notes.which")),
    make("p", { class: "actions" }, ...choices, make("button", { type: "button", class: "quiet", onclick: () => say() }, t("notes.neither")))));
  choices[0].focus();
}

// What the model would cost more for than it may: asked once, and a yes is a note like any other.
let asked = "";

export function showQuestion(question, withToken) {
  if (!question || asked === question.asks) return;
  asked = question.asks;
  offer(question.text, { constraint: question.constraint, means: question.asks, assumed: [] }, withToken, t("notes.about", { note: question.text }));
}

function offer(text, reading, withToken, intro = t("notes.understood")) {
  const keep = make("button", { type: "button", onclick: () => confirm(text, reading, withToken) }, t("notes.keep"));
  say(make("div", { class: "offer" },
    make("p", {}, intro, make("strong", {}, reading.means), reading.assumed.length ? t("notes.assumed", { what: reading.assumed.join(", ") }) : ""),
    make("p", { class: "actions" }, keep, make("button", { type: "button", class: "quiet", onclick: () => say() }, t("notes.no")))));
  return keep;
}

async function confirm(text, reading, withToken) {
  try {
    await withToken(() => post("v1/notes", { text, constraint: reading.constraint }));
    byId("note-text").value = "";
    say(make("p", { class: "hint" }, t("notes.kept")));
    await showNotes(withToken);
  } catch (err) {
    say(problem(err.message));
  }
}

export const problem = (words) => make("p", { class: "problem" }, words);
export const say = (...what) => show(byId("note-said"), ...what);
