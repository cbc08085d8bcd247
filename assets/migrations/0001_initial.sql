-- The first schema. Kept for ever: later changes are later files.
-- Times are milliseconds since 1970. Enums are integers, named in src/model/.
-- Statuses, accounts and media have snowflake ids; everything else AUTOINCREMENT.

-- Facts about this database: host, account_domain, dev.
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every actor, local (domain IS NULL) or remote.
CREATE TABLE account (
  id INTEGER PRIMARY KEY,
  username TEXT NOT NULL,
  domain TEXT,
  uri TEXT NOT NULL UNIQUE,
  url TEXT,
  kind INTEGER NOT NULL DEFAULT 0,
  display_name TEXT NOT NULL DEFAULT '',
  note TEXT NOT NULL DEFAULT '',
  -- [{"name","value","verified_at"}], value is HTML
  fields TEXT,
  -- [{"shortcode","url","static_url"}]
  emojis TEXT,
  avatar_url TEXT,
  header_url TEXT,
  locked INTEGER NOT NULL DEFAULT 0,
  discoverable INTEGER NOT NULL DEFAULT 0,
  indexable INTEGER NOT NULL DEFAULT 0,
  inbox TEXT,
  shared_inbox TEXT,
  outbox TEXT,
  followers_uri TEXT,
  following_uri TEXT,
  featured_uri TEXT,
  moved_to_uri TEXT,
  created_at INTEGER NOT NULL,
  -- remote: when the actor document was last read
  fetched_at INTEGER,
  suspended_at INTEGER,
  statuses_count INTEGER NOT NULL DEFAULT 0,
  followers_count INTEGER NOT NULL DEFAULT 0,
  following_count INTEGER NOT NULL DEFAULT 0,
  last_status_at INTEGER
) STRICT;
CREATE UNIQUE INDEX account_local ON account(username COLLATE NOCASE) WHERE domain IS NULL;
CREATE INDEX account_remote ON account(username COLLATE NOCASE, domain) WHERE domain IS NOT NULL;
CREATE INDEX account_domain ON account(domain, id) WHERE domain IS NOT NULL;
-- which stored account owns this collection (F-231) or page (F-062)
CREATE INDEX account_url ON account(url) WHERE url IS NOT NULL;
CREATE INDEX account_followers_uri ON account(followers_uri) WHERE followers_uri IS NOT NULL;

-- What a person signs in with.
CREATE TABLE user (
  account_id INTEGER PRIMARY KEY REFERENCES account(id) ON DELETE CASCADE,
  email TEXT NOT NULL COLLATE NOCASE UNIQUE,
  password_hash TEXT NOT NULL,
  admin INTEGER NOT NULL DEFAULT 0,
  -- the profile text and fields as they were written
  note_source TEXT NOT NULL DEFAULT '',
  default_visibility INTEGER NOT NULL DEFAULT 0,
  default_sensitive INTEGER NOT NULL DEFAULT 0,
  default_language TEXT,
  created_at INTEGER NOT NULL
) STRICT;

-- Key pairs of local actors, the instance actor among them.
CREATE TABLE local_key (
  account_id INTEGER PRIMARY KEY REFERENCES account(id) ON DELETE CASCADE,
  key_id TEXT NOT NULL UNIQUE,
  pkcs8 BLOB NOT NULL,
  public_pem TEXT NOT NULL
) STRICT;

-- Public keys of remote actors (F-047: one actor may have several).
CREATE TABLE remote_key (
  key_id TEXT PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  public BLOB NOT NULL,
  fetched_at INTEGER NOT NULL
) STRICT;
CREATE INDEX remote_key_account ON remote_key(account_id);

