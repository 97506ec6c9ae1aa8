// Asking: questions in, answers as they come, and what each answer rests on.

import { byId, make, show, withDates } from "./dom.js";
import { lines } from "./service.js";
import { clock, plainDay } from "./words.js";

const IDEAS = [
  "Why did you do that?",
  "What is the plan?",
  "When should I run the dishwasher?",
  "What if the battery were full?",
  "How much did I save this week?",
  "Which days were like today?",
];

let running = null;

export function prepareAsking(withToken, openDecision) {
  const form = byId("ask");
  show(byId("ideas"), ...IDEAS.map((idea) => make("button", { type: "button", class: "quiet", onclick: () => put(idea) }, idea)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const question = byId("question").value.trim();
    if (question) put(question);
  });

  // What was asked before on this page: "and yesterday?" leans on it.
  const earlier = [];

  async function put(question) {
    running?.abort();
    const mine = running = new AbortController();
    byId("question").value = "";
    const told = make("p", { class: "told" }, "…");
    const rests = make("p", { class: "rests" });
    byId("talk").append(make("p", { class: "asked" }, question), told, rests);
    scroll();
    try {
      await withToken(() => stream(question, mine.signal, told, rests));
    } catch (err) {
      if (err.name === "AbortError") told.append(" (stopped)");
      else {
        told.textContent = err.message;
        told.classList.add("failed");
      }
    }
    if (running === mine) running = null;
    scroll();
  }

  function stream(question, signal, told, rests) {
    let text = "";
    const before = earlier.slice(-5);
    earlier.push(question);
    return lines("v1/ask", (piece) => {
      if (piece.said !== undefined) {
        text += piece.said;
        told.textContent = text;
        scroll();
      } else if (piece.error !== undefined) {
        told.textContent = piece.error;
        told.classList.add("failed");
      } else if (piece.done) {
        show(told, ...withDates([piece.done.text, piece.done.reworded].filter(Boolean).join("\n\n")));
        told.lang = piece.done.language;
        show(rests, ...restsOn(piece.done));
      }
    }, { body: { question, before }, signal });
  }

  function restsOn(answer) {
    const parts = [];
    const days = answer.days.slice(0, 4).map(plainDay).join(", ");
    if (days) parts.push(`From ${days}${answer.days.length > 4 ? " …" : ""}`);
    for (const id of answer.decisions.slice(0, 2)) {
      parts.push(make("a", { href: "#log", onclick: () => openDecision(id) }, `decision of ${clock(timeOf(id))}`));
    }
    parts.push(answer.reworded ? `worded by rules, then by ${answer.model}` : "worded by rules");
    return parts.flatMap((part, index) => (index ? [" · ", part] : [part]));
  }
}

// A decision's id begins with its time, such as 20161220T130000Z.
function timeOf(id) {
  const [, year, month, day, hour, minute] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)/.exec(id) ?? [];
  return year ? `${year}-${month}-${day}T${hour}:${minute}:00Z` : new Date(NaN);
}

function scroll() {
  const talk = byId("talk");
  talk.scrollTop = talk.scrollHeight;
}
