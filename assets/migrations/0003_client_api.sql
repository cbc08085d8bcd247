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

-- == sign-in ==

-- == profiles ==

-- == moderation, instance ==
