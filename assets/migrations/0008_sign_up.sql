-- How people come in.

-- Who has its code may come in, without anybody's approval.
CREATE TABLE invite (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  code TEXT NOT NULL UNIQUE,
  -- NULL: made by command
  account_id INTEGER REFERENCES account(id) ON DELETE CASCADE,
  max_uses INTEGER,
  uses INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX invite_account ON invite(account_id) WHERE account_id IS NOT NULL;
CREATE INDEX invite_ends ON invite(expires_at) WHERE expires_at IS NOT NULL;

-- Who wants an account and has none yet. There is no account, so that nothing can tell of it; its id
-- becomes the account's.
CREATE TABLE applicant (
  id INTEGER PRIMARY KEY,
  username TEXT NOT NULL COLLATE NOCASE UNIQUE,
  email TEXT NOT NULL COLLATE NOCASE UNIQUE,
  password_hash TEXT NOT NULL,
  locale TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  invited_by INTEGER REFERENCES account(id) ON DELETE SET NULL,
  -- 1: the address is known to be theirs, or nobody can write there
  confirmed INTEGER NOT NULL,
  -- 1: an admin or an invitation lets them in
  approved INTEGER NOT NULL,
  -- the message that tells the admins
  told_id INTEGER,
  -- the app in which they signed up, and what it shows
  application_id INTEGER REFERENCES application(id) ON DELETE SET NULL,
  token_hash BLOB UNIQUE,
  scopes TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX applicant_invited_by ON applicant(invited_by) WHERE invited_by IS NOT NULL;
CREATE INDEX applicant_application ON applicant(application_id) WHERE application_id IS NOT NULL;
CREATE INDEX applicant_unconfirmed ON applicant(created_at) WHERE confirmed = 0;

-- What links in letters carry, by its hash: good once, for a while, and for one address. A newer letter
-- of the same kind takes the place of an older one.
CREATE TABLE mail_token (
  kind INTEGER NOT NULL,
  -- an account or an applicant
  subject_id INTEGER NOT NULL,
  hash BLOB NOT NULL UNIQUE,
  email TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (kind, subject_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_token_expires ON mail_token(expires_at);

-- an address that its owner has to confirm before it counts
ALTER TABLE user ADD COLUMN new_email TEXT;
-- what was said at sign-up
ALTER TABLE user ADD COLUMN locale TEXT;
ALTER TABLE user ADD COLUMN reason TEXT;
ALTER TABLE user ADD COLUMN invited_by INTEGER REFERENCES account(id) ON DELETE SET NULL;
CREATE INDEX user_invited_by ON user(invited_by) WHERE invited_by IS NOT NULL;
