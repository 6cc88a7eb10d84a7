-- The portal writes the directory: everything that people may declare, by the planner as whoever
-- applies an inventory does, audited and told. What others note for themselves stays theirs.

GRANT USAGE ON SCHEMA directory TO fermoposta_portal;
GRANT SELECT, INSERT, UPDATE, DELETE
    ON directory.companies, directory.domains, directory.addresses, directory.users,
        directory.resources, directory.aliases, directory.groups, directory.send_as,
        directory.delegations, directory.grants, directory.allowed_domains, directory.junk_rules,
        directory.message_rules, directory.out_of_office, directory.device_policies,
        directory.device_access, directory.pictures, directory.certificates,
        directory.closed_mailboxes
    TO fermoposta_portal;
GRANT SELECT ON directory.revision TO fermoposta_portal;
GRANT SELECT, INSERT ON directory.changes, directory.audit TO fermoposta_portal;
GRANT USAGE ON SEQUENCE directory.changes_id_seq TO fermoposta_portal;
