// What only the household may do: with the token, which is asked for once and kept in this browser.

import { byId } from "./dom.js";
import { Refused, keepToken } from "./service.js";

export async function withToken(act) {
  try {
    return await act();
  } catch (err) {
    if (!(err instanceof Refused) || err.status !== 401) throw err;
    if (!(await askForToken())) throw err;
    return act();
  }
}

let asking = null;

export function askForToken() {
  asking ??= new Promise((resolve) => {
    const dialog = byId("token");
    dialog.addEventListener("close", () => {
      asking = null;
      const given = dialog.returnValue === "use" ? byId("token-text").value.trim() : "";
      byId("token-text").value = "";
      if (given) keepToken(given);
      resolve(Boolean(given));
    }, { once: true });
    dialog.returnValue = "";
    dialog.showModal();
  });
  return asking;
}

byId("token-not").addEventListener("click", () => byId("token").close(""));
