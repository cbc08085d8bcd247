-- What completes the federation. One section a part; each keeps to its own.

-- == objects ==

-- How often a remote status was favourited and boosted, as its own server says. Never mixed with
-- what we counted: another server may say anything.
CREATE TABLE origin_count (
  status_id INTEGER PRIMARY KEY REFERENCES status(id) ON DELETE CASCADE,
  favourites INTEGER NOT NULL,
  reblogs INTEGER NOT NULL
) STRICT;

-- Mentions in remote statuses of accounts that are not here yet. A row goes when it was looked up,
-- whatever came of it.
CREATE TABLE unknown_mention (
  status_id INTEGER NOT NULL REFERENCES status(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  -- the actor or its page; NULL: by name and domain
  href TEXT,
  name TEXT NOT NULL DEFAULT '',
  domain TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (status_id, position)
) STRICT, WITHOUT ROWID;

-- == interaction policies ==
-- who may favourite, answer and boost it, as JSON; NULL: whoever may read it
ALTER TABLE status ADD COLUMN policy TEXT;
-- 1: waits for the consent of whom it answers or boosts, 2: was refused it
ALTER TABLE status ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
-- where that consent is found, as its server tells
ALTER TABLE status ADD COLUMN approval TEXT;
CREATE INDEX status_approval ON status(approval) WHERE approval IS NOT NULL;
ALTER TABLE favourite ADD COLUMN held INTEGER NOT NULL DEFAULT 0;

-- What new statuses of a visibility begin with.
CREATE TABLE policy_default (
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  visibility INTEGER NOT NULL,
  policy TEXT NOT NULL,
  PRIMARY KEY (account_id, visibility)
) STRICT, WITHOUT ROWID;

-- A favourite, reply or boost that needs consent, with somebody of here on one side at least.
CREATE TABLE interaction (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- 0 favourite, 1 reply, 2 boost
  kind INTEGER NOT NULL,
  target_id INTEGER NOT NULL REFERENCES status(id) ON DELETE CASCADE,
  -- the target's author
  owner_id INTEGER NOT NULL,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  -- the reply or boost
  status_id INTEGER REFERENCES status(id) ON DELETE CASCADE,
  -- the id of the Like, Note or Announce
  uri TEXT NOT NULL,
  -- 0 pending, 1 accepted, 2 rejected, 3 revoked
  state INTEGER NOT NULL,
  request_uri TEXT,
  authorization_uri TEXT,
  -- the Accept or Reject
  answer_uri TEXT,
  created_at INTEGER NOT NULL,
  decided_at INTEGER
) STRICT;
CREATE INDEX interaction_owner ON interaction(owner_id, state, id);
CREATE INDEX interaction_target ON interaction(target_id, kind, account_id);
CREATE INDEX interaction_account ON interaction(account_id);
CREATE INDEX interaction_status ON interaction(status_id) WHERE status_id IS NOT NULL;
CREATE INDEX interaction_uri ON interaction(uri);
CREATE INDEX interaction_authorization ON interaction(authorization_uri)
  WHERE authorization_uri IS NOT NULL;
CREATE INDEX interaction_request ON interaction(request_uri) WHERE request_uri IS NOT NULL;

-- What is held counts nowhere.
CREATE TRIGGER favourite_held AFTER UPDATE OF held ON favourite
WHEN (OLD.held = 0) <> (NEW.held = 0) BEGIN
  UPDATE status SET favourites_count = max(favourites_count + iif(NEW.held = 0, 1, -1), 0)
    WHERE id = NEW.status_id;
END;
DROP TRIGGER favourite_removed;
CREATE TRIGGER favourite_removed AFTER DELETE ON favourite WHEN OLD.held = 0 BEGIN
  UPDATE status SET favourites_count = max(favourites_count - 1, 0) WHERE id = OLD.status_id;
END;
CREATE TRIGGER status_held AFTER UPDATE OF held ON status
WHEN (OLD.held = 0) <> (NEW.held = 0) BEGIN
  UPDATE account SET statuses_count = max(statuses_count + iif(NEW.held = 0, 1, -1), 0)
    WHERE id = NEW.account_id AND NEW.visibility < 3;
  UPDATE status SET replies_count = max(replies_count + iif(NEW.held = 0, 1, -1), 0)
    WHERE id = NEW.in_reply_to_id AND NEW.visibility < 2;
  UPDATE status SET reblogs_count = max(reblogs_count + iif(NEW.held = 0, 1, -1), 0)
    WHERE id = NEW.reblog_of_id;
END;
DROP TRIGGER status_removed;
CREATE TRIGGER status_removed AFTER DELETE ON status BEGIN
  UPDATE account SET statuses_count = max(statuses_count - 1, 0)
    WHERE id = OLD.account_id AND OLD.visibility < 3 AND OLD.held = 0;
  DELETE FROM status_search WHERE rowid = OLD.id;
END;
DROP TRIGGER reply_found_parent;
CREATE TRIGGER reply_found_parent AFTER UPDATE OF in_reply_to_id ON status
WHEN NEW.in_reply_to_id IS NOT NULL AND OLD.in_reply_to_id IS NULL AND NEW.visibility < 2
  AND NEW.held = 0 BEGIN
  UPDATE status SET replies_count = replies_count + 1 WHERE id = NEW.in_reply_to_id;
END;
DROP TRIGGER reply_removed;
CREATE TRIGGER reply_removed AFTER DELETE ON status
WHEN OLD.in_reply_to_id IS NOT NULL AND OLD.visibility < 2 AND OLD.held = 0 BEGIN
  UPDATE status SET replies_count = max(replies_count - 1, 0) WHERE id = OLD.in_reply_to_id;
END;
DROP TRIGGER reblog_removed;
CREATE TRIGGER reblog_removed AFTER DELETE ON status
WHEN OLD.reblog_of_id IS NOT NULL AND OLD.held = 0 BEGIN
  UPDATE status SET reblogs_count = max(reblogs_count - 1, 0) WHERE id = OLD.reblog_of_id;
END;

-- == reactions and keys ==

-- One emoji of one account under a status (F-178, F-179). name: a Unicode emoji, `shortcode` of
-- this server's or `shortcode@host`. url: the picture of another server's.
CREATE TABLE reaction (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  status_id INTEGER NOT NULL REFERENCES status(id) ON DELETE CASCADE,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  url TEXT,
  -- the activity's id
  uri TEXT,
  -- 1: it is a Like with content: the favourite is part of it
  is_like INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  UNIQUE (status_id, account_id, name)
) STRICT;
CREATE INDEX reaction_status ON reaction(status_id, id);
CREATE INDEX reaction_account ON reaction(account_id, id);
CREATE INDEX reaction_uri ON reaction(uri) WHERE uri IS NOT NULL;

-- The Ed25519 pair of a local actor beside its RSA one (F-036).
CREATE TABLE local_ed25519 (
  account_id INTEGER PRIMARY KEY REFERENCES account(id) ON DELETE CASCADE,
  key_id TEXT NOT NULL UNIQUE,
  pkcs8 BLOB NOT NULL,
  public BLOB NOT NULL
) STRICT;

-- RSA pairs that were replaced (F-353), for the activity that tells so: it is signed with them.
CREATE TABLE old_key (
  activity_id INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  key_id TEXT NOT NULL,
  pkcs8 BLOB NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX old_key_account ON old_key(account_id);
CREATE INDEX old_key_expires ON old_key(expires_at);

-- Until when host.signature holds (F-087), and whether the server reads EmojiReact (F-316).
-- signature 3: RFC 9421 with Ed25519.
ALTER TABLE host ADD COLUMN signature_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE host ADD COLUMN emoji_react INTEGER NOT NULL DEFAULT 0;

-- == moving and leaving ==

-- == threads ==
-- What a remote account's own server says of it, as far as it is more than we know: a claim.
ALTER TABLE account ADD COLUMN claimed_statuses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN claimed_followers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN claimed_following INTEGER NOT NULL DEFAULT 0;
-- since when its server says that there is no such account
ALTER TABLE account ADD COLUMN stale_since INTEGER;
-- What authors elsewhere want to be hidden from readers who did not sign in (F-058). Only those
-- who want something have a row.
CREATE TABLE privacy (
  account_id INTEGER PRIMARY KEY REFERENCES account(id) ON DELETE CASCADE,
  everything INTEGER NOT NULL,
  public INTEGER NOT NULL,
  unlisted INTEGER NOT NULL,
  -- posts written before this time; posts older than this, in milliseconds
  before INTEGER,
  older_than INTEGER
) STRICT;
-- Threads whose replies are or were lately read from their servers, since somebody opened them.
CREATE TABLE thread_read (
  status_id INTEGER PRIMARY KEY REFERENCES status(id) ON DELETE CASCADE,
  started_at INTEGER NOT NULL,
  done INTEGER NOT NULL DEFAULT 0,
  found INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX thread_read_started ON thread_read(started_at);
-- authors' replies to themselves come first in the collection of replies
CREATE INDEX status_own_reply ON status(in_reply_to_id, id)
  WHERE in_reply_to_id IS NOT NULL AND in_reply_to_account_id = account_id;

-- == relays ==

-- Relays that the operator subscribed to (F-348); all others are strangers.
CREATE TABLE relay (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- the actor that signs what it sends
  account_id INTEGER NOT NULL UNIQUE REFERENCES account(id) ON DELETE CASCADE,
  inbox TEXT NOT NULL,
  -- 0: it was asked by a Follow of Public, 1: by a Follow of its actor
  style INTEGER NOT NULL,
  -- 0 asked, 1 accepted, 2 rejected
  state INTEGER NOT NULL DEFAULT 0,
  follow_uri TEXT NOT NULL,
  -- it follows us, as LitePub relays do
  follows_back INTEGER NOT NULL DEFAULT 0,
  -- own public statuses go to it
  sends INTEGER NOT NULL DEFAULT 1,
  -- what is taken from it, as JSON
  filter TEXT NOT NULL,
  -- what it brought and what that cost, as JSON
  counts TEXT NOT NULL DEFAULT '{}',
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER
) STRICT;
CREATE INDEX relay_sending ON relay(style) WHERE state = 1 AND sends = 1;

-- Statuses that are here because a relay named them: they go early. No reference to the relay:
-- the end of one would touch all its rows at once; its id is never used again.
CREATE TABLE relayed_status (
  status_id INTEGER PRIMARY KEY REFERENCES status(id) ON DELETE CASCADE,
  relay_id INTEGER NOT NULL
) STRICT;
CREATE INDEX relayed_status_relay ON relayed_status(relay_id, status_id);

-- == deliveries and domains ==

-- 1: the row that waits in front of all others of its inbox, the only one that may be sent (F-208)
ALTER TABLE delivery ADD COLUMN first INTEGER NOT NULL DEFAULT 0;
UPDATE delivery SET first = 1 WHERE NOT EXISTS (
  SELECT 1 FROM delivery e WHERE e.inbox = delivery.inbox AND e.id < delivery.id);
DROP INDEX delivery_due;
DROP INDEX delivery_host;
CREATE INDEX delivery_first ON delivery(due, id) WHERE first = 1;
CREATE INDEX delivery_first_host ON delivery(host, due) WHERE first = 1;
CREATE INDEX delivery_of_host ON delivery(host, id);
CREATE TRIGGER delivery_next AFTER DELETE ON delivery WHEN OLD.first = 1 BEGIN
  UPDATE delivery SET first = 1, due = min(due, OLD.due)
    WHERE id = (SELECT id FROM delivery WHERE inbox = OLD.inbox ORDER BY id LIMIT 1);
END;

-- what an operator wants to know of a server that does not answer
ALTER TABLE host ADD COLUMN failing_since INTEGER;
UPDATE host SET failing_since = updated_at WHERE failures > 0;
ALTER TABLE host ADD COLUMN last_error TEXT;
-- how many deliveries to it were given up (F-215)
ALTER TABLE host ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;
CREATE INDEX host_updated ON host(updated_at);
CREATE INDEX host_failing ON host(failing_since) WHERE failing_since IS NOT NULL;

-- How the newest version of a local status fared on its way: counts that outlive the rows of the
-- queue, and the servers that will not get it.
CREATE TABLE status_delivery (
  status_id INTEGER PRIMARY KEY REFERENCES status(id) ON DELETE CASCADE,
  activity_id INTEGER NOT NULL,
  total INTEGER NOT NULL,
  delivered INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX status_delivery_activity ON status_delivery(activity_id);
CREATE TABLE status_delivery_failure (
  status_id INTEGER NOT NULL REFERENCES status(id) ON DELETE CASCADE,
  host TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (status_id, host)
) STRICT, WITHOUT ROWID;

-- Follows that a block took away, for those who lost them: one row an event and person here, and
-- whom it was about. kind: 0 a domain blocked by the administrator, 1 by the person, 2 an account
-- that was suspended.
CREATE TABLE severance (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  kind INTEGER NOT NULL,
  target_name TEXT NOT NULL,
  followers INTEGER NOT NULL DEFAULT 0,
  following INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX severance_account ON severance(account_id, id);
CREATE INDEX severance_target ON severance(account_id, target_name, kind, id);
CREATE TABLE severed (
  severance_id INTEGER NOT NULL REFERENCES severance(id) ON DELETE CASCADE,
  -- 1: the person followed it; 0: it followed the person
  following INTEGER NOT NULL,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  reblogs INTEGER NOT NULL,
  notify INTEGER NOT NULL,
  PRIMARY KEY (severance_id, following, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX severed_account ON severed(account_id);
ALTER TABLE notification ADD COLUMN severance_id INTEGER REFERENCES severance(id) ON DELETE CASCADE;
CREATE INDEX notification_severance ON notification(severance_id) WHERE severance_id IS NOT NULL;
DROP INDEX notification_once;
CREATE UNIQUE INDEX notification_once ON notification(
  account_id, kind, from_account_id, ifnull(status_id, 0), ifnull(report_id, 0),
  ifnull(severance_id, 0));

-- Lists of blocked domains that somebody else keeps, read daily.
CREATE TABLE domain_list (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  url TEXT NOT NULL UNIQUE,
  -- no block of it is more severe
  severity_max INTEGER NOT NULL,
  etag TEXT,
  last_modified TEXT,
  checked_at INTEGER,
  error TEXT,
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE domain_list_entry (
  list_id INTEGER NOT NULL REFERENCES domain_list(id) ON DELETE CASCADE,
  domain TEXT NOT NULL,
  -- 1: the block is there because of lists alone; 0: what is done about the domain was decided here
  added INTEGER NOT NULL,
  PRIMARY KEY (list_id, domain)
) STRICT, WITHOUT ROWID;
CREATE INDEX domain_list_entry_domain ON domain_list_entry(domain);