CREATE TABLE status (
  id INTEGER PRIMARY KEY,
  uri TEXT NOT NULL UNIQUE,
  url TEXT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  local INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  edited_at INTEGER,
  visibility INTEGER NOT NULL,
  -- the parent, when it is here; its URI, when it is not
  in_reply_to_id INTEGER REFERENCES status(id) ON DELETE SET NULL,
  in_reply_to_account_id INTEGER,
  in_reply_to_uri TEXT,
  -- 1: a reply to somebody other than its author, left out of public timelines
  reply_to_other INTEGER NOT NULL DEFAULT 0,
  reblog_of_id INTEGER REFERENCES status(id) ON DELETE CASCADE,
  -- all statuses of one conversation share the id of its first known one
  thread_id INTEGER NOT NULL,
  spoiler_text TEXT NOT NULL DEFAULT '',
  content TEXT NOT NULL DEFAULT '',
  -- local: as written
  text TEXT,
  language TEXT,
  sensitive INTEGER NOT NULL DEFAULT 0,
  application_id INTEGER REFERENCES application(id) ON DELETE SET NULL,
  -- [{"shortcode","url","static_url"}]
  emojis TEXT,
  -- {"multiple","end","voters","options":[["name",votes]]}
  poll TEXT,
  replies_count INTEGER NOT NULL DEFAULT 0,
  reblogs_count INTEGER NOT NULL DEFAULT 0,
  favourites_count INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX status_account ON status(account_id, id);
CREATE INDEX status_parent ON status(in_reply_to_id, id) WHERE in_reply_to_id IS NOT NULL;
CREATE INDEX status_orphan ON status(in_reply_to_uri) WHERE in_reply_to_uri IS NOT NULL;
CREATE UNIQUE INDEX status_reblog ON status(reblog_of_id, account_id) WHERE reblog_of_id IS NOT NULL;
-- who boosted it, newest first
CREATE INDEX status_boosters ON status(reblog_of_id, id) WHERE reblog_of_id IS NOT NULL;
CREATE INDEX status_thread ON status(thread_id, id);
CREATE INDEX status_public ON status(id)
  WHERE visibility = 0 AND reblog_of_id IS NULL AND reply_to_other = 0;
CREATE INDEX status_local ON status(id)
  WHERE local = 1 AND visibility = 0 AND reblog_of_id IS NULL AND reply_to_other = 0;
CREATE INDEX status_url ON status(url) WHERE url IS NOT NULL AND url <> uri;
CREATE INDEX status_application ON status(application_id) WHERE application_id IS NOT NULL;

-- Who may read a status because it is addressed to them. silent: without being named (F-234).
CREATE TABLE mention (
  status_id INTEGER NOT NULL REFERENCES status(id) ON DELETE CASCADE,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  silent INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (status_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX mention_account ON mention(account_id, status_id);

CREATE TABLE tag (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE status_tag (
  tag_id INTEGER NOT NULL REFERENCES tag(id) ON DELETE CASCADE,
  status_id INTEGER NOT NULL REFERENCES status(id) ON DELETE CASCADE,
  PRIMARY KEY (tag_id, status_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX status_tag_status ON status_tag(status_id);

-- Attachments of remote statuses; uploads join them with the media issue.
CREATE TABLE media (
  id INTEGER PRIMARY KEY,
  status_id INTEGER NOT NULL REFERENCES status(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  remote_url TEXT NOT NULL,
  preview_remote_url TEXT,
  media_type TEXT,
  description TEXT,
  blurhash TEXT,
  focus_x REAL,
  focus_y REAL,
  width INTEGER,
  height INTEGER,
  duration REAL
) STRICT;
CREATE INDEX media_status ON media(status_id, position);

CREATE TABLE favourite (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  status_id INTEGER NOT NULL REFERENCES status(id) ON DELETE CASCADE,
  uri TEXT,
  created_at INTEGER NOT NULL,
  UNIQUE (account_id, status_id)
) STRICT;
CREATE INDEX favourite_account ON favourite(account_id, id);
CREATE INDEX favourite_status ON favourite(status_id, id);
CREATE INDEX favourite_uri ON favourite(uri) WHERE uri IS NOT NULL;

-- accepted = 0: a follow request.
CREATE TABLE follow (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  target_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  accepted INTEGER NOT NULL,
  uri TEXT NOT NULL,
  reblogs INTEGER NOT NULL DEFAULT 1,
  notify INTEGER NOT NULL DEFAULT 0,
  -- JSON array of the languages wanted; NULL: all
  languages TEXT,
  created_at INTEGER NOT NULL,
  UNIQUE (account_id, target_id)
) STRICT;
CREATE INDEX follow_target ON follow(target_id, accepted, id);
CREATE INDEX follow_account ON follow(account_id, accepted, id);
CREATE INDEX follow_uri ON follow(uri);

CREATE TABLE block (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  target_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  uri TEXT,
  created_at INTEGER NOT NULL,
  UNIQUE (account_id, target_id)
) STRICT;
CREATE INDEX block_account ON block(account_id, id);
CREATE INDEX block_target ON block(target_id, account_id);

CREATE TABLE mute (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  target_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  hide_notifications INTEGER NOT NULL DEFAULT 1,
  expires_at INTEGER,
  created_at INTEGER NOT NULL,
  UNIQUE (account_id, target_id)
) STRICT;
CREATE INDEX mute_account ON mute(account_id, id);
CREATE INDEX mute_target ON mute(target_id);

-- A local account hides a whole server.
CREATE TABLE account_domain_block (
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  domain TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, domain)
) STRICT, WITHOUT ROWID;

-- The administrator's blocks; sub-domains are meant too (F-338). severity: 1 silence, 2 suspend.
CREATE TABLE domain_block (
  domain TEXT PRIMARY KEY,
  severity INTEGER NOT NULL,
  comment TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE notification (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  kind INTEGER NOT NULL,
  from_account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  status_id INTEGER REFERENCES status(id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX notification_account ON notification(account_id, id);
CREATE UNIQUE INDEX notification_once
  ON notification(account_id, kind, from_account_id, ifnull(status_id, 0));
CREATE INDEX notification_from ON notification(from_account_id);
CREATE INDEX notification_status ON notification(status_id) WHERE status_id IS NOT NULL;

-- Home (timeline = the reader's account id) and lists (timeline = the list's id).
CREATE TABLE timeline_entry (
  timeline INTEGER NOT NULL,
  status_id INTEGER NOT NULL REFERENCES status(id) ON DELETE CASCADE,
  author_id INTEGER NOT NULL,
  boosted_id INTEGER,
  PRIMARY KEY (timeline, status_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX timeline_entry_status ON timeline_entry(status_id);
CREATE INDEX timeline_entry_author ON timeline_entry(timeline, author_id);

-- OAuth.
CREATE TABLE application (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  client_id TEXT NOT NULL UNIQUE,
  secret_hash BLOB NOT NULL,
  name TEXT NOT NULL,
  website TEXT,
  -- one a line
  redirect_uris TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX application_created ON application(created_at);
CREATE TABLE token (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hash BLOB NOT NULL UNIQUE,
  application_id INTEGER NOT NULL REFERENCES application(id) ON DELETE CASCADE,
  -- NULL: client credentials
  account_id INTEGER REFERENCES account(id) ON DELETE CASCADE,
  scopes TEXT NOT NULL,
  -- the authorization code it came from: a second use of the code revokes it (S-074)
  code_hash BLOB,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX token_application ON token(application_id);
CREATE INDEX token_account ON token(account_id) WHERE account_id IS NOT NULL;
CREATE INDEX token_code ON token(code_hash) WHERE code_hash IS NOT NULL;
CREATE TABLE authorization_code (
  hash BLOB PRIMARY KEY,
  application_id INTEGER NOT NULL REFERENCES application(id) ON DELETE CASCADE,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  redirect_uri TEXT NOT NULL,
  scopes TEXT NOT NULL,
  challenge TEXT,
  used INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX authorization_code_expires ON authorization_code(expires_at);
CREATE INDEX authorization_code_application ON authorization_code(application_id);
CREATE INDEX authorization_code_account ON authorization_code(account_id);
-- A browser that is signed in, for the authorize page.
CREATE TABLE session (
  hash BLOB PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_account ON session(account_id);
CREATE INDEX session_expires ON session(expires_at);

-- The same Idempotency-Key makes one status.
CREATE TABLE idempotency (
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  status_id INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_expires ON idempotency(expires_at);

-- Outgoing: the bytes once, a row for each inbox.
CREATE TABLE activity_out (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sender_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX activity_out_sender ON activity_out(sender_id);
CREATE TABLE delivery (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  activity_id INTEGER NOT NULL REFERENCES activity_out(id) ON DELETE CASCADE,
  inbox TEXT NOT NULL,
  host TEXT NOT NULL,
  due INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX delivery_due ON delivery(due, id);
CREATE INDEX delivery_inbox ON delivery(inbox, id);
CREATE INDEX delivery_host ON delivery(host, due);
CREATE INDEX delivery_activity ON delivery(activity_id);

-- Everything else that must happen: accepted activities, fetches.
CREATE TABLE job (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,
  -- the remote host it is about: fairness and order
  lane TEXT NOT NULL,
  payload BLOB NOT NULL,
  due INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  -- 1: given up, kept for the administrator to see
  dead INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX job_due ON job(due, id) WHERE dead = 0;
CREATE INDEX job_lane ON job(lane, id) WHERE dead = 0;
CREATE INDEX job_dead ON job(created_at) WHERE dead = 1;

-- Ids of activities that had their effect, and marks of an Undo or Delete that came first.
CREATE TABLE seen (
  hash BLOB PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_expires ON seen(expires_at);

-- Statuses and actors that are gone for good: a late Create does not revive them (F-169).
CREATE TABLE tombstone (
  uri TEXT PRIMARY KEY,
  local INTEGER NOT NULL DEFAULT 0,
  deleted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_remote ON tombstone(deleted_at) WHERE local = 0;

-- What we know of other servers.
CREATE TABLE host (
  name TEXT PRIMARY KEY,
  -- failures in a row, and the days (since 1970) they began and were last counted on
  failures INTEGER NOT NULL DEFAULT 0,
  failing_days INTEGER NOT NULL DEFAULT 0,
  last_failing_day INTEGER,
  unavailable INTEGER NOT NULL DEFAULT 0,
  -- which signature it took last: 0 unknown, 1 draft-cavage, 2 RFC 9421
  signature INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Search. Contentless: rowid is the id, the words are not kept twice.
CREATE VIRTUAL TABLE status_search USING fts5(
  words, content='', contentless_delete=1, tokenize='unicode61'
);
CREATE VIRTUAL TABLE account_search USING fts5(
  words, content='', contentless_delete=1, tokenize='unicode61', prefix='1 2 3'
);

-- Counts follow their rows, whichever way the rows come or go.
CREATE TRIGGER favourite_added AFTER INSERT ON favourite BEGIN
  UPDATE status SET favourites_count = favourites_count + 1 WHERE id = NEW.status_id;
END;
CREATE TRIGGER favourite_removed AFTER DELETE ON favourite BEGIN
  UPDATE status SET favourites_count = max(favourites_count - 1, 0) WHERE id = OLD.status_id;
END;
CREATE TRIGGER follow_added AFTER INSERT ON follow WHEN NEW.accepted = 1 BEGIN
  UPDATE account SET following_count = following_count + 1 WHERE id = NEW.account_id;
  UPDATE account SET followers_count = followers_count + 1 WHERE id = NEW.target_id;
END;
CREATE TRIGGER follow_accepted AFTER UPDATE OF accepted ON follow
WHEN NEW.accepted = 1 AND OLD.accepted = 0 BEGIN
  UPDATE account SET following_count = following_count + 1 WHERE id = NEW.account_id;
  UPDATE account SET followers_count = followers_count + 1 WHERE id = NEW.target_id;
END;
CREATE TRIGGER follow_removed AFTER DELETE ON follow WHEN OLD.accepted = 1 BEGIN
  UPDATE account SET following_count = max(following_count - 1, 0) WHERE id = OLD.account_id;
  UPDATE account SET followers_count = max(followers_count - 1, 0) WHERE id = OLD.target_id;
END;
CREATE TRIGGER status_added AFTER INSERT ON status WHEN NEW.visibility < 3 BEGIN
  UPDATE account SET statuses_count = statuses_count + 1,
    last_status_at = max(ifnull(last_status_at, 0), NEW.created_at) WHERE id = NEW.account_id;
END;
CREATE TRIGGER status_removed AFTER DELETE ON status BEGIN
  UPDATE account SET statuses_count = max(statuses_count - 1, 0)
    WHERE id = OLD.account_id AND OLD.visibility < 3;
  DELETE FROM status_search WHERE rowid = OLD.id;
END;
-- Only replies that anybody may read are counted (S-091).
CREATE TRIGGER reply_added AFTER INSERT ON status
WHEN NEW.in_reply_to_id IS NOT NULL AND NEW.visibility < 2 BEGIN
  UPDATE status SET replies_count = replies_count + 1 WHERE id = NEW.in_reply_to_id;
END;
CREATE TRIGGER reply_found_parent AFTER UPDATE OF in_reply_to_id ON status
WHEN NEW.in_reply_to_id IS NOT NULL AND OLD.in_reply_to_id IS NULL AND NEW.visibility < 2 BEGIN
  UPDATE status SET replies_count = replies_count + 1 WHERE id = NEW.in_reply_to_id;
END;
CREATE TRIGGER reply_removed AFTER DELETE ON status
WHEN OLD.in_reply_to_id IS NOT NULL AND OLD.visibility < 2 BEGIN
  UPDATE status SET replies_count = max(replies_count - 1, 0) WHERE id = OLD.in_reply_to_id;
END;
CREATE TRIGGER reblog_added AFTER INSERT ON status WHEN NEW.reblog_of_id IS NOT NULL BEGIN
  UPDATE status SET reblogs_count = reblogs_count + 1 WHERE id = NEW.reblog_of_id;
END;
CREATE TRIGGER reblog_removed AFTER DELETE ON status WHEN OLD.reblog_of_id IS NOT NULL BEGIN
  UPDATE status SET reblogs_count = max(reblogs_count - 1, 0) WHERE id = OLD.reblog_of_id;
END;
CREATE TRIGGER account_removed AFTER DELETE ON account BEGIN
  DELETE FROM account_search WHERE rowid = OLD.id;
END;
CREATE TRIGGER delivery_done AFTER DELETE ON delivery BEGIN
  DELETE FROM activity_out WHERE id = OLD.activity_id
    AND NOT EXISTS (SELECT 1 FROM delivery WHERE activity_id = OLD.activity_id);
END;
