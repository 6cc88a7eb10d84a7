-- Keep message rules, out-of-office answers and sending limits.

ALTER TABLE directory.users
    ADD COLUMN recipients_per_hour integer CHECK (recipients_per_hour > 0);

CREATE TABLE directory.message_rules (
    mailbox text NOT NULL REFERENCES directory.addresses DEFERRABLE INITIALLY DEFERRED,
    name text NOT NULL CHECK (name <> ''),
    conditions jsonb NOT NULL CHECK (jsonb_typeof(conditions) = 'array'),
    actions jsonb NOT NULL CHECK (jsonb_typeof(actions) = 'object' AND actions <> '{}'),
    match text NOT NULL CHECK (match IN ('all', 'any')),
    position integer NOT NULL,
    enabled boolean NOT NULL,
    managed_by directory.owner NOT NULL,
    PRIMARY KEY (mailbox, name)
);

CREATE TABLE directory.out_of_office (
    mailbox text PRIMARY KEY REFERENCES directory.addresses DEFERRABLE INITIALLY DEFERRED,
    text text NOT NULL CHECK (text <> ''),
    subject text NOT NULL,
    starts date,
    ends date CHECK (ends >= starts),
    days integer NOT NULL CHECK (days BETWEEN 1 AND 30),
    audience text NOT NULL CHECK (audience IN ('everybody', 'company')),
    enabled boolean NOT NULL,
    managed_by directory.owner NOT NULL
);

CREATE TRIGGER raise_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON directory.message_rules FOR EACH STATEMENT EXECUTE FUNCTION directory.raise_revision();
CREATE TRIGGER raise_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON directory.out_of_office FOR EACH STATEMENT EXECUTE FUNCTION directory.raise_revision();

GRANT SELECT ON directory.message_rules, directory.out_of_office TO fermoposta_jobs;
