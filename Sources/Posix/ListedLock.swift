package import SystemPackage

/// A lock as the kernel lists it in /proc/locks: for people who ask. Whether a file is locked is asked of the file.
///
/// Locks of other hosts are not there, nor those of processes that this one cannot see (another pid namespace), except
/// locks of open file descriptions, which have no process.
package struct ListedLock: Sendable, Equatable {
  /// The kernel's word for the kind: `POSIX`, `OFDLCK`, `FLOCK`, `LEASE`.
  package let kind: String
  package let isExclusive: Bool
  /// Whether it is only waited for.
  package let isWaiting: Bool
  /// `nil` for a lock of an open file description, which several processes may have.
  package let pid: Int32?
  /// The kernel's name for the file.
  let place: FilePlace

  /// Reads `1: POSIX  ADVISORY  WRITE 123 fe:00:456 0 EOF`, in which `->` marks those who wait.
  package init?(line: some StringProtocol) {
    var words = line.split { $0 == " " || $0 == "\t" }.dropFirst()
    let isWaiting = words.first == "->"
    while words.first == "->" { words.removeFirst() }
    let fields = words.map { String($0) }
    guard fields.count >= 5, let pid = Int32(fields[3]) else { return nil }
    (kind, isExclusive, self.isWaiting) = (fields[0], fields[2] == "WRITE", isWaiting)
    self.pid = pid > 0 ? pid : nil
    place = FilePlace(text: fields[4])
  }

  /// Every lock that this process can see.
  package static func all() throws(Errno) -> [ListedLock] {
    try textFile("/proc/locks").split(separator: "\n").compactMap { ListedLock(line: $0) }
  }

  package func isOn(_ place: FilePlace?) -> Bool { self.place == place }
}

/// A file as /proc/locks names it. The device is that of the mount, which stat(2) does not tell on btrfs and overlays.
package struct FilePlace: Sendable, Equatable {
  fileprivate let text: String

  fileprivate init(text: String) { self.text = text }

  /// `nil` where /proc does not tell.
  package init?(of file: borrowing Descriptor) {
    guard let facts = try? textFile(FilePath("/proc/self/fdinfo/\(file.raw)")), let mount = facts.value(of: "mnt_id:"),
      let mounts = try? textFile("/proc/self/mountinfo"), let status = try? file.status()
    else { return nil }
    let entry = mounts.split(separator: "\n").lazy.map { $0.split(separator: " ") }.first { $0.first == mount }
    let device = entry?.dropFirst(2).first?.split(separator: ":").compactMap { UInt32($0) } ?? []
    guard device.count == 2 else { return nil }
    text = "\(hexadecimal(device[0])):\(hexadecimal(device[1])):\(facts.value(of: "ino:") ?? "\(status.inode)")"
  }
}

/// Another process of this host, as /proc shows it.
package struct OtherProcess: Sendable {
  package let pid: Int32

  package init(_ pid: Int32) { self.pid = pid }

  /// The name of the program that it runs; `nil` when there is no such process.
  package var program: String? {
    (try? textFile(FilePath("/proc/\(pid)/comm"))).map { $0.hasSuffix("\n") ? String($0.dropLast()) : $0 }
  }

  /// Whether the kernel says that it has a lock on that file. Only its own user and root are told.
  package func holdsLock(on place: FilePlace?) -> Bool {
    let path = FilePath("/proc/\(pid)/fdinfo")
    guard let names = try? Directory(path).names() else { return false }
    return names.contains { name in
      guard let facts = try? textFile(path.appending(name.components)) else { return false }
      return facts.split(separator: "\n").contains { line in
        line.hasPrefix("lock:") && ListedLock(line: line.dropFirst("lock:".count))?.isOn(place) == true
      }
    }
  }
}

/// A whole file of /proc, which tells no size beforehand.
private func textFile(_ path: FilePath) throws(Errno) -> String {
  let file = try Descriptor(opening: path, .readOnly)
  var text: [UInt8] = []
  while true {
    let piece = try file.bytes(atMost: 65536, from: Int64(text.count))
    if piece.isEmpty { return String(decoding: text, as: UTF8.self) }
    text += piece
  }
}

private func hexadecimal(_ number: UInt32) -> String { (number < 16 ? "0" : "") + String(number, radix: 16) }

extension String {
  /// The word after `name` at the beginning of a line.
  fileprivate func value(of name: String) -> Substring? {
    let line = split(separator: "\n").first { $0.hasPrefix(name) }
    return line?.dropFirst(name.count).split { $0 == " " || $0 == "\t" }.first
  }
}
