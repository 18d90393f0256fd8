internal import CommandLine
internal import Glibc
internal import Posix
internal import SystemPackage

extension ChildProcess {
  /// Starts this program once more, with other words on its command line.
  static func again(_ words: [String]) throws(Errno) -> ChildProcess {
    // /proc/self is the child's, which is still what its parent is.
    var copies = (["/proc/self/exe"] + words).map { strdup($0) } + [nil]
    defer { for copy in copies { free(copy) } }
    return try copies.withUnsafeMutableBufferPointer { (words) throws(Errno) in
      guard let words = words.baseAddress else { throw .invalidArgument }
      return try Environment().withWords { (environment) throws(Errno) in
        try ChildProcess(words, environment: environment, terminal: nil)
      }
    }
  }
}
