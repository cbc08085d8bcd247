-- What completes the client API. One section a part; each keeps to its own.

-- == media ==

-- == posting: schedules, quotes ==

-- == cards, trends, translations ==

-- == notifications ==

-- == push, import ==

-- == sign-in ==

-- == profiles ==

-- == moderation, instance ==
