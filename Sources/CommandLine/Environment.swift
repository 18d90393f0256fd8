internal import CPosix
internal import Glibc
package import SystemPackage

/// The environment of this process, with one variable changed for a program that it runs.
package struct Environment {
  private let changed: (name: String, value: String)?

  package init(setting change: (name: String, value: String)? = nil) { changed = change }

  /// The value of a variable.
  package static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// The bytes of a variable, which need not be UTF-8.
  package static func bytes(_ name: String) -> [UInt8]? {
    getenv(name).map { UnsafeBufferPointer(start: $0, count: strlen($0)).map { UInt8(bitPattern: $0) } }
  }

  /// Calls `body` with the environment as execve(2) takes it.
  package func withPointers<Result>(
    _ body: ([UnsafeMutablePointer<CChar>?]) throws(Errno) -> Result
  ) throws(Errno) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = []
    let prefix = changed.map { "\($0.name)=" } ?? "="
    var next = cposix_environ()
    while let entry = next?.pointee {
      if strncmp(entry, prefix, prefix.utf8.count) != 0 { pointers.append(entry) }
      next = next?.advanced(by: 1)
    }
    let added = changed.flatMap { strdup("\($0.name)=\($0.value)") }
    defer { free(added) }
    return try body(pointers + [added, nil])
  }
}
