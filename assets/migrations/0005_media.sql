-- Uploads that are played
-- pictures a second as a fraction, such as 30000/1001; bits a second of the whole file
ALTER TABLE upload ADD COLUMN frame_rate TEXT;
ALTER TABLE upload ADD COLUMN bitrate INTEGER;
-- the sound: such as aac, in hertz, how many channels
ALTER TABLE upload ADD COLUMN sound_codec TEXT;
ALTER TABLE upload ADD COLUMN sound_rate INTEGER;
ALTER TABLE upload ADD COLUMN sound_channels INTEGER;
-- Files: those of elsewhere that lie here for a while, and what becomes of old things.
-- One section a part; each keeps to its own.

-- == retention ==

-- Statuses of others that were fetched long after they were written, so that their ids say nothing
-- about how long they are here.
CREATE TABLE late_status (
  status_id INTEGER PRIMARY KEY REFERENCES status(id) ON DELETE CASCADE,
  stored_at INTEGER NOT NULL
) STRICT;
-- whether somebody here takes part in a thread, however long it is
CREATE INDEX status_thread_local ON status(thread_id) WHERE local = 1;
