// Every page, in both languages, in light and dark, on a phone and on a desk, in headless Chromium:
// axe-core finds nothing, nothing is wider than the window. With SCREENSHOTS, a folder, pictures of
// them are kept there, for somebody to look at. Environment: as for browser, ADMIN_TOKEN and, for the
// pages that letters lead to, OTHER_URL, OTHER_USER and MAIL_PORT of a server that sends letters there.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import puppeteer from "puppeteer-core";
import { png } from "../lib/picture.mjs";
import { mailServer } from "../lib/mail.mjs";
import { until } from "../lib/pages.mjs";

const { DASSIE_URL, DASSIE_USER, DASSIE_PASSWORD, DASSIE_TOKEN } = process.env;
const { SECOND_USER, SECOND_TOKEN, ADMIN_TOKEN, SCREENSHOTS } = process.env;
const { OTHER_URL, OTHER_USER, MAIL_PORT } = process.env;
const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const PHONE = { width: 390, height: 844 };
const DESK = { width: 1280, height: 900 };
const NEWCOMER = "a.rather.long.address.that.somebody.has@mail.example.org";

let browser, mail;
const open = []; // what anybody may read: [name, path]

async function api(method, path, body, token = DASSIE_TOKEN) {
  const form = body instanceof FormData;
  const answer = await fetch(DASSIE_URL + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && !form && { "content-type": "application/json" }) },
    body: form ? body : body && JSON.stringify(body),
  });
  const value = await answer.json();
  assert.ok(answer.ok, `${method} ${path}: ${JSON.stringify(value)}`);
  return value;
}

const file = (name, fields, side, colour) => {
  const form = new FormData();
  form.append(name, new Blob([png(side, colour)], { type: "image/png" }), "a.png");
  for (const [key, value] of Object.entries(fields)) form.append(key, value);
  return form;
};

/** Somebody who waits for an admin, and for a letter where there is mail. */
async function signUp(server) {
  const of = async (path, body, token) => {
    const headers = token && { authorization: `Bearer ${token}` };
    const answer = await fetch(server + path, { method: "POST", headers, body: new URLSearchParams(body) });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer.json();
  };
  const app = await of("/api/v1/apps", { client_name: "An App", redirect_uris: "https://app.example/cb", scopes: "write" });
  const alone = await of("/oauth/token", { ...app, grant_type: "client_credentials", scope: "write" });
  await of("/api/v1/accounts", { username: "somebody_who_waits", email: NEWCOMER, password: DASSIE_PASSWORD,
    agreement: true, locale: "en", reason: "I have known Ann for years and like tea. 我也喜欢茶。" }, alone.access_token);
}

/** A profile with all that a profile can have; the id of the status with the longest page. */
async function seed() {
  const about = file("avatar", {
    display_name: "Ann 安 :kitty:", note: "I write about tea and 茶.\n\nhttps://example.org/a/rather/long/address/that/does/not/fit/on/one/line",
    "fields_attributes[0][name]": "网站", "fields_attributes[0][value]": "https://example.org",
    "fields_attributes[1][name]": "Pronouns", "fields_attributes[1][value]": "she :kitty:",
  }, 96);
  about.append("header", new Blob([png(400, [60, 90, 120])], { type: "image/png" }), "h.png");
  await api("POST", "/api/v1/admin/custom_emojis", file("image", { shortcode: "kitty" }, 32, [240, 170, 20]), ADMIN_TOKEN);
  await api("PATCH", "/api/v1/accounts/update_credentials", about);
  const write = (status, token) => api("POST", "/api/v1/statuses", status, token);
  const media = async (description) =>
    (await api("POST", "/api/v2/media", file("file", { description }, 300, [30, 120, 60]))).id;
  const ready = (id) => until("the picture is ready", async () =>
    (await fetch(`${DASSIE_URL}/api/v1/media/${id}`, { headers: { authorization: `Bearer ${DASSIE_TOKEN}` } })).status === 200);
  const shown = await media("A green square");
  await ready(shown);
  const hidden = await media("");
  await ready(hidden);
  const root = await write({ status: "The beginning of a thread :kitty: #teatime", language: "en" });
  let last = root;
  for (const text of ["今天喝了龙井，配一本好书。#teatime", "And then?", "W".repeat(300), "The end of it."]) {
    last = await write({ status: text, in_reply_to_id: last.id });
  }
  const answer = await write({ status: `@${DASSIE_USER} I like that`, in_reply_to_id: root.id }, SECOND_TOKEN);
  await write({ status: "So do I", in_reply_to_id: answer.id });
  await write({ status: "Which one? #teatime", poll: { options: ["龙井", "Oolong :kitty:"], expires_in: 3600 } });
  await write({ status: "the murderer is the gardener", spoiler_text: "A novel, spoiled :kitty:" });
  await write({ status: "with a picture", media_ids: [shown] });
  await write({ status: "at the beach", media_ids: [hidden], sensitive: true });
  await write({ status: "> a quotation\n\n**Bold** and `code`:\n\n```\n" + "x = 1; ".repeat(30) + "\n```\n\n- one\n- two",
    content_type: "text/markdown" });
  const pinned = await write({ status: "Pinned: who I am" });
  await api("POST", `/api/v1/statuses/${pinned.id}/pin`);
  const other = await write({ status: "of somebody else" }, SECOND_TOKEN);
  await api("POST", `/api/v1/statuses/${other.id}/reblog`);
  const someone = await api("GET", `/api/v1/accounts/lookup?acct=${SECOND_USER}`);
  await api("POST", `/api/v1/accounts/${someone.id}/mute`, { duration: 86400 });
  await api("POST", "/api/v1/domain_blocks", { domain: "evil.example" });
  for (const server of [DASSIE_URL, OTHER_URL]) await signUp(server);
  await api("PATCH", "/api/v1/accounts/update_credentials", { discoverable: true });
  const user = `/@${DASSIE_USER}`;
  open.push(["home", "/"], ["about", "/about"], ["privacy", "/privacy-policy"], ["profile", user],
    ["replies", `${user}/with_replies`], ["media", `${user}/media`], ["tagged", `${user}/tagged/teatime`],
    ["older", `${user}?max_id=${last.id}`], ["status", `${user}/${root.id}`], ["tag", "/tags/teatime"],
    ["missing", "/nothing/here"], ["interaction", `/authorize_interaction?uri=${encodeURIComponent(root.uri)}`],
    ["sign_in", "/auth/sign_in"], ["sign_up", "/auth/sign_up"], ["invitation_over", "/invite/nothing"],
    ["lost_password", "/auth/password"]);
}

