-- What a reading of a room finds has its place between two events of a sync
-- answer: its neighbours are looked up.
CREATE INDEX inbox_places ON inbox (batch, room_id, pos);
