internal import CPosix
internal import Glibc
package import SystemPackage

extension Descriptor {
  /// Makes this file a copy of another one that shares its blocks until either is written to (FICLONE): no time, no room.
  package func clone(_ source: borrowing Descriptor) throws(Errno) {
    let source = source.raw
    try systemCheck { cposix_clone(raw, source) }
  }

  /// Gives this file, at `position`, whole blocks of another one, which they share from then on (FICLONERANGE).
  package func clone(
    _ source: borrowing Descriptor, from offset: Int64, count: Int64, at position: Int64
  ) throws(Errno) {
    let source = source.raw
    try systemCheck { cposix_clone_range(raw, source, offset, count, position) }
  }

  /// Copies a piece of another file to the same place in this one.
  ///
  /// - Returns: how many bytes were copied; 0 at the other file's end.
  package func copyPiece(of source: borrowing Descriptor, at offset: Int64, atMost count: Int) throws(Errno) -> Int {
    let other = source.raw
    do throws(Errno) {
      let copied = try systemCall { cposix_copy_range(other, raw, off_t(offset), count) }
      // Some file systems say so of a file that they cannot copy.
      if copied > 0 { return copied }
    } catch {
      switch error {
      case .notSupported, .invalidArgument, .noFunction, .improperLink: break
      default: throw error
      }
    }
    return try copyThroughMemory(source, at: offset, atMost: count)
  }

  private func copyThroughMemory(
    _ source: borrowing Descriptor, at offset: Int64, atMost count: Int
  ) throws(Errno) -> Int {
    let bytes = try source.bytes(atMost: min(count, 1 << 18), from: offset)
    var written = 0
    while written < bytes.count {
      let rest = bytes[written...]
      let now = try systemCall {
        rest.withUnsafeBytes { pwrite(raw, $0.baseAddress, $0.count, off_t(offset) + written) }
      }
      guard now > 0 else { throw .ioError }
      written += now
    }
    return written
  }
}

// MARK: - Extended attributes

extension Descriptor {
  /// Gives the file the extended attributes of another one, its access list included, and no others.
  package func copyAttributes(of source: borrowing Descriptor) throws(Errno) {
    let old = try attributeNames()
    let new = try source.attributeNames()
    for name in old where !new.contains(name) { try removeAttribute(name) }
    for name in new {
      let value = try source.attribute(name)
      // What a file gets from its directory, as a security label, need not be permitted to set.
      if old.contains(name), try attribute(name) == value { continue }
      try systemCheck { fsetxattr(raw, name, value, value.count, 0) }
    }
  }

  private func removeAttribute(_ name: [CChar]) throws(Errno) {
    do throws(Errno) {
      try systemCheck { fremovexattr(raw, name) }
    } catch {
      // A security module labels every file that is made, and guards its label.
      guard name.starts(with: "security.".utf8.map { CChar($0) }) else { throw error }
    }
  }

  /// The names as C strings.
  private func attributeNames() throws(Errno) -> [[CChar]] {
    do throws(Errno) {
      let list = try attributeBytes { flistxattr(raw, $0, $1) }
      return list.split(separator: 0).map { $0.map { CChar(bitPattern: $0) } + [0] }
    } catch {
      if error == .notSupported { return [] }
      throw error
    }
  }

  private func attribute(_ name: [CChar]) throws(Errno) -> [UInt8] {
    try attributeBytes { fgetxattr(raw, name, $0, $1) }
  }

  /// No list of names and no value is longer than the buffer.
  private func attributeBytes(_ call: (UnsafeMutablePointer<CChar>?, Int) -> Int) throws(Errno) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = try systemCall {
      buffer.withUnsafeMutableBytes { call($0.bindMemory(to: CChar.self).baseAddress, $0.count) }
    }
    return Array(buffer[..<count])
  }
}
