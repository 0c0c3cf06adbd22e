-- Who has come or gone in quiet hours, until it is told.

CREATE TABLE passages (
  event_id TEXT PRIMARY KEY,
  network  TEXT NOT NULL,
  user_id  TEXT NOT NULL,
  sender   TEXT NOT NULL,
  gone     INTEGER NOT NULL,
  due      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Leaders who are away, so that their deputies are turned to.
CREATE TABLE absences (
  network TEXT NOT NULL,
  user_id TEXT NOT NULL,
  until   TEXT NOT NULL,
  PRIMARY KEY (network, user_id)
) STRICT, WITHOUT ROWID;
