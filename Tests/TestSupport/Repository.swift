import Posix
package import SystemPackage

/// The source tree that the tests were built from.
package enum Repository {
  package static let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()

  package static func text(_ name: String) throws -> String {
    let file = try Descriptor(opening: root.appending(name), .readOnly)
    return String(decoding: try file.bytes(atMost: Int(file.status().size), from: 0), as: UTF8.self)
  }

  /// The names of all files below a directory of the tree, with the directories that lead to them.
  package static func files(below name: String) throws -> [String] {
    try Directory(root.appending(name)).names().map(\.string).sorted().flatMap { entry -> [String] in
      let isDirectory = try Directory(root.appending(name)).status(of: FilePath(entry)).isDirectory
      return isDirectory ? try files(below: "\(name)/\(entry)").map { "\(entry)/\($0)" } : [entry]
    }
  }
}
