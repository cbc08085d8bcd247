// Pages of other origins that use a Dassie, in headless Chromium: an embedded timeline, comments
// under a blog post, an avatar by handle, a page that fetches itself a token, streams. And our own
// pages as a browser sees them. Environment: as for masto, and SECOND_TOKEN; CHROMIUM may name the
// browser.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import puppeteer from "puppeteer-core";
import { png } from "../lib/picture.mjs";
import { until } from "../lib/pages.mjs";

const { DASSIE_URL, DASSIE_USER, DASSIE_EMAIL, DASSIE_PASSWORD, DASSIE_TOKEN } = process.env;
const { SECOND_TOKEN, SECOND_USER, OTHER_URL, OTHER_TOKEN } = process.env;
const HOST = new URL(DASSIE_URL).host;
const WIDGET = new URL("node_modules/@idotj/mastodon-embed-timeline/dist/", import.meta.url);
const unique = (text) => `${text} ${randomUUID()}`;

let browser;
let server;
let site; // the origin of the other site
const pages = new Map(); // path -> [type, body]

before(async () => {
  server = createServer((request, response) => {
    const [type, body] = pages.get(new URL(request.url, "http://x").pathname) ?? ["text/plain", ""];
    response.setHeader("content-type", type);
    response.end(body);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  site = `http://127.0.0.1:${server.address().port}`;
  browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--no-proxy-server"],
  });
});

after(async () => {
  await browser?.close();
  server?.close();
});

const html = (path, body) => pages.set(path, ["text/html; charset=utf-8", `<!doctype html><title>t</title>${body}`]);

