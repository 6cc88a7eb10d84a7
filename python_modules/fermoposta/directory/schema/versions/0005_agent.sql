-- Let the mailbox agent read what it works by, and keep its own memory.

GRANT USAGE ON SCHEMA directory TO fermoposta_agent;

-- Everything but the secrets: neither password hashes nor the answers to security questions, and
-- not the audit, whose entries are about everybody.
DO $$
DECLARE
    seen record;
BEGIN
    FOR seen IN
        SELECT table_name, string_agg(quote_ident(column_name), ', ') AS columns
        FROM information_schema.columns
        WHERE table_schema = 'directory' AND table_name <> 'audit'
            AND column_name NOT IN ('password_hash', 'security_questions')
        GROUP BY table_name
    LOOP
        EXECUTE format('GRANT SELECT (%s) ON directory.%I TO fermoposta_agent',
            seen.columns, seen.table_name);
    END LOOP;
END
$$;
