-- What was erased, so that it can be erased in older backups too, which have
-- this table as it was when they were made. A person is kept as a SHA-256 of
-- the user id.
CREATE TABLE erasures (
  id      TEXT PRIMARY KEY,
  kind    TEXT NOT NULL, -- person, or what else is erased for good
  subject TEXT NOT NULL, -- of a person the hash, otherwise what the kind needs
  at      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Replies whose author wants what identifies people hidden in the minutes too.
CREATE TABLE hidden (
  event_id TEXT PRIMARY KEY REFERENCES entries ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
