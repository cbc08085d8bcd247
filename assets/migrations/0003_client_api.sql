-- What completes the client API. One section a part; each keeps to its own.

-- == media ==

-- == posting: schedules, quotes ==

-- == cards, trends, translations ==

-- == notifications ==

-- == push, import ==

-- == sign-in ==

-- == profiles ==
-- What of a profile is shown and never looked for, as a JSON object: hidden collections, aliases,
-- domains that may credit it, …; NULL: nothing of it.
ALTER TABLE account ADD COLUMN details TEXT;
UPDATE account SET details = json_object('featured_tags_uri', uri || '/collections/tags')
  WHERE id IN (SELECT account_id FROM user);
-- when the links of the profile were last queued to be checked (rel=me)
ALTER TABLE user ADD COLUMN links_checked_at INTEGER NOT NULL DEFAULT 0;

-- An account's own use of a tag that it features; only what anybody may read counts.
ALTER TABLE featured_tag ADD COLUMN statuses_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE featured_tag ADD COLUMN last_status_at INTEGER;
CREATE TRIGGER featured_tag_used AFTER INSERT ON status_tag BEGIN
  UPDATE featured_tag SET statuses_count = statuses_count + 1,
      last_status_at = max(ifnull(last_status_at, 0),
        (SELECT created_at FROM status WHERE id = NEW.status_id))
    WHERE tag_id = NEW.tag_id
      AND account_id = (SELECT account_id FROM status WHERE id = NEW.status_id AND visibility < 2);
END;
-- an edit takes a tag away; when the whole status goes, its row is gone before its tags are
CREATE TRIGGER featured_tag_taken_away AFTER DELETE ON status_tag BEGIN
  UPDATE featured_tag SET statuses_count = max(statuses_count - 1, 0),
      last_status_at = (SELECT s.created_at FROM status_tag st
        CROSS JOIN status s ON s.id = st.status_id
        WHERE st.tag_id = OLD.tag_id AND s.account_id = featured_tag.account_id
          AND s.visibility < 2 ORDER BY st.status_id DESC LIMIT 1)
    WHERE tag_id = OLD.tag_id
      AND account_id = (SELECT account_id FROM status WHERE id = OLD.status_id AND visibility < 2);
END;
CREATE TRIGGER featured_tag_status_removed BEFORE DELETE ON status WHEN OLD.visibility < 2 BEGIN
  UPDATE featured_tag SET statuses_count = max(statuses_count - 1, 0),
      last_status_at = (SELECT s.created_at FROM status_tag st
        CROSS JOIN status s ON s.id = st.status_id
        WHERE st.tag_id = featured_tag.tag_id AND st.status_id <> OLD.id
          AND s.account_id = OLD.account_id AND s.visibility < 2
        ORDER BY st.status_id DESC LIMIT 1)
    WHERE account_id = OLD.account_id
      AND tag_id IN (SELECT tag_id FROM status_tag WHERE status_id = OLD.id);
END;
-- one endorses only whom one follows
CREATE TRIGGER endorsement_ended AFTER DELETE ON follow BEGIN
  DELETE FROM endorsement WHERE account_id = OLD.account_id AND target_id = OLD.target_id;
END;

-- == moderation, instance ==
