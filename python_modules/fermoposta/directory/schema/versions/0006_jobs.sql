-- Let the jobs service read what it compiles, of every kind there is by now, and no secret: neither
-- password hashes nor the answers to security questions.

REVOKE SELECT ON directory.users, directory.closed_mailboxes FROM fermoposta_jobs;

DO $$
DECLARE
    seen record;
BEGIN
    FOR seen IN
        SELECT table_name, string_agg(quote_ident(column_name), ', ') AS columns
        FROM information_schema.columns
        WHERE table_schema = 'directory'
            AND column_name NOT IN ('password_hash', 'security_questions')
        GROUP BY table_name
    LOOP
        EXECUTE format('GRANT SELECT (%s) ON directory.%I TO fermoposta_jobs',
            seen.columns, seen.table_name);
    END LOOP;
END
$$;
