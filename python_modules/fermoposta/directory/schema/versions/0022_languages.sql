-- In which language somebody wants the portal's pages, whatever browser they come with.
CREATE TABLE portal.languages (
    address text PRIMARY KEY,
    language text NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON portal.languages TO fermoposta_portal;

CREATE OR REPLACE FUNCTION directory.forget_address() RETURNS trigger
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
    DELETE FROM portal.languages WHERE address = OLD.address;
    RETURN NULL;
END
$$;
