-- Let the policy service read what it decides by, and keep what it must remember.

-- All that the directory holds, whichever step made it, but for what proves who somebody is.
DO $$
DECLARE
    allowed record;
BEGIN
    FOR allowed IN
        SELECT table_name AS name, string_agg(quote_ident(column_name), ', ') AS columns
        FROM information_schema.columns
        WHERE table_schema = 'directory'
            AND table_name NOT IN ('audit', 'jobs_progress', 'jobs_artifacts', 'schema_version')
            AND column_name NOT IN ('password_hash', 'security_questions')
        GROUP BY table_name
    LOOP
        EXECUTE format('GRANT SELECT (%s) ON directory.%I TO fermoposta_policy',
            allowed.columns, allowed.name);
    END LOOP;
END
$$;

CREATE SCHEMA policy;

-- Mail that somebody sent as somebody else: who did, and as whom. The mailbox agent files its copies.
CREATE TABLE policy.submissions (
    id uuid PRIMARY KEY,
    login text NOT NULL,
    represented text NOT NULL,
    message_id text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX submissions_at ON policy.submissions (at);

-- How many recipients a log-in named in each minute of the last hour.
CREATE TABLE policy.recipients (
    login text NOT NULL,
    minute bigint NOT NULL,
    n integer NOT NULL CHECK (n > 0),
    PRIMARY KEY (login, minute)
);
CREATE INDEX recipients_minute ON policy.recipients (minute);

GRANT USAGE ON SCHEMA policy TO fermoposta_policy, fermoposta_agent;
GRANT SELECT, INSERT, DELETE ON policy.submissions TO fermoposta_policy;
GRANT SELECT, INSERT, UPDATE, DELETE ON policy.recipients TO fermoposta_policy;
GRANT SELECT ON policy.submissions TO fermoposta_agent;
