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
