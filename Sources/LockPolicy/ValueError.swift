/// Why a text is not a value of some setting.
public struct ValueError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The reason, as the end of a one-line diagnostic.
  public let description: String

  init(_ description: String) { self.description = description }

  /// A word that is none of `words`, with the nearest of them.
  package static func unknown(_ what: String, _ word: String, among words: [String]) -> ValueError {
    let hint = nearest(to: word, among: words).map { "did you mean '\($0)'?" }
    return ValueError("unknown \(what) '\(word)'; \(hint ?? "known: " + words.joined(separator: ", "))")
  }
}

/// The candidate that differs from `word` by the fewest typing errors, if it is near enough to be meant.
package func nearest(to word: String, among candidates: [String]) -> String? {
  let ranked = candidates.map {
    (name: $0, distance: typingErrors(from: Array(word.lowercased().utf8), to: Array($0.utf8)))
  }
  guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
  return best.distance <= max(1, min(word.utf8.count, best.name.utf8.count) / 3) ? best.name : nil
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment distance).
private func typingErrors(from a: [UInt8], to b: [UInt8]) -> Int {
  var beforeLast = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
      row.append(cost)
    }
    (beforeLast, last) = (last, row)
  }
  return last[b.count]
}
