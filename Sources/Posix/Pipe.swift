internal import CPosix
internal import Glibc
package import SystemPackage

/// A pipe whose ends no program inherits, unless it is told to.
package struct Pipe: ~Copyable {
  private let reading: Descriptor
  private var writing: Descriptor?

  package static func make() throws(Errno) -> Pipe {
    var ends: (CInt, CInt) = (-1, -1)
    try withUnsafeMutableBytes(of: &ends) { (ends) throws(Errno) in
      let ends = ends.assumingMemoryBound(to: CInt.self).baseAddress
      // Whoever reads must not wait for what a process that hangs will never write.
      try systemCheck { pipe2(ends, O_CLOEXEC | O_NONBLOCK) }
    }
    return Pipe(ends)
  }

  private init(_ ends: (CInt, CInt)) {
    reading = Descriptor(owning: ends.0)
    writing = Descriptor(owning: ends.1)
  }

  /// Calls `body` with the number of the writing end, which children that it starts inherit; then closes that end here.
  package mutating func lendWritingEnd<Result>(
    _ body: (CInt) throws(Errno) -> Result
  ) throws(Errno) -> Result {
    guard let writing = writing.take() else { throw .badFileDescriptor }
    let inheritable = Descriptor(owning: try systemCall { dup(writing.raw) })
    return try body(inheritable.raw)
  }

  /// What has been written until now, and not read yet, up to a pipe's capacity.
  package func contents() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 65536) { buffer, filled in
      filled = (try? reading.read(into: UnsafeMutableRawBufferPointer(buffer))) ?? 0
    }
  }
}
