-- Let the policy service read what it decides by, and keep what it must remember.

GRANT USAGE ON SCHEMA directory TO fermoposta_policy;
