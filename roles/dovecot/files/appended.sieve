# A client put a message into a Sent folder: the mailbox agent looks whether its own copy stands there already.
require ["variables", "vnd.dovecot.execute"];

if header :matches "message-id" "*" {
    execute "appended" ["${1}"];
}
