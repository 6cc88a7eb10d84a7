-- The directory. Who may write: the role that owns this, and nobody else but where it says so.

CREATE DOMAIN directory.owner AS text CHECK (VALUE IN ('inventory', 'portal'));

CREATE TABLE directory.companies (
    key text PRIMARY KEY CHECK (key <> ''),
    name text NOT NULL,
    managed_by directory.owner NOT NULL
);

CREATE TABLE directory.domains (
    name text PRIMARY KEY CHECK (name = lower(name) AND name ~ '^[a-z0-9.-]+$'),
    company text NOT NULL REFERENCES directory.companies,
    catch_all text,
    dkim_selector text NOT NULL,
    description text NOT NULL,
    managed_by directory.owner NOT NULL
);
CREATE INDEX domains_company ON directory.domains (company);
CREATE INDEX domains_catch_all ON directory.domains (('@' || name)) WHERE catch_all IS NOT NULL;

-- The one namespace (F166): whatever has an address has a row here, and the row says what it is.
CREATE TABLE directory.addresses (
    address text PRIMARY KEY CHECK (address = lower(address) AND address ~ '^[^@\s,]+@[^@\s,]+$'),
    kind text NOT NULL CHECK (kind IN ('users', 'resources', 'aliases', 'groups')),
    domain text NOT NULL GENERATED ALWAYS AS (split_part(address, '@', 2)) STORED
        REFERENCES directory.domains,
    UNIQUE (address, kind)
);
CREATE INDEX addresses_domain ON directory.addresses (domain);

CREATE TABLE directory.users (
    address text PRIMARY KEY,
    kind text NOT NULL GENERATED ALWAYS AS ('users') STORED,
    name text NOT NULL,
    given_name text NOT NULL,
    family_name text NOT NULL,
    quota_mb integer NOT NULL CHECK (quota_mb BETWEEN 100 AND 25600),
    language text NOT NULL CHECK (language IN ('it', 'en')),
    antivirus boolean NOT NULL,
    antispam boolean NOT NULL,
    local_delivery boolean NOT NULL,
    redirect_to text[] NOT NULL,
    restrict_sending boolean NOT NULL,
    restrict_receiving boolean NOT NULL,
    self_service_reset boolean NOT NULL,
    role jsonb,
    mobile text,
    recovery_address text,
    security_questions jsonb,
    password_hash text,
    managed_by directory.owner NOT NULL,
    mailbox_id uuid NOT NULL UNIQUE,
    FOREIGN KEY (address, kind) REFERENCES directory.addresses (address, kind) ON DELETE CASCADE,
    CONSTRAINT mail_goes_somewhere CHECK (local_delivery OR cardinality(redirect_to) > 0)
);

CREATE TABLE directory.resources (
    address text PRIMARY KEY,
    kind text NOT NULL GENERATED ALWAYS AS ('resources') STORED,
    name text NOT NULL,
    resource_kind text NOT NULL CHECK (resource_kind IN ('location', 'thing', 'group')),
    multiple_bookings integer NOT NULL CHECK (multiple_bookings >= 0),
    quota_mb integer NOT NULL CHECK (quota_mb BETWEEN 100 AND 25600),
    language text NOT NULL CHECK (language IN ('it', 'en')),
    managed_by directory.owner NOT NULL,
    mailbox_id uuid NOT NULL UNIQUE,
    FOREIGN KEY (address, kind) REFERENCES directory.addresses (address, kind) ON DELETE CASCADE
);

CREATE TABLE directory.aliases (
    address text PRIMARY KEY,
    kind text NOT NULL GENERATED ALWAYS AS ('aliases') STORED,
    destinations text[] NOT NULL CHECK (cardinality(destinations) > 0),
    managed_by directory.owner NOT NULL,
    FOREIGN KEY (address, kind) REFERENCES directory.addresses (address, kind) ON DELETE CASCADE
);

-- senders: a word, or nothing where allowed_senders lists them.
CREATE TABLE directory.groups (
    address text PRIMARY KEY,
    kind text NOT NULL GENERATED ALWAYS AS ('groups') STORED,
    name text NOT NULL,
    members text[] NOT NULL,
    senders text CHECK (senders IN ('anyone', 'company', 'members')),
    allowed_senders text[] NOT NULL,
    managed_by directory.owner NOT NULL,
    FOREIGN KEY (address, kind) REFERENCES directory.addresses (address, kind) ON DELETE CASCADE
);

