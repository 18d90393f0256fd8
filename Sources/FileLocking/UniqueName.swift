internal import Posix
package import SystemPackage

/// Names that no other process on any host uses.
package enum UniqueName {
  /// `NAME.HOST.PID.TIME.RANDOM`, as the field does it: people can see who left it.
  package static func beside(_ name: FilePath) -> FilePath {
    let host = String(Host.name.map { $0 == "/" ? "_" : $0 }.prefix(32))
    return name.appendingToName(".\(host).\(suffix)")
  }

  /// `PREFIX.PID.TIME.RANDOM`, for a directory where only this toolkit puts files.
  static func prefixed(_ prefix: String) -> FilePath { FilePath("\(prefix).\(suffix)") }

  private static var suffix: String {
    let time = String(BootTime.now.nanoseconds, radix: 36)
    let random = String(UInt32.random(in: 0...UInt32.max), radix: 36)
    return "\(ThisProcess.id).\(time).\(random)"
  }
}
