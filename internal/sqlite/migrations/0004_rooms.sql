-- Rooms that say that they were replaced (m.room.tombstone).
CREATE TABLE replaced (
  room_id TEXT PRIMARY KEY,
  next_id TEXT NOT NULL,
  moved   INTEGER NOT NULL DEFAULT 0 -- the bot has followed: the new room names the old one
) STRICT;
