public import FileLocking
public import LockPolicy
internal import Posix
package import SystemPackage

/// A message as it is going to stand in a mailbox, read to its end before any lock is taken.
///
/// It is kept in memory up to 4 MiB; a larger one is in a file that has no name, in constant memory, which becomes the
/// mailbox's journal as it is. Standard input may
/// come at the speed of a network: whoever reads it under the lock spends the lease on it.
public struct Spool: ~Copyable {
  let storage: SpoolStorage
  /// How many bytes behind the message are for the journal only.
  let listLength: Int64

  /// How much of a message's beginning is looked at for the `From ` line and the `Return-Path` header.
  package static let lookAhead = 1 << 16

  /// The length in bytes, without what a mailbox needs to be completed first.
  public var length: Int64 { end - Int64(SpoolStorage.margin) }

  private var end: Int64 { storage.count - listLength }

  /// Whether the journal has a list of files that are to be removed.
  var hasList: Bool { listLength > 0 }

  /// Reads a message and frames it for an mbox: its `From ` line, its lines marked where they must be, and a blank line.
  ///
  /// - Parameters:
  ///   - envelope: what is known of the message besides its bytes.
  ///   - quoting: which lines are marked.
  ///   - directories: where a large message may be kept in a file: the mailbox's own first, then those for temporary
  ///     files.
  ///   - mailbox: the mailbox's name in the first of them.
  ///   - now: seconds since 1970, for the `From ` line's date.
  ///   - read: reads the message's next bytes into the given memory, as read(2) does; 0 at the end. It may throw to give
  ///     up, and so can look for signals between two reads.
  /// - Throws: `LockFailure`: what `read` throws; no room for the message.
  package init(
    _ envelope: Envelope, quoting: Policy.Quoting, directories: [FilePath], mailbox: FilePath? = nil,
    now: Int64 = RealTime.seconds, read: (UnsafeMutableRawBufferPointer) throws(LockFailure) -> Int
  ) throws(LockFailure) {
    var storage = SpoolStorage(directories: directories, mailbox: mailbox)
    var framer = Framer(quoting)
    var input = ByteBuffer(capacity: Self.lookAhead)
    try input.fill(read)
    var isAtEnd = input.count < input.capacity

    let postmark = Postmark(envelope, head: input.bytes, now: now)
    try postmark.lines.span.bytes.withUnsafeBytes { (lines) throws(LockFailure) in try storage.append(lines) }
    var skipped = postmark.replaced
    while true {
      try framer.frame(input.bytes.slice(skipped..<input.count)) { (bytes) throws(LockFailure) in
        try storage.append(bytes)
      }
      if isAtEnd { break }
      skipped = 0
      if storage.isInFile, input.capacity == Self.lookAhead {
        input = ByteBuffer(capacity: 4 * Self.lookAhead)
      } else {
        input.removeAll()
      }
      input.grow(by: try read(input.free))
      isAtEnd = input.count == 0
    }
    try framer.finish { (bytes) throws(LockFailure) in try storage.append(bytes) }
    try storage.finish()
    self.storage = storage
    listLength = 0
  }

  /// Messages that are framed already, and behind them the list of the files that they were.
  init(_ storage: consuming SpoolStorage, listLength: Int64) {
    self.storage = storage
    self.listLength = listLength
  }

  /// Frames a message that is in memory already.
  ///
  /// - Parameters:
  ///   - message: the message, with or without a `From ` line of its own.
  ///   - envelope: what is known of the message besides its bytes.
  ///   - policy: the mailbox's policy, for the quoting.
  ///   - location: the mailbox; a message over 4 MiB is kept in a file beside it.
  /// - Throws: `LockFailure`: no room for the message.
  public init(
    _ message: borrowing RawSpan, from envelope: Envelope = Envelope(), policy: Policy, for location: FileLocation
  ) throws(LockFailure) {
    var offset = 0
    try self.init(
      envelope, quoting: policy.mailbox.quoting, directories: [location.directory], mailbox: location.name
    ) { buffer in
      let count = min(buffer.count, message.byteCount - offset)
      message.extracting(offset..<offset + count).withUnsafeBytes { buffer.copyMemory(from: $0) }
      offset += count
      return count
    }
  }

  /// The end of a mailbox of which `padding` newlines are missing, followed by the message.
  borrowing func record(padding: Int) -> Record {
    Record(start: Int64(SpoolStorage.margin - padding), end: end)
  }

  /// How many newlines a record begins with that complete the mailbox.
  func padding(of record: Record) -> Int { SpoolStorage.margin - Int(record.start) }

  /// What a journal keeps.
  init(journal file: consuming SpoolFile, _ header: JournalHeader) {
    storage = SpoolStorage(file, count: header.listStart - Int64(header.gap))
    listLength = 0
  }

  var scratchSize: Int { storage.scratchSize }

  /// The bytes of a record from `offset` on: all of them, or as many as there is room for in `scratch`.
  borrowing func piece(
    of record: Record, from offset: Int64, scratch: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> UnsafeRawBufferPointer {
    let piece = try storage.piece(from: record.start + offset, scratch: scratch)
    let rest = record.length - offset
    return rest < Int64(piece.count) ? piece.slice(0..<Int(rest)) : piece
  }
}

extension Spool {
  /// The part of a record that is whole blocks of the file in which it is kept, and will be of a mailbox in which it
  /// begins at `position`; `nil` where there is none, or none worth sharing.
  func wholeBlocks(of record: Record, at position: Int64) -> Range<Int64>? {
    let size = Int64(SpoolFile.blockSize)
    guard storage.isInFile, (position - record.start - Int64(storage.gap)) % size == 0 else { return nil }
    let first = (size - position % size) % size
    let last = record.length - (position % size + record.length) % size
    return last - first >= Int64(scratchSize) ? first..<last : nil
  }

  /// Gives the mailbox, from `position` on, the blocks of a range of a record; see ``SpoolStorage/share(_:with:at:)``.
  func share(
    _ range: Range<Int64>, of record: Record, with mailbox: borrowing Descriptor, at position: Int64
  ) throws(Errno) {
    try storage.share(record.start + range.lowerBound..<record.start + range.upperBound, with: mailbox, at: position)
  }
}

/// What one delivery adds to a mailbox: the part of the spool that is written.
struct Record {
  let start: Int64
  let end: Int64
  var length: Int64 { end - start }

  func prefix(_ length: Int64) -> Record { Record(start: start, end: start + length) }
}

extension ByteBuffer {
  /// Reads until the memory is full or there is no more.
  fileprivate mutating func fill(
    _ read: (UnsafeMutableRawBufferPointer) throws(LockFailure) -> Int
  ) throws(LockFailure) {
    while count < capacity {
      let added = try read(free)
      if added == 0 { return }
      grow(by: added)
    }
  }
}
