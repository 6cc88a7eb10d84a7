-- Answer to the minute and strangers otherwise; keep what devices must do, pictures, certificates.

-- A start or an end is a day by the host's clock, or a moment; never both.
ALTER TABLE directory.out_of_office
    ADD COLUMN external text NOT NULL DEFAULT '',
    ADD COLUMN starts_at timestamptz,
    ADD COLUMN ends_at timestamptz CHECK (ends_at > starts_at),
    ADD CONSTRAINT one_start CHECK (starts IS NULL OR starts_at IS NULL),
    ADD CONSTRAINT one_end CHECK (ends IS NULL OR ends_at IS NULL);

CREATE OR REPLACE VIEW gateway.out_of_office AS
SELECT mailbox, text, subject, starts, ends, days, audience, enabled, external, starts_at, ends_at
FROM directory.out_of_office;

-- elements: what a device is told, as EASProvisionDoc (MS-ASPROV, section 2.2.2.28) has it, by name.
CREATE TABLE directory.device_policies (
    name text PRIMARY KEY CHECK (name ~ '^[^\s@]+$'),
    company text REFERENCES directory.companies,
    applies_to text[] NOT NULL,
    position integer NOT NULL,
    elements jsonb NOT NULL CHECK (jsonb_typeof(elements) = 'object'),
    allow_non_provisionable boolean NOT NULL,
    refresh_hours integer CHECK (refresh_hours > 0),
    managed_by directory.owner NOT NULL,
    CONSTRAINT is_for_somebody CHECK (company IS NOT NULL OR cardinality(applies_to) > 0)
);
CREATE INDEX device_policies_company ON directory.device_policies (company);

-- scope: the key of a company, or the address of a user. types and models: access by what a device
-- says that it is, in lower case.
CREATE TABLE directory.device_access (
    scope text PRIMARY KEY CHECK (scope <> ''),
    unknown text NOT NULL CHECK (unknown IN ('allow', 'quarantine', 'block')),
    types jsonb NOT NULL CHECK (jsonb_typeof(types) = 'object'),
    models jsonb NOT NULL CHECK (jsonb_typeof(models) = 'object'),
    managed_by directory.owner NOT NULL
);

-- content: JPEG or PNG, and DER. Tables of their own: who reads users reads none of it.
CREATE TABLE directory.pictures (
    address text PRIMARY KEY REFERENCES directory.addresses DEFERRABLE INITIALLY DEFERRED,
    digest text NOT NULL CHECK (digest = encode(sha256(content), 'hex')),
    content bytea NOT NULL CHECK (octet_length(content) <= 100000),
    managed_by directory.owner NOT NULL
);
CREATE TABLE directory.certificates (
    address text NOT NULL REFERENCES directory.addresses DEFERRABLE INITIALLY DEFERRED,
    digest text NOT NULL CHECK (digest = encode(sha256(content), 'hex')),
    content bytea NOT NULL CHECK (octet_length(content) <= 10000),
    managed_by directory.owner NOT NULL,
    PRIMARY KEY (address, digest)
);

CREATE TRIGGER raise_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON directory.pictures FOR EACH STATEMENT EXECUTE FUNCTION directory.raise_revision();
CREATE TRIGGER raise_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON directory.certificates FOR EACH STATEMENT EXECUTE FUNCTION directory.raise_revision();
CREATE TRIGGER raise_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON directory.device_policies FOR EACH STATEMENT EXECUTE FUNCTION directory.raise_revision();
CREATE TRIGGER raise_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON directory.device_access FOR EACH STATEMENT EXECUTE FUNCTION directory.raise_revision();

-- The one policy that a user's devices must follow: one that names the user, else one that names a
-- group of the own company which the user is in by whatever way, else the company's. The same as
-- fermoposta.directory.device_policies.policy_for; a test holds the two to each other.
CREATE VIEW gateway.device_policies AS
SELECT person.address, policy.name, policy.elements, policy.allow_non_provisionable,
    policy.refresh_hours
FROM directory.users AS person
JOIN directory.domains AS home ON home.name = split_part(person.address, '@', 2)
CROSS JOIN LATERAL (
    SELECT ARRAY(
        WITH RECURSIVE around (address) AS (
            SELECT person.address
            UNION
            SELECT known.address FROM directory.groups AS known
            JOIN around ON known.members @> ARRAY[around.address]
        )
        SELECT around.address FROM around
        JOIN directory.domains AS theirs ON theirs.name = split_part(around.address, '@', 2)
        WHERE theirs.company = home.company
    ) AS addresses
) AS around
CROSS JOIN LATERAL (
    SELECT ranked.* FROM (
        SELECT each.*, CASE WHEN person.address = ANY (each.applies_to) THEN 1
            WHEN each.applies_to && around.addresses THEN 2
            WHEN each.company = home.company THEN 3 END AS nearness
        FROM directory.device_policies AS each
    ) AS ranked
    WHERE ranked.nearness IS NOT NULL
    ORDER BY ranked.nearness, ranked.position, ranked.name COLLATE "C"
    LIMIT 1
) AS policy;

-- What happens to a device that was never seen: the user's own word, else the company's. Who is not
-- in here may come with any device.
CREATE VIEW gateway.device_access AS
SELECT person.address, access.unknown, access.types, access.models
FROM directory.users AS person
JOIN directory.domains AS home ON home.name = split_part(person.address, '@', 2)
CROSS JOIN LATERAL (
    SELECT said.* FROM directory.device_access AS said
    WHERE said.scope IN (person.address, home.company)
    ORDER BY said.scope <> person.address
    LIMIT 1
) AS access;

-- Of whom a reader finds: the people of the own company.
CREATE VIEW gateway.pictures AS
SELECT person.reader, person.address, picture.content
FROM gateway.people AS person JOIN directory.pictures AS picture USING (address);

CREATE VIEW gateway.certificates AS
SELECT person.reader, person.address, certificate.digest, certificate.content
FROM gateway.people AS person JOIN directory.certificates AS certificate USING (address);

GRANT SELECT ON gateway.out_of_office, gateway.device_policies, gateway.device_access,
    gateway.pictures, gateway.certificates TO fermoposta_gateway;
GRANT SELECT (address, digest, managed_by) ON directory.pictures, directory.certificates
    TO fermoposta_jobs, fermoposta_policy, fermoposta_agent;
GRANT SELECT ON directory.out_of_office, directory.device_policies, directory.device_access
    TO fermoposta_jobs, fermoposta_policy, fermoposta_agent;
