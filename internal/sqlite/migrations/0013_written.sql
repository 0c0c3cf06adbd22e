-- When the newest event had come as an item of the plan, or an area, got the words
-- that it has: what came later repeats it, not the other way round.
ALTER TABLE plan_items ADD COLUMN written TEXT;
ALTER TABLE areas ADD COLUMN written TEXT;
