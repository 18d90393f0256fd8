internal import LockPolicy
internal import Posix
internal import SystemPackage

/// What a process that holds a lock tells the program that it runs, so that the program can use the lock instead of
/// waiting for its own parent.
///
/// It travels in the environment, one entry for each lock, the innermost last. An entry is a claim, not a proof: who uses
/// it looks at the lock file first.
package struct LockHandover: Sendable, Equatable {
  /// The environment variable that carries the entries.
  package static let variable = "DOTLOCK_HELD"

  let lockPath: FilePath
  let methods: MethodList
  let identity: LockIdentity
  /// Whether the holder touches the lock file from time to time, so that its time stamp moves.
  let isRefreshed: Bool
  /// The end of the holder's lease, by this host's CLOCK_BOOTTIME; `nil`: no end.
  let leaseEnd: BootTime?

  /// The entries of the environment variable's value; what cannot be read is left out, and so claims nothing.
  package static func entries(in value: String?) -> [LockHandover] {
    (value ?? "").split(separator: " ").compactMap { LockHandover(entry: String($0)) }
  }

  /// The variable's value for a program that is given this lock as well as those of `outer`.
  package func appended(to outer: String?) -> String {
    if let outer, !outer.isEmpty { "\(outer) \(entry)" } else { entry }
  }

  private var entry: String {
    let end = leaseEnd.map { String($0.nanoseconds) } ?? "none"
    let content = PercentCoding.encode(identity.content)
    let path = PercentCoding.encode(lockPath.bytes)
    let modified = "\(identity.modified.nanoseconds)\(isRefreshed ? "+" : "")"
    return "\(methods),\(identity.device),\(identity.inode),\(modified),\(content),\(end),\(path)"
  }

  private init?(entry: String) {
    let fields = entry.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard fields.count == 7, let methods = try? MethodList(fields[0]), methods.contains(.dotlock),
      let device = UInt64(fields[1]), let inode = UInt64(fields[2]),
      let modified = Int64(fields[3].hasSuffix("+") ? String(fields[3].dropLast()) : fields[3]),
      let content = PercentCoding.decode(fields[4]), let path = PercentCoding.decode(fields[6])
    else { return nil }
    self.methods = methods
    isRefreshed = fields[3].hasSuffix("+")
    identity = LockIdentity(
      device: device, inode: inode, modified: FileTime(nanoseconds: modified), content: content)
    if fields[5] == "none" {
      leaseEnd = nil
    } else {
      guard let end = Int64(fields[5]) else { return nil }
      leaseEnd = BootTime(nanoseconds: end)
    }
    lockPath = FilePath(bytes: path)
  }

  init(lockPath: FilePath, methods: MethodList, identity: LockIdentity, isRefreshed: Bool, leaseEnd: BootTime?) {
    (self.lockPath, self.methods, self.identity) = (lockPath, methods, identity)
    (self.isRefreshed, self.leaseEnd) = (isRefreshed, leaseEnd)
  }
}

/// Bytes as a word of letters, digits and `/._-~`, everything else as `%XX`.
private enum PercentCoding {
  static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for byte in bytes {
      if isPlain(byte) {
        text.append(byte)
      } else {
        text.append(UInt8(ascii: "%"))
        text.append(hexadecimal(byte >> 4))
        text.append(hexadecimal(byte & 0x0F))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x2D...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "~"): true
    default: false
    }
  }

  private static func hexadecimal(_ digit: UInt8) -> UInt8 { digit < 10 ? 0x30 + digit : 0x57 + digit }

  static func decode(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), value != 0
      else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return bytes
  }
}
