-- A link that leads to a first password is like one that leads to a new one, but for how long it
-- lasts, and that it works where nobody may recover a password by mail.
ALTER TABLE portal.recovery_links ADD COLUMN invited boolean NOT NULL DEFAULT false;
