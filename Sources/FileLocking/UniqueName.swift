internal import Glibc
internal import Posix
package import SystemPackage

/// Names that no other process on any host uses.
package enum UniqueName {
  /// `NAME.HOST.PID.TIME.RANDOM`, as the field does it: people can see who left it.
  ///
  /// Where that is too long for a name, as much of its end as there is room for: first of all the host is shorter.
  package static func beside(_ name: FilePath) -> FilePath {
    let (room, suffix) = (Int(NAME_MAX) - name.length - 1, suffix)
    let host = Host.name.map { $0 == "/" ? "_" : $0 }.prefix(max(0, min(32, room - suffix.utf8.count - 1)))
    return name.appendingToName("." + "\(String(host)).\(suffix)".suffix(max(1, room)))
  }

  /// Reads what ``beside(_:)`` made of `name`; `nil` for every other name.
  package static func read(_ name: FilePath, beside lock: FilePath) -> (host: String, pid: Int32)? {
    guard name.bytes.starts(with: lock.bytes + [UInt8(ascii: ".")]) else { return nil }
    let fields = name.bytes.dropFirst(lock.bytes.count + 1).split(
      separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard fields.count >= 4, fields.suffix(2).allSatisfy(isNumber),
      let pid = Int32(String(decoding: fields[fields.count - 3], as: UTF8.self)), pid > 0
    else { return nil }
    let host = fields.dropLast(3).map { String(decoding: $0, as: UTF8.self) }
    return (host.joined(separator: "."), pid)
  }

  /// To the base of 36.
  private static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
    !text.isEmpty && text.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
  }

  /// `PREFIX.PID.TIME.RANDOM`, for a directory where only this toolkit puts files.
  static func prefixed(_ prefix: String) -> FilePath { FilePath("\(prefix).\(suffix)") }

  private static var suffix: String {
    let time = String(BootTime.now.nanoseconds, radix: 36)
    let random = String(UInt32.random(in: 0...UInt32.max), radix: 36)
    return "\(ThisProcess.id).\(time).\(random)"
  }
}
