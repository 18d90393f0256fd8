package import FileLocking
package import SystemPackage

/// What the moving of a maildir leaves to the program that it is a part of.
package enum MaildirEvent: Sendable {
  /// To wait for the lock on a file, or to tell of a theft.
  case occasion(Occasion, FilePath)
  /// To end the work if a signal asks for it.
  case checkpoint
  /// To tell what was left of another delivery to a mailbox, and what became of it.
  case recovery(Recovery, FileLocation)
  /// To report a message that cannot be moved.
  case left(LockFailure)
  /// To show how far it is.
  case progress(MaildirProgress)
}

/// How far the moving of a maildir is.
package struct MaildirProgress: Sendable, Equatable {
  /// The messages that there were.
  package let total: Int
  package let totalBytes: Int64
  package private(set) var moved = 0
  package private(set) var movedBytes: Int64 = 0
  /// Messages that had to stay.
  package private(set) var left = 0

  init(_ messages: ArraySlice<MaildirMessage>) {
    total = messages.count
    totalBytes = Self.size(of: messages)
  }

  mutating func add(_ batch: MaildirBatch.List) {
    moved += batch.messages.count
    movedBytes = Self.sum(movedBytes, Self.size(of: batch.messages[...]))
    left += batch.left.count
  }

  private static func size(of messages: ArraySlice<MaildirMessage>) -> Int64 {
    messages.reduce(0) { sum($0, $1.size) }
  }

  /// A file of holes may be as large as numbers are.
  private static func sum(_ a: Int64, _ b: Int64) -> Int64 {
    let (sum, isBeyondNumbers) = a.addingReportingOverflow(b)
    return isBeyondNumbers ? .max : sum
  }
}
