-- Events that were given up are counted whenever minutes say whether they are complete.
CREATE INDEX inbox_dead ON inbox (room_id) WHERE state = 'dead';
