internal import LockPolicy
internal import SystemPackage

/// The text of a policy file: at most 1 MiB of UTF-8 without control characters.
struct SourceText {
  let source: FilePath
  /// The text without a byte-order mark.
  let bytes: ArraySlice<UInt8>

  init(_ bytes: [UInt8], source: FilePath) throws(PolicyError) {
    guard bytes.count <= PolicyFile.sizeLimit else { throw .tooLarge(source) }
    self.bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
    self.source = source
    // Nearly every file is plain text, and a program that runs once per message pays for every look.
    guard !self.bytes.allSatisfy(isPlain) else { return }
    try refuseUnreadable()
  }

  func location(_ place: Place) -> SourceLocation {
    SourceLocation(file: source.string, line: place.line, column: place.column)
  }

  private func refuseUnreadable() throws(PolicyError) {
    var walk = Walk(bytes)
    while let step = walk.next() {
      switch step {
      case .invalid(let byte, let place):
        throw PolicyError(location(place), "byte 0x\(hexadecimal(UInt32(byte), digits: 2)) is not UTF-8; save as UTF-8")
      case .character(let character, let place) where !isAllowed(character):
        let code = hexadecimal(character.value, digits: 4)
        throw PolicyError(location(place), "control character U+\(code); expected text")
      case .character: continue
      }
    }
  }

  /// The character at a place, as far as there is one.
  func character(at place: Place) -> Unicode.Scalar? {
    var walk = Walk(bytes)
    while let step = walk.next() {
      if case .character(let character, place) = step { return character }
    }
    return nil
  }
}

/// A line and a column in characters, both from 1.
struct Place: Equatable {
  var line = 1
  var column = 1
}

/// Goes through a text character by character, and counts lines and columns as libyaml does.
private struct Walk {
  enum Step {
    case character(Unicode.Scalar, Place)
    case invalid(UInt8, Place)
  }

  private let bytes: ArraySlice<UInt8>
  private var at: Int
  private var place = Place()
  private var previous: Unicode.Scalar?

  init(_ bytes: ArraySlice<UInt8>) { (self.bytes, at) = (bytes, bytes.startIndex) }

  mutating func next() -> Step? {
    guard at < bytes.endIndex else { return nil }
    let here = place
    var rest = bytes[at...].makeIterator()
    var decoder = UTF8()
    guard case .scalarValue(let character) = decoder.decode(&rest) else { return .invalid(bytes[at], here) }
    at += UTF8.width(character)
    advance(over: character)
    return .character(character, here)
  }

  private mutating func advance(over character: Unicode.Scalar) {
    let isSecondHalf = character == "\n" && previous == "\r"
    previous = character
    if isSecondHalf { return }
    if ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(character) {
      place = Place(line: place.line + 1, column: 1)
    } else {
      place.column += 1
    }
  }
}

private func isPlain(_ byte: UInt8) -> Bool {
  (0x20..<0x7F).contains(byte) || byte == 0x0A || byte == 0x09 || byte == 0x0D
}

/// What YAML calls printable.
private func isAllowed(_ character: Unicode.Scalar) -> Bool {
  switch character.value {
  case 0x09, 0x0A, 0x0D, 0x20..<0x7F, 0x85, 0xA0...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF:
    character != "\u{FEFF}"
  default: false
  }
}

private func hexadecimal(_ value: UInt32, digits: Int) -> String {
  let text = String(value, radix: 16, uppercase: true)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}
