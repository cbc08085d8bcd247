// A small fediverse server on Fedify with one person, `peer`, who may become `later`, and a control
// API for the test.
//
//   node peer.mjs [--port N] [--first-knock rfc9421|draft-cavage] [--refuse rfc9421|draft-cavage]
//
// It checks every signature. --first-knock is the dialect that it tries first when it sends,
// --refuse makes it answer 401 to POSTs signed in that dialect, as servers do that know only one.
// The first line on standard output is its origin. GET /control/received and /control/sent tell
// what came and went; POST /control/<verb> with JSON makes the peer do something.

import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { Temporal } from "@js-temporal/polyfill";
import * as fedify from "@fedify/fedify";
import { Accept, Announce, Create, Delete, EmojiReact, Endpoints, Follow, Like, Mention, Move } from "@fedify/fedify";
import { Note, Person, PUBLIC_COLLECTION, Reject, Tombstone, Undo, Update } from "@fedify/fedify";

// Fedify 1.10 wants Node 22, of which this is all that it uses here; copying is transfer enough
ArrayBuffer.prototype.transfer ??= function transfer(length = this.byteLength) {
  const copy = new ArrayBuffer(length);
  new Uint8Array(copy).set(new Uint8Array(this, 0, Math.min(length, this.byteLength)));
  return copy;
};

const { values: options } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    "first-knock": { type: "string", default: "rfc9421" },
    refuse: { type: "string", default: "none" },
  },
});
const CAVAGE = "draft-cavage-http-signatures-12";
const NAME = "peer";
const LATER = "later"; // the same person after a move

const received = []; // POSTs to an inbox, as they came, with what became of them
const sent = []; // POSTs of ours to other inboxes
const activities = new Map(); // ours, by id, to undo them
const notes = new Map(); // ours, by path
const followers = new Map(); // actor id -> actor
const laterFollowers = new Map();
let moved = false;
let serial = 0;

/** The dialect of a signed request; null without a signature. */
function dialect(headers) {
  if (headers.has("signature-input")) return "rfc9421";
  return headers.has("signature") ? "draft-cavage" : null;
}

const realFetch = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const request = new Request(input, init);
  const response = await realFetch(request);
  if (request.method === "POST") {
    const body = response.ok ? "" : (await response.clone().text()).slice(0, 500);
    sent.push({ url: request.url, dialect: dialect(request.headers), status: response.status, body });
  }
  return response;
};

const keys = Promise.all([
  fedify.generateCryptoKeyPair("RSASSA-PKCS1-v1_5"),
  fedify.generateCryptoKeyPair("Ed25519"),
]);

const federation = fedify.createFederation({
  kv: new fedify.MemoryKvStore(),
  allowPrivateAddress: true,
  skipSignatureVerification: false,
  firstKnock: options["first-knock"] === "draft-cavage" ? CAVAGE : "rfc9421",
});

federation
  .setActorDispatcher("/users/{identifier}", async (ctx, identifier) => {
    if (identifier !== NAME && identifier !== LATER) return null;
    const pairs = await ctx.getActorKeyPairs(identifier);
    return new Person({
      id: ctx.getActorUri(identifier),
      preferredUsername: identifier,
      name: "A Fedify peer",
      summary: "<p>Made for tests.</p>",
      inbox: ctx.getInboxUri(identifier),
      outbox: ctx.getOutboxUri(identifier),
      followers: ctx.getFollowersUri(identifier),
      endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
      url: ctx.getActorUri(identifier),
      publicKey: pairs[0].cryptographicKey,
      assertionMethods: pairs.map((pair) => pair.multikey),
      aliases: identifier === LATER ? [ctx.getActorUri(NAME)] : [],
      successor: identifier === NAME && moved ? ctx.getActorUri(LATER) : null,
    });
  })
  .setKeyPairsDispatcher(() => keys);

federation.setOutboxDispatcher("/users/{identifier}/outbox", () => ({ items: [] }));

federation.setFollowersDispatcher("/users/{identifier}/followers", () => ({
  items: [...followers.values()].map((actor) => ({ id: actor.id, inboxId: actor.inboxId })),
}));

federation.setObjectDispatcher(Note, "/users/{identifier}/notes/{id}", (ctx, { id }) => {
  return notes.get(id) ?? null;
});