before(async () => {
  browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--no-proxy-server"],
  });
  if (SCREENSHOTS) await mkdir(SCREENSHOTS, { recursive: true });
  mail = await mailServer(MAIL_PORT);
  await seed();
});

after(() => {
  mail?.close();
  return browser?.close();
});

/** A browser of somebody who reads this language, and what it does with an address. */
async function reader(language) {
  const page = await (await browser.createBrowserContext()).newPage();
  page.setDefaultTimeout(20_000);
  await page.setExtraHTTPHeaders({ "accept-language": language });
  const faults = [];

  /** Looks at the page that is open in all its looks. */
  const look = async (name) => {
    for (const [view, colours] of [[PHONE, "light"], [PHONE, "dark"], [DESK, "light"]]) {
      const where = `${name}-${language}-${view === PHONE ? "phone" : "desk"}-${colours}`;
      await page.setViewport(view);
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: colours }]);
      // what is folded away is looked at as well
      await page.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) faults.push(`${where}: ${wide} px wider than its window`);
      const spoken = await page.evaluate(() => document.documentElement.lang);
      if (!spoken.startsWith(language.slice(0, 2))) faults.push(`${where}: is in ${spoken}`);
      await page.evaluate(AXE);
      const found = await page.evaluate((tags) =>
        axe.run({ runOnly: { type: "tag", values: tags }, preload: false, resultTypes: ["violations"] }), RULES);
      for (const one of found.violations) {
        faults.push(`${where}: ${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`);
      }
      if (SCREENSHOTS) await page.screenshot({ path: `${SCREENSHOTS}/${where}.png`, fullPage: true });
    }
  };
  const visit = async (name, path) => {
    await page.goto(new URL(path, DASSIE_URL), { waitUntil: "load" });
    await look(name);
  };
  return { page, faults, look, visit };
}

for (const language of ["en", "zh-TW"]) {
  test(`what anybody may read, in ${language}`, async () => {
    const { faults, visit } = await reader(language);
    for (const [name, path] of open) await visit(name, path);
    assert.deepEqual(faults, []);
  });

  test(`where letters lead, in ${language}`, async () => {
    const { page, faults, look, visit } = await reader(language);
    const link = (to, part, before) => until(`a letter to ${to}`, () => {
      const found = mail.link(to, part);
      return found !== before && found;
    });
    const carl = [`${OTHER_USER}@example.org`, "/auth/password/new?"];
    const before = mail.link(...carl);
    await visit("confirm", await link(NEWCOMER, "/auth/confirm?"));
    assert.equal(await page.$$eval("[name=token]", (fields) => fields.length), 1);
    await visit("lost_password_form", `${OTHER_URL}/auth/password`);
    await page.type("#email", carl[0]);
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    await look("lost_password_sent");
    await visit("new_password", await link(...carl, before));
    await page.type("#new", "one password");
    await page.type("#again", "another password");
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    await look("new_password_wrong");
    assert.deepEqual(faults, []);
  });

  test(`signing in and the settings, in ${language}`, async () => {
    const { page, faults, look, visit } = await reader(language);
    const submit = () => Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    await page.goto(`${DASSIE_URL}/auth/sign_in`);
    await page.type("#username", DASSIE_USER);
    await page.type("#password", "wrong password");
    await submit();
    await look("sign_in_wrong");
    await page.$eval("#username", (field) => { field.value = ""; });
    await page.type("#username", DASSIE_USER);
    await page.type("#password", DASSIE_PASSWORD);
    await submit();
    const app = await (await fetch(`${DASSIE_URL}/api/v1/apps`, {
      method: "POST",
      body: new URLSearchParams({ client_name: "An App", redirect_uris: "https://app.example/cb", scopes: "read write" }),
    })).json();
    const query = new URLSearchParams({ client_id: app.client_id, redirect_uri: "https://app.example/cb", response_type: "code", scope: "read write" });
    await visit("authorize", `/oauth/authorize?${query}`);
    await page.goto(`${DASSIE_URL}/settings/invites`);
    await Promise.all([page.waitForNavigation(), page.click("form button")]);
    for (const name of ["", "password", "email", "delete", "applications", "sessions", "moving", "data", "archive", "blocks", "invites", "people", "two_factor"]) {
      await visit(`settings_${name}`, `/settings/${name}`.replace(/\/$/, ""));
    }
    await page.type("#password", DASSIE_PASSWORD);
    await submit();
    await look("settings_enrol");
    assert.deepEqual(faults, []);
  });
}
