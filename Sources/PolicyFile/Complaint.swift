/// A syntax error in libyaml's words, and what they mean to the author of a policy.
struct Complaint {
  struct Context {
    let what: String
    let place: Place
  }

  let problem: String
  let place: Place
  let context: Context?

  func error(in text: SourceText) -> PolicyError {
    if problem.contains("tab character") || text.character(at: place) == "\t" {
      return PolicyError(text.location(place), "a tab cannot indent; use spaces")
    }
    if let unfinished { return PolicyError(text.location(unfinished.place), unfinished.reason) }
    return PolicyError(text.location(place), explanation(in: text))
  }

  /// What is best shown where libyaml's reading of it began, or tells of that place.
  private var unfinished: (place: Place, reason: String)? {
    guard let context else { return nil }
    switch (problem, context.what) {
    case ("found unexpected end of stream", "while scanning a quoted scalar"):
      return (context.place, "the quotation that begins here is never closed")
    case ("did not find expected ',' or '}'", _):
      return (place, "expected ',' or '}' in the mapping that begins at line \(context.place.line)")
    case ("did not find expected ',' or ']'", _):
      return (place, "expected ',' or ']' in the sequence that begins at line \(context.place.line)")
    case ("could not find expected ':'", _): return (context.place, "expected 'KEY: VALUE'")
    case (_, "while scanning an alias"):
      return (context.place, "'*' begins an alias; quote a pattern that begins with it")
    case (_, "while scanning an anchor"): return (context.place, "'&' begins an anchor; quote it")
    default: return nil
    }
  }

  private func explanation(in text: SourceText) -> String {
    switch problem {
    case "mapping values are not allowed in this context":
      return "a ':' too many; quote a value that has one, or check the indentation and the line before"
    case "did not find expected key": return "expected a key; check the indentation of this line and the ones before it"
    case "did not find expected '-' indicator": return "expected '- '; check the indentation of this line"
    case "did not find expected <document start>":
      return "expected the end of the file; check the indentation of this line"
    case "found unknown escape character": return "no such escape; write \\\\ for a backslash, or use single quotes"
    case "found incompatible YAML document": return "expected YAML 1.1 or 1.2"
    case "found character that cannot start any token":
      let character = text.character(at: place).map(String.init) ?? ""
      return "'\(character)' cannot begin a value; quote it"
    default:
      return context.map { "\(problem) \($0.what)" } ?? problem
    }
  }
}
