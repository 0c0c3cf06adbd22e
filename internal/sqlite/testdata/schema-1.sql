-- The first schema: transport (sync, inbox, gaps, posts), then the domain.
-- Times are UTC text "2006-01-02T15:04:05.000Z", written by Go; NULL is none.

CREATE TABLE sync_state (
  id    INTEGER PRIMARY KEY CHECK (id = 1),
  token TEXT NOT NULL,
  batch INTEGER NOT NULL,
  at    TEXT NOT NULL,
  began TEXT NOT NULL -- when the first answer was stored
) STRICT;

CREATE TABLE inbox (
  event_id    TEXT PRIMARY KEY,
  room_id     TEXT NOT NULL,
  batch       INTEGER NOT NULL,
  pos         INTEGER NOT NULL,
  state       TEXT NOT NULL,
  session_id  TEXT NOT NULL DEFAULT '',
  raw         BLOB,
  received_at TEXT NOT NULL,
  next_at     TEXT,
  attempts    INTEGER NOT NULL DEFAULT 0,
  told        INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX inbox_new ON inbox (batch, pos) WHERE state = 'new';
CREATE INDEX inbox_waiting ON inbox (next_at) WHERE state IN ('wait_key', 'fetch');
CREATE INDEX inbox_parked ON inbox (room_id, batch, pos) WHERE state = 'new' AND next_at IS NOT NULL;
CREATE INDEX inbox_session ON inbox (session_id) WHERE state = 'wait_key';

CREATE TABLE gaps (
  id         INTEGER PRIMARY KEY,
  room_id    TEXT NOT NULL,
  prev_batch TEXT NOT NULL,
  batch      INTEGER NOT NULL,
  state      TEXT NOT NULL, -- open, filled, lost
  attempts   INTEGER NOT NULL DEFAULT 0,
  next_at    TEXT,
  since      TEXT NOT NULL,
  closed_at  TEXT
) STRICT;
CREATE INDEX gaps_open ON gaps (room_id) WHERE state = 'open';

CREATE TABLE invites (
  room_id TEXT PRIMARY KEY,
  inviter TEXT NOT NULL,
  direct  INTEGER NOT NULL,
  at      TEXT NOT NULL,
  next_at TEXT
) STRICT;

CREATE TABLE rooms (
  room_id   TEXT PRIMARY KEY,
  encrypted INTEGER NOT NULL DEFAULT 0, -- sticky: never goes back to 0
  gone      INTEGER NOT NULL DEFAULT 0  -- the bot was kicked or banned
) STRICT;

-- name is "coordination" or "network:<id>".
CREATE TABLE bindings (
  name    TEXT PRIMARY KEY,
  room_id TEXT NOT NULL UNIQUE
) STRICT;

-- How the configuration described a network when a meeting of it last opened,
-- for when it no longer does.
CREATE TABLE networks (
  id   TEXT PRIMARY KEY,
  json TEXT NOT NULL
) STRICT;

CREATE TABLE direct_rooms (
  user_id TEXT PRIMARY KEY,
  room_id TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE members (
  room_id      TEXT NOT NULL,
  user_id      TEXT NOT NULL,
  membership   TEXT NOT NULL,
  display_name TEXT NOT NULL,
  PRIMARY KEY (room_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_user ON members (user_id);

CREATE TABLE posts (
  seq        INTEGER PRIMARY KEY,
  key        TEXT NOT NULL UNIQUE,
  lane       TEXT NOT NULL, -- room id, or user id for direct messages
  room_id    TEXT NOT NULL DEFAULT '',
  kind       TEXT NOT NULL,
  state      TEXT NOT NULL, -- pending, sent, failed, cancelled
  content    BLOB,          -- kept until the post is sent
  event_id   TEXT,
  echoed     INTEGER NOT NULL DEFAULT 0,
  meeting_id INTEGER NOT NULL DEFAULT 0,
  prompt     INTEGER NOT NULL DEFAULT 0,
  quotes     INTEGER NOT NULL DEFAULT 0, -- the meeting whose entries the post quotes
  about      TEXT NOT NULL DEFAULT '',
  attempts   INTEGER NOT NULL DEFAULT 0,
  next_at    TEXT,
  created_at TEXT NOT NULL,
  sent_at    TEXT
) STRICT;
CREATE INDEX posts_pending ON posts (lane, seq) WHERE state = 'pending';
CREATE INDEX posts_quotes ON posts (quotes) WHERE quotes != 0;
CREATE UNIQUE INDEX posts_event ON posts (event_id) WHERE event_id IS NOT NULL;

CREATE TABLE cursors (
  network TEXT PRIMARY KEY,
  at      TEXT NOT NULL
) STRICT;

CREATE TABLE meetings (
  id         INTEGER PRIMARY KEY,
  network    TEXT NOT NULL,
  programme  TEXT NOT NULL,
  number     INTEGER NOT NULL,
  of         INTEGER NOT NULL,
  state      TEXT NOT NULL,
  occurrence TEXT,
  due        TEXT,
  title      TEXT NOT NULL,
  intro      TEXT NOT NULL,
  kind       TEXT NOT NULL,
  opened_at  TEXT,
  closes_at  TEXT,
  remind_at  TEXT,
  closed_at  TEXT,
  shared_at  TEXT,
  recap      INTEGER NOT NULL DEFAULT 0, -- the meeting whose summary the opening quotes
  opening    INTEGER NOT NULL DEFAULT 0, -- how often the opening was posted
  UNIQUE (network, number),
  UNIQUE (network, occurrence)
) STRICT;
CREATE INDEX meetings_state ON meetings (state);

CREATE TABLE prompts (
  meeting_id INTEGER NOT NULL REFERENCES meetings ON DELETE CASCADE,
  number     INTEGER NOT NULL,
  text       TEXT NOT NULL,
  PRIMARY KEY (meeting_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE materials (
  meeting_id INTEGER NOT NULL REFERENCES meetings ON DELETE CASCADE,
  number     INTEGER NOT NULL,
  title      TEXT NOT NULL,
  url        TEXT NOT NULL,
  PRIMARY KEY (meeting_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
  event_id   TEXT PRIMARY KEY,
  meeting_id INTEGER NOT NULL REFERENCES meetings ON DELETE CASCADE,
  prompt     INTEGER NOT NULL,
  author     TEXT NOT NULL, -- empty for notes and anonymous entries
  source     TEXT NOT NULL,
  state      TEXT NOT NULL,
  sent_at    TEXT NOT NULL,
  batch      INTEGER NOT NULL,
  pos        INTEGER NOT NULL,
  late       INTEGER NOT NULL
) STRICT;
CREATE INDEX entries_meeting ON entries (meeting_id, prompt, batch, pos);

-- The texts of entries: the first one has the entry's own event id, edits have
-- theirs. An edit may be stored before its entry.
CREATE TABLE versions (
  event_id TEXT PRIMARY KEY,
  entry_id TEXT NOT NULL,
  author   TEXT NOT NULL,
  body     TEXT NOT NULL,
  sent_at  TEXT NOT NULL
) STRICT;
CREATE INDEX versions_entry ON versions (entry_id);

CREATE TABLE reactions (
  event_id TEXT PRIMARY KEY,
  room_id  TEXT NOT NULL,
  target   TEXT NOT NULL,
  sender   TEXT NOT NULL,
  emoji    TEXT NOT NULL
) STRICT;
CREATE INDEX reactions_target ON reactions (target);

-- Events that were redacted, also before they were seen.
CREATE TABLE redacted (event_id TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Loose messages that a leader wants in the minutes; fetched, then collected.
CREATE TABLE wanted (
  event_id   TEXT PRIMARY KEY,
  meeting_id INTEGER NOT NULL REFERENCES meetings ON DELETE CASCADE,
  prompt     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE roles (
  network TEXT NOT NULL,
  user_id TEXT NOT NULL,
  role    TEXT NOT NULL,
  PRIMARY KEY (network, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE attendance (
  meeting_id INTEGER NOT NULL REFERENCES meetings ON DELETE CASCADE,
  role       TEXT NOT NULL,
  count      INTEGER NOT NULL,
  PRIMARY KEY (meeting_id, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE summaries (
  meeting_id INTEGER PRIMARY KEY REFERENCES meetings ON DELETE CASCADE,
  state      TEXT NOT NULL,
  version    INTEGER NOT NULL, -- how many times it was shared
  revision   INTEGER NOT NULL, -- how many times the draft was posted
  post       TEXT NOT NULL,    -- key of the post that shows it now
  taken      INTEGER NOT NULL DEFAULT 0,
  comments   INTEGER NOT NULL DEFAULT 0,
  drafted_at TEXT NOT NULL,
  object_by  TEXT NOT NULL,
  nudges     INTEGER NOT NULL DEFAULT 0,
  shared_at  TEXT,
  shared_by  TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE points (
  meeting_id INTEGER NOT NULL REFERENCES summaries ON DELETE CASCADE,
  prompt     INTEGER NOT NULL,
  number     INTEGER NOT NULL,
  text       TEXT NOT NULL,
  role       TEXT NOT NULL,
  support    INTEGER NOT NULL,
  edited     INTEGER NOT NULL,
  dropped    INTEGER NOT NULL,
  late       INTEGER NOT NULL,
  PRIMARY KEY (meeting_id, prompt, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE point_entries (
  meeting_id INTEGER NOT NULL,
  prompt     INTEGER NOT NULL,
  number     INTEGER NOT NULL,
  rank       INTEGER NOT NULL,
  event_id   TEXT NOT NULL,
  PRIMARY KEY (meeting_id, prompt, number, rank),
  FOREIGN KEY (meeting_id, prompt, number) REFERENCES points ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX point_entries_event ON point_entries (event_id);

CREATE TABLE rounds (
  programme TEXT NOT NULL,
  number    INTEGER NOT NULL,
  title     TEXT NOT NULL,
  dirty     INTEGER NOT NULL,
  edits     INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (programme, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE plans (
  network    TEXT PRIMARY KEY,
  version    INTEGER NOT NULL,
  changed    INTEGER NOT NULL,
  last_item  INTEGER NOT NULL,
  shared_at  TEXT,
  shared_by  TEXT NOT NULL DEFAULT '',
  post       TEXT NOT NULL DEFAULT ''
) STRICT;

-- version 0 is the plan being worked on; the others are frozen.
CREATE TABLE plan_items (
  network TEXT NOT NULL REFERENCES plans ON DELETE CASCADE,
  version INTEGER NOT NULL,
  number  INTEGER NOT NULL,
  area    TEXT NOT NULL,
  what    TEXT NOT NULL,
  how     TEXT NOT NULL,
  who     TEXT NOT NULL,
  due     TEXT NOT NULL,
  PRIMARY KEY (network, version, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_sources (
  network  TEXT NOT NULL,
  version  INTEGER NOT NULL,
  number   INTEGER NOT NULL,
  event_id TEXT NOT NULL,
  PRIMARY KEY (network, version, number, event_id),
  FOREIGN KEY (network, version, number) REFERENCES plan_items ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX plan_sources_event ON plan_sources (event_id);
