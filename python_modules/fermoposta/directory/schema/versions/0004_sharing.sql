-- Keep what sharing must remember of the ACLs that daemons hold.

-- What the agent set last on a folder: whatever differs was set by somebody else since. Mail folders
-- by their path in IMAP, the others as the directory names them; rights by identifier. What is meant
-- to be set stands in meant before it is: a step that breaks off is not taken for somebody else's.
CREATE TABLE directory.sharing_folders (
    mailbox_id uuid NOT NULL,
    folder text NOT NULL,
    acl jsonb NOT NULL DEFAULT '{}',
    meant jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (mailbox_id, folder)
);

-- In which groups that hold rights a person was when last looked at: sessions that are open go on
-- with the groups that they began with, the former ones.
CREATE TABLE directory.sharing_people (
    address text PRIMARY KEY,
    groups text[] NOT NULL,
    former text[],
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- Whose mailboxes there are for whom, by which Dovecot lists them.
CREATE TABLE dovecot.shares (
    to_address text NOT NULL,
    from_address text NOT NULL,
    shown text NOT NULL DEFAULT '1',
    PRIMARY KEY (to_address, from_address)
);
CREATE INDEX shares_from ON dovecot.shares (from_address);
CREATE TABLE dovecot.no_shares (LIKE dovecot.shares INCLUDING ALL);

-- Every group that a person is in, by way of other groups too. It reads as its owner, so that the
-- daemon reads no more than it needs of one person.
CREATE INDEX groups_members ON directory.groups USING gin (members);
CREATE FUNCTION dovecot.groups_of(person text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    WITH RECURSIVE around (address) AS (
        SELECT person
        UNION
        SELECT known.address FROM directory.groups AS known
        JOIN around ON known.members @> ARRAY[around.address]
    )
    SELECT string_agg(address, ',' ORDER BY address) FROM around WHERE address <> person
$$;
REVOKE EXECUTE ON FUNCTION dovecot.groups_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dovecot.groups_of(text) TO dovecot;

-- Dovecot notes by itself whom an ACL shows something. The agent knows better: what Dovecot writes
-- is dropped.
CREATE FUNCTION dovecot.drop_write() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RETURN NULL;
END
$$;
CREATE TRIGGER drop_write BEFORE INSERT OR UPDATE OR DELETE ON dovecot.shares
    FOR EACH ROW WHEN (current_user = 'dovecot') EXECUTE FUNCTION dovecot.drop_write();
CREATE TRIGGER drop_write BEFORE INSERT OR UPDATE OR DELETE ON dovecot.no_shares
    FOR EACH ROW EXECUTE FUNCTION dovecot.drop_write();
GRANT SELECT, INSERT, UPDATE, DELETE ON dovecot.shares, dovecot.no_shares TO dovecot;

GRANT USAGE ON SCHEMA dovecot TO fermoposta_agent;
GRANT SELECT, INSERT, UPDATE, DELETE
    ON directory.sharing_folders, directory.sharing_people, dovecot.shares TO fermoposta_agent;
-- A right that a user gives in a client becomes a grant of the directory, audited and told like any
-- change.
GRANT INSERT, UPDATE, DELETE ON directory.grants TO fermoposta_agent;
GRANT INSERT ON directory.changes, directory.audit TO fermoposta_agent;
GRANT SELECT (id, hash) ON directory.audit TO fermoposta_agent;
GRANT USAGE ON SEQUENCE directory.changes_id_seq TO fermoposta_agent;
