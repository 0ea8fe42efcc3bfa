// Keeps the parts of a page that change up to date: `data-live` names the address of the part, as HTML of this server.
const EVERY_MS = 2000, SLOW_MS = 15000;

async function refresh(part) {
  let wait = EVERY_MS;
  try {
    const answer = await fetch(part.dataset.live, { headers: { Accept: "text/html" } });
    if (answer.redirected || answer.status === 401) {
      location.assign("/sign-in");
      return;
    }
    if (answer.ok) replace(part, await answer.text());
    if (part.querySelector("[data-is-over]")) wait = SLOW_MS;
    part.dataset.state = "fresh";
  } catch {
    part.dataset.state = "stale";
    wait = SLOW_MS;
  }
  window.setTimeout(() => refresh(part), document.hidden ? SLOW_MS : wait);
}

function replace(part, text) {
  if (part.dataset.shown === text) return;
  part.dataset.shown = text;
  const fresh = new DOMParser().parseFromString(text, "text/html"), focused = document.activeElement?.id;
  const go = fresh.querySelector("[data-go]");
  if (go && part.dataset.follow !== undefined && part.dataset.wasOpen) {
    location.assign(go.dataset.go);
    return;
  }
  if (!fresh.querySelector("[data-is-over]")) part.dataset.wasOpen = "yes";
  part.replaceChildren(...fresh.body.childNodes);
  if (focused) document.getElementById(focused)?.focus();
}

for (const part of document.querySelectorAll("[data-live]")) refresh(part);
