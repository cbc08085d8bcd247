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

-- == notifications ==

-- == push, import ==

-- == sign-in ==

-- == profiles ==

-- == moderation, instance ==
