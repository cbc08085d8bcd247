// masto.js, the library of Elk and Phanpy, against a running Dassie.
// Environment: DASSIE_URL, DASSIE_EMAIL, DASSIE_USER, DASSIE_PASSWORD, OTHER_HANDLE and
// OTHER_URL, OTHER_TOKEN (an account on another server). run.py sets them.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, test } from "node:test";
import { createOAuthAPIClient, createRestAPIClient, createStreamingAPIClient } from "masto";
import { authorize, until } from "../lib/pages.mjs";

const { DASSIE_URL, DASSIE_USER, DASSIE_EMAIL, DASSIE_PASSWORD } = process.env;
const { OTHER_URL, OTHER_HANDLE, OTHER_TOKEN } = process.env;
const SCOPES = "read write follow push";
const unique = (text) => `${text} ${randomUUID()}`;
const has = (text) => (status) => status.content.includes(text);

let masto;
let other;
let streaming;

async function logIn(redirectUri, more = {}) {
  const anonymous = createRestAPIClient({ url: DASSIE_URL });
  const app = await anonymous.v1.apps.create({
    clientName: "masto test", redirectUris: redirectUri, scopes: SCOPES, website: "https://example.org",
  });
  assert.ok(app.clientId && app.clientSecret);
  const query = new URLSearchParams({
    client_id: app.clientId, redirect_uri: redirectUri, response_type: "code", scope: SCOPES, ...more,
  });
  const answer = await authorize(`${DASSIE_URL}/oauth/authorize?${query}`, {
    user: DASSIE_EMAIL, password: DASSIE_PASSWORD, redirectUri,
  });
  assert.ok(answer.code, `a code: ${JSON.stringify(answer)}`);
  const token = await createOAuthAPIClient({ url: DASSIE_URL }).token.create({
    clientId: app.clientId, clientSecret: app.clientSecret, redirectUri,
    grantType: "authorization_code", code: answer.code, scope: SCOPES,
  });
  assert.equal(token.tokenType, "Bearer");
  return { accessToken: token.accessToken, answer };
}

before(async () => {
  const { accessToken } = await logIn("urn:ietf:wg:oauth:2.0:oob");
  masto = createRestAPIClient({ url: DASSIE_URL, accessToken });
  other = createRestAPIClient({ url: OTHER_URL, accessToken: OTHER_TOKEN });
  const { configuration } = await masto.v2.instance.fetch();
  streaming = createStreamingAPIClient({
    streamingApiUrl: configuration.urls.streaming, accessToken,
  });
});

test("an app with its own scheme gets its state back", async () => {
  const { accessToken, answer } = await logIn("masto-test://callback", { state: "a b&c" });
  assert.equal(answer.state, "a b&c");
  const me = await createRestAPIClient({ url: DASSIE_URL, accessToken }).v1.accounts.verifyCredentials();
  assert.equal(me.username, DASSIE_USER);
});

