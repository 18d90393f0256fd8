// module Mailbox
