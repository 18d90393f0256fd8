internal import Glibc
package import LockPolicy
package import Posix
public import SystemPackage

/// Where a file is: its directory, with every symbolic link resolved, and its name there.
///
/// The file itself need not exist. The dotlock lies beside the file that a symbolic link leads to.
public struct FileLocation: Sendable, Equatable {
  /// The directory's absolute path, without symbolic links.
  public let directory: FilePath
  /// The file's name in it.
  public let name: FilePath
  /// Whether the path that was given ended in a symbolic link.
  public let isBehindSymlink: Bool

  /// The file's absolute path, without symbolic links.
  public var path: FilePath { directory.entry(name) }

  /// Finds out where `path` leads.
  ///
  /// - Parameter path: a file that may not exist yet, in a directory that must.
  /// - Throws: ``LockFailure``: the directory is missing, or there are too many links.
  public init(of path: FilePath) throws(LockFailure) {
    var path = path
    var links = 0
    while let target = try Self.linkTarget(of: path) {
      links += 1
      guard links <= 40 else { throw LockFailure(.tooManySymbolicLinkLevels, path, "cannot resolve") }
      path = path.split.directory.pushing(target)
    }
    let (parent, last) = path.split
    guard !last.isEmpty, last != ".", last != ".." else { throw LockFailure(.refused, path, "is a directory") }
    directory = try Self.realPath(of: parent)
    name = last
    isBehindSymlink = links > 0
  }

  /// A file of that name in a directory whose path has no symbolic links.
  package init(directory: FilePath, name: FilePath) {
    (self.directory, self.name, isBehindSymlink) = (directory, name, false)
  }

  /// The name of the file's lock file.
  package func lockName(_ policy: Policy) -> FilePath { name.appendingToName(policy.dotlock.suffix) }

  /// A name beside the file that is its own with a dot before it.
  package func hiddenSibling(_ suffix: String) -> FilePath {
    FilePath(bytes: [UInt8(ascii: ".")] + name.bytes + Array(suffix.utf8))
  }

  private static func linkTarget(of path: FilePath) throws(LockFailure) -> FilePath? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let length = path.withPlatformString { readlink($0, &buffer, Int(PATH_MAX)) }
    guard length > 0 else { return nil }
    return FilePath(platformString: buffer)
  }

  private static func realPath(of path: FilePath) throws(LockFailure) -> FilePath {
    // Not as the closure's result: the optional would be one more generic for the program to instantiate.
    var real: UnsafeMutablePointer<CChar>?
    path.withPlatformString { real = realpath($0, nil) }
    guard let real else { throw LockFailure(Errno(rawValue: errno), path, "cannot find the directory") }
    defer { free(real) }
    return FilePath(platformString: real)
  }
}

extension Directory {
  /// The name of a file among those that begin with `prefix`; `nil` when it has none there.
  package func name(of file: FileStatus, beginningWith prefix: FilePath) throws(Errno) -> FilePath? {
    for name in try names() where name.begins(with: prefix) {
      do throws(Errno) {
        if try status(of: name).isSameFile(as: file) { return name }
      } catch {
        guard error.meansGone else { throw error }
      }
    }
    return nil
  }
}

// By the bytes, which need not be UTF-8: FilePath's own views of its components cost a tenth of a program's start-up.
extension FilePath {
  /// The path with `suffix` added to its last bytes.
  package func appendingToName(_ suffix: String) -> FilePath { FilePath(bytes: bytes + Array(suffix.utf8)) }

  /// The name of the permit, and that of the line of waiters, by the name of their lock file.
  var permitName: FilePath { appendingToName(".steal") }
  var queueName: FilePath { appendingToName(".queue") }

  /// The path of a name in the directory at this path.
  package func entry(_ name: FilePath) -> FilePath { FilePath(bytes: bytes + [slash] + name.bytes) }

  /// The path without the `suffix` of its last bytes; `nil` when it does not end so, or nothing is left.
  package func without(_ suffix: String) -> FilePath? {
    let (bytes, end) = (bytes, Array(suffix.utf8))
    guard bytes.count > end.count, bytes.suffix(end.count) == end[...] else { return nil }
    return FilePath(bytes: Array(bytes.dropLast(end.count)))
  }

  /// Whether the path's bytes begin with those of `prefix`.
  func begins(with prefix: String) -> Bool { bytes.starts(with: prefix.utf8) }

  /// Whether the path's bytes begin with those of `prefix`.
  package func begins(with prefix: FilePath) -> Bool { bytes.starts(with: prefix.bytes) }

  /// The path as the kernel takes it, without the null byte.
  package var bytes: [UInt8] {
    withPlatformString { text in
      text.withMemoryRebound(to: UInt8.self, capacity: strlen(text)) {
        Array(UnsafeBufferPointer(start: $0, count: strlen(text)))
      }
    }
  }

  /// A path of these bytes, among which there is no null byte.
  package init(bytes: [UInt8]) {
    self = (bytes + [0]).withUnsafeBufferPointer { bytes in
      bytes.withMemoryRebound(to: CChar.self) { text in text.baseAddress.map { FilePath(platformString: $0) } ?? "" }
    }
  }

  /// The directory, `.` for a bare name, and the last name, which is empty for the root.
  fileprivate var split: (directory: FilePath, name: FilePath) {
    let bytes = bytes
    guard let last = bytes.lastIndex(of: slash) else { return (".", self) }
    return (last == 0 ? "/" : FilePath(bytes: Array(bytes[..<last])), FilePath(bytes: Array(bytes[(last + 1)...])))
  }
}

private let slash = UInt8(ascii: "/")