async function api(method, path, body, token = DASSIE_TOKEN, base = DASSIE_URL) {
  const answer = await fetch(base + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
  const value = await answer.json();
  assert.equal(answer.status, 200, `${method} ${path}: ${JSON.stringify(value)}`);
  return value;
}

/** A page with what it complained of. */
async function open(address) {
  const page = await (await browser.createBrowserContext()).newPage();
  page.setDefaultTimeout(15_000);
  page.complaints = [];
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  await page.goto(address, { waitUntil: "load" });
  return page;
}

test("a timeline is embedded in another site", async () => {
  const text = unique("for the embed");
  const tag = `e${randomUUID().replaceAll("-", "")}`;
  await api("POST", "/api/v1/statuses", { status: `${text} #${tag}` });
  const me = await api("GET", "/api/v1/accounts/verify_credentials");
  pages.set("/widget.js", ["text/javascript", await readFile(new URL("mastodon-timeline.umd.js", WIDGET))]);
  pages.set("/widget.css", ["text/css", await readFile(new URL("mastodon-timeline.min.css", WIDGET))]);
  for (const [kind, more] of [
    ["profile", { userId: me.id, profileName: `@${DASSIE_USER}` }],
    ["local", {}],
    ["hashtag", { hashtagName: tag }],
  ]) {
    html(`/${kind}`, `
      <link rel="stylesheet" href="/widget.css">
      <div id="mt-container" class="mt-container"><div class="mt-body" role="feed"><div class="mt-loading-spinner"></div></div></div>
      <script src="/widget.js"></script>
      <script>new MastodonTimeline.Init(${JSON.stringify({ instanceUrl: DASSIE_URL, timelineType: kind, ...more })});</script>`);
    const page = await open(`${site}/${kind}`);
    await page.waitForFunction((words) => document.querySelector(".mt-body").innerText.includes(words), {}, text);
    const post = await page.evaluate((words) => {
      const article = [...document.querySelectorAll("article")].find((a) => a.innerText.includes(words));
      return { link: article.dataset.location, words: article.innerText };
    }, text);
    assert.ok(post.words.includes(DASSIE_USER), `${kind}: its author is named`);
    assert.ok(post.link?.startsWith(DASSIE_URL), `${kind}: it links to the status: ${post.link}`);
    assert.deepEqual(page.complaints, [], kind);
  }
});

test("a blog shows the replies to a status as comments", async () => {
  const root = await api("POST", "/api/v1/statuses", { status: unique("new on my blog") });
  const local = unique("first comment");
  await api("POST", "/api/v1/statuses", { status: local, in_reply_to_id: root.id }, SECOND_TOKEN);
  const remote = unique("from elsewhere");
  const there = await until("the status is found there", async () => {
    const q = encodeURIComponent(root.uri);
    const found = await api("GET", `/api/v2/search?type=statuses&resolve=true&q=${q}`, null, OTHER_TOKEN, OTHER_URL);
    return found.statuses[0];
  });
  await api("POST", "/api/v1/statuses", { status: `@${DASSIE_USER}@${HOST} ${remote}`, in_reply_to_id: there.id },
    OTHER_TOKEN, OTHER_URL);
  const secret = unique("only for you");
  await api("POST", "/api/v1/statuses", { status: secret, in_reply_to_id: root.id, visibility: "private" }, SECOND_TOKEN);
  await until("the reply has arrived", async () =>
    (await api("GET", `/api/v1/statuses/${root.id}/context`)).descendants.length >= 2);
  html("/blog", `<main></main><script type="module">
    const at = "${DASSIE_URL}/api/v1/statuses/${root.id}";
    const { descendants } = await (await fetch(at + "/context")).json();
    const status = await (await fetch(at)).json();
    document.title = status.replies_count;
    for (const reply of descendants) {
      const article = document.createElement("article");
      article.innerHTML = reply.content;
      const picture = document.createElement("img");
      picture.src = reply.account.avatar_static;
      const by = document.createElement("a");
      by.href = reply.url;
      by.textContent = reply.account.display_name || reply.account.acct;
      article.append(by, picture, new Date(reply.created_at).toISOString());
      document.querySelector("main").append(article);
    }
    document.body.dataset.done = "yes";</script>`);
  const page = await open(`${site}/blog`);
  await page.waitForSelector("[data-done]");
  const shown = await page.evaluate(() => document.querySelector("main").innerText);
  assert.ok(shown.includes(local) && shown.includes(remote), shown);
  assert.ok(!shown.includes(secret), "what is private is not shown");
  assert.deepEqual(page.complaints, []);
});

test("a handle is turned into a face, as Mravatar does", async () => {
  const form = new FormData();
  form.append("avatar", new Blob([png(64)], { type: "image/png" }), "me.png");
  const changed = await fetch(`${DASSIE_URL}/api/v1/accounts/update_credentials`, {
    method: "PATCH", body: form, headers: { authorization: `Bearer ${DASSIE_TOKEN}` },
  });
  assert.equal(changed.status, 200, await changed.text());
  html("/face", `<script type="module">
    const acct = "acct:${DASSIE_USER}@${HOST}";
    const found = await (await fetch("${DASSIE_URL}/.well-known/webfinger?resource=" + acct)).json();
    const account = await (await fetch("${DASSIE_URL}/api/v1/accounts/lookup?acct=" + found.subject.slice(5))).json();
    const picture = document.createElement("img");
    picture.src = account.avatar;
    await picture.decode();
    document.body.append(picture);
    document.body.dataset.wide = picture.naturalWidth;</script>`);
  const page = await open(`${site}/face`);
  await page.waitForSelector("[data-wide]");
  assert.ok(await page.evaluate(() => Number(document.body.dataset.wide)) >= 64);
  assert.deepEqual(page.complaints, []);
});

test("a page of another origin gets itself a token", async () => {
  html("/generator", `<script type="module">
    const here = location.origin + location.pathname;
    const form = (data) => ({ method: "POST", body: new URLSearchParams(data) });
    const code = new URLSearchParams(location.search).get("code");
    const base64 = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");
    if (!code) {
      const app = await (await fetch("${DASSIE_URL}/api/v1/apps", form({
        client_name: "token generator", redirect_uris: here, scopes: "read write", website: location.origin,
      }))).json();
      const verifier = base64(crypto.getRandomValues(new Uint8Array(40)));
      sessionStorage.app = JSON.stringify({ ...app, verifier });
      const challenge = base64(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
      location = "${DASSIE_URL}/oauth/authorize?" + new URLSearchParams({
        client_id: app.client_id, redirect_uri: here, response_type: "code", scope: "read write",
        code_challenge: challenge, code_challenge_method: "S256", state: "a state",
      });
    } else {
      const app = JSON.parse(sessionStorage.app);
      const token = await (await fetch("${DASSIE_URL}/oauth/token", form({
        grant_type: "authorization_code", code, redirect_uri: here, client_id: app.client_id,
        client_secret: app.client_secret, code_verifier: app.verifier,
      }))).json();
      const me = await (await fetch("${DASSIE_URL}/api/v1/accounts/verify_credentials", {
        headers: { Authorization: "Bearer " + token.access_token },
      })).json();
      document.body.dataset.result = JSON.stringify({ token, me, state: new URLSearchParams(location.search).get("state") });
    }</script>`);
  const page = await open(`${site}/generator`);
  await page.waitForSelector("input[type=password]");
  const name = await page.$("input[type=email], input[type=text]");
  await name.type(DASSIE_EMAIL);
  await page.type("input[type=password]", DASSIE_PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.pathname === "/oauth/authorize"
    && document.readyState === "complete" && !document.querySelector("input[type=password]"));
  assert.match(await page.evaluate(() => document.body.innerText), /token generator/);
  const agree = await page.evaluateHandle(() =>
    [...document.querySelectorAll("button")].find((b) => /allow|authorize/i.test(b.innerText + b.value)));
  await agree.asElement().click();
  await page.waitForSelector("[data-result]");
  const result = JSON.parse(await page.evaluate(() => document.body.dataset.result));
  assert.equal(result.me.username, DASSIE_USER);
  assert.equal(result.token.token_type, "Bearer");
  assert.equal(result.state, "a state");
  // what the browser itself complains of is only what a page may do without
  assert.deepEqual(page.complaints.filter((c) => !/favicon/.test(c)), []);
});

test("streams reach a page of another origin, both ways", async () => {
  html("/streams", `<script>
    const heard = (how) => (event) => {
      const data = how === "socket" ? JSON.parse(JSON.parse(event.data).payload) : JSON.parse(event.data);
      document.body.insertAdjacentText("beforeend", how + ":" + data.id + " ");
    };
    const socket = new WebSocket("${DASSIE_URL.replace("http", "ws")}/api/v1/streaming?stream=user", "${DASSIE_TOKEN}");
    socket.onmessage = heard("socket");
    const events = new EventSource("${DASSIE_URL}/api/v1/streaming/user?access_token=${DASSIE_TOKEN}");
    events.addEventListener("update", heard("events"));
    Promise.all([socket, events].map((s) => new Promise((done) => s.onopen = done)))
      .then(() => document.body.dataset.open = "yes");</script>`);
  const page = await open(`${site}/streams`);
  await page.waitForSelector("[data-open]");
  const status = await api("POST", "/api/v1/statuses", { status: unique("live") });
  for (const how of ["socket", "events"]) {
    await page.waitForFunction((mark) => document.body.innerText.includes(mark), {}, `${how}:${status.id}`);
  }
  assert.deepEqual(page.complaints, []);
});

test("our own pages need nothing that their policy forbids", async () => {
  const status = await api("POST", "/api/v1/statuses", { status: unique("on a page") });
  for (const path of [`/@${DASSIE_USER}`, `/@${DASSIE_USER}/${status.id}`, "/", `/@${SECOND_USER}`]) {
    const page = await open(DASSIE_URL + path);
    assert.deepEqual(page.complaints.filter((c) => !/favicon/.test(c)), [], path);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${path} is no wider than its window`);
  }
});
