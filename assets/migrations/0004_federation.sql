-- What completes the federation. One section a part; each keeps to its own.

-- == objects ==

-- How often a remote status was favourited and boosted, as its own server says. Never mixed with
-- what we counted: another server may say anything.
CREATE TABLE origin_count (
  status_id INTEGER PRIMARY KEY REFERENCES status(id) ON DELETE CASCADE,
  favourites INTEGER NOT NULL,
  reblogs INTEGER NOT NULL
) STRICT;

-- Mentions in remote statuses of accounts that are not here yet. A row goes when it was looked up,
-- whatever came of it.
CREATE TABLE unknown_mention (
  status_id INTEGER NOT NULL REFERENCES status(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  -- the actor or its page; NULL: by name and domain
  href TEXT,
  name TEXT NOT NULL DEFAULT '',
  domain TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (status_id, position)
) STRICT, WITHOUT ROWID;

-- == interaction policies ==

-- == reactions and keys ==

-- == moving and leaving ==

-- == threads ==

-- == relays ==

-- == deliveries and domains ==
