// Times in the viewer's zone, copy buttons, and pieces of a page that the server sends as they change.
const zoned = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const timed = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-told])")) {
    const moment = new Date(time.dateTime);
    time.textContent = (time.dataset.only === "time" ? timed : zoned).format(moment);
    time.dataset.told = "";
  }
}

const hours = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const days = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
for (const text of document.querySelectorAll("text[data-moment]")) {
  text.textContent = (text.dataset.daily ? days : hours).format(new Date(text.dataset.moment));
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

localise(document);
document.addEventListener("htmx:load", (event) => localise(event.detail.elt));
for (const place of document.querySelectorAll("[data-stream]")) follow(place);
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) copy(button);
});
export { localise };
