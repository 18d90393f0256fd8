package import Glibc

/// The time since the machine started, suspension included (CLOCK_BOOTTIME): the clock of every lease and deadline.
///
/// A sum beyond the ends of time is the end of time: the end of a lease may come from the environment, and a program
/// that traps dies of a signal, which bounces mail.
package struct BootTime: Sendable, Comparable {
  package let nanoseconds: Int64

  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  package static var now: BootTime {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return BootTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  package static func < (a: BootTime, b: BootTime) -> Bool { a.nanoseconds < b.nanoseconds }

  package static func + (time: BootTime, duration: Duration) -> BootTime {
    let (sum, overflow) = time.nanoseconds.addingReportingOverflow(duration.nanosecondCount)
    return BootTime(nanoseconds: overflow ? (duration < .zero ? .min : .max) : sum)
  }

  package static func - (time: BootTime, duration: Duration) -> BootTime {
    time + (.zero - duration)
  }

  package func since(_ earlier: BootTime) -> Duration { .nanoseconds(nanoseconds) - .nanoseconds(earlier.nanoseconds) }
}

extension Duration {
  /// The duration in nanoseconds, cut off below.
  package var nanosecondCount: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }

  package var timespec: timespec {
    Glibc.timespec(tv_sec: Int(components.seconds), tv_nsec: Int(components.attoseconds / 1_000_000_000))
  }
}

/// The time of day (CLOCK_REALTIME), for dates that people read; nothing is ever decided by it.
package enum RealTime {
  /// Seconds since 1970.
  package static var seconds: Int64 { Int64(time(nil)) }

  /// The time of day as file times have it.
  package static var now: FileTime {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return FileTime(time)
  }
}
