/// Bytes that grow at the end, without the zeroing and the reference counts of an array.
struct ByteBuffer: ~Copyable {
  private var storage: UnsafeMutableRawBufferPointer
  private(set) var count = 0

  init(capacity: Int) { storage = .allocate(byteCount: capacity, alignment: 16) }

  deinit { storage.deallocate() }

  var capacity: Int { storage.count }

  /// The bytes; good until the next call that changes them.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[..<count]) }

  /// The place behind the bytes; what is written there is kept by ``grow(by:)``.
  var free: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: storage[count...]) }

  mutating func grow(by added: Int) { count += added }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    reserve(count + bytes.count)
    free.copyMemory(from: bytes)
    count += bytes.count
  }

  mutating func appendZeros(_ added: Int) {
    reserve(count + added)
    for index in count..<count + added { storage[index] = 0 }
    count += added
  }

  /// Changes the first bytes in place.
  func overwrite(_ bytes: [UInt8]) { storage.copyBytes(from: bytes) }

  mutating func removeAll() { count = 0 }

  private mutating func reserve(_ needed: Int) {
    guard needed > storage.count else { return }
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(needed, 2 * storage.count), alignment: 16)
    larger.copyMemory(from: bytes)
    storage.deallocate()
    storage = larger
  }
}
