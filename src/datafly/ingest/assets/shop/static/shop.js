// The demo shop: a cart in localStorage, and the events of a shop by their canonical names.
(() => {
  "use strict";
  const CURRENCY = "GBP";
  const FREE_DELIVERY_FROM = 75;
  const DELIVERY = 4.5;
  const VAT = 0.2;
  const products = JSON.parse(document.getElementById("catalogue").textContent);
  const $ = (id) => document.getElementById(id);
  const money = (amount) => new Intl.NumberFormat("en-GB", { style: "currency", currency: CURRENCY }).format(amount);
  const round = (amount) => Math.round(amount * 100) / 100;

  const memory = {};
  const keep = (name, value) => {
    memory[name] = value;
    try {
      localStorage.setItem(`larkspur.${name}`, JSON.stringify(value));
    } catch {
      // without storage the shop forgets at the next page
    }
  };
  const recall = (name, otherwise) => {
    try {
      const stored = localStorage.getItem(`larkspur.${name}`);
      return stored === null ? otherwise : JSON.parse(stored);
    } catch {
      return name in memory ? memory[name] : otherwise;
    }
  };

  const element = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  // --- what is told ---------------------------------------------------------------------------------------------

  const heard = window.shopCalls.listen();
  const say = (name, ...args) => heard && window.datafly[name](...args);
  const track = (event, properties) => say("track", event, properties);

  const told = ({ product_id, sku, name, price, category, brand }) => ({ product_id, sku, name, price, category, brand });
  const toldOne = (product) => ({
    ...told(product),
    currency: CURRENCY,
    url: `${location.origin}/shop/product/${product.product_id}`,
    image_url: `${location.origin}/shop/static/${product.product_id}.svg`,
  });

  // --- cart -----------------------------------------------------------------------------------------------------

  const byId = (id) => products.find((product) => product.product_id === id);
  const lines = () => recall("cart", []).filter((line) => byId(line.id));
  const toldLines = (held) => held.map((line) => ({ ...told(byId(line.id)), quantity: line.quantity }));

  const sums = (held) => {
    const goods = round(held.reduce((sum, line) => sum + byId(line.id).price * line.quantity, 0));
    const shipping = goods === 0 || goods >= FREE_DELIVERY_FROM ? 0 : DELIVERY;
    const total = round(goods + shipping);
    return { goods, shipping, total, tax: round(total - total / (1 + VAT)) };
  };

  const showCount = () => {
    const count = lines().reduce((sum, line) => sum + line.quantity, 0);
    $("cart-count").textContent = count;
    $("cart-count").hidden = count === 0;
  };

  const addToCart = (product, quantity) => {
    const held = lines();
    const line = held.find((one) => one.id === product.product_id);
    if (line) line.quantity += quantity;
    else held.push({ id: product.product_id, quantity });
    keep("cart", held);
    showCount();
    track("Product Added", { ...toldOne(product), quantity });
  };

  const removeFromCart = (id) => {
    const held = lines();
    const line = held.find((one) => one.id === id);
    keep("cart", held.filter((one) => one !== line));
    showCount();
    if (line) track("Product Removed", { ...toldOne(byId(id)), quantity: line.quantity });
  };

  const drawSums = (into, { goods, shipping, total, tax }) => {
    const list = element("dl", "sums");
    const rows = [["Goods", money(goods)], ["Delivery", shipping ? money(shipping) : "free"], ["Total", money(total)]];
    for (const [name, amount] of rows) list.append(element("dt", "", name), element("dd", "", amount));
    into.append(list, element("p", "muted small", `Includes ${money(tax)} VAT.`));
  };

  const drawLine = (line, onRemove) => {
    const product = byId(line.id);
    const row = $("line").content.cloneNode(true);
    row.querySelector("img").src = `/shop/static/${line.id}.svg`;
    row.querySelector("a").href = `/shop/product/${line.id}`;
    row.querySelector("a").textContent = product.name;
    row.querySelector(".muted").textContent = `${line.quantity} × ${money(product.price)}`;
    row.querySelector(".price").textContent = money(round(product.price * line.quantity));
    row.querySelector("button").setAttribute("aria-label", `Remove ${product.name}`);
    row.querySelector("button").addEventListener("click", () => onRemove(line.id));
    return row;
  };

  const drawCart = () => {
    const held = lines();
    const list = element("ul", "lines");
    const remove = (id) => {
      removeFromCart(id);
      drawCart();
      $("main").focus();
    };
    list.append(...held.map((line) => drawLine(line, remove)));
    $("cart").replaceChildren(held.length ? list : element("p", "muted", "Nothing in it yet."));
    if (!held.length) return;
    drawSums($("cart"), sums(held));
    const go = element("a", "primary", "Check out");
    go.href = "/shop/checkout";
    $("cart").append(go);
  };

  // --- pages ----------------------------------------------------------------------------------------------------

  const order = (held) => {
    const { goods, shipping, total, tax } = sums(held);
    const order_id = `LK-${Date.now().toString(36).toUpperCase()}`;
    return { order_id, currency: CURRENCY, total, subtotal: goods, tax, shipping, products: toldLines(held) };
  };

  const drawSummary = (ordered) => {
    const list = element("ul", "lines plain");
    for (const { name, price, quantity } of ordered.products) {
      const row = element("li", "line");
      row.append(element("span", "line-text", `${quantity} × ${name}`), element("span", "price", money(round(price * quantity))));
      list.append(row);
    }
    $("summary").replaceChildren(list);
    drawSums($("summary"), { ...ordered, goods: ordered.subtotal });
  };

  const pages = {
    list() {
      const listed = products.map((product, index) => ({ ...told(product), position: index + 1 }));
      track("Product List Viewed", { list_id: "all", category: "All products", currency: CURRENCY, products: listed });
    },
    product() {
      const product = byId(document.querySelector(".product").dataset.product);
      track("Product Viewed", { ...toldOne(product), quantity: 1 });
      $("buy").addEventListener("submit", (event) => {
        event.preventDefault();
        const quantity = Number($("quantity").value);
        addToCart(product, quantity);
        $("added").textContent = `${quantity} × ${product.name} in the cart.`;
      });
    },
    cart() {
      drawCart();
      const held = lines();
      track("Cart Viewed", { currency: CURRENCY, total: sums(held).goods, products: toldLines(held) });
    },
    checkout() {
      const held = lines();
      if (!held.length) return void location.replace("/shop/cart");
      const started = order(held);
      drawSummary(started);
      track("Checkout Started", started);
      $("checkout").addEventListener("submit", (event) => {
        event.preventDefault();
        keep("order", { ...started, told: false });
        keep("cart", []);
        location.assign("/shop/order");
      });
    },
    order() {
      const ordered = recall("order", null);
      if (!ordered) return void location.replace("/shop/");
      const { told: alreadyTold, ...properties } = ordered;
      $("order-line").textContent = `Order ${ordered.order_id} is placed.`;
      drawSummary(properties);
      if (alreadyTold) return;
      keep("order", { ...properties, told: true });
      track("Order Completed", properties);
    },
    account() {
      const draw = () => {
        const user = recall("user", null);
        $("login").hidden = Boolean(user);
        $("known").hidden = !user;
        $("known-id").textContent = user ? user.id : "";
        $("known-email").textContent = user && user.email ? `, ${user.email}` : "";
        showAccount();
      };
      $("login").addEventListener("submit", (event) => {
        event.preventDefault();
        const [id, email, phone] = ["user-id", "email", "phone"].map((name) => $(name).value.trim());
        const traits = Object.fromEntries(Object.entries({ email, phone }).filter(([, value]) => value));
        keep("user", { id, email });
        say("identify", id, traits);
        $("account-said").textContent = "Logged in.";
        draw();
      });
      $("logout").addEventListener("click", () => {
        keep("user", null);
        keep("consent", null);
        say("reset");
        showConsent();
        $("account-said").textContent = "Logged out.";
        draw();
      });
      draw();
    },
  };

  // --- every page -----------------------------------------------------------------------------------------------

  function showAccount() {
    const user = recall("user", null);
    $("account-link").textContent = user ? user.id : "Log in";
    showFate();
  }

  function showConsent() {
    const marketing = recall("consent", null);
    $("consent").setAttribute("aria-checked", String(marketing === true));
    $("consent-state").textContent = marketing === null ? "off, not decided" : marketing ? "on" : "off";
    showFate();
  }

  /** Logged in with the form, or by a datafly.identify that somebody typed into the console. */
  const isKnown = () => {
    const last = window.shopCalls.all().findLast((call) => call.name === "identify" || call.name === "reset");
    return Boolean(recall("user", null)) || Boolean(last && last.name === "identify");
  };

  // "200 taken" is the gateway's word; this says why a vendor may still get nothing.
  function showFate() {
    const consents = recall("consent", null) === true;
    $("calls-note").hidden = consents && isKnown();
    if (!consents) $("calls-note").textContent = "Marketing consent is off: the gateway takes and keeps these events, and sends them to no marketing vendor.";
    else if (!isKnown()) $("calls-note").textContent = "Nobody is logged in: vendors that key users on a user id skip these events.";
  }

  $("consent").addEventListener("click", () => {
    const marketing = recall("consent", null) !== true;
    keep("consent", marketing);
    showConsent();
    say("consent", { marketing });
  });

  // --- the calls ------------------------------------------------------------------------------------------------

  const states = {
    queued: "waits",
    sent: "on its way",
    waiting: "no network, kept",
    beacon: "sent at page end",
    parted: "sent before the log-out",
    taken: "taken",
    refused: "refused",
  };

  const drawCall = (call) => {
    const row = element("li", `call ${call.state}`);
    const details = element("details");
    const summary = element("summary");
    const state = call.status ? `${call.status} ${states[call.state]}` : states[call.state];
    summary.append(element("code", "", call.text), element("span", "chip", state));
    details.append(summary);
    if (call.automatic) details.append(element("p", "muted small", "Made by d.js itself."));
    if (call.request) details.append(element("h3", "", call.request), element("pre", "", JSON.stringify(call.payload || {}, null, 2)));
    if (call.reply) details.append(element("h3", "", `Reply ${call.status}, ${call.milliseconds} ms`), element("pre", "", JSON.stringify(call.reply, null, 2)));
    if (call.state === "beacon") details.append(element("p", "muted small", "A beacon’s reply cannot be read; the next page confirms it."));
    if (call.state === "parted") details.append(element("p", "muted small", "The page ended before the reply. It is not sent again: after a log-out it would belong to the next person."));
    row.append(details);
    row.dataset.key = String(call.at) + call.text;
    return row;
  };

  const drawCalls = () => {
    const open = new Set([...document.querySelectorAll("#calls details[open]")].map((one) => one.parentNode.dataset.key));
    const rows = [];
    let earlier = false;
    for (const call of [...window.shopCalls.all()].reverse()) {
      if (!earlier && !window.shopCalls.isOfThisPage(call)) {
        earlier = true;
        rows.push(element("li", "divider", "Earlier pages"));
      }
      const row = drawCall(call);
      row.firstChild.open = open.has(row.dataset.key);
      rows.push(row);
    }
    $("calls").replaceChildren(...rows);
    $("calls-hint").textContent = heard
      ? "Each call to datafly, what it sends, and the gateway’s reply. Newest first."
      : "The collector /d.js did not load: nothing is sent.";
    showFate();
  };

  window.shopCalls.onChange(drawCalls);
  $("calls-clear").addEventListener("click", window.shopCalls.clear);
  showAccount();
  showConsent();
  showCount();
  const page = pages[document.body.dataset.page];
  if (page) page();
})();
