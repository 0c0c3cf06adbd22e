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
