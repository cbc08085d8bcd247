-- What completes the client API. One section a part; each keeps to its own.

-- == media ==

-- == posting: schedules, quotes ==

-- == cards, trends, translations ==

-- == notifications ==

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

-- == profiles ==

-- == moderation, instance ==
