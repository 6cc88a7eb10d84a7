-- Owners and administrators see devices in the portal, and have them start anew, wiped or forgotten.

GRANT USAGE ON SCHEMA gateway TO fermoposta_portal;
GRANT SELECT ON gateway.users, gateway.devices, gateway.failures, gateway.kept TO fermoposta_portal;
GRANT UPDATE, DELETE ON gateway.devices TO fermoposta_portal;
GRANT DELETE ON gateway.kept TO fermoposta_portal;
