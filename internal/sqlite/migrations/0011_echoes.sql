-- Posts that came back from the server and that this database knows nothing of:
-- it is a backup that was restored. When the bot comes to the same post again, it
-- is not sent a second time.
CREATE TABLE echoes (
  fingerprint TEXT PRIMARY KEY, -- of the post's key
  room_id     TEXT NOT NULL,
  event_id    TEXT NOT NULL,
  at          TEXT NOT NULL
) STRICT, WITHOUT ROWID;