const handled = new Set(); // ids of the activities that passed every check of Fedify's
const inbox = federation.setInboxListeners("/users/{identifier}/inbox", "/inbox");
inbox.setSharedKeyDispatcher(() => ({ identifier: NAME }));
for (const kind of [Accept, Announce, Create, Delete, EmojiReact, Like, Move, Reject, Update]) {
  inbox.on(kind, (_, activity) => void handled.add(activity.id?.href));
}
inbox.on(Follow, async (ctx, follow) => {
  const actor = await follow.getActor(ctx);
  const identifier = follow.objectId.href === ctx.getActorUri(LATER).href ? LATER : NAME;
  (identifier === LATER ? laterFollowers : followers).set(actor.id.href, actor);
  handled.add(follow.id.href);
  const accept = new Accept({ id: fresh("accept"), actor: ctx.getActorUri(identifier), object: follow });
  // after the answer to the Follow, as servers with a queue do
  setTimeout(() => ctx.sendActivity({ identifier }, actor, accept).catch(complain), 0);
});
inbox.on(Undo, async (ctx, undo) => {
  handled.add(undo.id?.href);
  const undone = await undo.getObject(ctx).catch(() => null);
  if (undone instanceof Follow) followers.delete(undo.actorId.href);
});
inbox.onError((_, error) => complain(error));

const complain = (error) => console.error(error);
const fresh = (kind) => new URL(`/activities/${kind}-${++serial}`, origin);
const context = () => federation.createContext(new URL(origin), undefined);

async function actorOf(ctx, url) {
  const documentLoader = await ctx.getDocumentLoader({ identifier: NAME });
  const actor = await ctx.lookupObject(url, { documentLoader });
  if (!actor?.inboxId) throw new Error(`no actor at ${url}`);
  return actor;
}

async function send(ctx, recipients, activity) {
  activities.set(activity.id.href, { activity, recipients });
  await ctx.sendActivity({ identifier: NAME }, recipients, activity, { preferSharedInbox: true });
  return { id: activity.id.href };
}

const verbs = {
  async follow(ctx, { actor }) {
    const target = await actorOf(ctx, actor);
    return send(ctx, [target], new Follow({ id: fresh("follow"), actor: ctx.getActorUri(NAME), object: target.id, to: target.id }));
  },

  /** visibility: public, unlisted, private or direct; mention: addresses of actors. */
  async note(ctx, { content, visibility, mention = [], inReplyTo }) {
    const mentioned = await Promise.all(mention.map((url) => actorOf(ctx, url)));
    const mine = ctx.getFollowersUri(NAME);
    const everyone = { public: [[PUBLIC_COLLECTION], [mine]], unlisted: [[mine], [PUBLIC_COLLECTION]], private: [[mine], []], direct: [[], []] };
    const [tos, ccs] = everyone[visibility];
    const addressed = { tos: [...tos, ...mentioned.map((a) => a.id)], ccs };
    const published = Temporal.Now.instant();
    const id = String(++serial);
    const note = new Note({
      id: ctx.getObjectUri(Note, { identifier: NAME, id }),
      attribution: ctx.getActorUri(NAME),
      content: `<p>${content}</p>`,
      published,
      url: ctx.getObjectUri(Note, { identifier: NAME, id }),
      replyTarget: inReplyTo ? new URL(inReplyTo) : null,
      tags: mentioned.map((a) => new Mention({ href: a.id, name: `@${a.preferredUsername}@${a.id.host}` })),
      ...addressed,
    });
    notes.set(id, note);
    const create = new Create({ id: fresh("create"), actor: ctx.getActorUri(NAME), object: note, published, ...addressed });
    const recipients = visibility === "direct" ? mentioned : [...followers.values(), ...mentioned];
    await send(ctx, recipients, create);
    return { id: note.id.href };
  },

  async like(ctx, { object, author }) {
    const target = await actorOf(ctx, author);
    return send(ctx, [target], new Like({ id: fresh("like"), actor: ctx.getActorUri(NAME), object: new URL(object), to: target.id }));
  },

  async announce(ctx, { object, author }) {
    const target = await actorOf(ctx, author);
    const mine = ctx.getFollowersUri(NAME);
    return send(ctx, [target, ...followers.values()], new Announce({
      id: fresh("announce"), actor: ctx.getActorUri(NAME), object: new URL(object),
      published: Temporal.Now.instant(), to: PUBLIC_COLLECTION, ccs: [mine, target.id],
    }));
  },

  async undo(ctx, { id }) {
    const { activity, recipients } = activities.get(id);
    return send(ctx, recipients, new Undo({ id: fresh("undo"), actor: ctx.getActorUri(NAME), object: activity, tos: await array(activity.toIds) }));
  },

  async edit(ctx, { note, content }) {
    const path = note.split("/").pop();
    const updated = Temporal.Now.instant();
    const newer = notes.get(path).clone({ content: `<p>${content}</p>`, updated });
    notes.set(path, newer);
    const update = new Update({ id: fresh("update"), actor: ctx.getActorUri(NAME), object: newer, to: PUBLIC_COLLECTION, updated });
    return send(ctx, [...followers.values()], update);
  },

  async react(ctx, { object, author, emoji }) {
    const target = await actorOf(ctx, author);
    return send(ctx, [target], new EmojiReact({ id: fresh("react"), actor: ctx.getActorUri(NAME), object: new URL(object), content: emoji, to: target.id }));
  },

  async move(ctx) {
    moved = true;
    const [old, target] = [ctx.getActorUri(NAME), ctx.getActorUri(LATER)];
    const cc = ctx.getFollowersUri(NAME);
    return send(ctx, [...followers.values()], new Move({ id: fresh("move"), actor: old, object: old, target, to: cc }));
  },

  async delete(ctx, { note }) {
    notes.delete(note.split("/").pop());
    const gone = new Tombstone({ id: new URL(note) });
    return send(ctx, [...followers.values()], new Delete({ id: fresh("delete"), actor: ctx.getActorUri(NAME), object: gone, to: PUBLIC_COLLECTION }));
  },

  /** What Fedify makes of a document of the server under test. */
  async lookup(ctx, { url, signed = false }) {
    const documentLoader = signed ? await ctx.getDocumentLoader({ identifier: NAME }) : undefined;
    const object = await ctx.lookupObject(url, { documentLoader });
    return object === null ? null : object.toJsonLd({ contextLoader: ctx.contextLoader });
  },
};

