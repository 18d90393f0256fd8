internal import Glibc

// What a message is looked through with: memchr(3) and memcmp(3), and not one closure or String per byte.
extension UnsafeRawBufferPointer {
  /// The index of the first `byte` at or after `start`.
  func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
    guard let base = baseAddress, start < count else { return nil }
    guard let found = memchr(base + start, CInt(byte), count - start) else { return nil }
    return UnsafeRawPointer(found) - base
  }

  /// Whether the first `length` bytes of `text` are at `start`.
  func holds(_ text: StaticString, length: Int, at start: Int) -> Bool {
    guard let base = baseAddress, start + length <= count else { return false }
    return memcmp(base + start, text.utf8Start, length) == 0
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

  /// Whether the bytes begin with `text`, in upper or lower case.
  func startsWithIgnoringCase(_ text: StaticString) -> Bool {
    withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress, bytes.count >= text.utf8CodeUnitCount else { return false }
      return strncasecmp(base, text.utf8Start, text.utf8CodeUnitCount) == 0
    }
  }
}

extension StaticString {
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}
