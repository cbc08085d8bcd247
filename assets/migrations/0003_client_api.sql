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

-- == cards, trends, translations ==

-- == notifications ==

-- == push, import ==

-- == sign-in ==

-- == profiles ==

-- == moderation, instance ==
