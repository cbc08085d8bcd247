-- What completes the federation. One section a part; each keeps to its own.

-- == objects ==

-- == interaction policies ==
-- who may favourite, answer and boost it, as JSON; NULL: whoever may read it
ALTER TABLE status ADD COLUMN policy TEXT;
-- 1: waits for the consent of whom it answers or boosts, 2: was refused it
ALTER TABLE status ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
-- where that consent is found, as its server tells
ALTER TABLE status ADD COLUMN approval TEXT;
CREATE INDEX status_approval ON status(approval) WHERE approval IS NOT NULL;
ALTER TABLE favourite ADD COLUMN held INTEGER NOT NULL DEFAULT 0;

-- What new statuses of a visibility begin with.
CREATE TABLE policy_default (
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  visibility INTEGER NOT NULL,
  policy TEXT NOT NULL,
  PRIMARY KEY (account_id, visibility)
) STRICT, WITHOUT ROWID;

-- A favourite, reply or boost that needs consent, with somebody of here on one side at least.
CREATE TABLE interaction (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- 0 favourite, 1 reply, 2 boost
  kind INTEGER NOT NULL,
  target_id INTEGER NOT NULL REFERENCES status(id) ON DELETE CASCADE,
  -- the target's author
  owner_id INTEGER NOT NULL,
  account_id INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  -- the reply or boost
  status_id INTEGER REFERENCES status(id) ON DELETE CASCADE,
  -- the id of the Like, Note or Announce
  uri TEXT NOT NULL,
  -- 0 pending, 1 accepted, 2 rejected, 3 revoked
  state INTEGER NOT NULL,
  request_uri TEXT,
  authorization_uri TEXT,
  -- the Accept or Reject
  answer_uri TEXT,
  created_at INTEGER NOT NULL,
  decided_at INTEGER
) STRICT;
CREATE INDEX interaction_owner ON interaction(owner_id, state, id);
CREATE INDEX interaction_target ON interaction(target_id, kind, account_id);
CREATE INDEX interaction_account ON interaction(account_id);
CREATE INDEX interaction_status ON interaction(status_id) WHERE status_id IS NOT NULL;
CREATE INDEX interaction_uri ON interaction(uri);
CREATE INDEX interaction_authorization ON interaction(authorization_uri)
  WHERE authorization_uri IS NOT NULL;
CREATE INDEX interaction_request ON interaction(request_uri) WHERE request_uri IS NOT NULL;

-- What is held counts nowhere.
CREATE TRIGGER favourite_held AFTER UPDATE OF held ON favourite
WHEN (OLD.held = 0) <> (NEW.held = 0) BEGIN
  UPDATE status SET favourites_count = max(favourites_count + iif(NEW.held = 0, 1, -1), 0)
    WHERE id = NEW.status_id;
END;
DROP TRIGGER favourite_removed;
CREATE TRIGGER favourite_removed AFTER DELETE ON favourite WHEN OLD.held = 0 BEGIN
  UPDATE status SET favourites_count = max(favourites_count - 1, 0) WHERE id = OLD.status_id;
END;
CREATE TRIGGER status_held AFTER UPDATE OF held ON status
WHEN (OLD.held = 0) <> (NEW.held = 0) BEGIN
  UPDATE account SET statuses_count = max(statuses_count + iif(NEW.held = 0, 1, -1), 0)
    WHERE id = NEW.account_id AND NEW.visibility < 3;
  UPDATE status SET replies_count = max(replies_count + iif(NEW.held = 0, 1, -1), 0)
    WHERE id = NEW.in_reply_to_id AND NEW.visibility < 2;
  UPDATE status SET reblogs_count = max(reblogs_count + iif(NEW.held = 0, 1, -1), 0)
    WHERE id = NEW.reblog_of_id;
END;
DROP TRIGGER status_removed;
CREATE TRIGGER status_removed AFTER DELETE ON status BEGIN
  UPDATE account SET statuses_count = max(statuses_count - 1, 0)
    WHERE id = OLD.account_id AND OLD.visibility < 3 AND OLD.held = 0;
  DELETE FROM status_search WHERE rowid = OLD.id;
END;
DROP TRIGGER reply_found_parent;
CREATE TRIGGER reply_found_parent AFTER UPDATE OF in_reply_to_id ON status
WHEN NEW.in_reply_to_id IS NOT NULL AND OLD.in_reply_to_id IS NULL AND NEW.visibility < 2
  AND NEW.held = 0 BEGIN
  UPDATE status SET replies_count = replies_count + 1 WHERE id = NEW.in_reply_to_id;
END;
DROP TRIGGER reply_removed;
CREATE TRIGGER reply_removed AFTER DELETE ON status
WHEN OLD.in_reply_to_id IS NOT NULL AND OLD.visibility < 2 AND OLD.held = 0 BEGIN
  UPDATE status SET replies_count = max(replies_count - 1, 0) WHERE id = OLD.in_reply_to_id;
END;
DROP TRIGGER reblog_removed;
CREATE TRIGGER reblog_removed AFTER DELETE ON status
WHEN OLD.reblog_of_id IS NOT NULL AND OLD.held = 0 BEGIN
  UPDATE status SET reblogs_count = max(reblogs_count - 1, 0) WHERE id = OLD.reblog_of_id;
END;

-- == reactions and keys ==

-- == moving and leaving ==

-- == threads ==

-- == relays ==

-- == deliveries and domains ==
