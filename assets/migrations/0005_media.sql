-- Files: those of elsewhere that lie here for a while, and what becomes of old things.
-- One section a part; each keeps to its own.

-- == retention ==

-- Statuses of others that were fetched long after they were written, so that their ids say nothing
-- about how long they are here.
CREATE TABLE late_status (
  status_id INTEGER PRIMARY KEY REFERENCES status(id) ON DELETE CASCADE,
  stored_at INTEGER NOT NULL
) STRICT;
-- whether somebody here takes part in a thread, however long it is
CREATE INDEX status_thread_local ON status(thread_id) WHERE local = 1;
