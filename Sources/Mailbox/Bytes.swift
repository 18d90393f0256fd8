internal import Glibc

// What a message is looked through with: memchr(3) and memcmp(3), and not one closure or String per byte.
extension UnsafeRawBufferPointer {
  /// The index of the first `byte` at or after `start`.
  func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
    guard let base = baseAddress, start < count else { return nil }
    guard let found = memchr(base + start, CInt(byte), count - start) else { return nil }
    return UnsafeRawPointer(found) - base
  }

  /// The index of the first `F` at or after `start` that an `r` follows, or nothing: where a `From ` may be.
  ///
  /// memchr(3) alone would stop at each 64th byte of an attachment: base64 is as full of `F` as of any other letter. So
  /// 64 bytes at once are asked whether there is an `Fr` among them.
  func firstIndexOfFr(from start: Int) -> Int? {
    var index = start
    while index + 64 < count, !hasFr(in64From: index) { index += 64 }
    while let found = firstIndex(of: UInt8(ascii: "F"), from: index) {
      index = found + 1
      if index == count || self[index] == UInt8(ascii: "r") { return found }
    }
    return nil
  }

  /// In each byte of a word is 0 where an `F` is followed by an `r`, and the rest is the classical search for a zero byte
  /// (Hacker's Delight, 6-1).
  private func hasFr(in64From start: Int) -> Bool {
    guard let base = baseAddress else { return false }
    let ones: UInt64 = 0x0101_0101_0101_0101
    var zeros: UInt64 = 0
    for offset in stride(from: start, to: start + 64, by: 8) {
      let here = base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      let next = base.loadUnaligned(fromByteOffset: offset + 1, as: UInt64.self)
      let word = (here ^ ones &* UInt64(UInt8(ascii: "F"))) | (next ^ ones &* UInt64(UInt8(ascii: "r")))
      zeros |= (word &- ones) & ~word
    }
    return zeros & (ones &* 0x80) != 0
  }

  /// Whether the first `length` bytes of `text` are at `start`.
  func holds(_ text: StaticString, length: Int, at start: Int) -> Bool {
    guard let base = baseAddress, start + length <= count else { return false }
    return memcmp(base + start, text.utf8Start, length) == 0
  }

  /// The same in upper or lower case, for the whole of `text`.
  func holdsIgnoringCase(_ text: StaticString, at start: Int) -> Bool {
    guard let base = baseAddress, start + text.utf8CodeUnitCount <= count else { return false }
    let here = (base + start).assumingMemoryBound(to: CChar.self)
    return strncasecmp(here, text.utf8Start, text.utf8CodeUnitCount) == 0
  }

  func isEqual(to other: UnsafeRawBufferPointer) -> Bool {
    guard count == other.count, let a = baseAddress, let b = other.baseAddress else { return count == other.count }
    return memcmp(a, b, count) == 0
  }

  func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[range]) }
}

extension UInt8 {
  static var newline: UInt8 { UInt8(ascii: "\n") }
  static var space: UInt8 { UInt8(ascii: " ") }

  /// Space, tab, CR, LF and every other control character.
  var isBlank: Bool { self <= 0x20 || self == 0x7F }
  var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
  var isLetter: Bool { self | 0x20 >= UInt8(ascii: "a") && self | 0x20 <= UInt8(ascii: "z") }
  var isSign: Bool { self == UInt8(ascii: "+") || self == UInt8(ascii: "-") }
}

extension ArraySlice<UInt8> {
  /// The bytes without the blanks around them.
  var trimmed: ArraySlice<UInt8> {
    guard let first = firstIndex(where: { !$0.isBlank }), let last = lastIndex(where: { !$0.isBlank }) else {
      return []
    }
    return self[first...last]
  }
}

extension StaticString {
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}