const array = async (ids) => [...ids];

async function control(path, body) {
  if (path === "received") return received;
  if (path === "sent") return sent;
  if (path === "followers") return [...followers.keys()];
  if (path === "later") return [...laterFollowers.keys()];
  if (!(path in verbs)) return { error: `no verb ${path}; there are ${Object.keys(verbs)}` };
  return verbs[path](context(), body);
}

async function answer(request, body) {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/control/")) {
    try {
      const data = body.length ? JSON.parse(body) : {};
      return Response.json(await control(pathname.slice("/control/".length), data));
    } catch (error) {
      complain(error);
      return Response.json({ error: String(error?.stack ?? error) }, { status: 500 });
    }
  }
  if (request.method !== "POST") return federation.fetch(request, { contextData: undefined });

  const how = dialect(request.headers);
  const activity = JSON.parse(body.toString() || "null");
  const entry = { path: pathname, dialect: how, activity, status: 0, handled: false };
  received.push(entry);
  const response =
    how === options.refuse
      ? new Response(`no ${how} here`, { status: 401 })
      : await federation.fetch(request, { contextData: undefined });
  entry.status = response.status;
  entry.handled = response.ok && handled.has(activity?.id);
  return response;
}

const server = createServer(async (incoming, outgoing) => {
  try {
    const chunks = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const headers = new Headers();
    for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
      headers.append(incoming.rawHeaders[i], incoming.rawHeaders[i + 1]);
    }
    const bodyless = incoming.method === "GET" || incoming.method === "HEAD";
    const request = new Request(new URL(incoming.url, origin), {
      method: incoming.method,
      headers,
      body: bodyless ? undefined : body,
    });
    const response = await answer(request, body);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  } catch (error) {
    complain(error);
    outgoing.writeHead(500).end();
  }
});

let origin;
server.listen(Number(options.port), "127.0.0.1", () => {
  origin = `http://localhost:${server.address().port}`;
  console.log(origin);
});
// ends with the test that started it
if (!process.stdin.isTTY) process.stdin.resume().on("end", () => process.exit(0));
