-- A room is compared with the server after every outage too, not only before a
-- meeting closes: then meeting_id is NULL, and there is one such row for a room.
CREATE TABLE checks_0014 (
  id         INTEGER PRIMARY KEY,
  meeting_id INTEGER REFERENCES meetings ON DELETE CASCADE,
  room_id    TEXT NOT NULL,
  root       TEXT NOT NULL,
  state      TEXT NOT NULL, -- open, done, lost
  attempts   INTEGER NOT NULL DEFAULT 0,
  next_at    TEXT,
  since      TEXT NOT NULL
) STRICT;
INSERT INTO checks_0014 SELECT id, meeting_id, room_id, root, state, attempts, next_at, since FROM checks;
DROP TABLE checks;
ALTER TABLE checks_0014 RENAME TO checks;
CREATE UNIQUE INDEX checks_meeting ON checks (meeting_id, root) WHERE meeting_id IS NOT NULL;
CREATE UNIQUE INDEX checks_room ON checks (room_id) WHERE meeting_id IS NULL;
CREATE INDEX checks_open ON checks (state) WHERE state = 'open';
