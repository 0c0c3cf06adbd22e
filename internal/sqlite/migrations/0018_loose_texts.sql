-- Of an edit whose message is no entry only the id is kept. Its text is fetched
-- if the message becomes one.
UPDATE versions SET body = '' WHERE body != '' AND entry_id NOT IN (SELECT event_id FROM entries);
