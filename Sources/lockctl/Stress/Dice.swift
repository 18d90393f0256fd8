internal import Posix

/// Chance that comes again with its seed (SplitMix64, by Steele, Lea and Flood).
struct Dice: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// True once in `count` times.
  mutating func once(in count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }

  mutating func time(_ range: ClosedRange<Duration>) -> Duration {
    range.lowerBound + (range.upperBound - range.lowerBound) * Double.random(in: 0...1, using: &self)
  }

  /// A time of which no order of magnitude is preferred.
  mutating func timeOfAnyScale(from shortest: Duration, doublings: Double) -> Duration {
    let doublings = Double.random(in: 0...doublings, using: &self)
    let whole = doublings.rounded(.down)
    return shortest * Double(1 << Int(whole)) * (1 + doublings - whole)
  }
}
