-- What completes the federation. One section a part; each keeps to its own.

-- == objects ==

-- == interaction policies ==

-- == reactions and keys ==

-- == moving and leaving ==

-- == threads ==

-- == relays ==

-- == deliveries and domains ==

-- 1: the row that waits in front of all others of its inbox, the only one that may be sent (F-208)
ALTER TABLE delivery ADD COLUMN first INTEGER NOT NULL DEFAULT 0;
UPDATE delivery SET first = 1 WHERE NOT EXISTS (
  SELECT 1 FROM delivery e WHERE e.inbox = delivery.inbox AND e.id < delivery.id);
DROP INDEX delivery_due;
DROP INDEX delivery_host;
CREATE INDEX delivery_first ON delivery(due, id) WHERE first = 1;
CREATE INDEX delivery_first_host ON delivery(host, due) WHERE first = 1;
CREATE INDEX delivery_of_host ON delivery(host, id);
CREATE TRIGGER delivery_next AFTER DELETE ON delivery WHEN OLD.first = 1 BEGIN
  UPDATE delivery SET first = 1, due = min(due, OLD.due)
    WHERE id = (SELECT id FROM delivery WHERE inbox = OLD.inbox ORDER BY id LIMIT 1);
END;

-- what an operator wants to know of a server that does not answer
ALTER TABLE host ADD COLUMN failing_since INTEGER;
UPDATE host SET failing_since = updated_at WHERE failures > 0;
ALTER TABLE host ADD COLUMN last_error TEXT;
-- how many deliveries to it were given up (F-215)
ALTER TABLE host ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;
CREATE INDEX host_updated ON host(updated_at);
CREATE INDEX host_failing ON host(failing_since) WHERE failing_since IS NOT NULL;

-- How the newest version of a local status fared on its way: counts that outlive the rows of the
-- queue, and the servers that will not get it.
CREATE TABLE status_delivery (
  status_id INTEGER PRIMARY KEY REFERENCES status(id) ON DELETE CASCADE,
  activity_id INTEGER NOT NULL,
  total INTEGER NOT NULL,
  delivered INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX status_delivery_activity ON status_delivery(activity_id);
CREATE TABLE status_delivery_failure (
  status_id INTEGER NOT NULL REFERENCES status(id) ON DELETE CASCADE,
  host TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (status_id, host)
) STRICT, WITHOUT ROWID;

-- Follows that a block took away, for those who lost them: one row an event and person here, and
-- whom it was about. kind: 0 a domain blocked by the administrator, 1 by the person, 2 an account
-- that was suspended.
CREATE TABLE severance (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  kind INTEGER NOT NULL,
  target_name TEXT NOT NULL,
  followers INTEGER NOT NULL DEFAULT 0,
  following INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX severance_account ON severance(account_id, id);
CREATE INDEX severance_target ON severance(account_id, target_name, kind, id);
CREATE TABLE severed (
  severance_id INTEGER NOT NULL REFERENCES severance(id) ON DELETE CASCADE,
  -- 1: the person followed it; 0: it followed the person
  following INTEGER NOT NULL,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  reblogs INTEGER NOT NULL,
  notify INTEGER NOT NULL,
  PRIMARY KEY (severance_id, following, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX severed_account ON severed(account_id);
ALTER TABLE notification ADD COLUMN severance_id INTEGER REFERENCES severance(id) ON DELETE CASCADE;
CREATE INDEX notification_severance ON notification(severance_id) WHERE severance_id IS NOT NULL;
DROP INDEX notification_once;
CREATE UNIQUE INDEX notification_once ON notification(
  account_id, kind, from_account_id, ifnull(status_id, 0), ifnull(report_id, 0),
  ifnull(severance_id, 0));

-- Lists of blocked domains that somebody else keeps, read daily.
CREATE TABLE domain_list (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  url TEXT NOT NULL UNIQUE,
  -- no block of it is more severe
  severity_max INTEGER NOT NULL,
  etag TEXT,
  last_modified TEXT,
  checked_at INTEGER,
  error TEXT,
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE domain_list_entry (
  list_id INTEGER NOT NULL REFERENCES domain_list(id) ON DELETE CASCADE,
  domain TEXT NOT NULL,
  -- 1: the block is there because of lists alone; 0: what is done about the domain was decided here
  added INTEGER NOT NULL,
  PRIMARY KEY (list_id, domain)
) STRICT, WITHOUT ROWID;
CREATE INDEX domain_list_entry_domain ON domain_list_entry(domain);
