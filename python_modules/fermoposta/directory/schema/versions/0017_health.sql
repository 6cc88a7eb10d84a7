-- What the host's doctor found when it last looked, for the portal's page. All rows are of one look.

CREATE TABLE portal.health (
    part text NOT NULL,
    subject text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('good', 'bad', 'could not tell')),
    message text NOT NULL,
    remedy text NOT NULL,
    at timestamptz NOT NULL
);
GRANT SELECT ON portal.health TO fermoposta_portal;
