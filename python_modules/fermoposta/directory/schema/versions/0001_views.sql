-- What each daemon reads, under a role that can read nothing else (docs/architecture.md). A closed
-- user has no row in directory.addresses, so no view can show one.

REVOKE ALL ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA postfix;
CREATE SCHEMA dovecot;
CREATE SCHEMA sogo;
CREATE SCHEMA portal;

-- Postfix

CREATE VIEW postfix.domains AS
SELECT name FROM directory.domains;

CREATE VIEW postfix.mailboxes AS
SELECT address FROM directory.addresses WHERE kind IN ('users', 'resources');

-- Every list that mail follows, before what is gone is left out of it.
CREATE VIEW postfix.aliases AS
SELECT list.address, there.destinations
FROM (
    SELECT address, destinations FROM directory.aliases
    UNION ALL
    SELECT address, members FROM directory.groups
    UNION ALL
    SELECT address, CASE WHEN local_delivery THEN array_prepend(address, redirect_to)
        ELSE redirect_to END
    FROM directory.users WHERE cardinality(redirect_to) > 0
    UNION ALL
    SELECT '@' || name, ARRAY[catch_all] FROM directory.domains WHERE catch_all IS NOT NULL
    UNION ALL
    -- A catch-all would take their mail too, if they did not stand here themselves.
    SELECT mailbox.address, ARRAY[mailbox.address]
    FROM directory.addresses AS mailbox
    JOIN directory.domains AS domain ON domain.name = mailbox.domain
    WHERE domain.catch_all IS NOT NULL AND mailbox.kind IN ('users', 'resources')
        AND NOT EXISTS (SELECT FROM directory.users AS redirected
            WHERE redirected.address = mailbox.address AND cardinality(redirected.redirect_to) > 0)
) AS list
CROSS JOIN LATERAL (
    SELECT string_agg(target.address, ',' ORDER BY target.position) AS destinations
    FROM unnest(list.destinations) WITH ORDINALITY AS target (address, position)
    WHERE EXISTS (SELECT FROM directory.addresses AS ours WHERE ours.address = target.address)
        OR NOT EXISTS (SELECT FROM directory.domains AS ours
            WHERE ours.name = split_part(target.address, '@', 2))
) AS there
WHERE there.destinations IS NOT NULL;

CREATE VIEW postfix.senders AS
SELECT address.address, sender.logins
FROM directory.addresses AS address
CROSS JOIN LATERAL (
    SELECT string_agg(login.address, ',' ORDER BY login.address) AS logins
    FROM (
        SELECT address.address
        UNION
        SELECT unnest(rule.senders) FROM directory.send_as AS rule
        WHERE rule.address = address.address
        UNION
        SELECT delegation.delegate FROM directory.delegations AS delegation
        WHERE delegation.mailbox = address.address
    ) AS may
    JOIN directory.users AS login ON login.address = may.address
) AS sender
WHERE sender.logins IS NOT NULL;

-- Dovecot

CREATE VIEW dovecot.passdb AS
SELECT address, password_hash AS password FROM directory.users WHERE password_hash IS NOT NULL;

CREATE VIEW dovecot.userdb AS
SELECT address,
    '/var/vmail/' || left(mailbox_id::text, 2) || '/' || mailbox_id::text AS home,
    quota_mb * 1048576::bigint AS quota_bytes,
    language
FROM (
    SELECT address, mailbox_id, quota_mb, language FROM directory.users
    UNION ALL
    SELECT address, mailbox_id, quota_mb, language FROM directory.resources
) AS mailbox;

-- SOGo: no aliases, which nobody shall find in an address book (F154).

CREATE VIEW sogo.users AS
SELECT person.address AS c_uid, person.address AS c_name, person.password AS c_password,
    person.name AS c_cn, person.address AS mail, domain.company AS c_domain,
    person.given_name AS c_givenname, person.family_name AS c_sn, person.kind,
    person.multiple_bookings, person.language AS c_language
FROM (
    SELECT address, password_hash AS password, name,
        CASE WHEN given_name = '' AND family_name = '' THEN split_part(name, ' ', 1)
            ELSE given_name END AS given_name,
        CASE WHEN given_name = '' AND family_name = ''
            THEN ltrim(substr(name, length(split_part(name, ' ', 1)) + 1))
            ELSE family_name END AS family_name,
        'user' AS kind, NULL::integer AS multiple_bookings, language
    FROM directory.users
    UNION ALL
    SELECT address, NULL, name, '', name, 'group', NULL, NULL FROM directory.groups
    UNION ALL
    SELECT address, NULL, name, '', name, resource_kind, multiple_bookings, language
    FROM directory.resources
) AS person
JOIN directory.domains AS domain ON domain.name = split_part(person.address, '@', 2);

-- The portal: one person, what one administers, and its own memory.

CREATE VIEW portal.domains AS
SELECT name FROM directory.domains;

CREATE VIEW portal.credentials AS
SELECT address, password_hash AS password FROM directory.users WHERE password_hash IS NOT NULL;

CREATE VIEW portal.people AS
SELECT person.address, person.name, company.name AS company, person.language, person.quota_mb,
    person.antivirus, person.antispam, person.local_delivery, person.redirect_to,
    person.role ->> 'name' AS role
FROM directory.users AS person
JOIN directory.domains AS domain ON domain.name = split_part(person.address, '@', 2)
JOIN directory.companies AS company ON company.key = domain.company;

CREATE VIEW portal.administered AS
SELECT person.address AS administrator, domain.name, company.name AS company,
    held.users, held.aliases, held.groups, held.resources
FROM directory.users AS person
JOIN directory.domains AS domain
    ON person.role -> 'domains' ? domain.name OR person.role -> 'companies' ? domain.company
JOIN directory.companies AS company ON company.key = domain.company
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE kind = 'users') AS users,
        count(*) FILTER (WHERE kind = 'aliases') AS aliases,
        count(*) FILTER (WHERE kind = 'groups') AS groups,
        count(*) FILTER (WHERE kind = 'resources') AS resources
    FROM directory.addresses AS address WHERE address.domain = domain.name
) AS held;

CREATE TABLE portal.sessions (
    digest bytea PRIMARY KEY,
    address text NOT NULL,
    credential bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_expires_at ON portal.sessions (expires_at);

CREATE TABLE portal.attempts (
    address text NOT NULL,
    client text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX attempts_at ON portal.attempts (at);

GRANT USAGE ON SCHEMA postfix TO postfix;
GRANT SELECT ON ALL TABLES IN SCHEMA postfix TO postfix;
GRANT USAGE ON SCHEMA dovecot TO dovecot;
GRANT SELECT ON ALL TABLES IN SCHEMA dovecot TO dovecot;
GRANT USAGE ON SCHEMA sogo TO sogo;
GRANT SELECT ON ALL TABLES IN SCHEMA sogo TO sogo;
GRANT USAGE ON SCHEMA portal TO fermoposta_portal;
GRANT SELECT ON ALL TABLES IN SCHEMA portal TO fermoposta_portal;
GRANT INSERT, DELETE ON portal.sessions, portal.attempts TO fermoposta_portal;
