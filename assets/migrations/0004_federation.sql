-- What completes the federation. One section a part; each keeps to its own.

-- == objects ==

-- == interaction policies ==

-- == reactions and keys ==

-- == moving and leaving ==

-- == threads ==

-- == relays ==

-- Relays that the operator subscribed to (F-348); all others are strangers.
CREATE TABLE relay (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- the actor that signs what it sends
  account_id INTEGER NOT NULL UNIQUE REFERENCES account(id) ON DELETE CASCADE,
  inbox TEXT NOT NULL,
  -- 0: it was asked by a Follow of Public, 1: by a Follow of its actor
  style INTEGER NOT NULL,
  -- 0 asked, 1 accepted, 2 rejected
  state INTEGER NOT NULL DEFAULT 0,
  follow_uri TEXT NOT NULL,
  -- it follows us, as LitePub relays do
  follows_back INTEGER NOT NULL DEFAULT 0,
  -- own public statuses go to it
  sends INTEGER NOT NULL DEFAULT 1,
  -- what is taken from it, as JSON
  filter TEXT NOT NULL,
  -- what it brought and what that cost, as JSON
  counts TEXT NOT NULL DEFAULT '{}',
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER
) STRICT;
CREATE INDEX relay_sending ON relay(style) WHERE state = 1 AND sends = 1;

-- Statuses that are here because a relay named them: they go early. No reference to the relay:
-- the end of one would touch all its rows at once; its id is never used again.
CREATE TABLE relayed_status (
  status_id INTEGER PRIMARY KEY REFERENCES status(id) ON DELETE CASCADE,
  relay_id INTEGER NOT NULL
) STRICT;
CREATE INDEX relayed_status_relay ON relayed_status(relay_id, status_id);

-- == deliveries and domains ==