test("who we are and where", async () => {
  const me = await masto.v1.accounts.verifyCredentials();
  assert.equal(me.username, DASSIE_USER);
  assert.equal(me.acct, DASSIE_USER);
  assert.equal(me.source.privacy, "public");
  const v2 = await masto.v2.instance.fetch();
  assert.equal(v2.domain, new URL(DASSIE_URL).host);
  assert.ok(v2.configuration.statuses.maxCharacters >= 500);
  const v1 = await masto.v1.instance.fetch();
  assert.match(v1.version, /^\d+\.\d+\.\d+ \(compatible; Dassie /);
});

test("posts, threads and deletion", async () => {
  const text = unique("from masto");
  const status = await masto.v1.statuses.create({ status: text, visibility: "public", language: "en", spoilerText: "cw" });
  assert.equal(status.visibility, "public");
  assert.equal(status.spoilerText, "cw");
  assert.equal(status.sensitive, true);
  assert.equal(status.application?.name, "masto test");
  const reply = await masto.v1.statuses.create({ status: unique("reply"), inReplyToId: status.id });
  const { ancestors, descendants } = await masto.v1.statuses.$select(reply.id).context.fetch();
  assert.deepEqual([ancestors.map((s) => s.id), descendants], [[status.id], []]);
  assert.ok((await masto.v1.timelines.home.list()).some(has(text)));
  const mine = await masto.v1.accounts.$select(status.account.id).statuses.list({ excludeReplies: true });
  assert.ok(mine.some(has(text)));

  const source = await masto.v1.statuses.$select(status.id).remove();
  assert.equal(source.text, text);
  await assert.rejects(masto.v1.statuses.$select(status.id).fetch(), { statusCode: 404 });
});

test("pages of the home timeline follow its Link headers", async () => {
  const texts = [];
  for (let i = 0; i < 5; i++) {
    texts.unshift(unique(`page ${i}`));
    await masto.v1.statuses.create({ status: texts[0] });
  }
  const seen = [];
  for await (const page of masto.v1.timelines.home.list({ limit: 2 })) {
    assert.ok(page.length <= 2);
    seen.push(...page);
    if (seen.length >= 5) break;
  }
  texts.forEach((text, i) => assert.ok(has(text)(seen[i]), `${i}: ${text} in ${seen[i].content}`));
  const newer = await masto.v1.timelines.home.list({ minId: seen[3].id, limit: 2 });
  assert.deepEqual(newer.map((s) => s.id), [seen[1].id, seen[2].id]);
});

test("finds, follows and hears somebody elsewhere", async () => {
  const { accounts } = await masto.v2.search.list({ q: OTHER_HANDLE, resolve: true, type: "accounts" });
  assert.equal(accounts[0]?.acct, OTHER_HANDLE);
  const them = masto.v1.accounts.$select(accounts[0].id);
  await them.follow();
  await until("following", async () => {
    const [r] = await masto.v1.accounts.relationships.fetch({ id: [accounts[0].id] });
    return r.following;
  });
  const text = unique("from elsewhere");
  const original = await other.v1.statuses.create({ status: text });
  const status = await until("their post at home", async () => (await masto.v1.timelines.home.list({ limit: 40 })).find(has(text)));
  assert.equal(status.uri, original.uri);

  const chosen = masto.v1.statuses.$select(status.id);
  assert.equal((await chosen.favourite()).favourited, true);
  assert.equal((await chosen.reblog()).reblog.id, status.id);
  await until("the favourite and the boost there", async () => {
    const s = await other.v1.statuses.$select(original.id).fetch();
    return s.favouritesCount === 1 && s.reblogsCount === 1;
  });
  assert.equal((await chosen.unfavourite()).favourited, false);
  assert.equal((await chosen.unreblog()).reblogged, false);
  await until("both taken back there", async () => {
    const s = await other.v1.statuses.$select(original.id).fetch();
    return s.favouritesCount === 0 && s.reblogsCount === 0;
  });

  const answer = unique("answer");
  const host = new URL(DASSIE_URL).host;
  await other.v1.statuses.create({ status: `@${DASSIE_USER}@${host} ${answer}`, visibility: "direct" });
  const mention = await until("the mention", async () =>
    (await masto.v1.notifications.list({ types: ["mention"] })).find((n) => has(answer)(n.status)));
  assert.equal(mention.status.visibility, "direct");
  assert.equal((await masto.v1.notifications.$select(mention.id).fetch()).id, mention.id);
  assert.equal((await masto.v1.accounts.lookup({ acct: OTHER_HANDLE })).id, accounts[0].id);
  assert.equal((await them.unfollow()).following, false);
});

test("a socket with two streams", async () => {
  const [user, tag] = [streaming.user.subscribe(), streaming.hashtag.subscribe({ tag: "streamed" })];
  const next = async (stream) => (await stream[Symbol.asyncIterator]().next()).value;
  const coming = [next(user), next(tag)];
  let status;
  // subscribing has no answer: until it works, nothing comes
  const told = Promise.all(coming);
  const posting = setInterval(async () => { await masto.v1.statuses.create({ status: unique("#streamed") }); }, 500);
  const events = await told;
  clearInterval(posting);
  for (const event of events) {
    assert.equal(event.event, "update");
    status = event.payload;
    assert.ok(status.tags.some((t) => t.name === "streamed"));
  }
  const gone = (async () => {
    for await (const event of user) if (event.event === "delete" && event.payload === status.id) return event;
  })();
  await masto.v1.statuses.$select(status.id).remove();
  assert.equal((await gone).event, "delete");
  user.unsubscribe();
  tag.unsubscribe();
  streaming.close();
});

test("errors are Mastodon's", async () => {
  await assert.rejects(masto.v1.statuses.create({ status: "" }), { statusCode: 422 });
  await assert.rejects(masto.v1.statuses.$select("1").fetch(), { statusCode: 404 });
  const stranger = createRestAPIClient({ url: DASSIE_URL, accessToken: "no such token" });
  await assert.rejects(stranger.v1.accounts.verifyCredentials(), { statusCode: 401 });
});
