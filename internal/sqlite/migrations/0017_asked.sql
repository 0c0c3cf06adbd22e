-- A room that is to be compared with the server again and again: how often it was
-- asked for tells which asking has been answered, whatever the clock was set to.
-- And refusals in a row are counted apart from other failures.
ALTER TABLE checks ADD COLUMN asked INTEGER NOT NULL DEFAULT 1;
ALTER TABLE checks ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE gaps ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
