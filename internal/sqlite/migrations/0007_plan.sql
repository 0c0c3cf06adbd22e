-- What the plan is made from and what becomes of it: suggestions, decisions,
-- follow-up questions with their answers.

ALTER TABLE plans ADD COLUMN seen TEXT NOT NULL DEFAULT ''; -- key of the post that told of the newest change
ALTER TABLE plan_items ADD COLUMN suggestion TEXT NOT NULL DEFAULT '';

CREATE TABLE suggestions (
  network  TEXT NOT NULL,
  number   INTEGER NOT NULL,
  event_id TEXT NOT NULL UNIQUE,
  author   TEXT NOT NULL, -- never shown
  state    TEXT NOT NULL, -- open, accepted, declined, removed (without text)
  item     INTEGER NOT NULL DEFAULT 0,
  area     TEXT NOT NULL,
  what     TEXT NOT NULL,
  how      TEXT NOT NULL,
  who      TEXT NOT NULL,
  due      TEXT NOT NULL,
  PRIMARY KEY (network, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX suggestions_author ON suggestions (author);

CREATE TABLE decisions (
  network  TEXT NOT NULL,
  version  INTEGER NOT NULL,
  outcome  TEXT NOT NULL, -- adopted, changed, rejected
  date     TEXT NOT NULL, -- the day, at midnight UTC
  body     TEXT NOT NULL,
  note     TEXT NOT NULL,
  event_id TEXT NOT NULL,
  recorded_by TEXT NOT NULL,
  at       TEXT NOT NULL,
  post     TEXT NOT NULL,
  PRIMARY KEY (network, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE follow_ups (
  network  TEXT NOT NULL,
  version  INTEGER NOT NULL,
  months   INTEGER NOT NULL,
  due      TEXT NOT NULL,
  state    TEXT NOT NULL, -- waiting, asked, reminded, passed
  asked    TEXT,
  reminded TEXT,
  PRIMARY KEY (network, version, months)
) STRICT, WITHOUT ROWID;

CREATE TABLE follow_up_answers (
  event_id TEXT PRIMARY KEY,
  network  TEXT NOT NULL,
  version  INTEGER NOT NULL,
  months   INTEGER NOT NULL,
  author   TEXT NOT NULL,
  body     TEXT NOT NULL,
  at       TEXT NOT NULL,
  FOREIGN KEY (network, version, months) REFERENCES follow_ups ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX follow_up_answers_author ON follow_up_answers (author);
