import Glibc

/// Prints the table of a contest; ratios are to the first contender that is ours.
func report(_ title: String, _ results: [Result], ours: String, targets: [Target]) {
  guard let mine = results.first(where: { $0.name == ours }) else { return }
  print("\n\(title)")
  print(row("", ["median µs", "p10", "p90", "CPU µs", "page faults", "ours : it"]))
  for result in results.sorted(by: { $0.median < $1.median }) {
    let columns = [result.median, result.percentile(0.1), result.percentile(0.9), result.processor].map { fixed($0, 0) }
    print(row(result.name, columns + ["\(result.pageFaults)", fixed(mine.median / result.median, 2)]))
  }
  for target in targets {
    let peers = results.filter { target.peers.contains($0.name) }
    let names = target.peers.joined(separator: " and ")
    let who = target.peers.count > 1 ? "the faster of \(names)" : names
    let limit = "  target: at most \(fixed(target.limit, 2)) x \(who): "
    guard let fastest = peers.map(\.median).min() else {
      print(limit + "not measured, not installed")
      continue
    }
    let ratio = mine.median / fastest
    print(limit + "\(fixed(ratio, 2)), \(ratio <= target.limit ? "reached" : "NOT REACHED")")
  }
}

/// A line of a table.
func row(_ name: String, _ columns: [String]) -> String {
  columns.reduce("  " + padded(name, 30, leading: false)) { $0 + padded($1, 13, leading: true) }
}

private func padded(_ text: String, _ width: Int, leading: Bool) -> String {
  let blanks = String(repeating: " ", count: max(0, width - text.count))
  return leading ? blanks + text : text + blanks
}

/// A number with so many decimals.
func fixed(_ value: Double, _ decimals: Int) -> String {
  guard value.isFinite else { return "-" }
  guard decimals > 0 else { return "\(Int(value.rounded()))" }
  let scale = Int(pow(10, Double(decimals)))
  let scaled = Int((value * Double(scale)).rounded())
  let fraction = "\(scaled % scale)"
  return "\(scaled / scale)." + String(repeating: "0", count: decimals - fraction.count) + fraction
}
