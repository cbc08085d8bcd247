-- What completes the client API. One section a part; each keeps to its own.

-- == media ==

-- == posting: schedules, quotes ==

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

-- == push, import ==

-- == sign-in ==

-- == profiles ==

-- == moderation, instance ==
