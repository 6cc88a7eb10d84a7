-- Let the gateway remember what devices have, and know whom its users may know.

CREATE SCHEMA gateway;

-- What is remembered belongs to a mailbox, not to an address: who gets a purged address later gets
-- none of it. folders is the id given last; ids are never given again.
CREATE TABLE gateway.mailboxes (
    mailbox_id uuid PRIMARY KEY,
    folders bigint NOT NULL DEFAULT 0
);

CREATE TABLE gateway.devices (
    mailbox_id uuid NOT NULL REFERENCES gateway.mailboxes ON DELETE CASCADE,
    id text NOT NULL CHECK (id <> ''),
    type text NOT NULL,
    access text NOT NULL CHECK (access IN ('allowed', 'quarantined', 'blocked')),
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    last_synced timestamptz,
    version text NOT NULL,
    user_agent text NOT NULL,
    information jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(information) = 'object'),
    policy_key bigint NOT NULL DEFAULT 0,
    offered_key bigint NOT NULL DEFAULT 0,
    policy_digest text NOT NULL DEFAULT '',
    wipe text NOT NULL DEFAULT 'none' CHECK (wipe IN ('none', 'requested', 'sent', 'done')),
    wipe_account_only boolean NOT NULL DEFAULT false,
    wiped_by text NOT NULL DEFAULT '',
    resync_since timestamptz,
    PRIMARY KEY (mailbox_id, id)
);

CREATE TABLE gateway.folders (
    mailbox_id uuid NOT NULL REFERENCES gateway.mailboxes ON DELETE CASCADE,
    id text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    PRIMARY KEY (mailbox_id, kind, key),
    UNIQUE (mailbox_id, id)
);

-- Revisions come from one sequence: what was dropped and made anew is never taken for what it was.
CREATE SEQUENCE gateway.revisions AS bigint;
CREATE TABLE gateway.kept (
    mailbox_id uuid NOT NULL,
    device text NOT NULL,
    name text NOT NULL,
    value jsonb NOT NULL,
    revision bigint NOT NULL DEFAULT nextval('gateway.revisions'),
    PRIMARY KEY (mailbox_id, device, name),
    FOREIGN KEY (mailbox_id, device) REFERENCES gateway.devices ON DELETE CASCADE
);

CREATE TABLE gateway.failures (
    mailbox_id uuid NOT NULL,
    device text NOT NULL,
    folder text NOT NULL,
    item text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (mailbox_id, device, folder, item),
    FOREIGN KEY (mailbox_id, device) REFERENCES gateway.devices ON DELETE CASCADE
);

-- A mailbox that is purged takes along what devices had of it. One that is reopened leaves
-- closed_mailboxes too, and keeps it. Whoever purges needs no right in this schema.
CREATE FUNCTION gateway.forget_purged() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    DELETE FROM gateway.mailboxes AS remembered USING gone
    WHERE remembered.mailbox_id = gone.mailbox_id
        AND NOT EXISTS (SELECT FROM directory.users AS back
            WHERE back.mailbox_id = gone.mailbox_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_purged AFTER DELETE ON directory.closed_mailboxes
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION gateway.forget_purged();

-- The user's own record. addresses: the user's own and all aliases that lead there, by way of
-- others too; no group, which is an attendee of its own.
CREATE INDEX aliases_destinations ON directory.aliases USING gin (destinations);
CREATE VIEW gateway.users AS
SELECT person.address, person.mailbox_id, person.name, person.language, ARRAY(
        WITH RECURSIVE towards (address) AS (
            SELECT person.address
            UNION
            SELECT alias.address FROM directory.aliases AS alias
            JOIN towards ON alias.destinations @> ARRAY[towards.address]
        )
        SELECT towards.address FROM towards
        ORDER BY towards.address <> person.address, towards.address COLLATE "C"
    ) AS addresses
FROM directory.users AS person;

-- Without accents and capitals, so that "forli" finds Forlì; the most names have no accents. What
-- parts words is one space each.
CREATE FUNCTION gateway.folded(said text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN translate(lower(CASE WHEN octet_length(said) = char_length(said) THEN said
        ELSE regexp_replace(normalize(said, NFKD), '[\u0300-\u036F]', '', 'g') END),
    '][.,;:@_''"()+/&-', repeat(' ', 16));

-- Whom a reader finds: what the webmail's address book shows of the reader's own company. words are
-- those of name and address, each with a space in front.
CREATE VIEW gateway.people AS
SELECT reader.address AS reader, person.c_uid AS address, person.c_cn AS name,
    CASE known.kind WHEN 'groups' THEN 'group' WHEN 'resources' THEN 'resource'
        ELSE 'user' END AS kind,
    person.c_givenname AS given_name, person.c_sn AS surname, company.name AS company,
    coalesce(cardinality(list.members), 0) AS members,
    ' ' || gateway.folded(concat_ws(' ', person.c_cn, person.c_givenname, person.c_sn,
        person.c_uid)) AS words
FROM directory.users AS reader
JOIN directory.domains AS home ON home.name = split_part(reader.address, '@', 2)
JOIN directory.companies AS company ON company.key = home.company
JOIN sogo.users AS person ON person.c_domain = home.company
JOIN directory.addresses AS known ON known.address = person.c_uid
LEFT JOIN directory.groups AS list ON list.address = person.c_uid;

-- Who is in a group that a reader finds. An alias is shown to nobody, nor is who belongs to another
-- company of ours; who is elsewhere has no name.
CREATE VIEW gateway.members AS
SELECT shown.reader, shown.address AS group_address, member.address, member.position
FROM gateway.people AS shown
JOIN directory.groups AS list ON list.address = shown.address
CROSS JOIN LATERAL unnest(list.members) WITH ORDINALITY AS member (address, position)
WHERE EXISTS (SELECT FROM gateway.people AS person
        WHERE person.reader = shown.reader AND person.address = member.address)
    OR NOT EXISTS (SELECT FROM directory.domains AS ours
        WHERE ours.name = split_part(member.address, '@', 2));

CREATE VIEW gateway.out_of_office AS
SELECT mailbox, text, subject, starts, ends, days, audience, enabled FROM directory.out_of_office;

-- Of whom something is new, so that a password that was changed or a user who was closed is asked
-- about again; and for which domains a log-in without one may be meant.
CREATE VIEW gateway.changes AS SELECT id, kind, key FROM directory.changes;
CREATE VIEW gateway.domains AS SELECT name FROM directory.domains;

GRANT USAGE ON SCHEMA gateway TO fermoposta_gateway;
GRANT SELECT ON gateway.changes, gateway.domains TO fermoposta_gateway;
GRANT SELECT ON gateway.users, gateway.people, gateway.members, gateway.out_of_office
    TO fermoposta_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE
    ON gateway.mailboxes, gateway.devices, gateway.folders, gateway.kept, gateway.failures
    TO fermoposta_gateway;
GRANT USAGE ON SEQUENCE gateway.revisions TO fermoposta_gateway;

-- Answers while away are set from devices too. The gateway, which faces the world, can't write them:
-- it asks the agent, which knows the directory's rules.
GRANT INSERT, UPDATE ON directory.out_of_office TO fermoposta_agent;
