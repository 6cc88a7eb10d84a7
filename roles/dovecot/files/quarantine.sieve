# Files what the filter found into the quarantine. Runs after the mailbox's compiled policy and before the user's own
# scripts. The filter removes these headers from whatever comes in, so nobody outside can write them.
require ["fileinto", "mailbox"];

# No rule of anybody's releases an infected message.
if exists "X-Virus" {
  fileinto :create "Quarantena";
  stop;
}

# A compiled policy that has decided already says so in X-Fermoposta-Decision.
if allof (header :is "X-Spam" "Yes", not exists "X-Fermoposta-Decision") {
  fileinto :create "Quarantena";
  stop;
}
