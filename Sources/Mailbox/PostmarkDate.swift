/// The dates of `From ` lines.
enum PostmarkDate {
  private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  /// The date as qmail writes it: UTC, 24 characters, the day of the month in two digits.
  ///
  /// Not gmtime(3), which reads the time zone's file first, for every message.
  ///
  /// - Parameter seconds: since 1970.
  static func text(_ seconds: Int64) -> [UInt8] {
    let (day, second) = floorDivide(seconds, by: 86_400)
    let (year, month, dayOfMonth) = civilDate(day)
    let (hour, minute) = (second / 3600, second / 60 % 60)
    var text: [UInt8] = []
    text.reserveCapacity(24)
    func add(_ number: Int64, after separator: Unicode.Scalar) {
      text.append(UInt8(ascii: separator))
      text.append(UInt8(ascii: "0") + UInt8(number / 10))
      text.append(UInt8(ascii: "0") + UInt8(number % 10))
    }
    text += days[Int(floorDivide(day, by: 7).rest)].utf8
    text.append(.space)
    text += months[month - 1].utf8
    add(dayOfMonth, after: " ")
    add(hour, after: " ")
    add(minute, after: ":")
    add(second % 60, after: ":")
    text += " \(year)".utf8
    return text
  }

  /// The day of the proleptic Gregorian calendar that is `day` days after 1970-01-01.
  ///
  /// Counted in years that begin in March, so that a leap day is the last of its year.
  private static func civilDate(_ day: Int64) -> (year: Int64, month: Int, day: Int64) {
    let (era, dayOfEra) = floorDivide(day + 719_468, by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
  }

  private static func floorDivide(_ a: Int64, by b: Int64) -> (quotient: Int64, rest: Int64) {
    let (quotient, rest) = a.quotientAndRemainder(dividingBy: b)
    return rest < 0 ? (quotient - 1, rest + b) : (quotient, rest)
  }

  /// Where in a line's words a date begins, in one of the forms that are found in mailboxes: asctime(3)'s, with or
  /// without seconds, with a zone before or after the year, and with `remote from` or other words behind.
  ///
  /// The last place that fits counts: a quoted sender may hold what looks like a date.
  static func index(in words: [ArraySlice<UInt8>]) -> Int? {
    words.indices.last { isDate(words[$0...]) }
  }

  private static func isDate(_ words: ArraySlice<ArraySlice<UInt8>>) -> Bool {
    guard words.count >= 5 else { return false }
    let first = words.startIndex
    guard isName(words[first], among: days), isName(words[first + 1], among: months),
      let day = number(words[first + 2], digits: 1...2), (1...31).contains(day), isTime(words[first + 3])
    else { return false }
    let rest = words[(first + 4)...].prefix(3)
    return rest.firstIndex(where: isYear).map { rest[..<$0].allSatisfy(isZone) } ?? false
  }

  private static func isName(_ word: ArraySlice<UInt8>, among names: [String]) -> Bool {
    word.count == 3 && names.contains { $0.utf8.elementsEqual(word) }
  }

  private static func isTime(_ word: ArraySlice<UInt8>) -> Bool {
    let parts = word.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), let hour = number(parts[0], digits: 1...2), hour < 24 else { return false }
    // 60 is a leap second.
    return parts.dropFirst().allSatisfy { number($0, digits: 2...2).map { $0 <= 60 } ?? false }
  }

  private static func isYear(_ word: ArraySlice<UInt8>) -> Bool {
    number(word, digits: 4...4).map { $0 >= 1970 } ?? false
  }

  /// `EST`, `+0100`, `GMT+2`; `MET DST` is two.
  private static func isZone(_ word: ArraySlice<UInt8>) -> Bool {
    word.count <= 8 && word.contains { !$0.isDigit } && word.allSatisfy { $0.isDigit || $0.isLetter || $0.isSign }
  }

  private static func number(_ word: ArraySlice<UInt8>, digits: ClosedRange<Int>) -> Int? {
    guard digits.contains(word.count), word.allSatisfy(\.isDigit) else { return nil }
    return word.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }
}
