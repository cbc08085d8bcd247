-- Posts that came out of an archive: where each was before, and what it is here. One that was
-- deleted since stays known, so that it does not come back.
CREATE TABLE imported (
  uri TEXT NOT NULL,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  status_id INTEGER REFERENCES status(id) ON DELETE SET NULL,
  PRIMARY KEY (uri, account_id)
) STRICT;
CREATE INDEX imported_account ON imported(account_id, status_id);
CREATE INDEX imported_status ON imported(status_id) WHERE status_id IS NOT NULL;
