-- What completes the federation. One section a part; each keeps to its own.

-- == objects ==

-- == interaction policies ==

-- == reactions and keys ==

-- == moving and leaving ==

-- == threads ==
-- What a remote account's own server says of it, as far as it is more than we know: a claim.
ALTER TABLE account ADD COLUMN claimed_statuses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN claimed_followers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN claimed_following INTEGER NOT NULL DEFAULT 0;
-- since when its server says that there is no such account
ALTER TABLE account ADD COLUMN stale_since INTEGER;
-- What authors elsewhere want to be hidden from readers who did not sign in (F-058). Only those
-- who want something have a row.
CREATE TABLE privacy (
  account_id INTEGER PRIMARY KEY REFERENCES account(id) ON DELETE CASCADE,
  everything INTEGER NOT NULL,
  public INTEGER NOT NULL,
  unlisted INTEGER NOT NULL,
  -- posts written before this time; posts older than this, in milliseconds
  before INTEGER,
  older_than INTEGER
) STRICT;
-- Threads whose replies are or were lately read from their servers, since somebody opened them.
CREATE TABLE thread_read (
  status_id INTEGER PRIMARY KEY REFERENCES status(id) ON DELETE CASCADE,
  started_at INTEGER NOT NULL,
  done INTEGER NOT NULL DEFAULT 0,
  found INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX thread_read_started ON thread_read(started_at);
-- authors' replies to themselves come first in the collection of replies
CREATE INDEX status_own_reply ON status(in_reply_to_id, id)
  WHERE in_reply_to_id IS NOT NULL AND in_reply_to_account_id = account_id;

-- == relays ==

-- == deliveries and domains ==
