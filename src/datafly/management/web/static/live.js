// Live Events: puts what the server sends on top of the list, which never grows beyond MOST rows.
import { localise } from "./room.js";

const MOST = 200;
const feed = document.getElementById("feed");
const rate = document.getElementById("rate");
const empty = document.getElementById("nothing");
const pause = document.getElementById("pause");
let source = null;
let window_ = [];
let calm = 0;
const LISTENING = "Listening: events appear here as they come.";
const CALM_MS = 2000; // The server tells each half second while anything comes, and nothing while nothing does.

function rows(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  localise(holder.content);
  return holder.content;
}

function tell(glimpse) {
  window_.push(glimpse);
  if (window_.length > 10) window_.shift();
  const sum = (name) => window_.reduce((total, one) => total + (one[name] ?? 0), 0);
  const seconds = window_.reduce((total, one) => total + one.seconds, 0);
  const perSecond = Math.round(sum("arrived") / seconds);
  const sampled = window_.some((one) => one.fitting === null || one.fitting > one.shown);
  clearTimeout(calm);
  calm = setTimeout(settle, CALM_MS);
  rate.textContent = sampled
    ? `About ${perSecond.toLocaleString()} events a second: a sample of them is shown. None is left out of delivery.`
    : `${perSecond.toLocaleString()} events a second, all that fit are shown.`;
}

function settle() {
  window_ = [];
  if (source?.readyState === EventSource.OPEN) rate.textContent = LISTENING;
}

function take(message) {
  const glimpse = JSON.parse(message.data);
  tell(glimpse);
  for (const [place, html] of glimpse.decided) {
    document.getElementById(place)?.replaceWith(rows(html));
  }
  if (!glimpse.rows) return;
  const fresh = rows(glimpse.rows);
  for (const row of [...fresh.children]) {
    document.getElementById(row.id)?.replaceWith(row);
  }
  feed.prepend(fresh);
  while (feed.children.length > MOST) feed.lastElementChild.remove();
  if (empty) empty.hidden = true;
}

// From what the page was drawn with, so that nothing falls between; after a pause from what comes then.
function start(place) {
  source = new EventSource(place);
  source.addEventListener("glimpse", take);
  source.addEventListener("open", () => { rate.textContent = LISTENING; });
  source.addEventListener("error", () => { rate.textContent = "The connection is lost; trying again."; });
}

pause.addEventListener("click", () => {
  if (source) {
    source.close();
    source = null;
    rate.textContent = "Paused: what comes meanwhile is not shown here, and is delivered all the same.";
  } else {
    window_ = [];
    const place = new URL(feed.dataset.live, location.href);
    place.searchParams.delete("from");
    start(place);
  }
  pause.textContent = source ? "Pause" : "Go on";
});
start(feed.dataset.live);
