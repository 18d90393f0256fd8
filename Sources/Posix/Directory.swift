internal import CPosix
internal import Glibc
package import SystemPackage

/// A directory held open, so that names in it mean the same whatever happens to the path that led there.
package struct Directory: ~Copyable {
  /// The path that led there, for messages.
  package let path: FilePath
  private let descriptor: Descriptor

  /// Opens a directory; search permission is enough.
  package init(_ path: FilePath) throws(Errno) {
    descriptor = Descriptor(
      owning: try path.call { (path) throws(Errno) in
        try systemCall { cposix_openat(AT_FDCWD, path, cposix_o_path | O_DIRECTORY | O_CLOEXEC, 0) }
      })
    self.path = path
  }

  private init(_ descriptor: consuming Descriptor, path: FilePath) {
    self.descriptor = descriptor
    self.path = path
  }

  /// Opens a directory in this one, itself and not what a symbolic link leads to; search permission is enough.
  package func subdirectory(_ name: FilePath) throws(Errno) -> Directory {
    Directory(try open(name, OpenFlags(rawValue: cposix_o_path | O_DIRECTORY | O_NOFOLLOW)), path: name)
  }

  var raw: CInt { descriptor.raw }

  /// fstat(2) of the directory itself.
  package func status() throws(Errno) -> FileStatus { try descriptor.status() }

  /// Opens `name` in the directory; O_CLOEXEC is always added.
  package func open(_ name: FilePath, _ flags: OpenFlags, mode: UInt32 = 0) throws(Errno) -> Descriptor {
    Descriptor(
      owning: try name.call { (name) throws(Errno) in
        try systemCall { cposix_openat(raw, name, flags.rawValue | O_CLOEXEC, mode) }
      })
  }

  /// A file without a name, which vanishes with its last descriptor unless it is linked.
  package func openNameless(mode: UInt32) throws(Errno) -> Descriptor {
    try open(".", OpenFlags(rawValue: cposix_o_tmpfile | O_RDWR), mode: mode)
  }

  /// lstat(2) of a name.
  package func status(of name: FilePath) throws(Errno) -> FileStatus {
    var status = stat()
    try name.call { (name) throws(Errno) in
      try systemCheck { fstatat(raw, name, &status, AT_SYMLINK_NOFOLLOW) }
    }
    return FileStatus(status)
  }

  /// lstat(2) of a name; `nil` when it is gone.
  package func statusIfThere(of name: FilePath) throws(Errno) -> FileStatus? {
    do throws(Errno) {
      return try status(of: name)
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw error
    }
  }

  package func link(_ name: FilePath, to new: FilePath) throws(Errno) {
    try name.call { (name) throws(Errno) in
      try new.call { (new) throws(Errno) in try systemCheck { linkat(raw, name, raw, new, 0) } }
    }
  }

  /// Gives a file of this directory another name in another one; never replaces a file.
  package func link(_ name: FilePath, to new: FilePath, in other: borrowing Directory) throws(Errno) {
    let there = other.raw
    try name.call { (name) throws(Errno) in
      try new.call { (new) throws(Errno) in try systemCheck { linkat(raw, name, there, new, 0) } }
    }
  }

  /// Gives a nameless file its name; never replaces another file.
  package func link(_ file: borrowing Descriptor, as name: FilePath) throws(Errno) {
    let fd = file.raw
    try name.call { (name) throws(Errno) in
      do throws(Errno) {
        try systemCheck { linkat(fd, "", raw, name, cposix_at_empty_path) }
      } catch  where error == .noSuchFileOrDirectory {
        // Before Linux 6.10 that needed a privilege. This way needs none, but /proc, and a fifth of a lock's time.
        try FilePath("/proc/self/fd/\(fd)").call { (source) throws(Errno) in
          try systemCheck { linkat(AT_FDCWD, source, raw, name, AT_SYMLINK_FOLLOW) }
        }
      }
    }
  }

  package func rename(_ name: FilePath, to new: FilePath) throws(Errno) {
    try name.call { (name) throws(Errno) in
      try new.call { (new) throws(Errno) in try systemCheck { renameat(raw, name, raw, new) } }
    }
  }

  /// Moves a name into, or out of, another directory, which may have been removed since it was opened: then it fails.
  package func rename(_ name: FilePath, to new: FilePath, in other: borrowing Directory) throws(Errno) {
    let there = other.raw
    try name.call { (name) throws(Errno) in
      try new.call { (new) throws(Errno) in try systemCheck { renameat(raw, name, there, new) } }
    }
  }

  package func unlink(_ name: FilePath) throws(Errno) {
    try name.call { (name) throws(Errno) in try systemCheck { unlinkat(raw, name, 0) } }
  }

  package func makeDirectory(_ name: FilePath, mode: UInt32) throws(Errno) {
    try name.call { (name) throws(Errno) in try systemCheck { mkdirat(raw, name, mode) } }
  }

  /// rmdir(2): fails unless the directory is empty.
  package func removeDirectory(_ name: FilePath) throws(Errno) {
    try name.call { (name) throws(Errno) in try systemCheck { unlinkat(raw, name, AT_REMOVEDIR) } }
  }

  /// Makes the directory's entries durable.
  package func synchronize() throws(Errno) {
    let readable = try open(".", [.readOnly, .directory])
    try readable.synchronize()
  }

  /// The names in the directory, without `.` and `..`.
  package func names() throws(Errno) -> [FilePath] {
    let readable = try open(".", [.readOnly, .directory])
    let copy = try systemCall { dup(readable.raw) }
    guard let stream = fdopendir(copy) else {
      _ = Glibc.close(copy)
      throw Errno(rawValue: errno)
    }
    defer { closedir(stream) }
    var names: [FilePath] = []
    while true {
      // The end of the directory and a failure look the same, but for errno.
      errno = 0
      guard let entry = readdir(stream) else { break }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { FilePath(platformString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw Errno(rawValue: errno) }
    return names
  }

  /// The file system that the directory is on: statfs(2)'s magic number.
  package func fileSystemMagic() throws(Errno) -> UInt {
    var status = statfs()
    try systemCheck { fstatfs(raw, &status) }
    return UInt(cposix_fs_magic(&status))
  }
}

/// Flags of open(2).
package struct OpenFlags: OptionSet, Sendable {
  package let rawValue: CInt
  package init(rawValue: CInt) { self.rawValue = rawValue }

  /// Written out, because the generic one that every option set has costs a program more than the open(2) itself.
  package init(arrayLiteral flags: OpenFlags...) {
    var bits: CInt = 0
    for flag in flags { bits |= flag.rawValue }
    rawValue = bits
  }

  package static let readOnly = OpenFlags([])
  package static let writeOnly = OpenFlags(rawValue: O_WRONLY)
  package static let readWrite = OpenFlags(rawValue: O_RDWR)
  package static let append = OpenFlags(rawValue: O_APPEND)
  package static let create = OpenFlags(rawValue: O_CREAT)
  package static let exclusive = OpenFlags(rawValue: O_EXCL)
  package static let noFollow = OpenFlags(rawValue: O_NOFOLLOW)
  package static let directory = OpenFlags(rawValue: O_DIRECTORY)
  /// The name only, not the content: needs no permission for the file.
  package static let pathOnly = OpenFlags(rawValue: cposix_o_path)
  /// A fifo or a device must not hold us up, nor a terminal become ours.
  package static let unsuspecting = OpenFlags(rawValue: O_NONBLOCK | O_NOCTTY)
  package static let noAccessTime = OpenFlags(rawValue: cposix_o_noatime)
}
