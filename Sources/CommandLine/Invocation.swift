internal import FileLocking
internal import Glibc
package import LockPolicy
package import Posix
package import SystemPackage

/// What the words of a command line mean.
package struct Invocation {
  /// The policy settings that were given, in order.
  package var overrides: [Assignment] = []
  package var policyFile: FilePath?
  package var conflictExitCode: Int32?
  package var isVerbose = false
  package var isQuiet = false
  /// The values of the program's own options, by their long names, as the kernel gave them.
  var own: [(name: String, value: [UInt8])] = []
  /// What follows the options.
  package var operands = Operands()

  /// The value of one of the program's own options; the last one counts.
  package func value(of option: String) -> [UInt8]? { own.last { $0.name == option }?.value }

  /// Whether one of the program's own options was given.
  package func has(_ option: String) -> Bool { value(of: option) != nil }

  /// Whether the command line sets the policy key.
  package func sets(_ key: String) -> Bool { overrides.contains { $0.setting.key == key } }
}

/// The words of the command line after its options, as the kernel gave them: a path need not be UTF-8.
package struct Operands {
  /// The words, and a null pointer after the last.
  package private(set) var words: CommandWords?
  package private(set) var count = 0

  init() {}

  init(_ words: CommandWords, count: Int) { (self.words, self.count) = (words, count) }

  /// The word at `index` as a path.
  package subscript(index: Int) -> FilePath {
    guard index < count, let word = words?[index] else { return "" }
    return FilePath(platformString: word)
  }

  /// The word at `index` as the path of a file.
  ///
  /// - Throws: the word cannot be the name of a file. `./Maildir/` cannot, and would lose its slash as a path.
  package func file(_ index: Int) throws -> FilePath { try Self.file(words?[index], "the name of the file") }

  /// The word at `index` as the path of a directory.
  package func directory(_ index: Int) throws -> FilePath {
    try Self.directory(words?[index], "the name of the directory")
  }

  /// The value of a variable of the environment as the path of a file.
  package static func file(inVariable name: String) throws -> FilePath { try file(getenv(name), name) }

  /// The value of a variable of the environment as the path of a directory.
  package static func directory(inVariable name: String) throws -> FilePath { try directory(getenv(name), name) }

  private static func directory(_ word: UnsafeMutablePointer<CChar>?, _ what: String) throws -> FilePath {
    guard let word else { throw UsageError("\(what) is not set") }
    guard word.pointee != 0 else { throw UsageError("\(what) is empty") }
    return FilePath(platformString: word)
  }

  private static func file(_ word: UnsafeMutablePointer<CChar>?, _ what: String) throws -> FilePath {
    let path = try directory(word, what)
    guard let word, word[strlen(word) - 1] == CChar(UInt8(ascii: "/")), path != "/" else { return path }
    throw LockFailure(.refused, path, "ends in a slash, as only the name of a directory does")
  }

  /// The words from `index` on.
  package func dropFirst(_ index: Int) -> CommandWords? { words.map { $0 + index } }
}

/// Why a command line has no meaning.
package struct UsageError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

/// What a command line asks for.
package enum Request {
  case run(Invocation)
  case help
  case version
}
