internal import FileLocking
internal import Posix
internal import SystemPackage

/// Where a spooled message is kept: in memory, and beyond ``memoryLimit`` in a file.
///
/// It begins with room for a journal's header, and with as many newlines as a mailbox can lack at its end: so what
/// completes the mailbox and the message go out in one write(2), and so does a journal; a file becomes one as it is.
struct SpoolStorage: ~Copyable {
  static let memoryLimit = 4 << 20
  static let newlines = 2
  /// The bytes at the beginning, which are not part of the message.
  static let margin = JournalHeader.length + newlines
  private static let portion = 1 << 18
  /// Pieces of that length are written as they are: to collect them first would take as long as the scan for lines.
  private static let longPiece = 1 << 15

  private let directories: [FilePath]
  private let mailbox: FilePath?
  private var buffer: ByteBuffer
  private var file: SpoolFile?
  /// How many bytes are in the file, the header's place included and its gap not.
  private var written: Int64 = 0

  /// - Parameters:
  ///   - directories: where a file may be made, best first.
  ///   - mailbox: the name of the mailbox in the first of them.
  init(directories: [FilePath], mailbox: FilePath?) {
    self.directories = directories
    self.mailbox = mailbox
    buffer = ByteBuffer(capacity: 1 << 12)
    buffer.appendZeros(JournalHeader.length)
    buffer.append(("\n\n" as StaticString).bytes)
  }

  /// What is in a file already.
  init(_ file: consuming SpoolFile, count: Int64) {
    (directories, mailbox, written) = ([], nil, count)
    buffer = ByteBuffer(capacity: 0)
    self.file = .some(file)
  }

  /// How many bytes are kept, the margin included.
  var count: Int64 { written + Int64(buffer.count) }

  mutating func append(_ bytes: UnsafeRawBufferPointer) throws(LockFailure) {
    if buffer.count + bytes.count > (file == nil ? Self.memoryLimit : Self.portion) { try moveToFile() }
    guard isInFile, bytes.count >= Self.longPiece else { return buffer.append(bytes) }
    if buffer.count > 0 { try moveToFile() }
    try write(bytes)
  }

  /// Whether the message has turned out to be too large for memory.
  var isInFile: Bool { file != nil }

  /// Brings everything to where it is read from.
  mutating func finish() throws(LockFailure) {
    guard file != nil else { return }
    try moveToFile()
    buffer = ByteBuffer(capacity: 0)
  }

  private mutating func moveToFile() throws(LockFailure) {
    if file == nil {
      file = .some(try SpoolFile(in: directories, for: mailbox))
      // The header comes when it is known where the message goes.
      written = Int64(JournalHeader.length)
      try write(buffer.bytes.slice(JournalHeader.length..<buffer.count))
    } else {
      try write(buffer.bytes)
    }
    let wasInMemory = buffer.capacity > 2 * Self.portion
    if wasInMemory { buffer = ByteBuffer(capacity: 2 * Self.portion) } else { buffer.removeAll() }
  }

  private mutating func write(_ bytes: UnsafeRawBufferPointer) throws(LockFailure) {
    switch file {
    case .none: return
    case .some(let file):
      try attempt(file.directory, "cannot keep the message") { () throws(Errno) in
        try file.descriptor.writeAll(bytes, at: written + Int64(file.gap))
      }
      written += Int64(bytes.count)
    }
  }

  /// The size of the pieces that ``piece(from:scratch:)`` reads from a file; 0 where it reads none. The lock is proven
  /// before each, which over a network takes longer than the processor's cache saves.
  var scratchSize: Int { file == nil ? 0 : 1 << 20 }

  /// The bytes from `offset` on: all of them from memory, else as many as there is room for.
  borrowing func piece(
    from offset: Int64, scratch: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> UnsafeRawBufferPointer {
    switch file {
    case .none: return buffer.bytes.slice(Int(offset)..<buffer.count)
    case .some(let file): return try file.piece(from: offset + Int64(file.gap), scratch: scratch)
    }
  }

  /// See ``SpoolFile/gap``.
  var gap: Int {
    switch file {
    case .none: 0
    case .some(let file): file.gap
    }
  }

  /// Gives another file, from `position` on, the blocks that a range of this one consists of.
  ///
  /// - Throws: `Errno`: the file system cannot do that, or not with these blocks; a part of it may be done.
  borrowing func share(
    _ range: Range<Int64>, with other: borrowing Descriptor, at position: Int64
  ) throws(Errno) {
    switch file {
    case .none: throw .notSupported
    case .some(let file):
      let offset = range.lowerBound + Int64(file.gap)
      try other.clone(file.descriptor, from: offset, count: range.upperBound - range.lowerBound, at: position)
    }
  }
}

extension SpoolFile {
  /// As many bytes as there are, and as there is room for.
  fileprivate borrowing func piece(
    from offset: Int64, scratch: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> UnsafeRawBufferPointer {
    var filled = 0
    while filled < scratch.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: scratch[filled...])
      let count = try descriptor.read(into: rest, at: offset + Int64(filled))
      if count == 0 { break }
      filled += count
    }
    return UnsafeRawBufferPointer(scratch).slice(0..<filled)
  }
}

extension SpoolStorage {
  /// A file that can become a journal: the one in which everything is, or a new one.
  ///
  /// - Parameter isCopied: to make a new one in any case.
  borrowing func journalFile(
    in directory: borrowing Directory, _ name: JournalName, isCopied: Bool
  ) throws(Errno) -> JournalFile {
    switch file {
    case .some(let file) where !isCopied: JournalFile(try file.descriptor.duplicate())
    default: try JournalFile.make(in: directory, name)
    }
  }

  /// Brings everything, with `header` before it, into that file.
  borrowing func write(_ header: JournalHeader, to journal: borrowing Descriptor, isCopied: Bool) throws(Errno) {
    switch file {
    case .none:
      buffer.overwrite(header.bytes)
      return try journal.writeAll(buffer.bytes)
    case .some(let file):
      if isCopied { try copy(file, to: journal) }
    }
    try header.bytes.span.bytes.withUnsafeBytes { (bytes) throws(Errno) in try journal.writeAll(bytes, at: 0) }
  }

  private borrowing func copy(_ file: borrowing SpoolFile, to other: borrowing Descriptor) throws(Errno) {
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: scratchSize, alignment: 16)
    defer { scratch.deallocate() }
    var offset: Int64 = 0
    while offset < count + Int64(file.gap) {
      let piece = try file.piece(from: offset, scratch: scratch)
      guard piece.count > 0 else { throw .ioError }
      try other.writeAll(piece)
      offset += Int64(piece.count)
    }
  }
}
