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
