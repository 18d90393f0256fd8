/// What the site wants for one mailbox: a plain value, the same wherever it came from.
///
/// The properties carry the built-in defaults. ``Settings/table`` gives each of them the name, the range
/// and the help text under which people know it.
public struct Policy: Sendable, Equatable {
  /// The locking methods, taken left to right and released right to left.
  public var method: MethodList = [.dotlock, .fcntl]
  /// How long one holder may hold.
  public var lease = Lease()
  /// How long, and how, to wait for a lock that somebody else holds.
  public var wait = Wait()
  /// When a lock may be taken away from its holder.
  public var steal = Steal()
  /// How the lock file is made.
  public var dotlock = Dotlock()
  /// How a mailbox is opened, written and repaired.
  public var mailbox = Mailbox()
  /// Which exit statuses the programs use for failures.
  public var exitCodes = ExitCodes.mail

  /// The built-in defaults.
  public init() {}

  /// The longest time that one holder may hold, and what happens before it is over.
  public struct Lease: Sendable, Equatable {
    /// The longest that one holder may hold; `nil` means without end, which needs ``refresh``.
    public var length: Duration? = .seconds(60)
    /// This long before the end the program gets SIGALRM, to clean up and leave.
    public var warning: Duration = .seconds(5)
    /// This long before the end the program's process group gets SIGKILL.
    public var kill: Duration = .seconds(1)
    /// How often the lock file is touched while the lock is held.
    public var refresh = Refresh.auto
  }

  /// How often the lock file is touched while the lock is held.
  public enum Refresh: Sendable, Equatable {
    /// A third of `steal.after`, and only when the lease is longer than that.
    case auto
    /// Never.
    case off
    /// At this interval.
    case every(Duration)
  }

  /// The overall deadline and the pauses between tries.
  public struct Wait: Sendable, Equatable {
    /// The overall deadline; zero means one try, `nil` means for ever.
    public var timeout: Duration? = .seconds(30)
    /// The first pause.
    public var first: Duration = .milliseconds(1)
    /// The longest pause.
    public var longest: Duration = .seconds(1)
    /// The factor by which a pause is longer than the one before it.
    public var growth = 2.0
    /// The share of a pause, to either side, that is left to chance.
    public var jitter = 0.25
    /// Whether a waiter is woken by the release itself where the system offers a way.
    public var notify = true
  }

  /// When a lock counts as left behind, and what a thief owes.
  public struct Steal: Sendable, Equatable {
    /// A lock of this toolkit untouched for this long may be stolen; `nil` means never.
    public var after: Duration? = .seconds(60)
    /// The same for lock files that other programs made.
    public var foreignAfter: Duration? = .seconds(15 * 60)
    /// What the kernel's proof that a writer is gone is good for.
    public var deadOwner = DeadOwner.atOnce
    /// A lock is stolen only after the thief has watched it unchanged for this long by its own clock.
    public var observe: Duration = .seconds(5)
    /// What keeps a late holder's writes away from the mailbox.
    public var fence = Fence.replace
    /// The largest mailbox, in bytes, that is replaced for the sake of a fence; above it a steal is refused.
    public var fenceMax = 1 << 30
  }

  /// What the kernel's proof that a lock's writer is gone is good for.
  public enum DeadOwner: String, Sendable, CaseIterable {
    /// The lock may be stolen at once.
    case atOnce = "at-once"
    /// The lock's age decides all the same.
    case byAge = "by-age"
  }

  /// What keeps a late holder's writes away from the mailbox.
  public enum Fence: String, Sendable, CaseIterable {
    /// The thief replaces the mailbox's inode, so that a late writer is left with an orphan.
    case replace
    /// Nothing.
    case none
  }

  /// How the lock file is made.
  public struct Dotlock: Sendable, Equatable {
    /// What the lock's name adds to the file's.
    public var suffix = ".lock"
    /// The permissions of the lock file, whatever the umask is.
    public var mode: UInt32 = 0o644
    /// What to do where the directory does not let us make files.
    public var unwritableDirectory = UnwritableDirectory.kernelOnly
  }

  /// What to do in a directory where the caller cannot make files.
  public enum UnwritableDirectory: String, Sendable, CaseIterable {
    /// Report a failure.
    case fail
    /// Go on with the kernel methods of the list, if there are any.
    case kernelOnly = "kernel-only"
  }

  /// How a mailbox is opened, written and repaired.
  public struct Mailbox: Sendable, Equatable {
    /// Whether a mailbox that does not exist is made.
    public var create = true
    /// The permissions of a mailbox that is made, whatever the umask is.
    public var mode: UInt32 = 0o600
    /// Whether a message must be on disk before its delivery is reported.
    public var sync = true
    /// Whether what is about to be appended is written down first, so that the next user can repair.
    public var journal = Journal.auto
    /// What happens when the mailbox is a symbolic link.
    public var symlinks = Symlinks.refuse
    /// How lines that look like the start of a message are marked.
    public var quoting = Quoting.mboxrd
    /// The size in bytes beyond which a mailbox does not grow; `nil` means no limit.
    public var sizeLimit: Int?
  }

  /// Whether what is about to be appended is written down first.
  public enum Journal: String, Sendable, CaseIterable {
    /// Wherever the directory is writable.
    case auto
    /// Like `auto`, and on disk before the mailbox is touched: a power cut leaves whole or nothing, too.
    case power
    /// Never.
    case off
  }

  /// What happens when the mailbox is a symbolic link.
  public enum Symlinks: String, Sendable, CaseIterable {
    /// The delivery is refused.
    case refuse
    /// The file that the link leads to is used, and locked.
    case follow
  }

  /// How lines that look like the start of a message are marked.
  public enum Quoting: String, Sendable, CaseIterable {
    /// `>` before every line that is any number of `>` and then `From `: reversible.
    case mboxrd
    /// `>` before lines that begin with `From ` only, as older programs do.
    case mboxo
  }

  /// Which exit statuses the programs use for failures.
  public enum ExitCodes: String, Sendable, CaseIterable {
    /// 75, "try again later" for every mail system, for every failure.
    case mail
    /// 111, qmail's own word for the same.
    case qmail
    /// What a shell expects: 64, 126, 127, 128 + signal, and 75 for the rest.
    case shell
  }
}

extension Policy.Lease {
  /// The time after which a holder is no longer inside its lease: the length less the time kept for the kill.
  public var inside: Duration? { length.map { $0 - kill } }
}
