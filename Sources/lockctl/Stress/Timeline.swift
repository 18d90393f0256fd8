internal import Posix

/// Who was inside when, by the one clock of this machine.
///
/// A stay begins at a moment at which its worker had just proven its lock, and ends at the earliest of the moments at
/// which it stopped believing in it: the end of its lease, its own last look at the clock before it let go, or, where it
/// was killed inside, the moment just before the signal was sent. So each is a part of the true stay, and two that
/// overlap are two holders inside at once: there is no false alarm. Nothing longer than the few microseconds between two
/// statements escapes: a worker that is stopped inside goes on believing until its lease is over, and so it does here.
struct Timeline {
  struct Stay {
    let worker: Int
    let entered: BootTime
    let left: BootTime
  }

  private(set) var overlaps = 0
  /// Two that were inside at once.
  private(set) var example: (first: Stay, second: Stay)?
  /// The longest time for which nobody was inside.
  private(set) var longestGap = Duration.zero
  private var settledHandOvers = 0
  /// In the order of entering.
  private var stays: [Stay] = []

  /// How often somebody entered after somebody else.
  var handOvers: Int { settledHandOvers + Self.handOvers(stays[...]) }

  mutating func add(_ stay: Stay) {
    // They come nearly in order.
    let place = (stays.lastIndex { $0.entered <= stay.entered } ?? -1) + 1
    if place > 0, stays[place - 1].left > stay.entered { report(stays[place - 1], stay) }
    if place < stays.count, stay.left > stays[place].entered { report(stay, stays[place]) }
    stays.insert(stay, at: place)
    if stays.count > Self.most { settle() }
  }

  /// As long as there is none, every new stay that overlaps another overlaps its neighbour: the first is never missed.
  /// How many there are then is the number of neighbours that do, at least.
  private mutating func report(_ first: Stay, _ second: Stay) {
    overlaps += 1
    example = example ?? (first, second)
  }

  /// More than the workers can add while one of them is stopped before it tells of its own.
  private static let most = 200_000

  private mutating func settle() {
    let old = stays[...(Self.most / 2)]
    settledHandOvers += Self.handOvers(old)
    noteGaps(old)
    // The last is kept, for its neighbour.
    stays.removeFirst(Self.most / 2)
  }

  /// Completes what is counted late.
  mutating func finish() { noteGaps(stays[...]) }

  private mutating func noteGaps(_ stays: ArraySlice<Stay>) {
    for (one, next) in zip(stays, stays.dropFirst()) { longestGap = max(longestGap, next.entered.since(one.left)) }
  }

  private static func handOvers(_ stays: ArraySlice<Stay>) -> Int {
    zip(stays, stays.dropFirst()).count { $0.worker != $1.worker }
  }
}
