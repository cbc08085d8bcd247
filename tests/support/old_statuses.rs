//! Statuses of elsewhere as they might have come long ago, many at once: for tests and for the bench.

use dassie::clock::DAY;

/// Writes `count` statuses of `authors` accounts elsewhere as they might have come in the days from
/// `from` to `to` before `now`, with what usually hangs on them.
pub fn sql(now: i64, authors: i64, count: i64, (from, to): (i64, i64)) -> String {
    let (first, span) = (now - from * DAY, (from - to) * DAY);
    format!(
        "BEGIN IMMEDIATE;
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {authors})
         INSERT INTO account (id, username, domain, uri, note, inbox, created_at, fetched_at)
           SELECT ({first} << 16) + i, 'a' || i, 'seed.example', 'https://seed.example/users/' || i,
             '<p>' || hex(randomblob(120)) || '</p>', 'https://seed.example/inbox', {first}, {first} FROM n;
         INSERT INTO remote_key (key_id, account_id, public, fetched_at)
           SELECT uri || '#main-key', id, randomblob(290), {first} FROM account WHERE domain = 'seed.example';
         INSERT INTO account_search (rowid, words) SELECT id, username || ' seed example'
           FROM account WHERE domain = 'seed.example';
         INSERT OR IGNORE INTO tag (name)
           WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) SELECT 'tag' || i FROM n;
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})
         INSERT INTO status (id, uri, url, account_id, created_at, visibility, thread_id, content, language)
           SELECT (({first} + i * {span} / {count}) << 16) + (i & 65535),
             'https://seed.example/users/' || (i % {authors}) || '/statuses/' || i,
             'https://seed.example/@a' || (i % {authors}) || '/' || i,
             ({first} << 16) + i % {authors}, {first} + i * {span} / {count}, 0,
             (({first} + i * {span} / {count}) << 16) + (i & 65535),
             '<p>' || hex(randomblob(150)) || '</p>', 'en' FROM n;
         INSERT INTO media (id, status_id, position, kind, remote_url, media_type, blurhash, width, height)
           SELECT id + 1, id, 0, 0, uri || '/picture.png', 'image/png', 'LKO2?U%2Tw=w]~RBVZRiRPxuwH0', 1200, 800
           FROM status WHERE uri LIKE 'https://seed.example/%' AND (id >> 17) % 2 = 0;
         INSERT INTO status_tag (tag_id, status_id)
           SELECT (SELECT min(id) FROM tag WHERE name LIKE 'tag%') + (id & 65535) % 997, id
           FROM status WHERE uri LIKE 'https://seed.example/%';
         INSERT INTO status_search (rowid, words) SELECT id, 'hello ' || hex(randomblob(6)) || ' ' || uri
           FROM status WHERE uri LIKE 'https://seed.example/%';
         COMMIT;"
    )
}
