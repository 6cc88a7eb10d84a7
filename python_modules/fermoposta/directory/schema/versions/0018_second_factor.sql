-- Second factors of who signs in to the portal, and who has given the first. The secret of an app is
-- here as the app has it; of codes and cookies only the SHA-256.

CREATE TABLE portal.second_factors (
    address text PRIMARY KEY,
    secret text NOT NULL,
    confirmed boolean NOT NULL DEFAULT false,
    step bigint NOT NULL DEFAULT 0,
    codes bytea[] NOT NULL DEFAULT '{}'
);

CREATE TABLE portal.half_sessions (
    digest bytea PRIMARY KEY,
    address text NOT NULL,
    credential bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX half_sessions_expires_at ON portal.half_sessions (expires_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON portal.second_factors TO fermoposta_portal;
GRANT SELECT, INSERT, DELETE ON portal.half_sessions TO fermoposta_portal;

-- Who gets an address after somebody else begins with nothing.
CREATE FUNCTION directory.forget_second_factor() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    DELETE FROM portal.second_factors WHERE address = OLD.address;
    DELETE FROM portal.half_sessions WHERE address = OLD.address;
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_second_factor AFTER DELETE ON directory.addresses
    FOR EACH ROW EXECUTE FUNCTION directory.forget_second_factor();
