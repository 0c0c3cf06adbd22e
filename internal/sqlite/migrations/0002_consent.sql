-- What people have said about the use of their replies.

CREATE TABLE consents (
  network TEXT NOT NULL,
  user_id TEXT NOT NULL,
  answer  TEXT NOT NULL,    -- part (by replying), yes, no
  version INTEGER NOT NULL, -- of the information that was given
  at      TEXT NOT NULL,
  PRIMARY KEY (network, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX entries_author ON entries (author);
CREATE INDEX reactions_sender ON reactions (sender);
CREATE INDEX posts_lane ON posts (lane);

-- Anonymous entries on their way into a thread. Nothing here or elsewhere says
-- who wrote one, or in which order they came.
CREATE TABLE anonymous (
  id         TEXT PRIMARY KEY, -- random
  meeting_id INTEGER NOT NULL REFERENCES meetings ON DELETE CASCADE,
  prompt     INTEGER NOT NULL,
  body       TEXT NOT NULL,
  due        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Events that were handled and of which not even the row is kept: SHA-256 of
-- the event id.
CREATE TABLE vanished (hash BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Before a meeting closes, each prompt's thread is compared with the server's
-- own list of replies.
CREATE TABLE checks (
  id         INTEGER PRIMARY KEY,
  meeting_id INTEGER NOT NULL REFERENCES meetings ON DELETE CASCADE,
  room_id    TEXT NOT NULL,
  root       TEXT NOT NULL,
  state      TEXT NOT NULL, -- open, done, lost
  attempts   INTEGER NOT NULL DEFAULT 0,
  next_at    TEXT,
  since      TEXT NOT NULL,
  UNIQUE (meeting_id, root)
) STRICT;
CREATE INDEX checks_open ON checks (state) WHERE state = 'open';
ALTER TABLE meetings ADD COLUMN closing INTEGER NOT NULL DEFAULT 0; -- waiting for the checks
