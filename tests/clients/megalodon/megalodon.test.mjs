// megalodon, the library of Whalebird and Fedistar, against a running Dassie. Environment: as for
// masto, and SECOND_USER, SECOND_TOKEN (another account there).

import assert from "node:assert/strict";
import { createECDH, randomBytes, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { after, before, test } from "node:test";
import generator, { detector } from "megalodon";
import { picture } from "../lib/picture.mjs";
import { authorize, until } from "../lib/pages.mjs";

const { DASSIE_URL, DASSIE_USER, DASSIE_EMAIL, DASSIE_PASSWORD } = process.env;
const { SECOND_USER, SECOND_TOKEN, OTHER_HANDLE } = process.env;
const OOB = "urn:ietf:wg:oauth:2.0:oob";
const gone = (error) => error.response?.status === 404;
const unique = (text) => `${text} ${randomUUID()}`;

let client;
let second;
let me;
let other;

before(async () => {
  const kind = await detector(DASSIE_URL);
  assert.equal(kind, "mastodon", "it speaks Mastodon's dialect to us");
  const anonymous = generator(kind, DASSIE_URL);
  const app = await anonymous.registerApp("megalodon test", {
    scopes: ["read", "write", "follow", "push"], redirect_uris: OOB, website: "https://example.org",
  });
  const { code } = await authorize(app.url, { user: DASSIE_EMAIL, password: DASSIE_PASSWORD });
  const token = await anonymous.fetchAccessToken(app.client_id, app.client_secret, code, OOB);
  client = generator(kind, DASSIE_URL, token.access_token);
  second = generator(kind, DASSIE_URL, SECOND_TOKEN);
  me = (await client.verifyAccountCredentials()).data;
  other = (await second.verifyAccountCredentials()).data;
});

test("who we are and where", async () => {
  assert.equal(me.username, DASSIE_USER);
  assert.equal((await client.verifyAppCredentials()).data.name, "megalodon test");
  const { data: instance } = await client.getInstance();
  assert.equal(instance.uri, new URL(DASSIE_URL).host);
  assert.ok(Array.isArray((await client.getInstancePeers()).data));
  assert.ok(Array.isArray((await client.getInstanceCustomEmojis()).data));
  assert.ok(Array.isArray((await client.getInstanceAnnouncements()).data));
  assert.ok(Array.isArray((await client.getInstanceTrends()).data));
  assert.equal((await client.getInstanceActivity()).data.length, 12);
  assert.ok((await client.getPreferences()).data["posting:default:visibility"]);
  assert.ok((await client.lookupAccount(SECOND_USER)).data.id === other.id);
});

test("posting, editing, marks and deletion", async () => {
  const text = unique("from megalodon");
  const { data: status } = await client.postStatus(text, { visibility: "public", spoiler_text: "cw", language: "de" });
  assert.equal(status.spoiler_text, "cw");
  assert.equal(status.language, "de");
  const { data: reply } = await client.postStatus(unique("reply"), { in_reply_to_id: status.id });
  const { data: context } = await client.getStatusContext(reply.id);
  assert.deepEqual(context.ancestors.map((s) => s.id), [status.id]);
  for (const [verb, undo, field] of [
    ["favourite", "unfavourite", "favourited"], ["reblog", "unreblog", "reblogged"],
    ["bookmark", "unbookmark", "bookmarked"], ["mute", "unmute", "muted"], ["pin", "unpin", "pinned"],
  ]) {
    const { data: marked } = await client[`${verb}Status`](status.id);
    assert.equal((marked.reblog ?? marked)[field], true, verb);
    if (verb === "favourite") {
      assert.deepEqual((await client.getStatusFavouritedBy(status.id)).data.map((a) => a.id), [me.id]);
      assert.ok((await client.getFavourites()).data.some((s) => s.id === status.id));
    }
    if (verb === "reblog") {
      assert.deepEqual((await client.getStatusRebloggedBy(status.id)).data.map((a) => a.id), [me.id]);
    }
    if (verb === "bookmark") {
      assert.ok((await client.getBookmarks()).data.some((s) => s.id === status.id));
    }
    assert.equal((await client[`${undo}Status`](status.id)).data[field], false, undo);
  }
  const edited = unique("edited");
  assert.ok((await client.editStatus(status.id, { status: edited })).data.content.includes(edited));
  assert.equal((await client.getStatusSource(status.id)).data.text, edited);
  await client.deleteStatus(reply.id);
  await client.deleteStatus(status.id);
  await assert.rejects(client.getStatus(status.id), gone);
});

test("media", async () => {
  const file = await picture();
  after(file.remove);
  const { data: uploaded } = await client.uploadMedia(createReadStream(file.path), {
    description: "a red square", focus: "0.5,-0.5",
  });
  const { data: media } = await until("it is ready", async () => {
    const answer = await client.getMedia(uploaded.id);
    return answer.data.url && answer;
  });
  assert.equal(media.type, "image");
  assert.equal(media.description, "a red square");
  assert.equal((await client.updateMedia(media.id, { description: "a square" })).data.description, "a square");
  const { data: status } = await client.postStatus(unique("picture"), { media_ids: [media.id] });
  assert.equal(status.media_attachments[0].id, media.id);
  const image = await fetch(status.media_attachments[0].url);
  assert.match(image.headers.get("content-type"), /^image\//);
});

test("polls", async () => {
  const { data: status } = await client.postStatus(unique("poll"), {
    poll: { options: ["tea", "coffee"], expires_in: 600, multiple: false },
  });
  assert.equal((await client.getPoll(status.poll.id)).data.options.length, 2);
  const { data: poll } = await second.votePoll(status.poll.id, [1]);
  assert.equal(poll.voted, true);
  assert.equal(poll.options[1].votes_count, 1);
});

test("scheduled statuses", async () => {
  const at = new Date(Date.now() + 3_600_000).toISOString();
  const { data: scheduled } = await client.postStatus(unique("later"), { scheduled_at: at });
  assert.ok((await client.getScheduledStatuses()).data.some((s) => s.id === scheduled.id));
  const later = new Date(Date.now() + 7_200_000).toISOString();
  assert.equal((await client.scheduleStatus(scheduled.id, later)).data.scheduled_at, later);
  assert.equal((await client.getScheduledStatus(scheduled.id)).data.params.text.startsWith("later"), true);
  await client.cancelScheduledStatus(scheduled.id);
  await assert.rejects(client.getScheduledStatus(scheduled.id), gone);
});

test("people", async () => {
  const { data: found } = await client.searchAccount(OTHER_HANDLE, { resolve: true });
  assert.equal(found[0].acct, OTHER_HANDLE);
  assert.equal((await client.followAccount(other.id, { reblog: true })).data.following, true);
  assert.ok((await client.getAccountFollowing(me.id)).data.some((a) => a.id === other.id));
  assert.ok((await client.getAccountFollowers(other.id)).data.some((a) => a.id === me.id));
  assert.equal((await client.setAccountNote(other.id, "a friend")).data.note, "a friend");
  assert.equal((await client.pinAccount(other.id)).data.endorsed, true);
  assert.ok((await client.getEndorsements()).data.some((a) => a.id === other.id));
  assert.equal((await client.unpinAccount(other.id)).data.endorsed, false);
  assert.equal((await client.muteAccount(other.id, true)).data.muting_notifications, true);
  assert.ok((await client.getMutes()).data.some((a) => a.id === other.id));
  assert.equal((await client.unmuteAccount(other.id)).data.muting, false);
  assert.equal((await client.blockAccount(other.id)).data.blocking, true);
  assert.ok((await client.getBlocks()).data.some((a) => a.id === other.id));
  assert.equal((await client.unblockAccount(other.id)).data.blocking, false);
  assert.deepEqual((await client.getRelationships([other.id])).data.map((r) => r.following), [false]);
  await client.blockDomain("blocked.example");
  assert.ok((await client.getDomainBlocks()).data.includes("blocked.example"));
  await client.unblockDomain("blocked.example");
  assert.ok(Array.isArray((await client.getSuggestions()).data));
  assert.ok(Array.isArray((await client.getInstanceDirectory({ local: true })).data));
});

test("profile and featured tags", async () => {
  const { data: account } = await client.updateCredentials({
    note: "shaped by megalodon", fields_attributes: [{ name: "pronouns", value: "it" }],
  });
  assert.ok(account.note.includes("shaped by megalodon"));
  assert.equal(account.fields[0].value, "it");
  const { data: tag } = await client.createFeaturedTag("megalodon");
  assert.ok((await client.getFeaturedTags()).data.some((t) => t.id === tag.id));
  await client.deleteFeaturedTag(tag.id);
  assert.equal((await client.followTag("shark")).data.following, true);
  assert.ok((await client.getFollowedTags()).data.some((t) => t.name === "shark"));
  assert.equal((await client.unfollowTag("shark")).data.following, false);
});

test("lists, filters, markers", async () => {
  const { data: list } = await client.createList(unique("list"));
  await client.followAccount(other.id);
  await client.addAccountsToList(list.id, [other.id]);
  assert.deepEqual((await client.getAccountsInList(list.id)).data.map((a) => a.id), [other.id]);
  assert.ok((await client.getAccountLists(other.id)).data.some((l) => l.id === list.id));
  const { data: status } = await second.postStatus(unique("in the list"));
  assert.equal((await client.getListTimeline(list.id)).data[0].id, status.id);
  await client.deleteAccountsFromList(list.id, [other.id]);
  assert.equal((await client.updateList(list.id, "renamed")).data.title, "renamed");
  await client.deleteList(list.id);
  await client.unfollowAccount(other.id);
  const { data: filter } = await client.createFilter(unique("word"), ["home"], { whole_word: true });
  assert.ok((await client.getFilters()).data.some((f) => f.id === filter.id));
  await client.deleteFilter(filter.id);
  const { data: marker } = await client.saveMarkers({ home: { last_read_id: status.id } });
  assert.equal(marker.home.last_read_id, status.id);
  assert.equal((await client.getMarkers(["home"])).data.home.last_read_id, status.id);
});

test("conversations, notifications and search", async () => {
  const text = unique("hello");
  // a private mention by a stranger would be held back, as in Mastodon
  await client.followAccount(other.id);
  await second.postStatus(`@${DASSIE_USER} ${text}`, { visibility: "direct" });
  const { data: notifications } = await client.getNotifications({ exclude_types: ["follow"] });
  assert.ok(notifications[0].status.content.includes(text));
  const { data: talks } = await client.getConversationTimeline();
  assert.equal(talks[0].unread, true);
  assert.equal((await client.readConversation(talks[0].id)).data.unread, false);
  await client.dismissNotification(notifications[0].id);
  const tag = `m${randomBytes(6).toString("hex")}`;
  const { data: status } = await client.postStatus(`鯊魚 #${tag}`);
  assert.deepEqual((await client.search(tag, { type: "hashtags" })).data.hashtags.map((t) => t.name), [tag]);
  assert.ok((await client.search("鯊魚", { type: "statuses" })).data.statuses.some((s) => s.id === status.id));
  assert.deepEqual((await client.getTagTimeline(tag)).data.map((s) => s.id), [status.id]);
});

test("reports", async () => {
  const { data: report } = await client.report(other.id, { comment: "a test", category: "other" });
  assert.equal(report.target_account.id, other.id);
});

test("push subscriptions", async () => {
  const pair = createECDH("prime256v1");
  const { data: subscription } = await client.subscribePushNotification({
    endpoint: "https://push.example/1",
    keys: { p256dh: pair.generateKeys("base64url"), auth: randomBytes(16).toString("base64url") },
  }, { alerts: { mention: true, follow: false } });
  assert.equal(subscription.endpoint, "https://push.example/1");
  assert.ok(subscription.server_key);
  assert.equal((await client.getPushSubscription()).data.alerts.mention, true);
  const { data: changed } = await client.updatePushSubscription({ alerts: { mention: false, follow: true } });
  assert.equal(changed.alerts.follow, true);
  await client.deletePushSubscription();
  await assert.rejects(client.getPushSubscription(), gone);
});

test("streams", async () => {
  const stream = await client.userStreaming();
  after(() => stream.stop());
  const heard = [];
  for (const event of ["update", "delete", "notification", "status_update", "conversation"]) {
    stream.on(event, (payload) => heard.push([event, payload]));
  }
  await new Promise((done) => stream.once("connect", done));
  const { data: status } = await client.postStatus(unique("streamed"));
  await until("the update", () => heard.some(([event, s]) => event === "update" && s.id === status.id));
  await client.editStatus(status.id, { status: unique("streamed again") });
  await until("the edit", () => heard.some(([event, s]) => event === "status_update" && s.id === status.id));
  await second.favouriteStatus(status.id);
  await until("the notification", () =>
    heard.some(([event, n]) => event === "notification" && n.status?.id === status.id));
  await client.deleteStatus(status.id);
  await until("the deletion", () => heard.some(([event, id]) => event === "delete" && id === status.id));
});
