-- Files: those of elsewhere that lie here for a while, and what becomes of old things.
-- One section a part; each keeps to its own.

-- == uploads that are played ==
-- pictures a second as a fraction, such as 30000/1001; bits a second of the whole file
ALTER TABLE upload ADD COLUMN frame_rate TEXT;
ALTER TABLE upload ADD COLUMN bitrate INTEGER;
-- the sound: such as aac, in hertz, how many channels
ALTER TABLE upload ADD COLUMN sound_codec TEXT;
ALTER TABLE upload ADD COLUMN sound_rate INTEGER;
ALTER TABLE upload ADD COLUMN sound_channels INTEGER;

-- == retention ==

-- Statuses of others that were fetched long after they were written, so that their ids say nothing
-- about how long they are here.
CREATE TABLE late_status (
  status_id INTEGER PRIMARY KEY REFERENCES status(id) ON DELETE CASCADE,
  stored_at INTEGER NOT NULL
) STRICT;
-- whether somebody here takes part in a thread, however long it is
CREATE INDEX status_thread_local ON status(thread_id) WHERE local = 1;

-- == cache ==

-- What lies in the cache folder: files of elsewhere, and what was made of them. There is a row for
-- each file that is wholly there, and none for what was never looked at.
CREATE TABLE cached_file (
  -- 16 bytes; in hexadecimal the beginning of its name
  key BLOB PRIMARY KEY,
  -- model::CacheClass, and the attachment, account or card that it belongs to; 0: an emoji
  class INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  -- the server that it came from
  host TEXT NOT NULL,
  -- of its name, by its first bytes
  extension TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  -- 1: somebody here favourited or bookmarked what it belongs to, so that it goes last
  kept INTEGER NOT NULL DEFAULT 0,
  fetched_at INTEGER NOT NULL,
  -- to the hour
  viewed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX cached_file_order ON cached_file(kept, viewed_at);
CREATE INDEX cached_file_owner ON cached_file(class, owner);

-- How much that is, kept by triggers: one row.
CREATE TABLE cache_total (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  files INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;
INSERT INTO cache_total VALUES (1, 0, 0);

-- 1: the file lies in the cache folder
ALTER TABLE media_trash ADD COLUMN cached INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER cached_file_added AFTER INSERT ON cached_file BEGIN
  UPDATE cache_total SET files = files + 1, bytes = bytes + new.bytes WHERE id = 1;
END;
-- Files go with what they belong to.
CREATE TRIGGER media_uncached AFTER DELETE ON media BEGIN
  DELETE FROM cached_file WHERE class IN (0, 1) AND owner = old.id;
END;
CREATE TRIGGER account_uncached AFTER DELETE ON account BEGIN
  DELETE FROM cached_file WHERE class IN (2, 3, 4, 5) AND owner = old.id;
END;
CREATE TRIGGER card_uncached AFTER DELETE ON card BEGIN
  DELETE FROM cached_file WHERE class = 6 AND owner = old.id;
END;

-- Until when an attachment is shown as a link, since its file could not be had (F-300).
ALTER TABLE media ADD COLUMN unavailable_until INTEGER;

-- == expiry ==

-- Files of one server, and how much they are.
CREATE INDEX cached_file_host ON cached_file(host, bytes);
-- What the people of this server keep here: read from the index alone.
CREATE INDEX upload_usage ON upload(account_id, purpose, kind, bytes);

-- A file takes its place until it is removed, not only until its row is.
ALTER TABLE media_trash ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
CREATE TABLE cache_trash (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  bytes INTEGER NOT NULL
) STRICT;
INSERT INTO cache_trash VALUES (1, 0);
CREATE TRIGGER media_trash_added AFTER INSERT ON media_trash WHEN new.cached = 1 BEGIN
  UPDATE cache_trash SET bytes = bytes + new.bytes WHERE id = 1;
END;
CREATE TRIGGER media_trash_settled AFTER DELETE ON media_trash WHEN old.cached = 1 BEGIN
  UPDATE cache_trash SET bytes = bytes - old.bytes WHERE id = 1;
END;
CREATE TRIGGER cached_file_removed AFTER DELETE ON cached_file BEGIN
  UPDATE cache_total SET files = files - 1, bytes = bytes - old.bytes WHERE id = 1;
  -- not INSERT OR REPLACE: what that replaces is counted nowhere
  DELETE FROM media_trash WHERE name = lower(hex(old.key)) || '.' || old.extension;
  INSERT INTO media_trash (name, due, cached, bytes)
    VALUES (lower(hex(old.key)) || '.' || old.extension, 0, 1, old.bytes);
END;

-- What somebody here favourited or bookmarked goes last. However that is done: the same for
-- imports, and for accounts that go.
CREATE TRIGGER favourite_keeps AFTER INSERT ON favourite
  WHEN EXISTS (SELECT 1 FROM user WHERE account_id = new.account_id) BEGIN
  UPDATE cached_file SET kept = 1 WHERE class IN (0, 1)
    AND owner IN (SELECT id FROM media WHERE status_id = new.status_id);
END;
CREATE TRIGGER bookmark_keeps AFTER INSERT ON bookmark BEGIN
  UPDATE cached_file SET kept = 1 WHERE class IN (0, 1)
    AND owner IN (SELECT id FROM media WHERE status_id = new.status_id);
END;
CREATE TRIGGER favourite_lets_go AFTER DELETE ON favourite
  WHEN NOT EXISTS (SELECT 1 FROM bookmark WHERE status_id = old.status_id)
    AND NOT EXISTS (SELECT 1 FROM user u CROSS JOIN favourite f ON f.account_id = u.account_id
      AND f.status_id = old.status_id) BEGIN
  UPDATE cached_file SET kept = 0 WHERE class IN (0, 1)
    AND owner IN (SELECT id FROM media WHERE status_id = old.status_id);
END;
CREATE TRIGGER bookmark_lets_go AFTER DELETE ON bookmark
  WHEN NOT EXISTS (SELECT 1 FROM bookmark WHERE status_id = old.status_id)
    AND NOT EXISTS (SELECT 1 FROM user u CROSS JOIN favourite f ON f.account_id = u.account_id
      AND f.status_id = old.status_id) BEGIN
  UPDATE cached_file SET kept = 0 WHERE class IN (0, 1)
    AND owner IN (SELECT id FROM media WHERE status_id = old.status_id);
END;

-- == emojis ==

-- moving: whether there is a still version; NULL until somebody looked at the frames.
ALTER TABLE custom_emoji ADD COLUMN moving INTEGER;
-- PNG, where the picture moves
ALTER TABLE custom_emoji ADD COLUMN still BLOB;
CREATE INDEX custom_emoji_unseen ON custom_emoji(id) WHERE moving IS NULL;
INSERT INTO job (kind, lane, payload, due, created_at)
  SELECT 99, 'media', x'', 0, 0 WHERE EXISTS (SELECT 1 FROM custom_emoji WHERE id > 0);

-- == uploads in a bucket ==
-- where its files lie: 0 on the disk, 1 in the bucket
ALTER TABLE upload ADD COLUMN store INTEGER NOT NULL DEFAULT 0;
CREATE INDEX upload_store ON upload(store, id);
-- Objects of the bucket to be removed once it is due: as media_trash for files of the disk.
CREATE TABLE object_trash (
  name TEXT PRIMARY KEY,
  due INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX object_trash_due ON object_trash(due);
CREATE TRIGGER upload_object_removed AFTER DELETE ON upload WHEN old.store = 1 BEGIN
  INSERT OR REPLACE INTO object_trash (name, due)
    SELECT old.key || '.' || old.extension, 0 WHERE old.extension <> '';
  INSERT OR REPLACE INTO object_trash (name, due)
    SELECT old.key || '.' || old.preview_extension, 0 WHERE old.preview_extension IS NOT NULL;
END;
