/// Prints the table of a contest of crowds; ratios are of rates, so more is better.
func report(_ title: String, _ struggles: [(String, Struggle)]) {
  print("\n\(title)")
  print(row("", ["hand-overs/s", "runs/s", "median ms", "longest ms", "starved", "ours : it"]))
  let mine = struggles.first { $0.0 == Rival.ours }?.1.handoverRate ?? 0
  for (name, struggle) in struggles.sorted(by: { $0.1.handoverRate > $1.1.handoverRate }) {
    let rates = [fixed(struggle.handoverRate, 1), fixed(struggle.runRate, 1)]
    let waits = [fixed(struggle.medianWait, 1), fixed(struggle.longestWait, 1)]
    print(row(name, rates + waits + ["\(struggle.starved)", fixed(mine / struggle.handoverRate, 2)]))
  }
}

/// Says which promises are kept; that no one waits too long is only promised of few.
func judge(_ struggles: [(String, Struggle)], fairness: Bool) {
  let named = { name in struggles.first { $0.0 == name }?.1 }
  guard let mine = named(Rival.ours) else { return }
  if let kernel = named(Rival.kernel) {
    judge("at least 1.00 x flock", mine.handoverRate / kernel.handoverRate, isReached: { $0 >= 1 })
  }
  if let fastest = Rival.peers.compactMap({ named($0)?.handoverRate }).max() {
    let names = Rival.peers.joined(separator: " and ")
    judge("at least 50 x \(names)", mine.handoverRate / fastest, isReached: { $0 >= 50 })
  }
  if let hasty = named(Rival.hastyPeer) {
    judge("at least 50 x \(Rival.hastyPeer)", mine.handoverRate / hasty.handoverRate, isReached: { $0 >= 50 })
  }
  guard fairness else { return }
  // Whoever else uses the processors lengthens the longest wait of all: flock's own tells by how much.
  let reference = named(Rival.kernel).map { " (flock's own: \(fixed($0.unfairness, 2)))" } ?? ""
  judge("longest wait at most 10 x the median\(reference)", mine.unfairness, isReached: { $0 <= 10 })
}

/// Prints what was promised and what came of it.
func judge(_ target: String, _ value: Double, isReached: (Double) -> Bool) {
  print("  target: \(target): \(fixed(value, 2)), \(isReached(value) ? "reached" : "NOT REACHED")")
}

/// Prints what the columns mean.
func explainContention() {
  print(
    """

    A hand-over is a run that ended after another worker's run; each worker runs its program again and again.
    Who sleeps between tries finds the lock taken again by the worker that has just had it: many runs, few hand-overs.
    A wait is the life of a process, and the longest counts those that still waited when the time was up.
    Starved are the workers that never had the lock in a whole round; the rounds of who sleeps are longer.
    Rounds of dotlock and flock in turns; before that, 8 workers at a time showed that each locker excludes.
    """)
}
