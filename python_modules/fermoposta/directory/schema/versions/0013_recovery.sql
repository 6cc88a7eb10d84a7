-- How often somebody tried to recover a password, and the links that were sent. Of their tokens only
-- the SHA-256 is here. What addresses that are nobody's are offered is made from the secret.

CREATE TABLE portal.recovery (
    id boolean PRIMARY KEY DEFAULT true CHECK (id),
    secret text NOT NULL
);
INSERT INTO portal.recovery (secret)
    VALUES (gen_random_uuid()::text || gen_random_uuid()::text);

CREATE TABLE portal.recovery_tries (
    subject text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX recovery_tries_subject ON portal.recovery_tries (subject, at);
CREATE INDEX recovery_tries_at ON portal.recovery_tries (at);

CREATE TABLE portal.recovery_links (
    digest bytea PRIMARY KEY,
    address text NOT NULL,
    credential bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX recovery_links_address ON portal.recovery_links (address);
CREATE INDEX recovery_links_expires_at ON portal.recovery_links (expires_at);

GRANT SELECT ON portal.recovery TO fermoposta_portal;
GRANT SELECT, INSERT, DELETE ON portal.recovery_tries, portal.recovery_links TO fermoposta_portal;
