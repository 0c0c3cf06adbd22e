-- Polls over areas, and the self-evaluation.

CREATE TABLE polls (
  network    TEXT PRIMARY KEY,
  meeting_id INTEGER NOT NULL REFERENCES meetings ON DELETE CASCADE,
  state      TEXT NOT NULL, -- proposed, open, closed
  voters     INTEGER NOT NULL DEFAULT 0,
  members    INTEGER NOT NULL DEFAULT 0,
  few        INTEGER NOT NULL DEFAULT 0,
  last       INTEGER NOT NULL DEFAULT 0,
  round      INTEGER NOT NULL DEFAULT 0,
  salt       BLOB,          -- while the poll is open
  opened_at  TEXT,
  closed_at  TEXT,
  shared_at  TEXT,
  shared_by  TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE areas (
  network TEXT NOT NULL REFERENCES polls ON DELETE CASCADE,
  number  INTEGER NOT NULL,
  text    TEXT NOT NULL,
  votes   INTEGER NOT NULL DEFAULT 0,
  edited  INTEGER NOT NULL DEFAULT 0,
  dropped INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (network, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE area_entries (
  network  TEXT NOT NULL,
  number   INTEGER NOT NULL,
  rank     INTEGER NOT NULL,
  event_id TEXT NOT NULL,
  PRIMARY KEY (network, number, rank),
  FOREIGN KEY (network, number) REFERENCES areas ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- While a poll is open, so that a vote can be changed. Voter and ballot are
-- SHA-256 of the poll's salt with a user id and an event id. Closing counts the
-- rows and deletes them, with the salt.
CREATE TABLE votes (
  network TEXT NOT NULL REFERENCES polls ON DELETE CASCADE,
  voter   BLOB NOT NULL,
  ballot  BLOB NOT NULL,
  batch   INTEGER NOT NULL,
  pos     INTEGER NOT NULL,
  choices TEXT NOT NULL, -- JSON
  PRIMARY KEY (network, voter)
) STRICT, WITHOUT ROWID;

CREATE TABLE evaluations (
  network  TEXT PRIMARY KEY,
  since    TEXT NOT NULL,
  until    TEXT NOT NULL,
  reminded INTEGER NOT NULL DEFAULT 0,
  asked    INTEGER NOT NULL DEFAULT 0,
  answered INTEGER NOT NULL DEFAULT 0,
  salt     BLOB,         -- until it is over
  shared_at TEXT         -- when the leader let it into the report
) STRICT;

-- Who was asked and how far they have come: SHA-256 of the evaluation's salt
-- with the user id. Nothing leads from here to the answers.
CREATE TABLE evaluation_people (
  network TEXT NOT NULL REFERENCES evaluations ON DELETE CASCADE,
  person  BLOB NOT NULL,
  given   INTEGER NOT NULL DEFAULT 0,
  done    INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (network, person)
) STRICT, WITHOUT ROWID;

-- Answers are only ever counted; a text of one's own has a random id.
CREATE TABLE evaluation_counts (
  network  TEXT NOT NULL REFERENCES evaluations ON DELETE CASCADE,
  question INTEGER NOT NULL,
  answer   INTEGER NOT NULL,
  count    INTEGER NOT NULL,
  PRIMARY KEY (network, question, answer)
) STRICT, WITHOUT ROWID;

CREATE TABLE evaluation_texts (
  id      TEXT PRIMARY KEY,
  network TEXT NOT NULL REFERENCES evaluations ON DELETE CASCADE,
  text    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
