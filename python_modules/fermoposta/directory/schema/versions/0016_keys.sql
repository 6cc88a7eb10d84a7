-- What opens a mailbox beside its password: the session of a browser that came from the portal,
-- and passwords of programs. All of them are long and random, so that of each no more than the
-- SHA-256 is here.

CREATE TABLE portal.webmail_tickets (
    digest bytea PRIMARY KEY,
    session bytea NOT NULL REFERENCES portal.sessions ON DELETE CASCADE,
    state bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX webmail_tickets_session ON portal.webmail_tickets (session);

CREATE TABLE portal.webmail_sessions (
    digest bytea PRIMARY KEY,
    session bytea NOT NULL REFERENCES portal.sessions ON DELETE CASCADE,
    secret bytea NOT NULL UNIQUE
);
CREATE INDEX webmail_sessions_session ON portal.webmail_sessions (session);

CREATE TABLE portal.app_passwords (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address text NOT NULL,
    name text NOT NULL,
    secret bytea NOT NULL UNIQUE,
    protocols text[] NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    used_from text
);
CREATE INDEX app_passwords_address ON portal.app_passwords (address);

-- Who came with a password that is good for calendars or for phones, is sent on to the webmail's
-- server with a key that opens the mailbox for it. It is made from the secret.
CREATE TABLE portal.keys_secret (
    id boolean PRIMARY KEY DEFAULT true CHECK (id),
    secret text NOT NULL
);
INSERT INTO portal.keys_secret (secret) VALUES (gen_random_uuid()::text || gen_random_uuid()::text);

CREATE TABLE portal.groupware_keys (
    address text PRIMARY KEY,
    secret bytea NOT NULL
);

GRANT SELECT ON portal.keys_secret TO fermoposta_portal;
GRANT SELECT, INSERT ON portal.groupware_keys TO fermoposta_portal;
GRANT SELECT, INSERT, DELETE ON portal.webmail_tickets, portal.webmail_sessions,
    portal.app_passwords TO fermoposta_portal;
GRANT UPDATE (used_at, used_from) ON portal.app_passwords TO fermoposta_portal;

-- Who gets an address after somebody else begins with nothing.
CREATE FUNCTION directory.forget_keys() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    DELETE FROM portal.app_passwords WHERE address = OLD.address;
    DELETE FROM portal.groupware_keys WHERE address = OLD.address;
    DELETE FROM portal.sessions WHERE address = OLD.address;
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_keys AFTER DELETE ON directory.addresses
    FOR EACH ROW EXECUTE FUNCTION directory.forget_keys();

-- Who it is that logs in as *login* by *protocol* from *client*, with what has the SHA-256 *given*.
-- No row: it is no such key, and the password is looked at. Sessions are the webmail's, which is on
-- this host, and end with the password that opened them; so are the keys of calendars. What is good
-- for phones is good for what the gateway sends on this host; who comes at the *gateway*'s port comes
-- with a phone, and with nothing else.
CREATE FUNCTION dovecot.key_of(
    login text, given text, protocol text, client text, gateway boolean
)
RETURNS TABLE (address text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
DECLARE
    sha256 bytea := decode(given, 'hex');
    here boolean := client IN ('127.0.0.1', '::1');
    known text;
BEGIN
    SELECT person.address INTO known FROM dovecot.passdb AS person WHERE person.address = login;
    IF known IS NULL THEN
        RETURN;
    END IF;
    IF here AND EXISTS (
        SELECT FROM portal.webmail_sessions AS webmail
        JOIN portal.sessions AS session ON session.digest = webmail.session
        JOIN dovecot.passdb AS person ON person.address = session.address
        WHERE webmail.secret = sha256 AND session.address = login
            AND session.expires_at > now()
            AND session.credential = pg_catalog.sha256(convert_to(person.password, 'UTF8'))
    ) THEN
        RETURN QUERY SELECT known;
        RETURN;
    END IF;
    IF here AND NOT gateway AND EXISTS (
        SELECT FROM portal.groupware_keys AS key WHERE key.address = login AND key.secret = sha256
    ) THEN
        RETURN QUERY SELECT known;
        RETURN;
    END IF;
    UPDATE portal.app_passwords AS one SET used_at = now(), used_from = client
    WHERE one.secret = sha256 AND one.address = login
        AND CASE WHEN gateway THEN 'eas' = ANY (one.protocols)
            ELSE protocol = ANY (one.protocols)
                OR here AND protocol = 'smtp' AND 'eas' = ANY (one.protocols) END;
    IF FOUND THEN
        RETURN QUERY SELECT known;
    END IF;
END
$$;
REVOKE EXECUTE ON FUNCTION dovecot.key_of(text, text, text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dovecot.key_of(text, text, text, text, boolean) TO dovecot;
