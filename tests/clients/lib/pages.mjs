// Drives the OAuth pages of a server as a browser without JavaScript would; knows no markup of
// Dassie's (see pages.py, its twin).

const unescape = (text) =>
  text.replace(/&(#x[0-9a-f]+|#\d+|amp|lt|gt|quot|apos);/gi, (_, name) => {
    const named = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }[name.toLowerCase()];
    if (named) return named;
    return String.fromCodePoint(name[1] === "x" ? parseInt(name.slice(2), 16) : Number(name.slice(1)));
  });

const attributes = (tag) => {
  const found = {};
  const inner = tag.replace(/^<\w+/, "").replace(/\/?>$/, "");
  for (const m of inner.matchAll(/([\w:-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g)) {
    found[m[1].toLowerCase()] = unescape(m[2] ?? m[3] ?? m[4] ?? "");
  }
  return found;
};

const REFUSALS = /^(deny|denied|refuse|reject|cancel|no)$/i;
const agrees = (b) => ![b.name, b.value, b.text].some((word) => REFUSALS.test((word ?? "").trim()));

function forms(html) {
  return [...html.matchAll(/<form\b[^>]*>[\s\S]*?<\/form>/gi)].map(([text]) => {
    const own = attributes(text.match(/^<form\b[^>]*>/i)[0]);
    const fields = [];
    const buttons = [];
    for (const [tag] of text.matchAll(/<input\b[^>]*>/gi)) {
      const a = attributes(tag);
      if (a.type === "submit") buttons.push({ name: a.name, value: a.value ?? "", text: a.value ?? "" });
      else if (a.name) fields.push({ type: "text", value: "", ...a });
    }
    for (const m of text.matchAll(/(<button\b[^>]*>)([\s\S]*?)<\/button>/gi)) {
      const a = attributes(m[1]);
      if ((a.type ?? "submit") === "submit") {
        buttons.push({ name: a.name, value: a.value ?? "", text: m[2], action: a.formaction });
      }
    }
    return { action: own.action ?? "", method: (own.method ?? "get").toLowerCase(), fields, buttons };
  });
}

function formOf(html) {
  const posts = forms(html).filter((f) => f.method === "post");
  return (
    posts.find((f) => f.fields.some((i) => i.type === "password")) ??
    posts.find((f) => !/sign_out|logout/.test(f.action) && (!f.buttons.length || f.buttons.some(agrees)))
  );
}

/** Signs in, agrees, and returns the authorization response: at least its `code`. */
export async function authorize(url, { user, password, redirectUri = "urn:ietf:wg:oauth:2.0:oob" }) {
  const cookies = new Map();
  const steps = [];
  const go = async (method, address, body) => {
    let origin = body === undefined ? undefined : new URL(address).origin;
    for (let hop = 0; hop < 10; hop++) {
      const response = await fetch(address, {
        method,
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(20_000),
        headers: {
          accept: "text/html",
          ...(origin && { origin }),
          ...(cookies.size && { cookie: [...cookies].map(([k, v]) => `${k}=${v}`).join("; ") }),
        },
      });
      steps.push(`${method} ${address.split("?")[0]} -> ${response.status}`);
      for (const line of response.headers.getSetCookie()) {
        const [pair] = line.split(";");
        const at = pair.indexOf("=");
        cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1));
      }
      const location = response.headers.get("location");
      if (!location || response.status < 300 || response.status > 399) {
        return { status: response.status, address, html: await response.text() };
      }
      const target = new URL(location, address).href;
      const toApp = !redirectUri.startsWith("urn:") && target.startsWith(redirectUri);
      if (toApp || !/^https?:/.test(target)) return { target };
      if (response.status < 307) [method, body, origin] = ["GET", undefined, undefined];
      address = target;
    }
    throw new Error(`too many redirects: ${steps.join(", ")}`);
  };

  let page = await go("GET", url);
  let signedIn = 0;
  for (let turn = 0; turn < 8; turn++) {
    if (page.target) return Object.fromEntries(new URL(page.target).searchParams);
    const tale = `\nsteps: ${steps.join(", ")}\npage: ${page.html.slice(0, 2000)}`;
    if (page.status >= 400 && ![401, 422].includes(page.status)) throw new Error(`${page.status}${tale}`);
    const form = formOf(page.html);
    if (!form) {
      const outside = page.html.replace(/<form\b[\s\S]*?<\/form>/gi, "");
      const codes = [
        ...[...outside.matchAll(/<code\b[^>]*>([\s\S]*?)<\/code>/gi)].map((m) => unescape(m[1]).trim()),
        ...[...outside.matchAll(/<input\b[^>]*>/gi)].map((m) => attributes(m[0]).value ?? ""),
      ].filter((code) => code.length >= 16);
      if (codes.length) return { code: codes[0] };
      throw new Error(`neither a form nor a code${tale}`);
    }
    const data = new URLSearchParams();
    const signsIn = form.fields.some((f) => f.type === "password");
    if (signsIn && signedIn++) throw new Error(`the sign-in was refused${tale}`);
    let named = false;
    for (const field of form.fields) {
      let { value } = field;
      if (field.type === "checkbox" || field.type === "radio") {
        if (!("checked" in field) && !field.name.startsWith("scope")) continue;
        value ||= "on";
      } else if (field.type === "password") value = password;
      else if (signsIn && !named && ["text", "email"].includes(field.type)) [value, named] = [user, true];
      data.append(field.name, value);
    }
    const button = form.buttons.find(agrees);
    if (button?.name) data.append(button.name, button.value);
    const action = button?.action || form.action || page.address;
    page = await go("POST", new URL(action, page.address).href, data);
  }
  throw new Error(`the forms do not end: ${steps.join(", ")}`);
}

/** Asks again until `check` gives something truthy; an error says what was waited for. */
export async function until(what, check, { seconds = 20, every = 100 } = {}) {
  const end = Date.now() + seconds * 1000;
  let last;
  for (;;) {
    try {
      const value = await check();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited ${seconds} s for: ${what} (last: ${last})`);
    await new Promise((done) => setTimeout(done, every));
  }
}
