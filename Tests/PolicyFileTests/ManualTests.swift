import LockPolicy
import SystemPackage
import Testing

/// The manual is written by hand; these tests hold it to the settings table.
struct ManualTests {
  @Test(arguments: Settings.table.map(\.key))
  func `the manual has every key with its values and its default`(key: String) throws {
    let setting = try #require(Settings.setting(key))
    let headings = try page("dotlock.yaml.5").filter { $0.hasPrefix(".It Cm \(key) ") }
    try #require(headings.count == 1)
    let words = headings[0].split(separator: " ").filter { !["Cm", "No", ".It"].contains($0) }
    #expect(headings[0].hasSuffix("default Cm \(setting.defaultText) )"))
    for word in setting.form.words {
      #expect(words.contains { $0.trimming("(),;") == word }, "\(word)")
    }
    if let range = setting.form.range { #expect(headings[0].contains(range)) }
  }

  @Test func `the manual has no key that is not in the table`() throws {
    let settings = try page("dotlock.yaml.5").drop { $0 != ".Sh SETTINGS" }.prefix { $0 != ".Sh RULES" }
    let keys = settings.compactMap { line in
      line.hasPrefix(".It Cm ") ? String(line.split(separator: " ")[2]) : nil
    }
    #expect(keys == Settings.table.map(\.key))
  }

  @Test(arguments: MatchKey.allCases)
  func `the manual has everything that rules look at`(key: MatchKey) throws {
    #expect(try page("dotlock.yaml.5").contains(".It Cm \(key.rawValue)"))
  }

  @Test(arguments: Settings.table.compactMap(\.option))
  func `the manual of lockctl has every everyday option`(option: String) throws {
    #expect(try page("lockctl.8").contains { "\($0) ".contains("Fl -\(option) ") })
  }

  private func page(_ name: String) throws -> [String] {
    try Corpus.text(Corpus.root.appending("man").appending(name)).split(separator: "\n").map(String.init)
  }
}

extension ValueForm {
  /// The words that a page must list.
  fileprivate var words: [String] {
    switch self {
    case .duration(_, let words), .size(_, let words), .choice(let words): words
    default: []
    }
  }

  /// The range as a page must tell it.
  fileprivate var range: String? {
    switch self {
    case .duration(let range, _): "duration, \(range.lowerBound.policyText) to \(range.upperBound.policyText)"
    case .number: "number, \(summary);"
    default: nil
    }
  }
}

extension Substring {
  fileprivate func trimming(_ characters: String) -> String {
    String(drop { characters.contains($0) }.reversed().drop { characters.contains($0) }.reversed())
  }
}
