-- What completes the client API. One section a part; each keeps to its own.

-- == media ==
-- 0 of a status, 1 avatar, 2 header
ALTER TABLE upload ADD COLUMN purpose INTEGER NOT NULL DEFAULT 0;
-- why it failed
ALTER TABLE upload ADD COLUMN error TEXT;
-- the scheduled status that it waits for
ALTER TABLE upload ADD COLUMN scheduled_id INTEGER REFERENCES scheduled_status(id) ON DELETE SET NULL;
CREATE INDEX upload_scheduled ON upload(scheduled_id) WHERE scheduled_id IS NOT NULL;
-- {"avatar": {"media_type", "static_url", "description"}, "header": …} of local accounts
ALTER TABLE account ADD COLUMN pictures TEXT;
-- Files to be removed once it is due, unless they are taken out again. A name stands here before
-- its file is put in place and as soon as its row is gone, so that a kill leaves no orphan.
CREATE TABLE media_trash (
  name TEXT PRIMARY KEY,
  due INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX media_trash_due ON media_trash(due);
CREATE TRIGGER upload_removed AFTER DELETE ON upload BEGIN
  INSERT OR REPLACE INTO media_trash (name, due)
    SELECT old.key || '.' || old.extension, 0 WHERE old.extension <> '';
  INSERT OR REPLACE INTO media_trash (name, due)
    SELECT old.key || '.' || old.preview_extension, 0 WHERE old.preview_extension IS NOT NULL;
END;

-- == posting: schedules, quotes ==

-- how a local status was written: 0 plain text, 1 Markdown; and what new ones begin with
ALTER TABLE status ADD COLUMN content_type INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user ADD COLUMN default_content_type INTEGER NOT NULL DEFAULT 0;
-- why a scheduled status could not be published at its time; it waits for its author then
ALTER TABLE scheduled_status ADD COLUMN failed TEXT;
-- which scheduled status an Idempotency-Key made
ALTER TABLE scheduled_status ADD COLUMN idempotency_key TEXT;
CREATE INDEX scheduled_status_key ON scheduled_status(account_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL;

-- who may quote it: bits of those approved at once << 16, of those whom the author asks himself
-- 1 somebody else, 2 everybody, 4 followers, 8 followed
ALTER TABLE status ADD COLUMN quote_policy INTEGER NOT NULL DEFAULT 0;
ALTER TABLE status ADD COLUMN quotes_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user ADD COLUMN default_quote_policy INTEGER NOT NULL DEFAULT 131072;

-- What a status quotes, one row a quoting status.
CREATE TABLE quote (
  status_id INTEGER PRIMARY KEY REFERENCES status(id) ON DELETE CASCADE,
  account_id INTEGER NOT NULL,
  -- the quoted status while it is here, and its URI and author in any case
  quoted_id INTEGER REFERENCES status(id) ON DELETE SET NULL,
  quoted_uri TEXT NOT NULL,
  quoted_account_id INTEGER,
  -- 0 pending, 1 accepted, 2 rejected, 3 revoked, 4 deleted
  state INTEGER NOT NULL,
  -- 1: told in a way that asks nobody (F-319)
  legacy INTEGER NOT NULL DEFAULT 0,
  -- the quoted author's stamp, and the request for it
  authorization_uri TEXT,
  request_uri TEXT,
  -- how many quotes led here from the status that somebody sent or asked for
  depth INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX quote_quoted ON quote(quoted_id, status_id) WHERE quoted_id IS NOT NULL;
CREATE INDEX quote_orphan ON quote(quoted_uri) WHERE quoted_id IS NULL;
CREATE INDEX quote_authorization ON quote(authorization_uri) WHERE authorization_uri IS NOT NULL;
CREATE INDEX quote_request ON quote(request_uri) WHERE request_uri IS NOT NULL;
CREATE TRIGGER quote_added AFTER INSERT ON quote WHEN NEW.state = 1 BEGIN
  UPDATE status SET quotes_count = quotes_count + 1 WHERE id = NEW.quoted_id;
END;
CREATE TRIGGER quote_changed AFTER UPDATE OF state, quoted_id ON quote BEGIN
  UPDATE status SET quotes_count = max(quotes_count - 1, 0)
    WHERE id = OLD.quoted_id AND OLD.state = 1;
  UPDATE status SET quotes_count = quotes_count + 1 WHERE id = NEW.quoted_id AND NEW.state = 1;
END;
CREATE TRIGGER quote_removed AFTER DELETE ON quote WHEN OLD.state = 1 BEGIN
  UPDATE status SET quotes_count = max(quotes_count - 1, 0) WHERE id = OLD.quoted_id;
END;

-- == cards, trends, translations ==

-- What is behind a link: once, for all statuses that have it first.
CREATE TABLE card (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- as it stands in the statuses, and as the page itself says
  link TEXT NOT NULL UNIQUE,
  url TEXT NOT NULL,
  -- 0 there is nothing to show (yet), 1 there is
  state INTEGER NOT NULL DEFAULT 0,
  -- 0 link, 1 photo, 2 video, 3 rich
  kind INTEGER NOT NULL DEFAULT 0,
  title TEXT NOT NULL DEFAULT '',
  description TEXT NOT NULL DEFAULT '',
  author_name TEXT NOT NULL DEFAULT '',
  author_url TEXT NOT NULL DEFAULT '',
  provider_name TEXT NOT NULL DEFAULT '',
  provider_url TEXT NOT NULL DEFAULT '',
  -- the frame of a player, written by us around an address
  html TEXT NOT NULL DEFAULT '',
  width INTEGER NOT NULL DEFAULT 0,
  height INTEGER NOT NULL DEFAULT 0,
  image TEXT,
  image_description TEXT NOT NULL DEFAULT '',
  embed_url TEXT NOT NULL DEFAULT '',
  language TEXT,
  published_at INTEGER,
  -- not to be fetched before this time; while it is queued, since when
  due INTEGER NOT NULL DEFAULT 0,
  queued_at INTEGER,
  -- failures in a row
  failures INTEGER NOT NULL DEFAULT 0,
  fetched_at INTEGER
) STRICT;
CREATE INDEX card_url ON card(url);
CREATE TABLE status_card (
  status_id INTEGER PRIMARY KEY REFERENCES status(id) ON DELETE CASCADE,
  card_id INTEGER NOT NULL REFERENCES card(id) ON DELETE CASCADE
) STRICT;
CREATE INDEX status_card_card ON status_card(card_id, status_id);
-- A card goes with the last status that has its link.
CREATE TRIGGER card_unused AFTER DELETE ON status_card BEGIN
  DELETE FROM card WHERE id = OLD.card_id
    AND NOT EXISTS (SELECT 1 FROM status_card WHERE card_id = OLD.card_id);
END;
CREATE TRIGGER card_replaced AFTER UPDATE OF card_id ON status_card
WHEN OLD.card_id <> NEW.card_id BEGIN
  DELETE FROM card WHERE id = OLD.card_id
    AND NOT EXISTS (SELECT 1 FROM status_card WHERE card_id = OLD.card_id);
END;
-- What is much talked about, as housekeeping found it last.
CREATE TABLE trend (
  -- 0 tags, 1 statuses, 2 cards
  kind INTEGER NOT NULL,
  place INTEGER NOT NULL,
  ref_id INTEGER NOT NULL,
  PRIMARY KEY (kind, place)
) STRICT, WITHOUT ROWID;

-- == notifications ==

-- A request stands for the mentions (0) and quotes (8) that are held back, and goes with the last
-- of them.
CREATE TRIGGER notification_request_less AFTER DELETE ON notification
WHEN OLD.filtered = 1 AND OLD.kind IN (0, 8) BEGIN
  UPDATE notification_request SET notifications_count = notifications_count - 1,
    last_status_id = (SELECT n.status_id FROM notification n
      WHERE n.account_id = OLD.account_id AND n.from_account_id = OLD.from_account_id
        AND n.filtered = 1 AND n.kind IN (0, 8) ORDER BY n.id DESC LIMIT 1)
  WHERE account_id = OLD.account_id AND from_account_id = OLD.from_account_id;
  DELETE FROM notification_request WHERE account_id = OLD.account_id
    AND from_account_id = OLD.from_account_id AND notifications_count <= 0;
END;
-- whether anybody here boosted a status, without walking through all boosts of it
CREATE INDEX status_boosted_here ON status(reblog_of_id)
  WHERE local = 1 AND reblog_of_id IS NOT NULL;

-- == push, import ==
-- as before, with an id that lists can be paged by
CREATE TABLE account_domain_block_new (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  domain TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (account_id, domain)
) STRICT;
INSERT INTO account_domain_block_new (account_id, domain, created_at)
  SELECT account_id, domain, created_at FROM account_domain_block ORDER BY created_at;
DROP TABLE account_domain_block;
ALTER TABLE account_domain_block_new RENAME TO account_domain_block;
CREATE INDEX account_domain_block_account ON account_domain_block(account_id, id);
-- whom somebody does not want to be suggested
CREATE TABLE suggestion_dismissal (
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  target_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  PRIMARY KEY (account_id, target_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX suggestion_dismissal_target ON suggestion_dismissal(target_id);
-- CSV files that are being taken in, and their lines
CREATE TABLE import (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  overwrite INTEGER NOT NULL,
  -- 1: all lines are there
  ready INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0,
  done INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  -- up to which server jobs were made
  last_host TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  finished_at INTEGER
) STRICT;
CREATE INDEX import_account ON import(account_id, id);
CREATE INDEX import_created ON import(created_at);
CREATE TABLE import_row (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  import_id INTEGER NOT NULL REFERENCES import(id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  host TEXT NOT NULL,
  row TEXT NOT NULL,
  -- 0 waits, 1 done, 2 failed
  state INTEGER NOT NULL DEFAULT 0,
  tries INTEGER NOT NULL DEFAULT 0,
  -- the account or status that it turned out to be
  target_id INTEGER,
  error TEXT,
  UNIQUE (import_id, key)
) STRICT;
CREATE INDEX import_row_waiting ON import_row(import_id, host, tries, id) WHERE state = 0;
CREATE INDEX import_row_failed ON import_row(import_id, id) WHERE state = 2;
CREATE INDEX import_row_target ON import_row(import_id, target_id) WHERE target_id IS NOT NULL;

-- == sign-in ==
-- The second factor of a person (RFC 6238). The secret stands here as it is: its codes are made of
-- it, and whoever can read this file has everything else already.
CREATE TABLE second_factor (
  account_id INTEGER PRIMARY KEY REFERENCES account(id) ON DELETE CASCADE,
  secret BLOB NOT NULL,
  -- the token that was offered it, 0 for our own page: nobody else is shown it
  offered_to INTEGER NOT NULL DEFAULT 0,
  -- NULL: offered, and not yet confirmed by a code
  enabled_at INTEGER,
  -- the newest step of time whose code was used: neither it nor an older one serves again
  last_step INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;
-- What lets somebody in who lost the device; each once.
CREATE TABLE recovery_code (
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  hash BLOB NOT NULL,
  PRIMARY KEY (account_id, hash)
) STRICT, WITHOUT ROWID;
-- 1: the password was right, the second factor is still to come
ALTER TABLE session ADD COLUMN pending INTEGER NOT NULL DEFAULT 0;
-- what the browser calls itself
ALTER TABLE session ADD COLUMN agent TEXT NOT NULL DEFAULT '';
-- about when: written once a day at the most
ALTER TABLE token ADD COLUMN last_used_at INTEGER;

-- == profiles ==
-- What of a profile is shown and never looked for, as a JSON object: hidden collections, aliases,
-- domains that may credit it, …; NULL: nothing of it.
ALTER TABLE account ADD COLUMN details TEXT;
UPDATE account SET details = json_object('featured_tags_uri', uri || '/collections/tags')
  WHERE id IN (SELECT account_id FROM user);
-- when the links of the profile were last queued to be checked (rel=me)
ALTER TABLE user ADD COLUMN links_checked_at INTEGER NOT NULL DEFAULT 0;

-- An account's own use of a tag that it features; only what anybody may read counts.
ALTER TABLE featured_tag ADD COLUMN statuses_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE featured_tag ADD COLUMN last_status_at INTEGER;
CREATE TRIGGER featured_tag_used AFTER INSERT ON status_tag BEGIN
  UPDATE featured_tag SET statuses_count = statuses_count + 1,
      last_status_at = max(ifnull(last_status_at, 0),
        (SELECT created_at FROM status WHERE id = NEW.status_id))
    WHERE tag_id = NEW.tag_id
      AND account_id = (SELECT account_id FROM status WHERE id = NEW.status_id AND visibility < 2);
END;
-- an edit takes a tag away; when the whole status goes, its row is gone before its tags are
CREATE TRIGGER featured_tag_taken_away AFTER DELETE ON status_tag BEGIN
  UPDATE featured_tag SET statuses_count = max(statuses_count - 1, 0),
      last_status_at = (SELECT s.created_at FROM status_tag st
        CROSS JOIN status s ON s.id = st.status_id
        WHERE st.tag_id = OLD.tag_id AND s.account_id = featured_tag.account_id
          AND s.visibility < 2 ORDER BY st.status_id DESC LIMIT 1)
    WHERE tag_id = OLD.tag_id
      AND account_id = (SELECT account_id FROM status WHERE id = OLD.status_id AND visibility < 2);
END;
CREATE TRIGGER featured_tag_status_removed BEFORE DELETE ON status WHEN OLD.visibility < 2 BEGIN
  UPDATE featured_tag SET statuses_count = max(statuses_count - 1, 0),
      last_status_at = (SELECT s.created_at FROM status_tag st
        CROSS JOIN status s ON s.id = st.status_id
        WHERE st.tag_id = featured_tag.tag_id AND st.status_id <> OLD.id
          AND s.account_id = OLD.account_id AND s.visibility < 2
        ORDER BY st.status_id DESC LIMIT 1)
    WHERE account_id = OLD.account_id
      AND tag_id IN (SELECT tag_id FROM status_tag WHERE status_id = OLD.id);
END;
-- one endorses only whom one follows
CREATE TRIGGER endorsement_ended AFTER DELETE ON follow BEGIN
  DELETE FROM endorsement WHERE account_id = OLD.account_id AND target_id = OLD.target_id;
END;

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
