-- What the rest of the client API keeps.

-- Statuses: earlier versions, marks, conversations.
CREATE TABLE status_edit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  status_id INTEGER NOT NULL REFERENCES status(id) ON DELETE CASCADE,
  -- when this version was written
  created_at INTEGER NOT NULL,
  spoiler_text TEXT NOT NULL DEFAULT '',
  content TEXT NOT NULL,
  text TEXT,
  sensitive INTEGER NOT NULL DEFAULT 0,
  emojis TEXT,
  poll TEXT,
  -- [{"id","description", …}] as they were
  media TEXT
) STRICT;
CREATE INDEX status_edit_status ON status_edit(status_id, id);

CREATE TABLE bookmark (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  status_id INTEGER NOT NULL REFERENCES status(id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  UNIQUE (account_id, status_id)
) STRICT;
CREATE INDEX bookmark_account ON bookmark(account_id, id);
CREATE INDEX bookmark_status ON bookmark(status_id);

CREATE TABLE pin (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  status_id INTEGER NOT NULL REFERENCES status(id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  UNIQUE (account_id, status_id)
) STRICT;
CREATE INDEX pin_account ON pin(account_id, id);
CREATE INDEX pin_status ON pin(status_id);

-- A conversation that its reader wants to hear nothing of.
CREATE TABLE thread_mute (
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  thread_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, thread_id)
) STRICT, WITHOUT ROWID;

-- Direct conversations, one row a reader.
CREATE TABLE conversation (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  thread_id INTEGER NOT NULL,
  last_status_id INTEGER REFERENCES status(id) ON DELETE SET NULL,
  unread INTEGER NOT NULL DEFAULT 0,
  UNIQUE (account_id, thread_id)
) STRICT;
CREATE INDEX conversation_newest ON conversation(account_id, last_status_id);
CREATE INDEX conversation_status ON conversation(last_status_id) WHERE last_status_id IS NOT NULL;

-- Polls: the tallies are in status.poll, who voted is here.
CREATE TABLE poll_vote (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  status_id INTEGER NOT NULL REFERENCES status(id) ON DELETE CASCADE,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  choice INTEGER NOT NULL,
  uri TEXT,
  created_at INTEGER NOT NULL,
  UNIQUE (status_id, account_id, choice)
) STRICT;
CREATE INDEX poll_vote_account ON poll_vote(account_id);

CREATE TABLE scheduled_status (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  due INTEGER NOT NULL,
  -- the request as it will be carried out
  params TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX scheduled_status_due ON scheduled_status(due);
CREATE INDEX scheduled_status_account ON scheduled_status(account_id, id);

-- Timelines: lists, followed tags, filters, markers.
CREATE TABLE list (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  title TEXT NOT NULL,
  -- 0 replies to members, 1 to anybody followed, 2 none
  replies_policy INTEGER NOT NULL DEFAULT 0,
  exclusive INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX list_account ON list(account_id, id);
CREATE TABLE list_member (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  list_id INTEGER NOT NULL REFERENCES list(id) ON DELETE CASCADE,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  UNIQUE (list_id, account_id)
) STRICT;
CREATE INDEX list_member_list ON list_member(list_id, id);
CREATE INDEX list_member_account ON list_member(account_id, list_id);

CREATE TABLE followed_tag (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  tag_id INTEGER NOT NULL REFERENCES tag(id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  UNIQUE (account_id, tag_id)
) STRICT;
CREATE INDEX followed_tag_account ON followed_tag(account_id, id);
CREATE INDEX followed_tag_tag ON followed_tag(tag_id, account_id);

CREATE TABLE filter (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  title TEXT NOT NULL,
  -- JSON array of home, notifications, public, thread, account
  contexts TEXT NOT NULL,
  -- 0 warn, 1 hide, 2 blur
  action INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX filter_account ON filter(account_id, id);
CREATE TABLE filter_keyword (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  filter_id INTEGER NOT NULL REFERENCES filter(id) ON DELETE CASCADE,
  keyword TEXT NOT NULL,
  whole_word INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX filter_keyword_filter ON filter_keyword(filter_id, id);
CREATE TABLE filter_status (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  filter_id INTEGER NOT NULL REFERENCES filter(id) ON DELETE CASCADE,
  status_id INTEGER NOT NULL REFERENCES status(id) ON DELETE CASCADE,
  UNIQUE (filter_id, status_id)
) STRICT;
CREATE INDEX filter_status_status ON filter_status(status_id);

CREATE TABLE marker (
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  timeline TEXT NOT NULL,
  last_read_id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, timeline)
) STRICT, WITHOUT ROWID;

-- Notifications: what is held back, and from whom. Policies: 0 accept, 1 filter, 2 drop.
CREATE TABLE notification_policy (
  account_id INTEGER PRIMARY KEY REFERENCES account(id) ON DELETE CASCADE,
  for_not_following INTEGER NOT NULL DEFAULT 0,
  for_not_followers INTEGER NOT NULL DEFAULT 0,
  for_new_accounts INTEGER NOT NULL DEFAULT 0,
  for_private_mentions INTEGER NOT NULL DEFAULT 1,
  for_limited_accounts INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE notification_permission (
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  from_account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  PRIMARY KEY (account_id, from_account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX notification_permission_from ON notification_permission(from_account_id);
CREATE TABLE notification_request (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  from_account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  last_status_id INTEGER REFERENCES status(id) ON DELETE SET NULL,
  notifications_count INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (account_id, from_account_id)
) STRICT;
CREATE INDEX notification_request_account ON notification_request(account_id, id);
CREATE INDEX notification_request_from ON notification_request(from_account_id);
CREATE INDEX notification_request_status ON notification_request(last_status_id)
  WHERE last_status_id IS NOT NULL;
-- 1: held back by the policy, shown among the requests only
ALTER TABLE notification ADD COLUMN filtered INTEGER NOT NULL DEFAULT 0;
-- which ones are one group, e.g. favourites of one status within some hours
ALTER TABLE notification ADD COLUMN group_key TEXT;
CREATE INDEX notification_group ON notification(account_id, group_key, id)
  WHERE group_key IS NOT NULL;
CREATE INDEX notification_filtered ON notification(account_id, from_account_id, id)
  WHERE filtered = 1;

-- Web Push.
CREATE TABLE push_subscription (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  token_id INTEGER NOT NULL UNIQUE REFERENCES token(id) ON DELETE CASCADE,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  endpoint TEXT NOT NULL,
  p256dh BLOB NOT NULL,
  auth BLOB NOT NULL,
  -- 1: RFC 8291 (aes128gcm), 0: the older aesgcm
  standard INTEGER NOT NULL DEFAULT 0,
  -- JSON object of booleans
  alerts TEXT NOT NULL,
  -- all, followed, follower, none
  policy TEXT NOT NULL DEFAULT 'all',
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX push_subscription_account ON push_subscription(account_id);

-- People: what one keeps about others, and shows of oneself.
CREATE TABLE account_note (
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  target_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  comment TEXT NOT NULL,
  PRIMARY KEY (account_id, target_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_note_target ON account_note(target_id);
CREATE TABLE endorsement (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  target_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  UNIQUE (account_id, target_id)
) STRICT;
CREATE INDEX endorsement_account ON endorsement(account_id, id);
CREATE INDEX endorsement_target ON endorsement(target_id);
CREATE TABLE featured_tag (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  tag_id INTEGER NOT NULL REFERENCES tag(id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  UNIQUE (account_id, tag_id)
) STRICT;
CREATE INDEX featured_tag_account ON featured_tag(account_id, id);
CREATE INDEX featured_tag_tag ON featured_tag(tag_id);
-- profile fields as they were written: [["name","value"]]
ALTER TABLE user ADD COLUMN fields_source TEXT;

-- Reports about accounts, from here or elsewhere.
CREATE TABLE report (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  target_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  category TEXT NOT NULL DEFAULT 'other',
  comment TEXT NOT NULL DEFAULT '',
  -- JSON arrays
  status_ids TEXT NOT NULL DEFAULT '[]',
  rule_ids TEXT NOT NULL DEFAULT '[]',
  forwarded INTEGER NOT NULL DEFAULT 0,
  assigned_id INTEGER REFERENCES account(id) ON DELETE SET NULL,
  action_taken_at INTEGER,
  action_taken_by_id INTEGER REFERENCES account(id) ON DELETE SET NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX report_account ON report(account_id);
CREATE INDEX report_target ON report(target_id, id);
CREATE INDEX report_open ON report(id) WHERE action_taken_at IS NULL;
CREATE INDEX report_assigned ON report(assigned_id) WHERE assigned_id IS NOT NULL;
CREATE INDEX report_action_by ON report(action_taken_by_id) WHERE action_taken_by_id IS NOT NULL;

-- Uploads: files of local accounts, before and after they are attached.
CREATE TABLE upload (
  id INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  -- the status it is attached to, and its place there
  status_id INTEGER REFERENCES status(id) ON DELETE CASCADE,
  position INTEGER NOT NULL DEFAULT 0,
  kind INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  -- 128 random bits that its address is made of, and the endings of its files
  key TEXT NOT NULL UNIQUE,
  extension TEXT NOT NULL,
  preview_extension TEXT,
  -- 0 being processed, 1 ready, 2 failed
  state INTEGER NOT NULL DEFAULT 0,
  description TEXT,
  blurhash TEXT,
  focus_x REAL,
  focus_y REAL,
  width INTEGER,
  height INTEGER,
  preview_width INTEGER,
  preview_height INTEGER,
  duration REAL,
  bytes INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX upload_account ON upload(account_id, id);
CREATE INDEX upload_status ON upload(status_id, position) WHERE status_id IS NOT NULL;
CREATE INDEX upload_loose ON upload(created_at) WHERE status_id IS NULL;
