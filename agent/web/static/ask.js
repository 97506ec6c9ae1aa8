// Asking: questions in, answers as they come, and what each answer rests on.

import { byId, make, show, withDates } from "./dom.js";
import { lines } from "./service.js";
import { LANGUAGE, clock, plainDay, t } from "./words.js";

const IDEAS = [1, 2, 3, 4, 5, 6].map((at) => t(`idea.${at}`));

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
    const place = make("p", { class: "answer" }, "…");
    const rests = make("p", { class: "rests" });
    byId("talk").append(make("p", { class: "asked" }, question), place, rests);
    scroll();
    try {
      await withToken(() => stream(question, mine.signal, place, rests));
    } catch (err) {
      if (err.name === "AbortError") place.append(` ${t("ask.stopped")}`);
      else {
        place.textContent = err.message;
        place.classList.add("failed");
      }
    }
    if (running === mine) running = null;
    scroll();
  }

  function stream(question, signal, place, rests) {
    let text = "";
    const before = earlier.slice(-5);
    earlier.push(question);
    return lines("v1/ask", (piece) => {
      if (piece.said !== undefined) {
        text += piece.said;
        place.textContent = text;
        scroll();
      } else if (piece.error !== undefined) {
        place.textContent = piece.error;
        place.classList.add("failed");
      } else if (piece.done) {
        show(place, ...withDates([piece.done.text, piece.done.reworded].filter(Boolean).join("\n\n")));
        place.lang = piece.done.language;
        show(rests, ...restsOn(piece.done));
      }
    }, { body: { question, before, language: LANGUAGE }, signal });
  }

  function restsOn(answer) {
    const parts = [];
    const days = answer.days.slice(0, 4).map(plainDay).join(", ");
    if (days) parts.push(t("ask.from", { days: `${days}${answer.days.length > 4 ? " …" : ""}` }));
    for (const id of answer.decisions.slice(0, 2)) {
      parts.push(make("a", { href: "#log", onclick: () => openDecision(id) }, t("ask.decision", { time: clock(timeOf(id)) })));
    }
    parts.push(answer.reworded ? t("ask.model", { model: answer.model }) : t("ask.rules"));
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
