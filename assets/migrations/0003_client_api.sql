-- What completes the client API. One section a part; each keeps to its own.

-- == media ==

-- == posting: schedules, quotes ==

-- == cards, trends, translations ==

-- == notifications ==

-- == push, import ==

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

-- == moderation, instance ==
