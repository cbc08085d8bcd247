-- Media on a small disk. One section a part; each keeps to its own.

-- == emojis ==

-- moving: whether there is a still version; NULL until somebody looked at the frames.
ALTER TABLE custom_emoji ADD COLUMN moving INTEGER;
-- PNG, where the picture moves
ALTER TABLE custom_emoji ADD COLUMN still BLOB;
CREATE INDEX custom_emoji_unseen ON custom_emoji(id) WHERE moving IS NULL;
INSERT INTO job (kind, lane, payload, due, created_at)
  SELECT 99, 'media', x'', 0, 0 WHERE EXISTS (SELECT 1 FROM custom_emoji WHERE id > 0);
