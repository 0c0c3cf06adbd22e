-- Messages that answer an event which the bot does not know yet: sync has passed
-- over it, or it is a post whose event the server has not told. When it is known
-- they are fetched again, to find their place.
CREATE TABLE unplaced (
  event_id TEXT PRIMARY KEY,
  room_id  TEXT NOT NULL,
  author   TEXT NOT NULL,
  target   TEXT NOT NULL, -- the event that is answered
  at       TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX unplaced_target ON unplaced (target, room_id);
CREATE INDEX unplaced_at ON unplaced (at);
