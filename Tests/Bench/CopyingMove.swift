import Glibc

/// Maildir to mailbox in the way of qmail's program: copies the mailbox, appends to the copy, makes that durable, renames it
/// over the mailbox, removes the messages. Nobody may read or write the mailbox meanwhile.
///
/// Without mercy for a real one: large buffers, no flags, no header fields.
enum CopyingMove {
  static let option = "--copying-move"

  static func move(_ maildir: String, to mailbox: String) -> CInt {
    let copy = mailbox + ".copy"
    let lock = open(mailbox, O_RDWR | O_CLOEXEC)
    let target = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard flock(lock, LOCK_EX) == 0, target >= 0 else { return 1 }
    var output = Output(descriptor: target)
    output.append(all: lock)
    let messages = Self.messages(of: maildir + "/new")
    for message in messages {
      let file = open(message.path, O_RDONLY | O_CLOEXEC)
      output.append("From MAILER-DAEMON \(message.date)")
      output.appendQuoted(all: file)
      output.append("\n")
      close(file)
    }
    output.flush()
    guard !output.hasFailed, fsync(target) == 0, close(target) == 0, rename(copy, mailbox) == 0 else { return 1 }
    for message in messages { unlink(message.path) }
    return 0
  }

  private struct Message {
    let path: String
    let time: time_t

    /// As ctime(3) has it, with its newline.
    var date: String {
      var (time, text) = (time, [CChar](repeating: 0, count: 32))
      ctime_r(&time, &text)
      return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }
  }

  private static func messages(of directory: String) -> [Message] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var messages: [Message] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      var status = stat()
      let path = directory + "/" + name
      if !name.hasPrefix("."), stat(path, &status) == 0 {
        messages.append(Message(path: path, time: status.st_mtim.tv_sec))
      }
    }
    return messages.sorted { $0.time < $1.time }
  }

  /// A buffered writer.
  private struct Output {
    let descriptor: CInt
    var hasFailed = false
    private var buffer: [UInt8] = []
    private var input = [UInt8](repeating: 0, count: 1 << 16)

    init(descriptor: CInt) {
      self.descriptor = descriptor
      buffer.reserveCapacity(1 << 17)
    }

    mutating func append(_ text: String) { append(text.utf8) }

    mutating func append(_ bytes: some Collection<UInt8>) {
      buffer.append(contentsOf: bytes)
      if buffer.count >= 1 << 16 { flush() }
    }

    mutating func flush() {
      if write(descriptor, buffer, buffer.count) != buffer.count { hasFailed = true }
      buffer.removeAll(keepingCapacity: true)
    }

    mutating func append(all file: CInt) {
      while case let count = read(file, &input, input.count), count > 0 { append(input[..<count]) }
    }

    /// Lines that begin with `From ` get a `>`; the file is not longer than the buffer.
    mutating func appendQuoted(all file: CInt) {
      let count = max(0, read(file, &input, input.count))
      var rest = input[..<count]
      while !rest.isEmpty {
        let end = rest.firstIndex(of: 10).map { $0 + 1 } ?? rest.endIndex
        if rest.starts(with: "From ".utf8) { append(">") }
        append(rest[..<end])
        rest = rest[end...]
      }
    }
  }
}
