-- What strangers leave behind has an end.

-- whom somebody here answered
CREATE INDEX status_answered_here ON status(in_reply_to_account_id)
  WHERE local = 1 AND in_reply_to_account_id IS NOT NULL;
-- accounts of elsewhere, the one not read for longest first
CREATE INDEX account_read ON account(fetched_at, id) WHERE domain IS NOT NULL;
