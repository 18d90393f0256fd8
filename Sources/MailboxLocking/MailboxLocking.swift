@_exported public import FileLocking
@_exported public import LockPolicy
@_exported public import Mailbox
@_exported public import PolicyFile
