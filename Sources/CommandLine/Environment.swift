internal import CPosix
internal import Glibc
package import Posix
package import SystemPackage

/// The environment of this process, with one variable changed for a program that it runs.
package struct Environment {
  private let changed: (name: String, value: String)?

  package init(setting change: (name: String, value: String)? = nil) { changed = change }

  /// The value of a variable.
  package static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// The bytes of a variable, which need not be UTF-8.
  package static func bytes(_ name: String) -> [UInt8]? {
    getenv(name).map { bytes(of: $0) }
  }

  /// The bytes of a C string, as words of the command line and of the environment are.
  static func bytes(of text: UnsafePointer<CChar>) -> [UInt8] {
    UnsafeBufferPointer(start: text, count: strlen(text)).map { UInt8(bitPattern: $0) }
  }

  /// Calls `body` with the environment as execve(2) takes it.
  package func withWords<Result>(_ body: (CommandWords) throws(Errno) -> Result) throws(Errno) -> Result {
    let inherited: CommandWords = cposix_environ()
    guard let changed else { return try body(inherited) }
    var count = 0
    while inherited[count] != nil { count += 1 }
    let words = CommandWords.allocate(capacity: count + 2)
    let added = strdup("\(changed.name)=\(changed.value)")
    defer {
      free(added)
      words.deallocate()
    }
    let prefix = "\(changed.name)="
    var kept = 0
    for index in 0..<count {
      if let entry = inherited[index], strncmp(entry, prefix, prefix.utf8.count) == 0 { continue }
      words[kept] = inherited[index]
      kept += 1
    }
    words[kept] = added
    words[kept + 1] = nil
    return try body(words)
  }
}
