import Glibc
package import Posix
package import SystemPackage

/// A directory of a test's own, which goes away with everything in it.
package struct ScratchDirectory: ~Copyable {
  package let path: FilePath
  private let isMounted: Bool

  package init() {
    path = Self.make()
    isMounted = false
  }

  /// On a file system of its own, in memory.
  ///
  /// - Parameters:
  ///   - type: `tmpfs`, where the local rules hold; `ramfs`, which this package does not take for a local one.
  ///   - options: as of mount(8).
  package init(mounting type: String, options: String = "") throws(Errno) {
    path = Self.make()
    guard mount(type, path.string, type, 0, Array(options.utf8CString)) == 0 else {
      let failure = Errno(rawValue: errno)
      rmdir(path.string)
      throw failure
    }
    isMounted = true
  }

  /// Whether there is the permission to mount something.
  package static let canMount = (try? ScratchDirectory(mounting: "ramfs")) != nil

  private static func make() -> FilePath {
    var template = Array("/tmp/mailbox-locking.XXXXXX".utf8CString)
    precondition(mkdtemp(&template) != nil, "no temporary directory")
    return FilePath(platformString: template)
  }

  deinit {
    if isMounted { umount2(path.string, CInt(MNT_DETACH)) }
    Self.empty(path)
  }

  private static func empty(_ directory: FilePath) {
    for name in (try? Directory(directory).names()) ?? [] {
      let entry = directory.appending(name.components)
      if unlink(entry.string) == -1 { empty(entry) }
    }
    rmdir(directory.string)
  }

  package func file(_ name: String) -> FilePath { path.appending(name) }

  /// The names in the directory, sorted.
  package var names: [String] { ((try? Directory(path).names()) ?? []).map(\.string).sorted() }

  package func status(of name: String) throws -> FileStatus { try Directory(path).status(of: FilePath(name)) }

  package func write(_ text: String, to name: String) throws {
    let file = try Directory(path).open(FilePath(name), [.writeOnly, .create], mode: 0o600)
    try file.truncate(to: 0)
    try file.writeAll(Array(text.utf8))
  }

  package func bytes(of name: String) throws -> [UInt8] {
    let file = try Directory(path).open(FilePath(name), .readOnly)
    return try file.bytes(atMost: Int(file.status().size), from: 0)
  }

  package func text(of name: String) throws -> String { String(decoding: try bytes(of: name), as: UTF8.self) }
}
