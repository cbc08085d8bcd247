-- Uploads that are played
-- pictures a second as a fraction, such as 30000/1001; bits a second of the whole file
ALTER TABLE upload ADD COLUMN frame_rate TEXT;
ALTER TABLE upload ADD COLUMN bitrate INTEGER;
-- the sound: such as aac, in hertz, how many channels
ALTER TABLE upload ADD COLUMN sound_codec TEXT;
ALTER TABLE upload ADD COLUMN sound_rate INTEGER;
ALTER TABLE upload ADD COLUMN sound_channels INTEGER;
