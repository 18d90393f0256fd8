internal import FileLocking
internal import LockPolicy
internal import PolicyFile
internal import Posix
internal import SystemPackage

/// What the workers of one run do, and what may be expected of them.
struct StressPlan {
  let options: StressOptions
  let location: FileLocation
  let policy: Policy

  init(_ options: StressOptions) throws {
    self.options = options
    location = try FileLocation(of: options.file)
    policy = try PolicyFile.load(options.settings.policy).resolution(
      for: options.file, overrides: Self.haste() + options.settings.overrides, program: "lockctl"
    ).policy
  }

  /// A site's own times would let a hundred leases end in two hours.
  private static func haste() throws -> [Assignment] {
    try [
      ("lease.length", "300ms"), ("lease.warning", "20ms"), ("lease.kill", "20ms"), ("lease.refresh", "auto"),
      ("wait.timeout", "30s"), ("wait.first", "1ms"), ("wait.longest", "10ms"), ("steal.after", "300ms"),
      ("steal.observe", "50ms"),
    ].map { try Assignment($0.0, $0.1, origin: .commandLine("stress")) }
  }

  /// The names in the directory that belong to the run. No other file has such a name, because the run is refused
  /// where FILE exists.
  func owns(_ name: FilePath) -> Bool {
    let name = name.string
    return name == location.name.string
      || [lockName.string, recordName.string].contains { name == $0 || name.hasPrefix($0 + ".") }
  }

  var lockName: FilePath { location.lockName(policy) }
  var recordName: FilePath { location.name.appendingToName(".stress") }
}
