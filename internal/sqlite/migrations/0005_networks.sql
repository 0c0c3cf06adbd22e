-- Networks that were made in chat, not in the configuration.
CREATE TABLE chat_networks (
  id    TEXT PRIMARY KEY,
  json  TEXT NOT NULL,
  post  TEXT NOT NULL, -- key of the post that makes the room
  state TEXT NOT NULL  -- making, active, failed, retired
) STRICT;
