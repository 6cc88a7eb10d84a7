-- Administrators look at what was changed in their domains: a key begins with an address or a domain.

CREATE INDEX audit_by_domain
    ON directory.audit (substring(split_part(key, ' ', 1) FROM '[^@]*$'), id DESC);
