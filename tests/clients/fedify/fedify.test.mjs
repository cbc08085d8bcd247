// Dassie and four Fedify peers: one that tries RFC 9421 first and one that tries draft-cavage first,
// both of which take either dialect (the whole conversation), and two that know one dialect only.
//
// Environment: DASSIE_URL, DASSIE_USER (local name), DASSIE_TOKEN of that account; OTHER_HANDLE,
// somebody on a third server. run.py sets them.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "../lib/pages.mjs";

const { DASSIE_URL, DASSIE_USER, DASSIE_TOKEN, OTHER_HANDLE } = process.env;
const PUBLIC = "https://www.w3.org/ns/activitystreams#Public";
const ACTIVITY_JSON = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"';
const started = [];

async function startPeer(...options) {
  const script = fileURLToPath(new URL("peer.mjs", import.meta.url));
  const child = spawn(process.execPath, [script, ...options], { stdio: ["pipe", "pipe", "inherit"] });
  started.push(child);
  const origin = await new Promise((done, fail) => {
    child.stdout.once("data", (line) => done(String(line).trim()));
    child.once("exit", (code) => fail(new Error(`the peer ended with ${code}`)));
  });
  const ask = async (path, body) => {
    const response = await fetch(`${origin}/control/${path}`, {
      method: body ? "POST" : "GET",
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    const answer = await response.json();
    if (answer?.error) throw new Error(`${path}: ${answer.error}`);
    return answer;
  };
  const received = async (type, check = () => true) =>
    (await ask("received")).filter((e) => e.handled && e.activity.type === type && check(e.activity));
  return {
    origin,
    actor: `${origin}/users/peer`,
    handle: `peer@${new URL(origin).host}`,
    ask,
    received,
    /** Waits for a checked and handled activity. */
    gets: async (what, type, check) => {
      try {
        return (await until(what, async () => (await received(type, check))[0], { seconds: 30 })) ?? null;
      } catch (error) {
        const seen = (await ask("received")).map((e) => `${e.activity?.type} ${e.dialect} ${e.status}`);
        throw new Error(`${error.message}; the peer has seen: ${seen.join(", ") || "nothing"}`);
      }
    },
  };
}

async function api(method, path, body, { expect = 200 } = {}) {
  const response = await fetch(DASSIE_URL + path, {
    method,
    headers: { authorization: `Bearer ${DASSIE_TOKEN}`, ...(body && { "content-type": "application/json" }) },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  assert.equal(response.status, expect, `${method} ${path}: ${text}`);
  return JSON.parse(text);
}

const idOf = (value) => (typeof value === "string" ? value : value?.id);
const list = (value) => (value === undefined ? [] : [value].flat());
const isPublic = (uri) => [PUBLIC, "as:Public", "Public"].includes(uri);
const unique = (text) => `${text} ${randomUUID()}`;
const post = (text, more = {}) => api("POST", "/api/v1/statuses", { status: text, ...more });
const createdAs = (text) => (activity) => activity.object?.content?.includes(text.split(" ").pop());
const inHome = (text) =>
  until(`"${text}" in the home timeline`, async () =>
    (await api("GET", "/api/v1/timelines/home?limit=40")).find((s) => s.content.includes(text)));
const notified = (type, check) =>
  until(`a ${type} notification`, async () =>
    (await api("GET", "/api/v1/notifications?limit=40")).find((n) => n.type === type && check(n)));
const find = async (handle) => {
  const query = new URLSearchParams({ q: `@${handle}`, resolve: "true", type: "accounts" });
  const { accounts } = await api("GET", `/api/v2/search?${query}`);
  assert.equal(accounts.length, 1, `search finds ${handle}`);
  return accounts[0];
};
const relationship = async (id) => (await api("GET", `/api/v1/accounts/relationships?id[]=${id}`))[0];

let ann; // the address of our account's actor
let followersOfAnn;

before(async () => {
  assert.ok(DASSIE_URL && DASSIE_USER && DASSIE_TOKEN && OTHER_HANDLE, "run.py sets the environment");
  const resource = `acct:${DASSIE_USER}@${new URL(DASSIE_URL).host}`;
  const found = await (await fetch(`${DASSIE_URL}/.well-known/webfinger?${new URLSearchParams({ resource })}`)).json();
  assert.equal(found.subject, resource);
  ann = found.links.find((l) => l.rel === "self").href;
});
after(() => {
  for (const child of started) child.stdin.end();
});

for (const first of ["rfc9421", "draft-cavage"]) {
  describe(`${first} first`, () => conversation(first));
}

/** Everything that two servers do with each other; the peer tries the dialect `first` first. */
function conversation(first) {
  let peer;
  let account; // the peer, as Dassie knows it

  before(async () => {
    peer = await startPeer("--first-knock", first);
  });

  test("Fedify reads our actor, unsigned and signed", async () => {
    for (const signed of [false, true]) {
      const actor = await peer.ask("lookup", { url: ann, signed });
      assert.equal(actor?.id, ann);
      assert.equal(actor.preferredUsername, DASSIE_USER);
      assert.ok(actor.publicKey, "a key");
      followersOfAnn = idOf(actor.followers);
    }
  });

  test("the peer follows ann and is accepted", async () => {
    const follow = await peer.ask("follow", { actor: ann });
    peer.follow = follow.id;
    const accept = await peer.gets("Accept of the peer's Follow", "Accept", (a) => idOf(a.object) === follow.id);
    assert.equal(idOf(accept.activity.actor), ann);
    account = await find(peer.handle);
    assert.equal(account.acct, peer.handle);
    await notified("follow", (n) => n.account.id === account.id);
    assert.equal((await relationship(account.id)).followed_by, true);
  });

  test("ann follows the peer and is accepted", async () => {
    await api("POST", `/api/v1/accounts/${account.id}/follow`, {});
    await peer.gets("ann's Follow", "Follow", (a) => idOf(a.object) === peer.actor);
    await until("following", async () => (await relationship(account.id)).following);
    assert.equal((await relationship(account.id)).requested, false);
    assert.deepEqual(await peer.ask("followers"), [ann]);
  });

  test("posts reach the peer with their right addresses; what is not for it does not", async () => {
    const secret = unique("for another");
    await post(`@${OTHER_HANDLE} ${secret}`, { visibility: "direct" });

    const wide = unique("for everyone");
    await post(wide, { visibility: "public" });
    const open = (await peer.gets("the public post", "Create", createdAs(wide))).activity;
    assert.ok(list(open.to).some(isPublic), "public: to");
    assert.ok(list(open.cc).includes(followersOfAnn), "public: cc followers");
    assert.deepEqual([list(open.object.to), list(open.object.cc)], [list(open.to), list(open.cc)]);

    const quiet = unique("unlisted");
    await post(quiet, { visibility: "unlisted" });
    const unlisted = (await peer.gets("the unlisted post", "Create", createdAs(quiet))).activity;
    assert.ok(list(unlisted.to).includes(followersOfAnn) && list(unlisted.cc).some(isPublic), "unlisted");

    const close = unique("for followers");
    const locked = await post(close, { visibility: "private" });
    const narrow = (await peer.gets("the followers-only post", "Create", createdAs(close))).activity;
    assert.deepEqual(list(narrow.to), [followersOfAnn]);
    assert.ok(![...list(narrow.cc), ...list(narrow.object.to), ...list(narrow.object.cc)].some(isPublic));

    const letter = unique("a letter");
    await post(`@${peer.handle} ${letter}`, { visibility: "direct", spoiler_text: "hush" });
    const direct = (await peer.gets("the direct post", "Create", createdAs(letter))).activity;
    assert.deepEqual([...list(direct.to), ...list(direct.cc)], [peer.actor]);
    assert.equal(direct.object.summary, "hush");
    assert.equal(direct.object.sensitive, true);
    assert.ok(list(direct.object.tag).some((t) => t.type === "Mention" && t.href === peer.actor));

    // everything above was posted later to the same inbox, so the first had its chance
    const all = JSON.stringify(await peer.ask("received"));
    assert.ok(!all.includes(secret.split(" ").pop()), "a direct post to another did not come");

    // followers-only documents are for followers: the peer's signature opens them, nobody's does not
    assert.equal((await peer.ask("lookup", { url: locked.uri, signed: true }))?.id, locked.uri);
    const anonymous = await fetch(locked.uri, { headers: { accept: ACTIVITY_JSON } });
    assert.ok([401, 403, 404].includes(anonymous.status), `anonymous: ${anonymous.status}`);
  });

  test("posts of the peer arrive with their visibility, and its mention notifies", async () => {
    for (const visibility of ["public", "unlisted", "private"]) {
      const text = unique(visibility);
      const note = await peer.ask("note", { content: text, visibility });
      const status = await inHome(text);
      assert.equal(status.visibility, visibility);
      assert.equal(status.uri, note.id);
      assert.equal(status.account.acct, peer.handle);
    }
    const text = unique("psst");
    await peer.ask("note", { content: text, visibility: "direct", mention: [ann] });
    const { status } = await notified("mention", (n) => n.status.content.includes(text));
    assert.equal(status.visibility, "direct");
    assert.deepEqual(status.mentions.map((m) => m.username), [DASSIE_USER]);
  });

  test("the peer replies, likes and boosts, and takes the last two back", async () => {
    const status = await post(unique("like me"));
    const target = { object: status.uri, author: ann };
    await until("the status at the peer", () => peer.received("Create", (a) => a.object?.id === status.uri).then((l) => l[0]));

    const text = unique("an answer");
    await peer.ask("note", { content: text, visibility: "public", mention: [ann], inReplyTo: status.uri });
    await notified("mention", (n) => n.status.content.includes(text) && n.status.in_reply_to_id === status.id);
    const { descendants } = await api("GET", `/api/v1/statuses/${status.id}/context`);
    assert.ok(descendants.some((s) => s.content.includes(text)), "the reply is in the thread");

    const like = await peer.ask("like", target);
    const boost = await peer.ask("announce", target);
    await notified("favourite", (n) => n.status.id === status.id && n.account.id === account.id);
    await notified("reblog", (n) => n.status.id === status.id && n.account.id === account.id);
    const counts = async () => {
      const s = await api("GET", `/api/v1/statuses/${status.id}`);
      return `${s.favourites_count} ${s.reblogs_count} ${s.replies_count}`;
    };
    await until("counts 1 1 1", async () => (await counts()) === "1 1 1");
    await peer.ask("undo", { id: like.id });
    await peer.ask("undo", { id: boost.id });
    await until("counts 0 0 1", async () => (await counts()) === "0 0 1");
  });

  test("ann likes, boosts, takes both back, replies and deletes; the peer learns of each", async () => {
    const text = unique("popular");
    const note = await peer.ask("note", { content: text, visibility: "public" });
    const status = await inHome(text);
    const about = (type) => (a) => a.object?.type === type && idOf(a.object.object) === note.id;

    await api("POST", `/api/v1/statuses/${status.id}/favourite`, {});
    await peer.gets("Like", "Like", (a) => idOf(a.object) === note.id);
    await api("POST", `/api/v1/statuses/${status.id}/unfavourite`, {});
    await peer.gets("Undo of the Like", "Undo", about("Like"));

    const boost = await api("POST", `/api/v1/statuses/${status.id}/reblog`, {});
    assert.equal(boost.reblog.id, status.id);
    const announce = (await peer.gets("Announce", "Announce", (a) => idOf(a.object) === note.id)).activity;
    assert.ok(list(announce.to).some(isPublic));
    await api("POST", `/api/v1/statuses/${status.id}/unreblog`, {});
    const undone = await peer.gets("Undo of the Announce", "Undo", (a) => about("Announce")(a) || idOf(a.object) === announce.id);
    assert.equal(idOf(undone.activity.object), announce.id);

    const reply = await post(unique(`@${peer.handle} indeed`), { in_reply_to_id: status.id });
    await peer.gets("the reply", "Create", (a) => a.object?.id === reply.uri && a.object.inReplyTo === note.id);
    await api("DELETE", `/api/v1/statuses/${reply.id}`);
    await peer.gets("Delete", "Delete", (a) => idOf(a.object) === reply.uri);
    const gone = await fetch(reply.uri, { headers: { accept: ACTIVITY_JSON } });
    assert.ok([404, 410].includes(gone.status), `a deleted status answers ${gone.status}`);
  });

  test("edits, both ways", async () => {
    const [before, after] = [unique("as it was"), unique("as it is")];
    const note = await peer.ask("note", { content: before, visibility: "public" });
    const status = await inHome(before);
    await peer.ask("edit", { note: note.id, content: after });
    const edited = await until("the edit", async () => {
      const now = await api("GET", `/api/v1/statuses/${status.id}`);
      return now.content.includes(after) && now;
    });
    assert.ok(edited.edited_at);
    assert.equal((await api("GET", `/api/v1/statuses/${status.id}/history`)).length, 2);

    const [mine, better] = [unique("mine"), unique("mine, better")];
    const own = await post(mine);
    await peer.gets("the post", "Create", createdAs(mine));
    await api("PUT", `/api/v1/statuses/${own.id}`, { status: better });
    const update = (await peer.gets("the Update", "Update", createdAs(better))).activity;
    assert.equal(update.object.id, own.uri);
    assert.ok(update.object.updated, "the Update tells when");
    assert.equal((await peer.ask("lookup", { url: own.uri })).content, update.object.content);
  });

  test("reactions, both ways", async () => {
    const own = await post(unique("react to me"));
    const reaction = await peer.ask("react", { object: own.uri, author: ann, emoji: "🦫" });
    const seen = async () => (await api("GET", `/api/v1/pleroma/statuses/${own.id}/reactions`)).map((r) => `${r.name} ${r.count}`);
    await until("the reaction", async () => String(await seen()) === "🦫 1");
    assert.equal((await api("GET", `/api/v1/statuses/${own.id}`)).favourites_count, 0);
    await peer.ask("undo", { id: reaction.id });
    await until("no reaction", async () => (await seen()).length === 0);

    const text = unique("react to the peer");
    const note = await peer.ask("note", { content: text, visibility: "public" });
    const status = await inHome(text);
    const path = `/api/v1/pleroma/statuses/${status.id}/reactions/${encodeURIComponent("🎉")}`;
    await api("PUT", path);
    const sent = await peer.gets("EmojiReact", "EmojiReact", (a) => idOf(a.object) === note.id);
    assert.equal(sent.activity.content, "🎉");
    await api("DELETE", path);
    await peer.gets("its Undo", "Undo", (a) => idOf(a.object) === sent.activity.id);
  });

  test("what the peer deletes is gone", async () => {
    const text = unique("soon gone");
    const note = await peer.ask("note", { content: text, visibility: "public" });
    const status = await inHome(text);
    await peer.ask("delete", { note: note.id });
    await until("404 for the deleted status", async () => {
      const response = await fetch(`${DASSIE_URL}/api/v1/statuses/${status.id}`, {
        headers: { authorization: `Bearer ${DASSIE_TOKEN}` },
      });
      await response.text();
      return response.status === 404;
    });
    assert.ok(!(await api("GET", "/api/v1/timelines/home?limit=40")).some((s) => s.id === status.id));
  });

  test("unfollowing, both ways", async () => {
    await api("POST", `/api/v1/accounts/${account.id}/unfollow`, {});
    await peer.gets("Undo of ann's Follow", "Undo", (a) => a.object?.type === "Follow");
    await until("no followers at the peer", async () => (await peer.ask("followers")).length === 0);
    await peer.ask("undo", { id: peer.follow });
    await until("ann has lost the peer", async () => !(await relationship(account.id)).followed_by);
  });

  test("ann goes along when the peer moves", async () => {
    await api("POST", `/api/v1/accounts/${account.id}/follow`, {});
    await until("following", async () => (await relationship(account.id)).following);
    await peer.ask("move", {});
    await until("ann follows the later one", async () => (await peer.ask("later")).includes(ann));
    const later = await find(peer.handle.replace("peer@", "later@"));
    await until("that is accepted", async () => (await relationship(later.id)).following);
    assert.equal((await relationship(account.id)).following, false);
    assert.equal((await api("GET", `/api/v1/accounts/${account.id}`)).moved?.id, later.id);
    await api("POST", `/api/v1/accounts/${later.id}/unfollow`, {});
  });

  test("every delivery was signed and taken, and no knock failed twice", async (t) => {
    const received = await peer.ask("received");
    const sent = await peer.ask("sent");
    const tally = (entries) => {
      const count = {};
      for (const e of entries) count[`${e.dialect} ${e.status}`] = (count[`${e.dialect} ${e.status}`] ?? 0) + 1;
      return JSON.stringify(count);
    };
    t.diagnostic(`Dassie -> Fedify: ${tally(received)}`);
    t.diagnostic(`Fedify -> Dassie: ${tally(sent)}`);
    const refused = received.filter((e) => e.status >= 300);
    assert.deepEqual(refused.map((e) => `${e.activity?.type} ${e.status}`), [], "Fedify took all");
    assert.ok(sent.length > 0 && sent.every((e) => e.dialect === first), `${first} is taken at the first knock: ${tally(sent)}`);
    assert.deepEqual(sent.filter((e) => e.status >= 300), []);
  });
}

for (const [knows, refuses] of [["draft-cavage", "rfc9421"], ["rfc9421", "draft-cavage"]]) {
  test(`a peer that knows ${knows} only`, async () => {
    const one = await startPeer("--first-knock", knows, "--refuse", refuses);
    const follow = await one.ask("follow", { actor: ann });
    await one.gets(`Accept in ${knows}`, "Accept", (a) => idOf(a.object) === follow.id);
    for (let i = 0; i < 2; i++) {
      const text = unique(knows);
      await post(text);
      const entry = await one.gets(`a post in ${knows}`, "Create", createdAs(text));
      assert.equal(entry.dialect, knows);
    }
    const sent = await one.ask("sent");
    assert.ok(sent.length > 0 && sent.every((e) => e.dialect === knows && e.status < 300), JSON.stringify(sent));
    const knocks = (await one.ask("received")).filter((e) => e.status === 401).length;
    assert.ok(knocks <= 1, `the dialect of a host is remembered, yet there were ${knocks} refused knocks`);
    await one.ask("undo", { id: follow.id });
    await until("the follower is gone", async () => (await relationship((await find(one.handle)).id)).followed_by === false);
  });
}
