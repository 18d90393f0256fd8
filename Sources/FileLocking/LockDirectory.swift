package import Posix
package import SystemPackage

/// A directory with lock files in it, as somebody sees it who only asks.
package struct LockDirectory: ~Copyable {
  /// The directory's absolute path, without symbolic links.
  package let path: FilePath
  /// Whether the local rules apply in it.
  package let isLocal: Bool
  /// The names in it; `nil` when it cannot be read.
  package let names: [FilePath]?
  /// The time by the clock that stamps the files in it, which is the server's.
  package let now: FileTime
  /// Whether it is; the clock of a server is seen by making a file, which not everybody may.
  package let isServerTime: Bool
  package let directory: Directory

  /// - Parameter path: as ``FileLocation`` has it.
  package init(_ path: FilePath, isLocal: Bool? = nil) throws(LockFailure) {
    let directory = try attempt(path, "cannot open the directory") { () throws(Errno) in try Directory(path) }
    let isLocal = if let isLocal { isLocal } else { try LockTarget.isLocal(directory) }
    let serverTime = isLocal ? RealTime.now : try? Self.serverTime(directory)
    (self.path, self.isLocal, names) = (path, isLocal, try? directory.names())
    (now, isServerTime) = (serverTime ?? RealTime.now, serverTime != nil)
    self.directory = directory
  }

  /// The name is that of a post, so that ``LeftPost`` clears it if we are killed here.
  private static func serverTime(_ directory: borrowing Directory) throws(Errno) -> FileTime {
    let name = UniqueName.beside("lockctl.lock")
    let file = try directory.open(name, [.readWrite, .create, .exclusive, .noFollow], mode: 0o600)
    defer { try? directory.unlink(name) }
    try file.touch()
    return try file.status().modified
  }

  package func exists(_ name: FilePath) -> Bool { (try? directory.status(of: name)) != nil }
}
