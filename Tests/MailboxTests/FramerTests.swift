import LockPolicy
import Testing

@testable import Mailbox

@Suite struct FramerTests {
  /// The rule of mbox(5) and qmail-local, written down line by line without a thought for speed.
  static func reference(_ message: [UInt8], _ quoting: Policy.Quoting) -> [UInt8] {
    var lines = message.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    var framed: [UInt8] = []
    for line in lines {
      let rest = quoting == .mboxrd ? line.drop { $0 == UInt8(ascii: ">") } : line
      if rest.starts(with: "From ".utf8) { framed += ">".utf8 }
      framed += line + [UInt8(ascii: "\n")]
    }
    return framed + [UInt8(ascii: "\n")]
  }

  static func framed(_ chunks: [ArraySlice<UInt8>], _ quoting: Policy.Quoting) -> [UInt8] {
    var framer = Framer(quoting)
    var result: [UInt8] = []
    for chunk in chunks {
      chunk.withUnsafeBytes { chunk in framer.frame(chunk) { (bytes) throws(Never) in result += bytes } }
    }
    framer.finish { (bytes) throws(Never) in result += bytes }
    return result
  }

  @Test(arguments: [
    ("", "\n"),
    ("\n", "\n\n"),
    ("a", "a\n\n"),
    ("a\n", "a\n\n"),
    ("a\n\n", "a\n\n\n"),
    ("From a\n", ">From a\n\n"),
    ("From ", ">From \n\n"),
    ("From", "From\n\n"),
    ("From\n", "From\n\n"),
    ("from a\n", "from a\n\n"),
    (" From a\n", " From a\n\n"),
    ("a\nFrom b\nc\n", "a\n>From b\nc\n\n"),
    (">From a\n", ">>From a\n\n"),
    (">>>From a", ">>>>From a\n\n"),
    ("> From a\n", "> From a\n\n"),
    (">", ">\n\n"),
    (">\nFrom a\n", ">\n>From a\n\n"),
    ("F\nFrom a\n", "F\n>From a\n\n"),
    ("FFrom a\n", "FFrom a\n\n"),
    ("a\r\nFrom b\r\n", "a\r\n>From b\r\n\n"),
    ("a\r\n\r\n", "a\r\n\r\n\n"),
    ("a\u{0}b\nFrom evil\n", "a\u{0}b\n>From evil\n\n"),
    ("\u{0}\nFrom evil\u{0}\n", "\u{0}\n>From evil\u{0}\n\n"),
  ]) func mboxrd(message: String, expected: String) {
    #expect(String(decoding: Self.framed([message.utf8.slice], .mboxrd), as: UTF8.self) == expected)
    #expect(String(decoding: Self.reference(Array(message.utf8), .mboxrd), as: UTF8.self) == expected)
  }

  @Test(arguments: [
    ("From a\n", ">From a\n\n"),
    (">From a\n", ">From a\n\n"),
    (">\nFrom a", ">\n>From a\n\n"),
    ("a\u{0}b\nFrom evil\n", "a\u{0}b\n>From evil\n\n"),
  ]) func mboxo(message: String, expected: String) {
    #expect(String(decoding: Self.framed([message.utf8.slice], .mboxo), as: UTF8.self) == expected)
  }

  @Test("Bytes that are no text pass unchanged") func everyByte() {
    let bytes = (UInt8.min...UInt8.max).filter { $0 != UInt8(ascii: "\n") }
    #expect(Self.framed([bytes[...]], .mboxrd) == bytes + Array("\n\n".utf8))
  }

  @Test(
    "Wherever a message is cut, the result is the same",
    arguments: [
      "From a\nFrom b\n>From c\n>>From d", ">>>>From \nFFrom \nFroFrom \nFrom", "\n\nFrom \n\n",
      "F\nr\no\nm\n \nFrom x",
      "a\0\nFrom b\r\nFrom\r\nFrom c\r\n", "FromFrom From \n>F>From \n> From ",
    ], Policy.Quoting.allCases)
  func everySplit(message: String, quoting: Policy.Quoting) {
    let bytes = Array(message.utf8)
    let expected = Self.reference(bytes, quoting)
    #expect(Self.framed(bytes.indices.map { bytes[$0...$0] }, quoting) == expected)
    for first in 0...bytes.count {
      for second in first...bytes.count {
        let chunks = [bytes[..<first], bytes[first..<second], bytes[second...]]
        #expect(Self.framed(chunks, quoting) == expected, "cut at \(first) and \(second)")
      }
    }
  }

  @Test("Random messages, randomly cut", arguments: Policy.Quoting.allCases) func fuzz(quoting: Policy.Quoting) {
    let words: [[UInt8]] = ["From ", "From", "F", ">", "\n", "\n\n", "\r\n", "\0", "x", " ", "rom ", "\u{FF}"].map {
      Array($0.utf8)
    }
    var random = SystemRandomNumberGenerator()
    for _ in 0..<5000 {
      let message = (0..<Int.random(in: 0...40, using: &random)).flatMap { _ in
        words.randomElement(using: &random) ?? []
      }
      var chunks: [ArraySlice<UInt8>] = []
      var rest = message[...]
      while !rest.isEmpty {
        let chunk = rest.prefix(Int.random(in: 1...7, using: &random))
        chunks.append(chunk)
        rest = rest.dropFirst(chunk.count)
      }
      let framed = Self.framed(chunks, quoting)
      #expect(framed == Self.reference(message, quoting), "\(message) in \(chunks.map(\.count))")
    }
  }
}

extension String.UTF8View {
  var slice: ArraySlice<UInt8> { ArraySlice(self) }
}
