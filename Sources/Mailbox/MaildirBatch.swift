internal import FileLocking
internal import LockPolicy
internal import Posix
internal import SystemPackage

/// Messages of a maildir that go to the mailbox in one append, all or none: read, framed, and not yet moved.
struct MaildirBatch: ~Copyable {
  /// What a batch may hold, so that it stays in memory and is in the mailbox in a small part of any lease. A larger
  /// message is a batch of its own.
  static let sizeLimit: Int64 = 3 << 20
  static let countLimit = 1000
  /// What is read at once: a message up to this size is known to be readable before any of it is kept.
  static let pieceLimit: Int64 = 1 << 20

  struct List {
    /// The messages, in the mailbox's order.
    fileprivate(set) var messages: [MaildirMessage] = []
    /// Messages that are not there any more under their names.
    fileprivate(set) var vanished: [MaildirMessage] = []
    /// Why messages have to stay where they are.
    fileprivate(set) var left: [LockFailure] = []

    /// How many were looked at.
    var count: Int { messages.count + vanished.count + left.count }
  }

  private let directories: [FilePath]
  private let mailbox: FilePath
  private var storage: SpoolStorage
  /// What is in it, and what became of the others that were looked at.
  private(set) var list = List()
  private var size: Int64 = 0

  /// - Parameters:
  ///   - directories: where a large message is kept.
  ///   - mailbox: the mailbox's name in the first of them.
  init(directories: [FilePath], mailbox: FilePath) {
    (self.directories, self.mailbox) = (directories, mailbox)
    storage = SpoolStorage(directories: directories, mailbox: mailbox)
  }

  /// Whether the message may go with those that are in the batch already.
  func hasRoom(for message: MaildirMessage) -> Bool {
    // Its own size first: a file of holes may be as large as numbers are, and a sum that traps moves no mail.
    list.messages.isEmpty
      || list.messages.count < Self.countLimit && message.size <= Self.pieceLimit
        && size + message.size <= Self.sizeLimit
  }

  /// The messages as they are going to stand in the mailbox.
  ///
  /// - Parameter maildir: where they are going to be removed; `nil`: nowhere.
  consuming func spool(of maildir: FilePath?) throws(LockFailure) -> Spool {
    let files = maildir.map { MaildirList($0, list.messages.map(MovedMessage.init)).bytes } ?? []
    try files.span.bytes.withUnsafeBytes { (files) throws(LockFailure) in try storage.append(files) }
    try storage.finish()
    return Spool(storage, listLength: Int64(files.count))
  }

  /// Adds a message, or notes why it cannot be added: it is gone, is no message, or cannot be read to its end.
  ///
  /// - Parameters:
  ///   - input: memory to read into.
  ///   - checkpoint: called before each reading.
  /// - Throws: `LockFailure`: no room for the message, or what `checkpoint` throws.
  mutating func add(
    _ message: MaildirMessage, of maildir: borrowing Maildir, quoting: Policy.Quoting, input: inout ByteBuffer,
    checkpoint: () throws(LockFailure) -> Void
  ) throws(LockFailure) {
    guard message.isRegular else {
      return list.left.append(LockFailure(.refused, maildir.path(of: message), "is not a regular file"))
    }
    let flags: OpenFlags = [.readOnly, .noFollow, .unsuspecting]
    let file: Descriptor
    do throws(Errno) {
      file = try maildir[message.folder].open(message.name, flags)
    } catch {
      if error == .noSuchFileOrDirectory { return list.vanished.append(message) }
      return list.left.append(LockFailure(error, maildir.path(of: message), "cannot open"))
    }
    var source = MessageSource(count: message.size)
    do throws(Errno) {
      try source.fill(&input, from: file)
    } catch {
      return list.left.append(LockFailure(error, maildir.path(of: message), "cannot read"))
    }
    try frame(message, of: maildir, &source, file, quoting, &input, checkpoint)
  }

  private mutating func frame(
    _ message: MaildirMessage, of maildir: borrowing Maildir, _ source: inout MessageSource,
    _ file: borrowing Descriptor, _ quoting: Policy.Quoting, _ input: inout ByteBuffer,
    _ checkpoint: () throws(LockFailure) -> Void
  ) throws(LockFailure) {
    var framer = Framer(quoting)
    try frameHead(message, input.bytes, isWhole: source.isAtEnd, &framer)
    while !source.isAtEnd {
      try checkpoint()
      do throws(Errno) {
        try source.fill(&input, from: file)
      } catch {
        // It is alone in the batch.
        storage = SpoolStorage(directories: directories, mailbox: mailbox)
        return list.left.append(LockFailure(error, maildir.path(of: message), "cannot read"))
      }
      try framer.frame(input.bytes) { (bytes) throws(LockFailure) in try storage.append(bytes) }
    }
    try framer.finish { (bytes) throws(LockFailure) in try storage.append(bytes) }
    list.messages.append(message)
    size += message.size
  }

  /// The `From ` line, and the message's beginning with the flags as its `Status`.
  private mutating func frameHead(
    _ message: MaildirMessage, _ head: UnsafeRawBufferPointer, isWhole: Bool, _ framer: inout Framer
  ) throws(LockFailure) {
    let line = FromLine.bytes(Postmark.returnPath(in: head) ?? [], message.modified.seconds)
    try line.span.bytes.withUnsafeBytes { (line) throws(LockFailure) in try storage.append(line) }

    let header = StatusHeader(head, isWhole: isWhole)
    let status = header.hasPlace ? message.statusLines : []
    try frame(head.slice(0..<header.end), without: header.old, startingAt: 0, &framer)
    try status.span.bytes.withUnsafeBytes { (status) throws(LockFailure) in
      try framer.frame(status) { (bytes) throws(LockFailure) in try storage.append(bytes) }
    }
    try frame(head.slice(header.end..<head.count), without: header.old, startingAt: header.end, &framer)
  }

  /// - Parameters:
  ///   - old: the ranges to leave out, of the whole.
  ///   - start: where in the whole `part` begins. No range goes on from one part to the next.
  private mutating func frame(
    _ part: UnsafeRawBufferPointer, without old: [Range<Int>], startingAt start: Int, _ framer: inout Framer
  ) throws(LockFailure) {
    func emit(_ bytes: UnsafeRawBufferPointer) throws(LockFailure) { try storage.append(bytes) }
    var next = 0
    for range in old where range.lowerBound >= start && range.upperBound <= start + part.count {
      try framer.frame(part.slice(next..<range.lowerBound - start), emit: emit)
      next = range.upperBound - start
    }
    try framer.frame(part.slice(next..<part.count), emit: emit)
  }
}

/// The bytes of a message's file, as many as there were when it was found: nobody writes into a maildir's messages.
private struct MessageSource {
  private let count: Int64
  private var offset: Int64 = 0
  private var isCutShort = false

  init(count: Int64) { self.count = count }

  var isAtEnd: Bool { offset >= count || isCutShort }

  /// Fills the memory with what comes next.
  mutating func fill(_ input: inout ByteBuffer, from file: borrowing Descriptor) throws(Errno) {
    input.removeAll()
    while !isAtEnd, input.free.count > 0 {
      let added = try file.read(into: input.free, at: offset)
      input.grow(by: added)
      offset += Int64(added)
      isCutShort = added == 0
    }
  }
}
