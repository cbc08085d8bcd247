-- What completes the client API. One section a part; each keeps to its own.

-- == media ==

-- == posting: schedules, quotes ==

-- == cards, trends, translations ==

-- == notifications ==

-- A request stands for the mentions (0) and quotes (8) that are held back, and goes with the last
-- of them.
CREATE TRIGGER notification_request_less AFTER DELETE ON notification
WHEN OLD.filtered = 1 AND OLD.kind IN (0, 8) BEGIN
  UPDATE notification_request SET notifications_count = notifications_count - 1,
    last_status_id = (SELECT n.status_id FROM notification n
      WHERE n.account_id = OLD.account_id AND n.from_account_id = OLD.from_account_id
        AND n.filtered = 1 AND n.kind IN (0, 8) ORDER BY n.id DESC LIMIT 1)
  WHERE account_id = OLD.account_id AND from_account_id = OLD.from_account_id;
  DELETE FROM notification_request WHERE account_id = OLD.account_id
    AND from_account_id = OLD.from_account_id AND notifications_count <= 0;
END;
-- whether anybody here boosted a status, without walking through all boosts of it
CREATE INDEX status_boosted_here ON status(reblog_of_id)
  WHERE local = 1 AND reblog_of_id IS NOT NULL;

-- == push, import ==

-- == sign-in ==

-- == profiles ==

-- == moderation, instance ==
