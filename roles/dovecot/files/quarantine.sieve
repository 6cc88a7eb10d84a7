# Files what the filter found into the quarantine. Runs after the scripts compiled for the mailbox and its domain, and
# before message rules and the user's own scripts. The filter removes these headers from whatever comes in, so nobody
# outside can write them.
require ["editheader", "fileinto", "mailbox"];

# No rule of anybody's releases an infected message; only the mailbox's switch does.
if allof (exists "X-Virus", not header :is "X-Fermoposta-Unfiltered" "infected") {
  addheader "X-Fermoposta-Decision" "quarantine; infected";
  fileinto :create "Quarantena";
  stop;
}

# A compiled rule that has decided already says so.
if not exists "X-Fermoposta-Decision" {
  if allof (header :is "X-Spam" "Yes", not header :is "X-Fermoposta-Unfiltered" "spam") {
    addheader "X-Fermoposta-Decision" "quarantine; spam";
    fileinto :create "Quarantena";
    stop;
  } elsif header :is "X-Fermoposta-Unfiltered" "infected" {
    addheader "X-Fermoposta-Decision" "inbox; antivirus is off";
  } elsif header :is "X-Fermoposta-Unfiltered" "spam" {
    addheader "X-Fermoposta-Decision" "inbox; antispam is off";
  }
}
