-- What mailboxes hold now, in bytes. Dovecot writes down the mail of each whenever it changes; the
-- agent looks now and then at what SOGo keeps. A mailbox that has never had anything has no row.

CREATE TABLE dovecot.usage (
    username text PRIMARY KEY,
    bytes bigint NOT NULL DEFAULT 0,
    messages bigint NOT NULL DEFAULT 0
);
GRANT SELECT, INSERT, UPDATE, DELETE ON dovecot.usage TO dovecot;

CREATE TABLE portal.groupware (
    address text PRIMARY KEY,
    calendars bigint NOT NULL,
    contacts bigint NOT NULL,
    other bigint NOT NULL
);
GRANT USAGE ON SCHEMA portal TO fermoposta_agent;
GRANT SELECT, INSERT, UPDATE, DELETE ON portal.groupware TO fermoposta_agent;

-- Who gets an address after somebody else begins with nothing.
CREATE FUNCTION directory.forget_usage() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    DELETE FROM dovecot.usage WHERE username = OLD.address;
    DELETE FROM portal.groupware WHERE address = OLD.address;
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_usage AFTER DELETE ON directory.addresses
    FOR EACH ROW EXECUTE FUNCTION directory.forget_usage();

CREATE VIEW portal.usage AS
SELECT known.address, known.domain,
    coalesce(mail.bytes, 0) AS mail,
    coalesce(groupware.calendars, 0) AS calendars,
    coalesce(groupware.contacts, 0) AS contacts,
    coalesce(groupware.other, 0) AS other
FROM directory.addresses AS known
LEFT JOIN dovecot.usage AS mail ON mail.username = known.address
LEFT JOIN portal.groupware AS groupware USING (address)
WHERE known.kind IN ('users', 'resources');

GRANT SELECT ON portal.usage, portal.groupware TO fermoposta_portal;
