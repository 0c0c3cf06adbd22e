-- What is to be sent next, oldest first, without looking at all that waits. New
-- posts have no next_at; those that are parked have.
CREATE INDEX posts_next ON posts (next_at, seq, lane) WHERE state = 'pending';
