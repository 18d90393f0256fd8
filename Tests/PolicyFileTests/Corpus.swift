import LockPolicy
import Posix
import SystemPackage
import Testing

@testable import PolicyFile

/// The policy files beside this source file, and what is expected of them.
enum Corpus {
  static let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()

  static func directory(_ name: String) -> FilePath {
    FilePath(#filePath).removingLastComponent().appending("Policies").appending(name)
  }

  /// The names of the policies in one of the directories, without `.yaml`.
  static func names(_ directory: String) throws -> [String] {
    try Directory(Self.directory(directory)).names().filter { $0.extension == "yaml" }.compactMap(\.stem).sorted()
  }

  static func bytes(_ path: FilePath) throws -> [UInt8] {
    let file = try Descriptor(opening: path, .readOnly)
    var bytes = [UInt8](repeating: 0, count: Int(try file.status().size))
    let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
    try #require(count == bytes.count)
    return bytes
  }

  static func text(_ path: FilePath) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }
}

/// What `PolicyFile.parse` has to say about a text.
func complaint(about text: String) -> String? { complaint(about: Array(text.utf8)) }

func complaint(about bytes: [UInt8]) -> String? {
  do throws(PolicyError) {
    _ = try PolicyFile.parse(bytes, source: "FILE")
    return nil
  } catch { return error.description }
}
