-- Of somebody who wants it so, or whose administrator does, the mailbox's password opens the portal and
-- the webmail only; programs and phones need passwords of their own. NULL: nobody has said anything.
ALTER TABLE directory.users ADD COLUMN require_app_passwords boolean;
-- These read the table by its columns, not all of it.
GRANT SELECT (require_app_passwords) ON directory.users
    TO fermoposta_agent, fermoposta_jobs, fermoposta_policy;

CREATE VIEW dovecot.mailbox_passwords AS
SELECT address, password_hash AS password FROM directory.users
WHERE password_hash IS NOT NULL AND require_app_passwords IS NOT TRUE;
GRANT SELECT ON dovecot.mailbox_passwords TO dovecot;

CREATE OR REPLACE VIEW sogo.users AS
SELECT person.address AS c_uid, person.address AS c_name, person.password AS c_password,
    person.name AS c_cn, person.address AS mail, domain.company AS c_domain,
    person.given_name AS c_givenname, person.family_name AS c_sn, person.kind,
    person.multiple_bookings, person.language AS c_language
FROM (
    SELECT address,
        CASE WHEN require_app_passwords IS NOT TRUE THEN password_hash END AS password, name,
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
