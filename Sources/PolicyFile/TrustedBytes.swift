internal import Glibc
internal import Posix
internal import SystemPackage

extension PolicyFile {
  /// The largest file that is read.
  static let sizeLimit = 1 << 20

  /// Reads a file that strangers cannot write. What is judged is the open file: a name could change its meaning
  /// between a look and the open.
  static func trustedBytes(of path: FilePath) throws(PolicyError) -> [UInt8] {
    let file = try naming(path, "cannot open") { () throws(Errno) in
      try Descriptor(opening: path, [.readOnly, .unsuspecting])
    }
    let status = try naming(path, "cannot open") { () throws(Errno) in try file.status() }
    guard status.isRegular else { throw PolicyError(path, "is \(status.kind), expected a regular file") }
    try refuseStrangers(path, status)
    guard status.size <= sizeLimit else { throw PolicyError.tooLarge(path) }
    let bytes = try naming(path, "cannot read") { () throws(Errno) in
      try file.readAll(expecting: Int(status.size), atMost: sizeLimit + 1)
    }
    guard bytes.count <= sizeLimit else { throw PolicyError.tooLarge(path) }
    return bytes
  }

  private static func naming<Result: ~Copyable>(
    _ path: FilePath, _ what: String, _ call: () throws(Errno) -> Result
  ) throws(PolicyError) -> Result {
    do throws(Errno) { return try call() } catch { throw PolicyError(path, what, error) }
  }

  private static func refuseStrangers(_ path: FilePath, _ status: FileStatus) throws(PolicyError) {
    guard status.owner == 0 || status.owner == geteuid() else {
      throw PolicyError(path, "belongs to user \(status.owner); a policy must belong to root or to who uses it")
    }
    guard status.mode & 0o022 == 0 else {
      throw PolicyError(path, "others than its owner can write it; a policy that strangers can write is not followed")
    }
  }
}

extension PolicyError {
  static func tooLarge(_ path: FilePath) -> PolicyError {
    PolicyError(path, "is larger than 1 MiB; no policy needs that")
  }
}

extension Descriptor {
  /// Reads to the end of the file, which may have grown since it was looked at, or up to a limit.
  fileprivate borrowing func readAll(expecting size: Int, atMost limit: Int) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: min(size + 1, limit))
    var count = 0
    while true {
      let got = try bytes.readMore(from: self, at: count)
      count += got
      if got == 0 || count == limit { break }
      if count == bytes.count { bytes += [UInt8](repeating: 0, count: min(max(count, 4096), limit - count)) }
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }
}

extension [UInt8] {
  fileprivate mutating func readMore(from file: borrowing Descriptor, at offset: Int) throws(Errno) -> Int {
    try withUnsafeMutableBufferPointer { buffer throws(Errno) in
      try file.read(into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[offset...]))
    }
  }
}