-- Deferred: within one transaction an alias may become a user without what was said of its address.
CREATE TABLE directory.send_as (
    address text PRIMARY KEY REFERENCES directory.addresses DEFERRABLE INITIALLY DEFERRED,
    senders text[] NOT NULL CHECK (cardinality(senders) > 0),
    managed_by directory.owner NOT NULL
);

CREATE TABLE directory.delegations (
    mailbox text NOT NULL REFERENCES directory.addresses DEFERRABLE INITIALLY DEFERRED,
    delegate text NOT NULL REFERENCES directory.addresses DEFERRABLE INITIALLY DEFERRED,
    folders jsonb NOT NULL,
    managed_by directory.owner NOT NULL,
    PRIMARY KEY (mailbox, delegate),
    CHECK (mailbox <> delegate)
);
CREATE INDEX delegations_delegate ON directory.delegations (delegate);

CREATE TABLE directory.grants (
    mailbox text NOT NULL REFERENCES directory.addresses DEFERRABLE INITIALLY DEFERRED,
    folder text NOT NULL,
    grantee text NOT NULL REFERENCES directory.addresses DEFERRABLE INITIALLY DEFERRED,
    rights integer NOT NULL CHECK (rights & ~1531 = 0),  -- 0x5fb
    managed_by directory.owner NOT NULL,
    PRIMARY KEY (mailbox, folder, grantee),
    CHECK (mailbox <> grantee)
);
CREATE INDEX grants_grantee ON directory.grants (grantee);

CREATE TABLE directory.allowed_domains (
    domain text PRIMARY KEY REFERENCES directory.domains DEFERRABLE INITIALLY DEFERRED,
    allowed text[] NOT NULL,
    managed_by directory.owner NOT NULL
);

-- scope: a domain, or the address of a user.
CREATE TABLE directory.junk_rules (
    scope text NOT NULL,
    sender text NOT NULL,
    action text NOT NULL CHECK (action IN ('allow', 'block')),
    managed_by directory.owner NOT NULL,
    PRIMARY KEY (scope, sender)
);

-- Who is gone has no address any more; the mailbox is kept for a while, to be reopened.
CREATE TABLE directory.closed_mailboxes (
    mailbox_id uuid PRIMARY KEY,
    address text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('users', 'resources')),
    closed_at timestamptz NOT NULL,
    password_hash text
);

-- Every write raises n, whoever writes: a plan made from an older n is not carried out.
CREATE TABLE directory.revision (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    n bigint NOT NULL
);
INSERT INTO directory.revision (n) VALUES (0);

CREATE FUNCTION directory.raise_revision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE directory.revision SET n = n + 1;
    RETURN NULL;
END
$$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['companies', 'domains', 'addresses', 'users', 'resources',
        'aliases', 'groups', 'send_as', 'delegations', 'grants', 'allowed_domains', 'junk_rules',
        'closed_mailboxes']
    LOOP
        EXECUTE format('CREATE TRIGGER raise_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE'
            ' ON directory.%I FOR EACH STATEMENT EXECUTE FUNCTION directory.raise_revision()', name);
    END LOOP;
END
$$;

CREATE TABLE directory.changes (
    id bigserial PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    kind text NOT NULL,
    key text NOT NULL
);

CREATE TABLE directory.audit (
    id bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    before text NOT NULL,
    after text NOT NULL,
    hash text NOT NULL
);

CREATE FUNCTION directory.refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'the audit is only ever added to' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER only_add BEFORE UPDATE OR DELETE OR TRUNCATE ON directory.audit
    FOR EACH STATEMENT EXECUTE FUNCTION directory.refuse();

-- What fermoposta-jobs remembers by itself: how far each reader of the feed has come, and what
-- was compiled last, so that nothing is written twice.
CREATE TABLE directory.jobs_progress (
    reader text PRIMARY KEY,
    change_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE directory.jobs_artifacts (
    name text PRIMARY KEY,
    digest text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

GRANT USAGE ON SCHEMA directory TO fermoposta_jobs;
GRANT SELECT ON ALL TABLES IN SCHEMA directory TO fermoposta_jobs;
GRANT INSERT, UPDATE, DELETE ON directory.jobs_progress, directory.jobs_artifacts TO fermoposta_jobs;
-- To forget a mailbox whose time is over, which is audited and told like any change.
GRANT DELETE ON directory.closed_mailboxes TO fermoposta_jobs;
GRANT INSERT ON directory.changes, directory.audit TO fermoposta_jobs;
GRANT USAGE ON SEQUENCE directory.changes_id_seq TO fermoposta_jobs;
