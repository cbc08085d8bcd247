-- Media on a small disk. One section a part; each keeps to its own.

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
