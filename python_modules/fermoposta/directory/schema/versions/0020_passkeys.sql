-- Passkeys (WebAuthn) of who signs in to the portal. Of a passkey the public key is here, which opens
-- nothing; of a challenge that was answered, that it was, until it would be too old anyway.

CREATE TABLE portal.passkeys (
    id bytea PRIMARY KEY,
    address text NOT NULL,
    name text NOT NULL,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX passkeys_address ON portal.passkeys (address);

CREATE TABLE portal.passkey_challenges (
    digest bytea PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX passkey_challenges_expires_at ON portal.passkey_challenges (expires_at);

GRANT SELECT, INSERT, DELETE ON portal.passkeys, portal.passkey_challenges TO fermoposta_portal;
GRANT UPDATE (sign_count, used_at) ON portal.passkeys TO fermoposta_portal;

-- Who gets an address after somebody else begins with nothing: one trigger for all that is kept by
-- address, in the place of one for each migration.
DROP TRIGGER forget_usage ON directory.addresses;
DROP FUNCTION directory.forget_usage();
DROP TRIGGER forget_keys ON directory.addresses;
DROP FUNCTION directory.forget_keys();
DROP TRIGGER forget_second_factor ON directory.addresses;
DROP FUNCTION directory.forget_second_factor();

CREATE FUNCTION directory.forget_address() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    DELETE FROM dovecot.usage WHERE username = OLD.address;
    DELETE FROM portal.groupware WHERE address = OLD.address;
    DELETE FROM portal.sessions WHERE address = OLD.address;
    DELETE FROM portal.half_sessions WHERE address = OLD.address;
    DELETE FROM portal.recovery_links WHERE address = OLD.address;
    DELETE FROM portal.app_passwords WHERE address = OLD.address;
    DELETE FROM portal.groupware_keys WHERE address = OLD.address;
    DELETE FROM portal.second_factors WHERE address = OLD.address;
    DELETE FROM portal.passkeys WHERE address = OLD.address;
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_address AFTER DELETE ON directory.addresses
    FOR EACH ROW EXECUTE FUNCTION directory.forget_address();
