internal import FileLocking

/// The messages that are still to be moved, oldest first.
struct MaildirQueue {
  private var messages: [MaildirMessage] = []
  private var next = 0
  /// What stays the same in the names of messages that were not found where they had been seen.
  private var vanished: Set<[UInt8]> = []
  private var limit: Int64 = 0

  init() {}

  /// - Parameter limit: what is not older than this stays, in seconds since 1970.
  init(_ maildir: borrowing Maildir, before limit: Int64) throws(LockFailure) {
    self.limit = limit
    messages = try maildir.messages(before: limit)
  }

  var waiting: ArraySlice<MaildirMessage> { messages[next...] }
  var isEmpty: Bool { next == messages.count }

  /// Takes away what a batch has looked at.
  mutating func conclude(_ batch: MaildirBatch.List) {
    next += batch.count
    for message in batch.vanished { vanished.insert(message.base) }
    // Seen in new/ and, a moment later, in cur/.
    if !vanished.isEmpty { for message in batch.messages { vanished.remove(message.base) } }
  }

  /// Looks once more for messages that mail readers have renamed, which they do when flags change.
  ///
  /// - Returns: whether there are any.
  mutating func findVanished(_ maildir: borrowing Maildir) throws(LockFailure) -> Bool {
    guard !vanished.isEmpty else { return false }
    messages = try maildir.messages(before: limit).filter { vanished.contains($0.base) }
    next = 0
    vanished = []
    return !messages.isEmpty
  }
}
