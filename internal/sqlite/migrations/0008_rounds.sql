-- What was put together of a round over all networks, and from which versions of
-- which shared summaries.

CREATE TABLE compilations (
  programme TEXT NOT NULL,
  number    INTEGER NOT NULL,
  version   INTEGER NOT NULL, -- how often it was posted anew
  state     TEXT NOT NULL,    -- posted, told (staff know that there is more), renew
  made_at   TEXT NOT NULL,
  PRIMARY KEY (programme, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE compilation_parts (
  programme  TEXT NOT NULL,
  number     INTEGER NOT NULL,
  meeting_id INTEGER NOT NULL REFERENCES meetings ON DELETE CASCADE,
  version    INTEGER NOT NULL,
  PRIMARY KEY (programme, number, meeting_id),
  FOREIGN KEY (programme, number) REFERENCES compilations ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What was posted about the leaders' meetings. A meeting is told apart by its
-- round, and whether it is before or after it.
CREATE TABLE leaders_meetings (
  programme TEXT NOT NULL,
  number    INTEGER NOT NULL,
  after     INTEGER NOT NULL,
  at        TEXT NOT NULL,              -- the time that was told last
  dropped   INTEGER NOT NULL DEFAULT 0, -- the configuration has it no more
  agenda    INTEGER NOT NULL DEFAULT 0, -- how often the agenda was posted
  listed    INTEGER NOT NULL DEFAULT 0, -- the open questions were posted
  themes    INTEGER NOT NULL DEFAULT 0, -- the round whose themes the agenda quotes, 0 for none
  stale     INTEGER NOT NULL DEFAULT 0, -- the agenda was taken down and is to be posted anew
  PRIMARY KEY (programme, number, after)
) STRICT, WITHOUT ROWID;

-- Events that stand in calendar files. network is empty for the leaders' own
-- meetings.
CREATE TABLE calendar_events (
  uid       TEXT PRIMARY KEY,
  network   TEXT NOT NULL,
  number    INTEGER NOT NULL,
  sequence  INTEGER NOT NULL,
  starts_at TEXT NOT NULL,
  ends_at   TEXT NOT NULL,
  cancelled INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX calendar_events_network ON calendar_events (network);
