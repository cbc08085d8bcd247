-- What completes the client API. One section a part; each keeps to its own.

-- == media ==

-- == posting: schedules, quotes ==

-- == cards, trends, translations ==

-- == notifications ==

-- == push, import ==

-- == sign-in ==

-- == profiles ==

-- == moderation, instance ==

-- limited: found by its followers only; sensitized: all its media are marked
ALTER TABLE account ADD COLUMN silenced_at INTEGER;
ALTER TABLE account ADD COLUMN sensitized_at INTEGER;
-- 1 silenced_at, 2 suspended_at is there because of a block of its domain
ALTER TABLE account ADD COLUMN limited_by_domain INTEGER NOT NULL DEFAULT 0;
CREATE INDEX account_silenced ON account(id) WHERE silenced_at IS NOT NULL;
CREATE INDEX account_suspended ON account(id) WHERE suspended_at IS NOT NULL;
-- 1: cannot sign in
ALTER TABLE user ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;

-- The administrator's blocks, now with small ids and all that the client API tells of them.
-- severity: 0 none, 1 silence, 2 suspend.
ALTER TABLE domain_block RENAME TO domain_block_before;
CREATE TABLE domain_block (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  domain TEXT NOT NULL UNIQUE,
  severity INTEGER NOT NULL,
  reject_media INTEGER NOT NULL DEFAULT 0,
  reject_reports INTEGER NOT NULL DEFAULT 0,
  public_comment TEXT,
  private_comment TEXT,
  obfuscate INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;
INSERT INTO domain_block (domain, severity, private_comment, created_at)
  SELECT domain, severity, nullif(comment, ''), created_at FROM domain_block_before;
DROP TABLE domain_block_before;

-- With [federation] allowlist: the only servers that we have to do with.
CREATE TABLE domain_allow (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  domain TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;

-- which report a notification is about: several by one reporter are several notifications
ALTER TABLE notification ADD COLUMN report_id INTEGER REFERENCES report(id) ON DELETE CASCADE;
CREATE INDEX notification_report ON notification(report_id) WHERE report_id IS NOT NULL;
DROP INDEX notification_once;
CREATE UNIQUE INDEX notification_once ON notification(
  account_id, kind, from_account_id, ifnull(status_id, 0), ifnull(report_id, 0));

-- What the administrator tells everybody here.
CREATE TABLE announcement (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  text TEXT NOT NULL,
  -- HTML
  content TEXT NOT NULL,
  starts_at INTEGER,
  ends_at INTEGER,
  all_day INTEGER NOT NULL DEFAULT 0,
  -- JSON arrays: ids of accounts and statuses, names of tags
  mentions TEXT NOT NULL DEFAULT '[]',
  statuses TEXT NOT NULL DEFAULT '[]',
  tags TEXT NOT NULL DEFAULT '[]',
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE announcement_read (
  announcement_id INTEGER NOT NULL REFERENCES announcement(id) ON DELETE CASCADE,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  PRIMARY KEY (announcement_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX announcement_read_account ON announcement_read(account_id);
CREATE TABLE announcement_reaction (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  announcement_id INTEGER NOT NULL REFERENCES announcement(id) ON DELETE CASCADE,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  UNIQUE (announcement_id, name, account_id)
) STRICT;
CREATE INDEX announcement_reaction_account ON announcement_reaction(account_id);

-- Custom emojis of this server; small enough to be kept here.
CREATE TABLE custom_emoji (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  shortcode TEXT NOT NULL UNIQUE COLLATE NOCASE,
  category TEXT,
  -- what its address is made of
  key TEXT NOT NULL UNIQUE,
  media_type TEXT NOT NULL,
  image BLOB NOT NULL,
  visible INTEGER NOT NULL DEFAULT 1,
  disabled INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL
) STRICT;
