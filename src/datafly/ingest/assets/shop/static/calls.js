// Listens to what the page says to datafly, what datafly sends, and what the gateway answers. Loaded before d.js.
(() => {
  "use strict";
  const KEPT = 40;
  const NAMES = ["page", "track", "identify", "group", "consent", "reset"];
  const STORE = "larkspur.calls";
  const visit = Math.random().toString(36).slice(2);

  const recall = () => {
    try {
      return JSON.parse(sessionStorage.getItem(STORE)) || [];
    } catch {
      return [];
    }
  };
  let calls = recall();
  let paint = () => {};

  const changed = () => {
    calls = calls.slice(-KEPT);
    try {
      sessionStorage.setItem(STORE, JSON.stringify(calls));
    } catch {
      // a browser that keeps nothing shows the calls of this page only
    }
    paint();
  };

  /** Nothing that a visitor passes may stop the call itself: d.js takes what JSON does not. */
  const shown = (value) => {
    try {
      return (JSON.stringify(value, null, 1) || "").replace(/\s*\n\s*/g, " ");
    } catch {
      return "…";
    }
  };
  const known = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

  /** What the call would read as in the page's source; a page's properties are d.js's own. */
  const sentence = (event) => {
    const first = { track: event.event, identify: event.userId, group: event.groupId, page: event.name }[event.type];
    const given = { consent: event.context && event.context.consent, track: event.properties }[event.type];
    const args = [first, given || event.traits];
    return `datafly.${event.type}(${args.filter((arg) => arg !== undefined).map(shown).join(", ")})`;
  };

  /** What a page gave to the browser at its end is sent again by the next one, but not past a log-out: it would tie two people together. */
  const part = () => {
    const reset = calls.findLastIndex((call) => call.name === "reset");
    calls.forEach((call, index) => {
      if (index < reset && ["sent", "beacon"].includes(call.state)) call.state = "parted";
    });
  };
  part();

  const add = (fields) => {
    const call = { visit, at: Date.now(), state: "queued", ...fields };
    calls.push(call);
    return call;
  };

  /** d.js makes the page call before any other of the page, and tells when it sends it. */
  const addAutomatic = (event) => {
    const call = { visit, at: Date.now(), state: "queued", name: event.type, text: sentence(event), automatic: true };
    const first = event.type === "page" ? calls.findIndex((one) => one.visit === visit) : -1;
    calls.splice(first < 0 ? calls.length : first, 0, call);
    return call;
  };

  /** The stand-in for one method: notes the call, then makes it. */
  const noted = (name, method) => (...args) => {
    add({ name, label: args[0], text: `datafly.${name}(${args.map(shown).join(", ")})` });
    changed();
    return method(...args);
  };

  const listen = () => {
    const api = window.datafly;
    if (!api || api.heard) return Boolean(api);
    for (const name of NAMES) if (typeof api[name] === "function") api[name] = noted(name, api[name]);
    api.heard = true;
    return true;
  };

  const labelOf = (event) => ({ track: event.event, identify: event.userId, group: event.groupId }[event.type]);

  /** The call that an event on the wire came from: known by its id, else the oldest such call that still waits. */
  const callOf = (event) =>
    calls.find((call) => call.messageId === event.messageId) ||
    calls.find(
      (call) => !call.messageId && call.name === event.type &&
        (labelOf(event) === undefined || typeof call.label !== "string" || call.label === labelOf(event)),
    ) ||
    addAutomatic(event);

  /** A reset has no id of its own, and is said again until it is answered: it is the oldest that was not. */
  const isUnanswered = (call) => call.name === "reset" && !["taken", "refused"].includes(call.state);

  const bodyOf = (body) => {
    try {
      return JSON.parse(body);
    } catch {
      return undefined;
    }
  };

  const departed = (url, body, way) => {
    const sent = typeof body === "string" ? bodyOf(body) : undefined;
    if (!sent) return undefined;
    const path = new URL(url, location.href).pathname;
    const pairs = (sent.batch || [sent]).map((event, index) => [callOf(event), event, index]);
    if (sent.reset) pairs.push([calls.find(isUnanswered) || add({ name: "reset", text: "datafly.reset()" }), undefined, -1]);
    for (const [call, event] of pairs) {
      Object.assign(call, known({ messageId: event && event.messageId, payload: event, state: way }));
      call.request = `POST ${path}, ${pairs.length === 1 ? "1 call" : `${pairs.length} calls`}`;
    }
    changed();
    return pairs;
  };

  const answered = (pairs, status, reply, milliseconds) => {
    const refused = new Map(((reply && reply.errors) || []).map((error) => [error.index, error]));
    for (const [call, , index] of pairs) {
      const bad = status !== 200 || refused.has(index);
      Object.assign(call, { state: bad ? "refused" : "taken", status, reply: refused.get(index) || reply, milliseconds });
    }
    changed();
  };

  const isEvent = (url) => new URL(url, location.href).pathname.startsWith("/v1/");

  const fetchAsIs = window.fetch;
  window.fetch = async (input, options = {}) => {
    const url = input instanceof Request ? input.url : String(input);
    const pairs = isEvent(url) ? departed(url, options.body, "sent") : undefined;
    if (!pairs) return fetchAsIs.call(window, input, options);
    const start = performance.now();
    try {
      const reply = await fetchAsIs.call(window, input, options);
      const took = Math.round(performance.now() - start);
      // Noted before datafly forgets what it sent: a page that ends while the body arrives would not note it any more.
      answered(pairs, reply.status, undefined, took);
      reply.clone().json().then((json) => answered(pairs, reply.status, json, took)).catch(() => undefined);
      return reply;
    } catch (fault) {
      for (const [call] of pairs) call.state = "waiting";
      changed();
      throw fault;
    }
  };

  const beaconAsIs = navigator.sendBeacon && navigator.sendBeacon.bind(navigator);
  if (beaconAsIs) {
    navigator.sendBeacon = (url, body) => {
      if (isEvent(url)) departed(url, body, "beacon");
      return beaconAsIs(url, body);
    };
  }

  window.shopCalls = {
    listen,
    all: () => calls,
    isOfThisPage: (call) => call.visit === visit,
    onChange(run) {
      paint = run;
      run();
    },
    clear() {
      calls = [];
      changed();
    },
  };
})();
