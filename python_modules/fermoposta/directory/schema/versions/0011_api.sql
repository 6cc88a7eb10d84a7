-- What programs of administrators authenticate with; of the secret only its SHA-256 is here.

CREATE TABLE portal.tokens (
    id text PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,
    owner text NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    writes boolean NOT NULL,
    companies text[] NOT NULL DEFAULT '{}',
    domains text[] NOT NULL DEFAULT '{}',
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > made_at),
    used_at timestamptz
);
CREATE INDEX tokens_owner ON portal.tokens (owner);
CREATE INDEX tokens_expires_at ON portal.tokens (expires_at);

GRANT SELECT, INSERT, DELETE ON portal.tokens TO fermoposta_portal;
GRANT UPDATE (used_at) ON portal.tokens TO fermoposta_portal;
