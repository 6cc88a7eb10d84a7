# Somebody deletes a message in another's folder: the mailbox agent keeps it for the owner, and is waited for.
require ["variables", "environment", "imapsieve", "imap4flags", "vnd.dovecot.execute"];

if allof (environment :contains "imap.changedflags" "\\Deleted", hasflag "\\Deleted",
          environment :matches "imap.mailbox" "*") {
    set "folder" "${1}";
    set "id" "";
    if header :matches "message-id" "*" {
        set "id" "${1}";
    }
    execute "deleted" ["${folder}", "${id}"];
    # No right to post is needed then. It only means the flag \Deleted, which the message has.
    discard;
}
