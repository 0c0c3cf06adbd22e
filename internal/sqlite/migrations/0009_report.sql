-- The final report on a programme, what the networks say about its draft, and
-- when what people wrote is deleted.

CREATE TABLE reports (
  programme    TEXT NOT NULL,
  state        TEXT NOT NULL, -- draft, published
  version      INTEGER NOT NULL,
  post         TEXT NOT NULL, -- key of the message that shows it
  made_at      TEXT NOT NULL,
  published_at TEXT,
  published_by TEXT NOT NULL DEFAULT '',
  reason       TEXT NOT NULL DEFAULT '',
  corrected    INTEGER NOT NULL DEFAULT 0,
  body         BLOB NOT NULL, -- JSON
  PRIMARY KEY (programme, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE signoffs (
  programme TEXT NOT NULL,
  network   TEXT NOT NULL,
  state     TEXT NOT NULL, -- asked, given, objected
  event_id  TEXT NOT NULL,
  user_id   TEXT NOT NULL,
  at        TEXT,
  part      TEXT NOT NULL, -- hash of what of the report is the network's
  asked_at  TEXT NOT NULL,
  nudges    INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (programme, network)
) STRICT, WITHOUT ROWID;
CREATE INDEX signoffs_event ON signoffs (event_id) WHERE event_id != '';

CREATE TABLE deletions (
  id           INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: posts are told apart by it
  network      TEXT NOT NULL,
  due          TEXT NOT NULL,
  published    INTEGER NOT NULL, -- 0: no report was, and the longest time is over
  announced_at TEXT,
  reminded_at  TEXT,
  done_at      TEXT,
  entries      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX deletions_ahead ON deletions (network) WHERE done_at IS NULL;

-- What is remembered of a meeting whose entries were deleted: counts only.
CREATE TABLE remembered (
  meeting_id INTEGER PRIMARY KEY REFERENCES meetings ON DELETE CASCADE,
  counts     TEXT NOT NULL, -- JSON
  at         TEXT NOT NULL
) STRICT;
