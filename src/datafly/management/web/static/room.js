// Times in the viewer's zone, copy buttons, and pieces of a page that the server sends as they change.
const DATED = { dateStyle: "medium", timeStyle: "medium" };
const formats = new Map();

// Made when a page first has a time to tell: it takes longer than all else that is done here.
function told(moment, name, options) {
  if (!formats.has(name)) formats.set(name, new Intl.DateTimeFormat(undefined, options));
  return formats.get(name).format(moment);
}

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-told])")) {
    const moment = new Date(time.dateTime);
    const today = moment.toDateString() === new Date().toDateString();
    time.textContent = time.dataset.only === "time" && today ? told(moment, "time", { timeStyle: "medium" }) : told(moment, "dated", DATED);
    time.dataset.told = "";
  }
  zoned(root);
  for (const text of root.querySelectorAll("text[data-moment]")) {
    const moment = new Date(text.dataset.moment);
    text.textContent = text.dataset.daily
      ? told(moment, "days", { day: "numeric", month: "short" })
      : told(moment, "hours", { hour: "2-digit", minute: "2-digit" });
  }
}

async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  const status = document.getElementById(button.dataset.status);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    status.textContent = "Copied.";
  } catch {
    status.textContent = "Selected: press Ctrl+C or Cmd+C to copy.";
  }
}

const STOPS = "a[href], button, input, select, textarea, summary";

function follow(place) {
  const source = new EventSource(place.dataset.stream);
  let drawn = "";
  source.addEventListener("draw", (message) => {
    if (message.data === drawn) return;
    drawn = message.data;
    // Whoever is there by keyboard stays there: at what has the same id, else says the same.
    const held = place.contains(document.activeElement) ? document.activeElement : null;
    const open = [...place.querySelectorAll("details[open][id]")].map((one) => one.id);
    place.innerHTML = drawn;
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    const same = (one) => (held.id ? one.id === held.id : one.textContent === held.textContent);
    if (held) [...place.querySelectorAll(STOPS)].find(same)?.focus();
    localise(place);
  });
  source.addEventListener("end", () => {
    source.close();
    place.dispatchEvent(new CustomEvent("stream-end", { bubbles: true }));
  });
}

// What is typed as a time is meant in the zone in which times are told; without a script it is UTC, as the page says.
function zoned(root) {
  const said = root.querySelectorAll("[data-zone]");
  if (!said.length) return;
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const one of said) one.textContent = `(${zone})`;
}

// A time that was filled in, in that zone as well.
function filled(root) {
  for (const field of root.querySelectorAll("input[data-at]")) {
    const at = new Date(field.dataset.at);
    if (!Number.isNaN(at.getTime())) field.value = new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  }
}

function exact(form) {
  for (const field of form.querySelectorAll("input[data-exact]")) {
    const typed = form.elements[field.dataset.exact].value;
    field.value = typed ? new Date(typed).toISOString() : "";
  }
}

// Once the page is seen: it was drawn in UTC, and need not wait for this.
requestAnimationFrame(() => setTimeout(() => localise(document)));
document.addEventListener("htmx:load", (event) => localise(event.detail.elt));
filled(document);
for (const place of document.querySelectorAll("[data-stream]")) follow(place);
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) copy(button);
});
// What a button asks for takes its time, or does not come at all: both are said where the answer would stand.
function say(place, tone, words) {
  const said = document.createElement("p");
  said.className = tone;
  said.textContent = words;
  place.replaceChildren(said);
}

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.elt.tagName === "BUTTON") say(detail.target, "muted", "Working …");
});
document.addEventListener("htmx:sendError", ({ detail }) => {
  if (detail.elt.tagName === "BUTTON") say(detail.target, "message bad", "Signal does not answer. Try it again.");
});
// A field that is judged as it is typed says so itself, and the form no longer says what is mended.
document.addEventListener("htmx:afterSwap", ({ target }) => {
  const field = document.querySelector(`[aria-describedby~="${target.id}"][hx-target="#${target.id}"]`);
  if (!field) return;
  if (target.textContent.trim()) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  const said = field.form.querySelector("[data-problems]");
  if (said) said.hidden = !field.form.querySelector("[aria-invalid]");
});
document.addEventListener("submit", (event) => exact(event.target));

// Who is told that a field is wrong stands at it, and hears there what is wrong.
const slip = document.querySelector("[role=alert][data-field]");
const missed = slip?.closest("form")?.elements.namedItem(slip.dataset.field);
if (missed instanceof HTMLElement) {
  missed.setAttribute("aria-invalid", "true");
  missed.setAttribute("aria-describedby", `${slip.id} ${missed.getAttribute("aria-describedby") ?? ""}`.trim());
}
const first = document.querySelector('main form [aria-invalid="true"]');
if (first) {
  first.closest("details")?.setAttribute("open", "");
  first.focus();
}
export { localise };
